// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an honest core never gives the engine: records that are not its own,
 * events that lie about their lengths, full queues. It refuses or drops.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../stack/engine.h"

static struct dom_in in;
static struct dom_out out;
static u32 nr, failed;

static void check(bool right, const char *text)
{
	printf("%s %u - raw/%s\n", right ? "ok" : "not ok", ++nr, text);
	failed += !right;
}

static struct stack_config *config(u8 kind, u8 family)
{
	struct stack_config *c = (struct stack_config *)in.config;

	memset(&in, 0, sizeof(in));
	memset(&out, 0, sizeof(out));
	in.abi_version = DOM_ABI_VERSION;
	in.now_us = 1000000000;
	*c = (struct stack_config){ .kind = kind, .family = family, .mtu = 1500,
				    .lport = 5000, .flags = STACK_CF_SACK };
	c->laddr[0] = family == 6 ? 0xfd : 10;
	c->laddr[family == 6 ? 15 : 3] = 1;
	if (kind == STACK_TCP) {
		c->rport = 80;
		c->raddr[0] = c->laddr[0];
		c->raddr[family == 6 ? 15 : 3] = 2;
	}
	return c;
}

static void *event(u16 type, u32 inline_len)
{
	struct dom_msg *m = &in.slot[in.nr_slots];

	memset(m, 0, sizeof(*m) * dom_msg_slots(inline_len));
	m->hdr.type = type;
	m->hdr.inline_len = (u16)inline_len;
	in.nr_slots += dom_msg_slots(inline_len);
	return m;
}

static bool run(void)
{
	bool ok = !stack_run(&in, &out);

	if (ok)
		in.record_len = DOM_RECORD_MAX;
	in.nr_slots = 0;
	in.now_us += 1000;
	return ok;
}

/* The reason of the last DROP, or -1. */
static int dropped(void)
{
	int reason = -1;
	u32 i;

	for (i = 0; i < out.nr_slots; i += dom_msg_slots(out.slot[i].hdr.inline_len))
		if (out.slot[i].hdr.type == DOM_CMD_DROP)
			reason = (int)((struct dom_cmd_DROP *)&out.slot[i])->reason;
	return reason;
}

static u32 commands(u16 type)
{
	u32 i, n = 0;

	for (i = 0; i < out.nr_slots; i += dom_msg_slots(out.slot[i].hdr.inline_len))
		n += out.slot[i].hdr.type == type;
	return n;
}

/* Of the inline bytes of the only command of @type; -1: none, or several. */
static int first_byte(u16 type)
{
	u32 i;

	if (commands(type) != 1)
		return -1;
	for (i = 0; out.slot[i].hdr.type != type;)
		i += dom_msg_slots(out.slot[i].hdr.inline_len);
	return out.slot[i].hdr.inline_len ? *(const u8 *)&out.slot[i + 1] : -1;
}

static void be(u8 *p, u32 v, u32 n)
{
	while (n--) {
		p[n] = (u8)v;
		v >>= 8;
	}
}

/* A segment in sequence; returns its L3 header for changes. */
static u8 *segment(u8 family, u8 flags, u32 seq, u32 ack, u32 len)
{
	u32 l3 = family == 6 ? 40 : 20, hlen = l3 + 20;
	struct dom_ev_RX *ev = event(DOM_EV_RX, hlen);
	u8 *h = (u8 *)((struct dom_msg *)ev + 1), *t = h + l3;

	ev->hdr.handle = 1;
	ev->len = hlen + len;
	ev->flags = STACK_RX_CSUM_OK;
	if (family == 6) {
		h[0] = 0x60;
		be(h + 4, 20 + len, 2);
		h[6] = 6;
		h[7] = 64;
		h[8] = 0xfd;
		h[24] = 0xfd;
		h[23] = 2;
		h[39] = 1;
	} else {
		h[0] = 0x45;
		be(h + 2, hlen + len, 2);
		h[8] = 64;
		h[9] = 6;
		memcpy(h + 12, "\x0a\0\0\2\x0a\0\0\1", 8);
	}
	be(t, 80, 2);
	be(t + 2, 5000, 2);
	be(t + 4, seq, 4);
	be(t + 8, ack, 4);
	t[12] = 0x50;
	t[13] = flags;
	be(t + 14, 65535, 2);
	return h;
}

static struct dom_ev_RX *last_rx(u8 *h)
{
	return (struct dom_ev_RX *)((struct dom_msg *)h - 1);
}

static void established(u8 family)
{
	struct dom_ev_CONNECT *c;

	config(STACK_TCP, family);
	c = event(DOM_EV_CONNECT, 0);
	c->isn = 100;
	c->edge = 65535;
	run();
	segment(family, 0x12, 500, 101, 0);
	run();
}

static void test_config(void)
{
	struct stack_config *c;
	struct reasm *reasm;

	c = config(0, 4);
	check(!run(), "configuration: kind 0");
	c = config(9, 4);
	check(!run(), "configuration: kind 9");
	c = config(STACK_TCP, 5);
	check(!run(), "configuration: family 5");
	c = config(STACK_TCP, 4);
	c->lport = 0;
	check(!run(), "configuration: no port");
	c = config(STACK_TCP, 4);
	c->rcv_wscale = 15;
	check(!run(), "configuration: window scale 15");
	c = config(STACK_REASM, 4);
	check(!run(), "configuration: reassembly is not stack_run()'s");
	c = config(STACK_TCP, 4);
	reasm = calloc(1, reasm_size());
	check(reasm_run(reasm, &in, &out), "configuration: TCP is not reasm_run()'s");
	free(reasm);
	check(run() && !out.nr_slots, "configuration: a right one");
}

#define REFUSED(text, change)						\
	do {								\
		established(4);						\
		change;							\
		check(!run() && !out.nr_slots, "record: " text);	\
	} while (0)

static void test_tcp_record(void)
{
	struct tcp_record *r = (struct tcp_record *)out.record;

	REFUSED("another version", r->head.version++);
	REFUSED("another kind", r->head.kind = STACK_UDP);
	REFUSED("state 0", r->head.state = 0);
	REFUSED("state 12", r->head.state = 12);
	REFUSED("too many ranges in flight", r->nr_tx = TCP_TX_MAX + 1);
	REFUSED("too many ranges out of order", r->nr_ooo = TCP_OOO_MAX + 1);
	REFUSED("our window scale", r->rcv_wscale = 15);
	REFUSED("their window scale", r->snd_wscale = 15);
	REFUSED("an MSS of nothing", r->mss = 1);
	established(4);
	check(run(), "record: its own");
}

static void test_other_records(void)
{
	struct listen_record *l = (struct listen_record *)out.record;
	struct udp_record *u = (struct udp_record *)out.record;
	struct dom_ev_LISTEN *ev;
	u32 i;

	for (i = 0; i < 5; i++) {
		config(STACK_LISTEN, 4);
		ev = event(DOM_EV_LISTEN, 0);
		ev->backlog = 4;
		ev->edge = 65535;
		run();
		switch (i) {
		case 0:
			l->head.version++;
			break;
		case 1:
			l->head.kind = STACK_TCP;
			break;
		case 2:
			l->nr_syn = 1;
			break;
		case 3:
			l->head.state = TCPS_ESTABLISHED;
			break;
		case 4:
			l->syn[0].rport = 1;
			l->nr_syn = 1;
			l->syn[0].retries = 99;
			break;
		}
		check(!run(), "record: a listener's that was changed");
	}
	config(STACK_UDP, 4);
	run();
	u->head.version++;
	check(!run(), "record: UDP of another version");
	config(STACK_UDP, 4);
	run();
	u->head.kind = STACK_TCP;
	check(!run(), "record: UDP of another kind");
}

/* One thing wrong with a segment; 0 is a right one. */
static int wrong(u8 family, u32 which)
{
	u32 l3 = family == 6 ? 40 : 20;
	struct dom_ev_RX *ev;
	u8 *h;

	established(family);
	h = segment(family, 0x18, 501, 101, 100);
	ev = last_rx(h);
	switch (which) {
	case 1:
		h[0] = family == 6 ? 0x40 : 0x60;	/* of the other version */
		break;
	case 2:
		ev->hdr.inline_len = 10;
		break;
	case 3:
		ev->hdr.inline_len = (u16)(l3 + 10);
		break;
	case 4:
		h[l3 + 12] = 0x60;	/* options that are not there */
		break;
	case 5:
		be(h + (family == 6 ? 4 : 2), 5, 2);
		break;
	case 6:
		be(h + (family == 6 ? 4 : 2), 60000, 2);
		break;
	case 7:
		h[family == 6 ? 6 : 9] = 17;
		break;
	case 8:
		h[family == 6 ? 39 : 19] ^= 1;	/* to somebody else */
		break;
	case 9:
		h[family == 6 ? 23 : 15] ^= 1;	/* from somebody else */
		break;
	case 10:
		be(h + l3, 81, 2);
		break;
	case 11:
		if (family == 4)
			h[0] = 0x4f;	/* IP options that are not there */
		else
			h[6] = 60;
		break;
	case 12:
		if (family == 4)
			h[0] = 0x42;
		else
			h[6] = 51;
		break;
	case 13:
		if (family == 4)
			h[6] = 0x20;	/* a fragment */
		else
			h[6] = 44;
		break;
	case 14:
		ev->len = l3 + 30;
		break;
	}
	if (which == 2 || which == 3)
		in.nr_slots = 2;
	run();
	return dropped();
}

static void test_segments(void)
{
	char text[80];
	u32 i, family;

	for (family = 4; family <= 6; family += 2) {
		check(wrong((u8)family, 0) == -1, "segment: a right one");
		for (i = 1; i <= 14; i++) {
			snprintf(text, sizeof(text), "segment over IPv%u: wrong in way %u is dropped",
				 family, i);
			check(wrong((u8)family, i) > 0, text);
		}
	}
}

static void test_v6_chains(void)
{
	static const struct {
		const char *text;
		u8 chain[6];
		bool good;
	} chains[] = {
		{ "hop-by-hop behind another", { 60, 0, 6 }, false },
		{ "fragment header of a whole datagram", { 44, 6 }, true },
		{ "two fragment headers", { 44, 44, 6 }, false },
		{ "routing, no segments left", { 43, 6 }, true },
		{ "authentication", { 51, 6 }, true },
		{ "mobility and destination options", { 135, 60, 6 }, true },
		{ "no next header", { 59 }, false },
	};
	u32 i, k;

	for (i = 0; i < sizeof(chains) / sizeof(chains[0]); i++) {
		struct dom_ev_RX *ev;
		u8 *h, tcp[20];
		u32 off = 40;

		established(6);
		h = segment(6, 0x18, 501, 101, 100);
		memcpy(tcp, h + 40, 20);
		ev = last_rx(h);
		h[6] = chains[i].chain[0];
		for (k = 1; k < 6 && chains[i].chain[k]; k++) {
			u8 *e = h + off;

			memset(e, 0, 8);
			e[0] = chains[i].chain[k];
			if (chains[i].chain[k - 1] == 51)
				e[1] = 0;	/* 8 bytes: (0 + 2) * 4 */
			off += 8;
		}
		memcpy(h + off, tcp, 20);
		ev->hdr.inline_len = (u16)(off + 20);
		ev->len = off + 120;
		be(h + 4, off - 40 + 120, 2);
		in.nr_slots = dom_msg_slots(off + 20);
		run();
		check((commands(DOM_CMD_DELIVER) == 1) == chains[i].good, chains[i].text);
	}
	/* more headers than anybody needs */
	{
		u8 *h, tcp[20];

		established(6);
		h = segment(6, 0x18, 501, 101, 10);
		memcpy(tcp, h + 40, 20);
		h[6] = 60;
		for (k = 0; k < 11; k++) {
			memset(h + 40 + 8 * k, 0, 8);
			h[40 + 8 * k] = k == 10 ? 6 : 60;
		}
		memcpy(h + 40 + 88, tcp, 20);
		last_rx(h)->hdr.inline_len = 148;
		last_rx(h)->len = 158;
		be(h + 4, 118, 2);
		in.nr_slots = dom_msg_slots(148);
		run();
		check(dropped() > 0, "a chain of eleven extension headers");
	}
}

static void test_events(void)
{
	struct dom_ev_SEND *s;
	struct dom_ev_SHUTDOWN *d;
	u32 i;
	u8 *h;

	established(4);
	event(99, 0);
	check(run() && !out.nr_slots, "event: an unknown one is ignored");
	((struct dom_msg *)event(99, 0))->hdr.handle = 7;
	check(run() && dropped() == STACK_DROP_STATE, "event: the object of an unknown one is dropped");
	event(DOM_EV_SETOPT, 8);
	check(run(), "event: options that are too short are ignored");
	in.slot[0].hdr.type = DOM_EV_RX;
	in.slot[0].hdr.inline_len = 250;
	in.nr_slots = 2;
	check(run() && !out.nr_slots, "event: inline bytes beyond the queue end it");
	in.nr_slots = 1000;
	memset(in.slot, 0, sizeof(in.slot));
	check(run(), "event: more slots than there are");
	s = event(DOM_EV_SEND, 0);
	s->tail = 1ull << 63;
	check(run() && !commands(DOM_CMD_XMIT), "event: a stream of 2^63 bytes is ignored");
	event(DOM_EV_CONNECT, 0);
	check(run() && !out.nr_slots, "event: a second CONNECT does nothing");
	((struct dom_ev_CONSUMED *)event(DOM_EV_CONSUMED, 0))->edge = ~0ull;
	check(run(), "event: room without end is ignored");
	h = segment(4, 0x18, 501, 101, 100);
	last_rx(h)->hdr.handle = 0;
	check(run() && !commands(DOM_CMD_DELIVER), "event: payload without an object is not delivered");

	/* a full batch of drops and acknowledgments: all objects are taken */
	established(4);
	for (i = 0; i < STACK_RX_BATCH; i++)
		last_rx(segment(4, 0x10, 501 + 200 * i + 100, 101, 10))->hdr.handle = i + 1;
	check(run() && commands(DOM_CMD_STASH) + commands(DOM_CMD_DROP) == STACK_RX_BATCH,
	      "event: a full batch out of order");

	established(4);
	s = event(DOM_EV_SEND, 0);
	s->tail = 100;
	d = event(DOM_EV_SHUTDOWN, 0);
	d->tail = 100;
	d->how = STACK_SHUT_SEND;
	run();
	s = event(DOM_EV_SEND, 0);
	s->tail = 200;
	check(run() && !commands(DOM_CMD_XMIT), "event: what is written after shutdown is not sent");

	/* a command queue that is too small for all: MORE, and the rest comes */
	established(4);
	segment(4, 0x10, 501, 101, 0);
	run();
	s = event(DOM_EV_SEND, 0);
	s->tail = 14600;
	for (i = 0; i < STACK_RX_BATCH; i++)
		last_rx(segment(4, 0x10, 501 + 200 * i + 100, 101, 10))->hdr.handle = i + 1;
	run();
	check(out.flags & DOM_OUT_MORE, "event: more output than the queue has room for");
	for (i = 0; i < 10 && out.flags & DOM_OUT_MORE; i++)
		run();
	check(!(out.flags & DOM_OUT_MORE) && i < 10, "event: the rest comes in further runs");
}

/* An honest listener's frames always have objects; these do not all. */
static void test_listener(void)
{
	struct listen_record *l = (struct listen_record *)out.record;
	struct dom_ev_LISTEN *ev;
	u32 i;
	u8 *h;

	config(STACK_LISTEN, 6)->laddr[0] = 0xfd;
	ev = event(DOM_EV_LISTEN, 0);
	ev->backlog = 100;
	ev->edge = 65535;
	run();
	h = segment(6, 0x02, 1, 0, 0);
	h[39] = 9;
	check(run() && dropped() == STACK_DROP_FLOW, "listener: another address");
	h = segment(6, 0x10, 1, 1, 0);
	last_rx(h)->hdr.handle = 0;
	check(run() && !commands(DOM_CMD_RESTEER), "listener: a frame without an object");
	event(DOM_EV_SETOPT, 4);
	check(run(), "listener: options that are too short");
	((struct dom_msg *)event(DOM_EV_SEND, 0))->hdr.handle = 3;
	check(run() && dropped() == STACK_DROP_STATE, "listener: an event that is not its own");
	for (i = 0; i < STACK_LISTEN_BATCH; i++) {
		h = segment(6, 0x02, 1, 0, 0);
		be(h + 40, 1000 + i, 2);
		last_rx(h)->hdr.handle = i + 1;
	}
	run();
	check(l->nr_syn == STACK_LISTEN_BATCH && commands(DOM_CMD_XMIT) == STACK_LISTEN_BATCH,
	      "listener: a full batch of SYNs");
	/* all of them finish in one batch: more records than the queue holds */
	for (i = 0; i < STACK_LISTEN_BATCH; i++) {
		h = segment(6, 0x10, 2, l->syn[i].iss + 1, 0);
		be(h + 40, l->syn[i].rport, 2);
		last_rx(h)->hdr.handle = i + 1;
	}
	run();
	check(commands(DOM_CMD_OPENED) + l->nr_syn == STACK_LISTEN_BATCH,
	      "listener: a batch of openings, as many as fit");
	/* all of the rest time out at the same time */
	for (i = 0; i < 20; i++) {
		in.now_us += 70000000;
		event(DOM_EV_TIMER, 0);
		run();
	}
	check(!l->nr_syn, "listener: what is left is forgotten");
}

static void test_udp(void)
{
	struct dom_ev_SENDTO *s;
	struct dom_ev_RX *ev;
	u32 i;
	u8 *h;

	config(STACK_UDP, 6);
	for (i = 0; i < 25; i++) {
		s = event(DOM_EV_SENDTO, 0);
		s->pos = 100 * i;
		s->len = 100;
		s->family = 6;
		s->dport = 53;
		s->saddr0 = 0xfd;
		s->daddr0 = ~0ull;
		s->daddr1 = 2;
	}
	run();
	check(out.flags & DOM_OUT_MORE, "UDP: more to send than fits");
	i = commands(DOM_CMD_XMIT);
	s = event(DOM_EV_SENDTO, 0);
	s->pos = 0;
	s->len = 100;
	run();
	check(i && !commands(DOM_CMD_XMIT), "UDP: what is sent already is not sent again");
	s = event(DOM_EV_SENDTO, 0);
	s->pos = 100 * i;
	s->len = 10;
	s->family = 4;
	s->daddr0 = 0x0200000a;
	run();
	check(first_byte(DOM_CMD_XMIT) == 0x45, "UDP: a v6 socket to a v4 peer");
	s = event(DOM_EV_SENDTO, 0);
	s->pos = 100 * i + 10;
	s->family = 6;
	s->daddr0 = 0xb80d0120;	/* 2001:db8:: looks like IPv4 */
	run();
	check(first_byte(DOM_CMD_XMIT) == 0x60, "UDP: a v6 address that ends in zeros");
	event(DOM_EV_SETOPT, 4);
	check(run(), "UDP: options that are too short");
	config(STACK_UDP, 4);
	for (i = 0; i < 6; i++) {
		ev = event(DOM_EV_RX, 28);
		h = (u8 *)((struct dom_msg *)ev + 1);
		ev->hdr.handle = 1;
		ev->len = 38;
		ev->flags = STACK_RX_CSUM_OK;
		h[0] = 0x45;
		be(h + 2, 38, 2);
		h[9] = 17;
		memcpy(h + 12, "\x0a\0\0\2\x0a\0\0\1", 8);
		be(h + 20, 53, 2);
		be(h + 22, 5000, 2);
		be(h + 24, 18, 2);
		be(h + 26, 1, 2);
		if (i == 1)
			be(h + 24, 7, 2);
		if (i == 2)
			be(h + 24, 19, 2);
		if (i == 3)
			be(h + 2, 26, 2);
		if (i == 4)
			h[19] = 9;
		if (i == 5)
			h[9] = 6;
		run();
		check(i ? dropped() > 0 : commands(DOM_CMD_DGRAM) == 1,
		      i ? "UDP: a datagram that lies" : "UDP: a right datagram");
	}
}

int main(void)
{
	printf("TAP version 13\n");
	test_config();
	test_tcp_record();
	test_other_records();
	test_segments();
	test_v6_chains();
	test_events();
	test_listener();
	test_udp();
	printf("1..%u\n", nr);
	return failed != 0;
}
