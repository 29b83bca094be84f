// SPDX-License-Identifier: GPL-2.0-only
/*
 * A life from bytes: an honest application and core, a peer and a path that do
 * anything. Every run's commands must pass the core's checks (sim/ep_check.c),
 * every byte delivered must be the right one, timers must not spin, and what
 * died must go on from its record.
 */
#include "../sim/ep.h"
#include "fuzz.h"

#define ENDS 6

struct life {
	struct ep ep[ENDS];
	u32 nr;
	struct ep *cur;
	struct stack_config cfg;
	u64 now;
	u32 peer_isn;
	u32 our_seq;		/* of the last packet out, and what it acknowledged */
	u32 our_ack;
	u32 ts_val;
};

static void on_xmit(struct ep *ep, struct frame *f, u16 flags)
{
	struct life *l = ep->owner;
	u8 *t = frame_tcp(f);

	(void)flags;
	if (f->proto == 6) {
		l->our_seq = rd32(t + 4) + frame_payload(f) + (t[13] & 3 ? 1 : 0);
		l->our_ack = rd32(t + 8);
		if (f->hlen - f->l4 >= 32 && t[22] == 8)
			l->ts_val = rd32(t + 24);
	}
	frame_put(f);
}

static void on_opened(struct ep *ep, const struct dom_cmd_OPENED *c, const u8 *rec,
		      u32 len)
{
	struct life *l = ep->owner;
	struct stack_config cfg = ep->cfg;
	struct ep *n;

	if (l->nr == ENDS)
		return;
	n = &l->ep[l->nr++];
	cfg.kind = STACK_TCP;
	cfg.family = (u8)c->family;
	cfg.rport = c->rport;
	memcpy(cfg.laddr, &c->laddr0, 16);
	memcpy(cfg.raddr, &c->raddr0, 16);
	ep_init(n, &cfg);
	n->ops = ep->ops;
	n->owner = l;
	n->tx_key = 1;
	n->rx_key = 2;
	ep_adopt(n, rec, len);
	l->cur = n;
}

/* Whose frame is it that comes from @port? The first end takes the rest. */
static struct ep *target(struct life *l, u32 port)
{
	u32 i;

	for (i = l->nr; i-- > 0; )
		if (l->ep[i].cfg.kind == STACK_TCP && l->ep[i].state != TCPS_CLOSE &&
		    l->ep[i].cfg.rport == port)
			return &l->ep[i];
	return &l->ep[0];
}

static void on_resteer(struct ep *ep, struct frame *f)
{
	ep_rx(target(ep->owner, rd16(frame_tcp(f))), f);
}

static const struct ep_ops life_ops = {
	.xmit = on_xmit,
	.opened = on_opened,
	.resteer = on_resteer,
};

static void settle(struct life *l)
{
	u32 i, spins = 0;
	bool again = true;

	while (again) {
		again = false;
		for (i = 0; i < l->nr; i++) {
			struct ep *ep = &l->ep[i];

			if (!ep_due(ep, l->now))
				continue;
			again = true;
			if (!ep_run(ep, l->now)) {
				fprintf(stderr, "end %u: %s\n", i, ep->bad);
				abort();
			}
			FUZZ_ASSERT(++spins < 2000);
		}
	}
}

/* Deadlines up to @to. */
static void pass(struct life *l, u64 to)
{
	u32 i, fired = 0;

	for (;;) {
		u64 next = to + 1;

		for (i = 0; i < l->nr; i++)
			if (l->ep[i].deadline && l->ep[i].deadline < next)
				next = l->ep[i].deadline;
		if (next > to || ++fired > 200)
			break;
		if (next > l->now)
			l->now = next;
		settle(l);
	}
	l->now = to;
}

static u32 put_opts(struct life *l, struct fuzz *f, u8 *o)
{
	u8 kind = fuzz_u8(f);
	u32 n = 0, i;

	if (kind & 1) {		/* aligned timestamps */
		memcpy(o, "\1\1\10\12", 4);
		wr32(o + 4, (u32)(l->now / 1000) + (u32)(s32)(s8)fuzz_u8(f));
		wr32(o + 8, l->ts_val - (kind & 2 ? fuzz_u8(f) : 0));
		n = 12;
	}
	if (kind & 4 && n + 12 <= 40) {
		u32 blocks = 1 + (kind >> 6);

		o[n] = 1;
		o[n + 1] = 1;
		o[n + 2] = 5;
		for (i = 0; i < blocks && n + 12 + 8 * i <= 40; i++) {
			u32 a = l->our_seq - fuzz_u16(f);

			wr32(o + n + 4 + 8 * i, a);
			wr32(o + n + 8 + 8 * i, a + (u32)(s32)(s16)fuzz_u16(f));
		}
		o[n + 3] = (u8)(2 + 8 * i);
		n += 4 + 8 * i;
	}
	if (kind & 8 && n + 12 <= 40) {	/* of a SYN */
		memcpy(o + n, "\2\4\0\0\4\2\3\3\0\1\1\1", 12);
		wr16(o + n + 2, fuzz_u16(f));
		o[n + 8] = fuzz_u8(f) % 20;
		n += 12;
	}
	if (kind & 16 && n + 4 <= 40) {
		fuzz_bytes(f, o + n, 4);
		n += 4;
	}
	return n;
}

static struct frame *tcp_frame(struct life *l, struct fuzz *f)
{
	static const u8 flag_sets[] = { 0x10, 0x18, 0x02, 0x12, 0x11, 0x04, 0x14, 0x30 };
	u8 shape = fuzz_u8(f), opts[44], *t;
	u32 n = put_opts(l, f, opts), len = fuzz_u16(f) % 1500, l3, seq, ack;
	struct frame *fr;
	bool v6 = l->cfg.family == 6, open;
	u32 port = 8080 + (shape & 0x40 ? fuzz_u8(f) % 32 : 0);
	struct ep *to = target(l, port);
	u8 flags = shape & 1 ? fuzz_u8(f) : flag_sets[fuzz_u8(f) % 8];
	u64 base;

	/* a stream begins at one place, or its bytes could not be told */
	open = to->cfg.kind == STACK_TCP && ep_tcp(to)->rcv_nxt;
	base = open ? ep_tcp(to)->rcv_nxt : !(flags & 2);
	if (shape & 8)
		len = 0;
	l3 = v6 ? 40 : 20;
	fr = frame_new(l3 + 20 + n + len);
	if (v6) {
		wr32(fr->data, 0x60000000u | (u32)(shape & 0x30) << 16);
		wr16(fr->data + 4, 20 + n + len);
		fr->data[6] = 6;
		fr->data[7] = 64;
		memcpy(fr->data + 8, "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\2", 16);
		memcpy(fr->data + 24, l->cfg.laddr, 16);
	} else {
		fr->data[0] = 0x45;
		fr->data[1] = (u8)(shape >> 4 & 3);
		wr16(fr->data + 2, fr->len);
		fr->data[8] = 64;
		fr->data[9] = 6;
		memcpy(fr->data + 12, "\x0a\0\0\2", 4);
		memcpy(fr->data + 16, l->cfg.laddr, 4);
	}
	t = fr->data + l3;
	wr16(t, port);
	wr16(t + 2, l->cfg.lport);
	/* near what is expected; sometimes anywhere */
	if (shape & 0x80 && (open || !(flags & 2)))
		base += (u64)(s64)((s32)fuzz_u32(f) >> (fuzz_u8(f) % 32));
	seq = l->peer_isn + (u32)base;
	ack = l->our_seq;
	if (shape & 4)
		ack += (u32)((s32)fuzz_u32(f) >> (fuzz_u8(f) % 32));
	wr32(t + 4, seq);
	wr32(t + 8, ack);
	t[12] = (u8)((20 + n) / 4 << 4);
	t[13] = flags;
	wr16(t + 14, shape & 2 ? fuzz_u16(f) : 65535);
	wr16(t + 18, t[13] & 0x20 ? fuzz_u16(f) : 0);
	memcpy(t + 20, opts, n);
	/* the stream's bytes at this place, whoever asks */
	stream_fill(2, base - 1 + (t[13] >> 1 & 1), t + 20 + n, len);
	if (!frame_parse(fr)) {
		frame_put(fr);
		return NULL;
	}
	frame_finish(fr);
	return fr;
}

static struct frame *udp_frame(struct life *l, struct fuzz *f)
{
	u32 len = fuzz_u16(f) % 1400;
	struct frame *fr = frame_new(28 + len);

	fr->data[0] = 0x45;
	wr16(fr->data + 2, fr->len);
	fr->data[8] = 64;
	fr->data[9] = 17;
	memcpy(fr->data + 12, "\x0a\0\0\2\x0a\0\0\1", 8);
	wr16(fr->data + 20, fuzz_u16(f));
	wr16(fr->data + 22, l->cfg.lport);
	if (!frame_parse(fr)) {
		frame_put(fr);
		return NULL;
	}
	frame_finish(fr);
	if (fuzz_u8(f) & 1)
		wr16(fr->data + 24, fuzz_u16(f));
	return fr;
}

static void rx(struct life *l, struct fuzz *f)
{
	struct frame *fr = l->cfg.kind == STACK_UDP && l->cfg.family == 4 ?
			   udp_frame(l, f) : tcp_frame(l, f);

	if (!fr)
		return;
	/* to the connection if there is one for the port, else the first end */
	on_resteer(&l->ep[0], fr);
}

static void icmp(struct life *l, struct fuzz *f)
{
	u8 q[72] = { 0 };
	u32 off = l->cfg.family == 6 ? 40 : 20;

	if (off == 20) {
		q[0] = 0x45;
		wr16(q + 2, 1500);
		q[9] = l->cur->cfg.kind == STACK_UDP ? 17 : 6;
		memcpy(q + 12, l->cfg.laddr, 4);
		memcpy(q + 16, "\x0a\0\0\2", 4);
	} else {
		q[0] = 0x60;
		q[6] = l->cur->cfg.kind == STACK_UDP ? 17 : 6;
		memcpy(q + 8, l->cfg.laddr, 16);
		memcpy(q + 24, "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\2", 16);
	}
	wr16(q + off, l->cfg.lport);
	wr16(q + off + 2, l->cur->cfg.rport ? l->cur->cfg.rport : 8080);
	wr32(q + off + 4, l->our_seq - fuzz_u16(f));
	ep_icmp(l->cur, fuzz_u8(f) % 13, fuzz_u8(f) % 16, fuzz_u16(f), q,
		off + 8 + fuzz_u8(f) % 16);
}

static void setopt(struct life *l, struct fuzz *f)
{
	struct stack_opts o;

	fuzz_bytes(f, &o, sizeof(o));
	/* as far as setsockopt() lets through */
	o.flags &= 0x7ff;
	o.cc &= 1;
	o.keep_idle_s %= 32768;
	o.keep_intvl_s %= 32768;
	o.keep_cnt %= 128;
	o.syn_retries %= 128;
	o.user_timeout_ms %= 1u << 24;
	ep_setopt(l->cur, &o, fuzz_u8(f) & 7);
}

/* One step of life; false: the input is used up. */
static bool step(struct life *l, struct fuzz *f)
{
	struct ep *ep = l->cur;
	u8 what;

	if (!f->left)
		return false;
	what = fuzz_u8(f);
	switch (what % 16) {
	case 0 ... 6:
		rx(l, f);
		if (what & 0x80)
			return true;	/* in one batch with the next */
		break;
	case 7:
		pass(l, l->now + (1ull << (fuzz_u8(f) % 31)));
		break;
	case 8:
		if (ep->cfg.kind == STACK_UDP)
			ep_sendto(ep, (u16)(fuzz_u16(f) % 3000), l->cfg.laddr, l->cfg.laddr,
				  fuzz_u16(f), 600 + fuzz_u16(f));
		else if (!ep->shut)
			ep_send(ep, ep->tail + fuzz_u16(f),
				what & 0x10 ? ep->tail + 1 : ep->urgent,
				what >> 5 & 1);
		break;
	case 9:
		ep_consumed(ep, ep->rcv_next, ep->rcv_next + fuzz_u16(f));
		break;
	case 10:
		ep_shutdown(ep, fuzz_u8(f) & 7);
		break;
	case 11:
		icmp(l, f);
		break;
	case 12:
		setopt(l, f);
		break;
	case 13:
		ep_die(ep);
		break;
	case 14:
		if (what & 0x10)
			ep_pmtu(ep, fuzz_u16(f));
		else if (what & 0x20)
			ep_abort(ep);
		else if (l->ep[0].cfg.kind == STACK_LISTEN)
			ep_listen(&l->ep[0], fuzz_u8(f) % 4, fuzz_u8(f) % 4);
		break;
	case 15:
		l->cur = &l->ep[fuzz_u8(f) % l->nr];
		break;
	}
	settle(l);
	return true;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static struct life l;
	struct fuzz f = { data, size };
	u8 how, flags;
	u32 i, steps = 0;
	long frames = frames_alive;

	memset(&l, 0, sizeof(l));
	how = fuzz_u8(&f);
	flags = fuzz_u8(&f);
	l.now = 1000000000ull + ((u64)fuzz_u8(&f) << 25);
	l.peer_isn = 0xfffff000u + fuzz_u16(&f);
	l.cfg.kind = (u8)(1 + how % 3);
	l.cfg.family = how & 4 ? 6 : 4;
	l.cfg.flags = flags & 0x7f;
	l.cfg.lport = 5000;
	l.cfg.mtu = 600 + fuzz_u16(&f);
	if (l.cfg.family == 6 && l.cfg.mtu < 1280)
		l.cfg.mtu = 1280;
	l.cfg.rcv_wscale = (how >> 3) % 15;
	l.cfg.max_gso = flags & 0x80 ? 64000 : 0;
	if (l.cfg.family == 6)
		memcpy(l.cfg.laddr, "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	else
		memcpy(l.cfg.laddr, "\x0a\0\0\1", 4);
	if (l.cfg.kind == STACK_TCP) {
		l.cfg.rport = 8080;
		if (l.cfg.family == 6)
			memcpy(l.cfg.raddr, "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\2", 16);
		else
			memcpy(l.cfg.raddr, "\x0a\0\0\2", 4);
	}
	l.nr = 1;
	l.cur = &l.ep[0];
	ep_init(&l.ep[0], &l.cfg);
	l.ep[0].ops = &life_ops;
	l.ep[0].owner = &l;
	l.ep[0].tx_key = 1;
	l.ep[0].rx_key = 2;
	l.ep[0].edge = 1 + fuzz_u16(&f) * 4u;
	l.ep[0].isn = 0xffff0000u;
	if (l.cfg.kind == STACK_TCP)
		ep_connect(&l.ep[0], 0xfffffff0u, 0);
	if (l.cfg.kind == STACK_LISTEN)
		ep_listen(&l.ep[0], 3, 0);
	settle(&l);
	while (step(&l, &f) && ++steps < 300)
		;
	settle(&l);
	pass(&l, l.now + 3600 * 1000000ull);
	for (i = 0; i < l.nr; i++)
		ep_free(&l.ep[i]);
	FUZZ_ASSERT(frames_alive == frames);
	return 0;
}
