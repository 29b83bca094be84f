// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two engines back to back: handshake, a transfer, close.
 *
 *	client (STACK_TCP)  <---- frames ---->  listener, then server
 *
 * Payload is never copied: a frame says which range of the stream it carries,
 * and the receiving side checks that what it is told to deliver is that range.
 * Prints TAP.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"

#define NR_FRAMES 512
#define RCVBUF	  (256 * 1024)

struct frame {
	u8 hdr[128];
	u32 hlen;
	u64 pos;
	u32 len;
	bool alive;
};

struct side {
	struct eng *e;
	struct frame rx[NR_FRAMES]; /* handle is index + 1 */
	u32 queue[NR_FRAMES];
	u32 nr_queue;
	u64 tail;
	u64 una;
	u64 rcv;
	u64 consumed;
	u64 deadline;
	u32 state;
	u32 flags;
	u32 entries;
	struct {
		u64 pos;
		u32 len;
	} stash[64];
};

static struct side client, server, listener;
static u64 now = 1000000000;
static bool v6;
static u32 drop_every;
static u32 nr_xmit;
static int failures;

#define CHECK(cond)                                                         \
	do {                                                                \
		if (!(cond)) {                                              \
			printf("# %s:%d: %s\n", __FILE__, __LINE__, #cond); \
			failures++;                                         \
		}                                                           \
	} while (0)

static void put(struct side *to, const struct frame *f)
{
	u32 i;

	for (i = 0; i < NR_FRAMES && to->rx[i].alive; i++)
		;
	if (i == NR_FRAMES)
		return;
	to->rx[i] = *f;
	to->rx[i].alive = true;
	to->queue[to->nr_queue++] = i;
}

static void set16(u8 *p, u32 v)
{
	p[0] = (u8)(v >> 8);
	p[1] = (u8)v;
}

/* The core's part of an XMIT: lengths, segmentation. */
static void xmit(struct side *from, const struct dom_cmd_XMIT *c)
{
	u32 iph = v6 ? 40 : 20, left = c->len, seg = c->seg_size;
	struct side *to = from == &client ? (server.e ? &server : &listener)
					  : &client;
	struct frame f = { 0 };

	memcpy(f.hdr, eng_inline((const void *)c), c->hdr.inline_len);
	f.hlen = c->hdr.inline_len;
	f.pos = c->pos;
	CHECK(c->pos >= from->una || !c->len);
	CHECK(c->pos + c->len <= from->tail);
	do {
		u32 n = seg && left > seg ? seg : left;
		u8 flags = f.hdr[iph + 13], *s = f.hdr + iph + 4;
		u32 seq = (u32)s[0] << 24 | s[1] << 16 | s[2] << 8 | s[3];

		f.len = n;
		if (n < left)
			f.hdr[iph + 13] &= ~9;
		set16(f.hdr + (v6 ? 4 : 2), f.hlen + n - (v6 ? 40 : 0));
		if (!drop_every || ++nr_xmit % drop_every)
			put(to, &f);
		f.hdr[iph + 13] = flags;
		left -= n;
		f.pos += n;
		seq += n;
		s[0] = (u8)(seq >> 24);
		s[1] = (u8)(seq >> 16);
		s[2] = (u8)(seq >> 8);
		s[3] = (u8)seq;
	} while (left);
}

static void stash_take(struct side *s, u64 upto)
{
	u32 i;

	for (i = 0; i < 64 && s->rcv < upto; i++)
		if (s->stash[i].len && s->stash[i].pos == s->rcv) {
			s->rcv += s->stash[i].len;
			s->stash[i].len = 0;
			i = ~0u;
		}
	CHECK(s->rcv == upto);
}

static struct frame *object(struct side *s, const struct dom_msg *m)
{
	struct frame *f;

	CHECK(m->hdr.handle && m->hdr.handle <= NR_FRAMES);
	f = &s->rx[(m->hdr.handle - 1) % NR_FRAMES];
	CHECK(f->alive);
	f->alive = false;
	return f;
}

static void opened(const struct dom_cmd_OPENED *c)
{
	struct stack_config cfg;

	memcpy(&cfg, listener.e->in.config, sizeof(cfg));
	cfg.kind = STACK_TCP;
	cfg.rport = c->rport;
	memcpy(cfg.laddr, &c->laddr0, 8);
	memcpy(cfg.laddr + 8, &c->laddr1, 8);
	memcpy(cfg.raddr, &c->raddr0, 8);
	memcpy(cfg.raddr + 8, &c->raddr1, 8);
	server.e = eng_new(&cfg);
	eng_spawn(server.e, eng_inline((const void *)c), c->hdr.inline_len);
}

static void commands(struct side *s)
{
	const struct dom_msg *m;
	u32 pos = 0;

	while ((m = eng_command(s->e, &pos))) {
		switch (m->hdr.type) {
		case DOM_CMD_XMIT:
			xmit(s, (const void *)m);
			break;
		case DOM_CMD_DELIVER: {
			const struct dom_cmd_DELIVER *c = (const void *)m;
			struct frame *f = object(s, m);

			CHECK(c->pos == s->rcv);
			CHECK(c->pos == f->pos + c->offset - f->hlen);
			CHECK(c->offset + c->len <= f->hlen + f->len);
			s->rcv += c->len;
			stash_take(s, c->upto);
			break;
		}
		case DOM_CMD_STASH: {
			const struct dom_cmd_STASH *c = (const void *)m;
			struct frame *f = object(s, m);
			u32 i;

			CHECK(c->pos == f->pos + c->offset - f->hlen);
			for (i = 0; i < 64 && s->stash[i].len; i++)
				;
			CHECK(i < 64);
			s->stash[i % 64].pos = c->pos;
			s->stash[i % 64].len = c->len;
			break;
		}
		case DOM_CMD_DROP:
			object(s, m);
			break;
		case DOM_CMD_RESTEER: {
			struct frame f = *object(s, m);

			CHECK(server.e);
			if (server.e)
				put(&server, &f);
			break;
		}
		case DOM_CMD_ACKED:
			s->una = ((const struct dom_cmd_ACKED *)m)->una;
			break;
		case DOM_CMD_DEADLINE:
			s->deadline = ((const struct dom_cmd_DEADLINE *)m)->at;
			break;
		case DOM_CMD_STATE:
			s->state = ((const struct dom_cmd_STATE *)m)->state;
			s->flags = ((const struct dom_cmd_STATE *)m)->flags;
			break;
		case DOM_CMD_ERROR:
			printf("# error %u\n",
			       ((const struct dom_cmd_ERROR *)m)->err);
			failures++;
			break;
		case DOM_CMD_OPENED:
			opened((const void *)m);
			break;
		}
	}
}

static void enter(struct side *s)
{
	do {
		int ret = eng_run(s->e, now);

		CHECK(!ret);
		s->entries++;
		commands(s);
	} while (s->e->out.flags & DOM_OUT_MORE);
}

static void deliver(struct side *s)
{
	u32 max = s == &listener ? STACK_LISTEN_BATCH : 16, i, n = s->nr_queue;

	if (n > max)
		n = max;
	for (i = 0; i < n; i++) {
		struct frame *f = &s->rx[s->queue[i]];
		struct dom_ev_RX *ev;
		bool keep = f->len || s == &listener;

		ev = ENG_EVENT(s->e, RX, keep ? s->queue[i] + 1 : 0, f->hdr,
			       f->hlen);
		ev->len = f->hlen + f->len;
		ev->flags = STACK_RX_CSUM_OK;
		ev->flow_key = 0x1234567890abcdefull;
		ev->isn = 0xfffff000;
		f->alive = keep;
	}
	memmove(s->queue, s->queue + n, (s->nr_queue - n) * sizeof(u32));
	s->nr_queue -= n;
	enter(s);
}

static void reader(struct side *s)
{
	struct dom_ev_CONSUMED *ev;

	if (!s->e || s->rcv == s->consumed)
		return;
	s->consumed = s->rcv;
	ev = ENG_EVENT(s->e, CONSUMED, 0, NULL, 0);
	ev->pos = s->consumed;
	ev->edge = s->consumed + RCVBUF;
	enter(s);
}

/* One turn of the world; false when nothing moves any more. */
static bool turn(void)
{
	struct side *all[] = { &client, &server, &listener };
	bool moved = false;
	u64 next = ~0ull;
	u32 i;

	for (i = 0; i < 3; i++) {
		if (all[i]->e && all[i]->nr_queue) {
			now += 50;
			deliver(all[i]);
			reader(all[i]);
			moved = true;
		}
	}
	if (moved)
		return true;
	for (i = 0; i < 3; i++)
		if (all[i]->e && all[i]->deadline && all[i]->deadline < next)
			next = all[i]->deadline;
	if (next == ~0ull)
		return false;
	now = next > now ? next : now;
	for (i = 0; i < 3; i++) {
		if (all[i]->e && all[i]->deadline && all[i]->deadline <= now) {
			all[i]->deadline = 0;
			ENG_EVENT(all[i]->e, TIMER, 0, NULL, 0);
			enter(all[i]);
		}
	}
	return true;
}

static void run(u64 bytes, u32 loss, bool six)
{
	struct stack_config cfg = {
		.kind = STACK_TCP,
		.family = six ? 6 : 4,
		.rcv_wscale = 7,
		.flags = STACK_CF_TS | STACK_CF_SACK | STACK_CF_WSCALE |
			 STACK_CF_COOKIES,
		.lport = 40000,
		.rport = 80,
		.laddr = { 10, 0, 0, 1 },
		.raddr = { 10, 0, 0, 2 },
		.mtu = 1500,
		.max_gso = 65536,
		.timewait_ms = 1000,
	};
	struct dom_ev_CONNECT *con;
	struct dom_ev_LISTEN *lis;
	struct dom_ev_SHUTDOWN *shut;
	struct dom_ev_SEND *send;
	u64 start = now;
	u32 i;

	memset(&client, 0, sizeof(client));
	memset(&server, 0, sizeof(server));
	memset(&listener, 0, sizeof(listener));
	v6 = six;
	drop_every = loss;
	client.e = eng_new(&cfg);
	cfg.kind = STACK_LISTEN;
	cfg.lport = 80;
	cfg.rport = 0;
	memset(cfg.raddr, 0, 16);
	memset(cfg.laddr, 0, 16);
	listener.e = eng_new(&cfg);

	lis = ENG_EVENT(listener.e, LISTEN, 0, NULL, 0);
	lis->backlog = 8;
	lis->edge = RCVBUF;
	enter(&listener);
	con = ENG_EVENT(client.e, CONNECT, 0, NULL, 0);
	con->isn = 0xffffff00;
	con->edge = RCVBUF;
	enter(&client);
	for (i = 0; i < 1000 && client.state != TCPS_ESTABLISHED; i++)
		turn();
	CHECK(client.state == TCPS_ESTABLISHED);
	client.tail = bytes;
	send = ENG_EVENT(client.e, SEND, 0, NULL, 0);
	send->tail = bytes;
	enter(&client);
	for (i = 0; i < 1000000 && client.una < bytes && turn(); i++)
		;
	CHECK(client.una == bytes);
	CHECK(server.rcv == bytes);
	shut = ENG_EVENT(client.e, SHUTDOWN, 0, NULL, 0);
	shut->tail = bytes;
	shut->how = STACK_SHUT_SEND;
	enter(&client);
	for (i = 0; i < 1000 && !(server.flags & STACK_ST_EOF); i++)
		turn();
	CHECK(server.flags & STACK_ST_EOF);
	CHECK(server.state == TCPS_CLOSE_WAIT);
	shut = ENG_EVENT(server.e, SHUTDOWN, 0, NULL, 0);
	shut->how = STACK_SHUT_CLOSE;
	enter(&server);
	for (i = 0; i < 100000 && turn(); i++)
		;
	CHECK(client.state == TCPS_CLOSE);
	CHECK(server.state == TCPS_CLOSE);
	CHECK(!client.deadline && !server.deadline);
	CHECK(i < 100000);
	printf("# %llu bytes, 1 of %u lost: %llu us, entries %u and %u\n",
	       (unsigned long long)bytes, loss,
	       (unsigned long long)(now - start), client.entries,
	       server.entries);
	eng_free(client.e);
	eng_free(server.e);
	eng_free(listener.e);
}

int main(void)
{
	static const struct {
		u64 bytes;
		u32 loss;
	} tests[] = {
		{ 0, 0 },	{ 1, 0 },	  { 64, 0 },
		{ 1 << 20, 0 }, { 1 << 20, 100 }, { 1 << 20, 13 },
		{ 1 << 20, 5 },
	};
	u32 i, nr = sizeof(tests) / sizeof(tests[0]), six, bad = 0, n = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("TAP version 13\n1..%u\n", 2 * nr);
	for (six = 0; six < 2; six++) {
		for (i = 0; i < nr; i++) {
			failures = 0;
			run(tests[i].bytes, tests[i].loss, six);
			bad += !!failures;
			printf("%sok %u - IPv%u, %llu bytes, loss of every %u\n",
			       failures ? "not " : "", ++n, six ? 6 : 4,
			       (unsigned long long)tests[i].bytes,
			       tests[i].loss);
		}
	}
	printf("%u passed, %u failed, 0 skipped\n", 2 * nr - bad, bad);
	return bad ? 1 : 0;
}
