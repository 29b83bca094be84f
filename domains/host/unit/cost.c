// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the engine costs, for callgrind to count inside stack_run():
 *
 *	cost batch N	N batches of 16 in-order segments of 1448 bytes, with
 *			timestamps; the reader keeps up (CONSUMED in each run)
 *	cost rr N	N times a 64-byte request comes in (one run, the reader
 *			takes it) and a 64-byte reply goes out (another)
 *
 * The difference of two N leaves the handshake out. See cost_run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../stack/engine.h"

#define HLEN	52	/* IPv4, TCP with timestamps */

struct end {
	struct dom_in in;
	struct dom_out out;
	u32 peer_seq, our_seq, ts;
	u64 tail, got;
};

static void put(u8 *p, u32 v, u32 n)
{
	while (n--) {
		p[n] = (u8)v;
		v >>= 8;
	}
}

static void *event(struct end *e, u16 type, u32 inline_len)
{
	struct dom_msg *m = &e->in.slot[e->in.nr_slots];

	memset(m, 0, sizeof(*m));
	m->hdr.type = type;
	m->hdr.inline_len = (u16)inline_len;
	e->in.nr_slots += dom_msg_slots(inline_len);
	return m;
}

static void run(struct end *e)
{
	u32 i = 0;

	e->in.now_us += 100;
	e->out.nr_slots = 0;
	if (stack_run(&e->in, &e->out))
		abort();
	e->in.record_len = DOM_RECORD_MAX;
	e->in.nr_slots = 0;
	while (i < e->out.nr_slots) {
		const struct dom_msg *m = &e->out.slot[i];
		const u8 *t = (const u8 *)(m + 1) + 20;

		if (m->hdr.type == DOM_CMD_XMIT) {
			const struct dom_cmd_XMIT *c = (const void *)m;

			e->our_seq = ((u32)t[4] << 24 | t[5] << 16 | t[6] << 8 | t[7]) +
				     c->len + (t[13] & 3 ? 1 : 0);
			e->ts = (u32)t[24] << 24 | t[25] << 16 | t[26] << 8 | t[27];
		}
		i += dom_msg_slots(m->hdr.inline_len);
	}
}

static void segment(struct end *e, u32 len, u8 flags, u32 handle)
{
	u32 hlen = flags & 2 ? HLEN + 8 : HLEN;
	struct dom_ev_RX *ev = event(e, DOM_EV_RX, hlen);
	u8 *h = (u8 *)(ev + 1), *t;

	h = (u8 *)((struct dom_msg *)ev + 1);
	memset(h, 0, 64);
	ev->hdr.handle = handle;
	ev->len = hlen + len;
	ev->flags = STACK_RX_CSUM_OK;
	h[0] = 0x45;
	put(h + 2, hlen + len, 2);
	h[8] = 64;
	h[9] = 6;
	memcpy(h + 12, "\x0a\0\0\2\x0a\0\0\1", 8);
	t = h + 20;
	put(t, 80, 2);
	put(t + 2, 5000, 2);
	put(t + 4, e->peer_seq, 4);
	put(t + 8, e->our_seq, 4);
	t[12] = (u8)((hlen - 20) / 4 << 4);
	t[13] = flags;
	put(t + 14, 65535, 2);
	memcpy(t + 20, "\1\1\10\12", 4);
	put(t + 24, (u32)(e->in.now_us / 1000), 4);
	put(t + 28, e->ts, 4);
	if (flags & 2)
		memcpy(t + 32, "\2\4\5\xb4\4\2\1\1", 8);
	e->peer_seq += len + !!(flags & 2);
	e->got += len;
}

static void consumed(struct end *e)
{
	struct dom_ev_CONSUMED *c = event(e, DOM_EV_CONSUMED, 0);

	c->pos = e->got;
	c->edge = e->got + 65535;
}

static void open_one(struct end *e)
{
	struct stack_config *cfg = (struct stack_config *)e->in.config;
	struct dom_ev_CONNECT *c;

	e->in.abi_version = DOM_ABI_VERSION;
	e->in.now_us = 1000000000;
	*cfg = (struct stack_config){ .kind = STACK_TCP, .family = 4, .mtu = 1500,
				      .flags = STACK_CF_TS | STACK_CF_SACK,
				      .lport = 5000, .rport = 80, .max_gso = 64000,
				      .laddr = { 10, 0, 0, 1 }, .raddr = { 10, 0, 0, 2 } };
	c = event(e, DOM_EV_CONNECT, 0);
	c->isn = 1000;
	c->edge = 65535;
	run(e);
	e->peer_seq = 5000;
	segment(e, 0, 0x12, 0);
	run(e);
}

int main(int argc, char **argv)
{
	static struct end e;
	bool batch = argc > 1 && !strcmp(argv[1], "batch");
	int n = argc > 2 ? atoi(argv[2]) : 0, i, k;

	open_one(&e);
	for (i = 0; i < n; i++) {
		if (batch) {
			consumed(&e);
			for (k = 0; k < 16; k++)
				segment(&e, 1448, k == 15 ? 0x18 : 0x10, (u32)k + 1);
			run(&e);
		} else {
			struct dom_ev_SEND *s;

			segment(&e, 64, 0x18, 1);
			run(&e);
			consumed(&e);
			e.tail += 64;
			s = event(&e, DOM_EV_SEND, 0);
			s->tail = e.tail;
			run(&e);
		}
	}
	if (((struct tcp_record *)e.out.record)->rcv_nxt != e.got + 1)
		return 1;	/* not everything was taken: nothing was measured */
	return 0;
}
