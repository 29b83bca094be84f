// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attacks with data, and on what has no connection: overlaps, holes, floods of
 * SYNs and of fragments (RFC 4987, RFC 5722, RFC 1858).
 */
#include <string.h>

#include "attack.h"

static const struct tcp_record *rec(const struct attack *a)
{
	return ep_tcp(&a->s.ep[a->s.cur]);
}

/* Segments at random within the window; then the gaps are filled. */
static bool scattered(struct attack *a, u32 most, u32 rounds)
{
	struct ep *ep = &a->s.ep[0];
	u32 i, end = 1 + (u32)ep->rcv_next;

	for (i = 0; i < rounds; i++) {
		struct pkt p = { .flags = 0x10, .has_ack = true, .ack = 1, .port = 8080 };

		p.len = 1 + (u32)rng_below(&a->rng, most);
		p.seq = (u32)rec(a)->rcv_nxt - (u32)rng_below(&a->rng, 3000) +
			(u32)rng_below(&a->rng, 30000);
		if ((s32)p.seq < 1)
			p.seq = 1;
		if (p.seq >= 30000)
			continue;
		if (p.seq + p.len > 30000)
			p.len = 30000 - p.seq;
		if (!attack_pkt(a, &p))
			return false;
		attack_swallow(a);
		MUST(rec(a)->nr_ooo <= TCP_OOO_MAX);
	}
	for (i = 0; ep->rcv_next < 29999 && i < 3000; i++) {
		struct pkt p = { .flags = 0x10, .has_ack = true, .ack = 1, .port = 8080,
				 .seq = (u32)rec(a)->rcv_nxt, .len = 1000 };

		if (p.seq + p.len > 30000)
			p.len = 30000 - p.seq;
		if (!attack_pkt(a, &p))
			return false;
		attack_swallow(a);
	}
	MUST(ep->rcv_next == 29999 && !ep->stash && end == 1);
	return attack_intact(a);
}

bool attack_overlap(struct attack *a)
{
	DO("established rtt 100");
	return scattered(a, 2000, 20000);
}

bool attack_holes(struct attack *a)
{
	DO("established rtt 100");
	return scattered(a, 1, 20000);
}

bool attack_old_data(struct attack *a)
{
	u32 i;

	DO("established rtt 100");
	DO("< PA 1:2001(2000) ack 1");
	DO("> A 1:1(0) ack 2001");
	for (i = 0; i < 20000; i++) {
		struct pkt p = { .flags = 0x18, .has_ack = true, .ack = 1, .port = 8080,
				 .seq = 1 + (u32)rng_below(&a->rng, 1000) };

		p.len = 1 + (u32)rng_below(&a->rng, 2001 - p.seq);
		if (!attack_pkt(a, &p))
			return false;
		MUST(attack_swallow(a) <= 1);
		MUST(a->s.ep[0].rcv_next == 2000);
	}
	return attack_intact(a);
}

bool attack_urgent(struct attack *a)
{
	u32 i;

	DO("established rtt 100");
	for (i = 0; i < 5000; i++) {
		struct pkt p = { .flags = 0x30, .has_ack = true, .ack = 1, .port = 8080,
				 .seq = (u32)rec(a)->rcv_nxt, .len = 1 + i % 5,
				 .urg = (u32)rng_below(&a->rng, 65536) };

		if (!attack_pkt(a, &p))
			return false;
		attack_swallow(a);
		if (i % 100 == 0) {
			DO("read all");
			attack_swallow(a);
		}
	}
	DO("read all");
	return attack_intact(a);
}

bool attack_fin_flood(struct attack *a)
{
	u32 i;

	DO("established");
	DO("shutdown send");
	DO("> FA 1:1(0) ack 1");
	DO("+0.01 < FA 1:1(0) ack 2");
	DO("> A 2:2(0) ack 2");
	for (i = 0; i < 5000; i++) {
		struct pkt p = { .flags = 0x11, .seq = 1, .has_ack = true, .ack = 2,
				 .port = 8080 };

		if (!attack_pkt(a, &p))
			return false;
		MUST(attack_swallow(a) <= 1);
	}
	if (!script_advance(&a->s, a->s.now + 61000000, false))
		return false;
	MUST(a->s.ep[0].state == TCPS_CLOSE && !a->s.ep[0].deadline);
	return true;
}

/* SYNs of many peers; none of them answers. */
static bool syns(struct attack *a, u32 nr)
{
	const struct listen_record *l = (const void *)a->s.ep[0].shadow;
	u32 i;

	for (i = 0; i < nr; i++) {
		struct pkt p = { .flags = 0x02, .port = 10000 + i % 50000,
				 .has_opts = true, .nr_opt = 1, .seq = i * 7,
				 .opt = { { .kind = 2, .nr = 1, .val = { 1460 } } } };

		if (!attack_pkt(a, &p))
			return false;
		MUST(attack_swallow(a) <= 1);
		MUST(l->nr_syn <= LISTEN_SYN_MAX);
	}
	return true;
}

bool attack_syn_flood(struct attack *a)
{
	DO("config cookies on");
	DO("listen");
	if (!syns(a, 50000))
		return false;
	/* in the midst of it an honest peer gets in */
	DO("< S 0:0(0) win 60000 <mss 1460>");
	DO("> SA 0:0(0) ack 1");
	if (!syns(a, 1000))
		return false;
	DO("+0.05 < A 1:1(0) ack 1 win 60000");
	MUST(a->s.nr_opened == 1);
	a->s.cur = 1;
	if (!attack_intact(a))
		return false;
	/* and nothing is left of the flood after its time */
	if (!script_advance(&a->s, a->s.now + 300000000ull, false))
		return false;
	MUST(!a->s.ep[0].deadline);
	return true;
}

bool attack_syn_flood_plain(struct attack *a)
{
	DO("listen");
	if (!syns(a, 50000))
		return false;
	DO("< S 0:0(0) win 60000 <mss 1460>");
	MUST(!attack_swallow(a));
	if (!script_advance(&a->s, a->s.now + 300000000ull, false))
		return false;
	attack_swallow(a);
	MUST(!a->s.ep[0].deadline);
	DO("< S 0:0(0) win 60000 <mss 1460>");
	DO("> SA 0:0(0) ack 1");
	DO("+0.05 < A 1:1(0) ack 1 win 60000");
	MUST(a->s.nr_opened == 1);
	a->s.cur = 1;
	return attack_intact(a);
}

bool attack_ack_flood_listener(struct attack *a)
{
	u32 i;

	DO("config cookies only");
	DO("listen");
	if (!syns(a, 10))
		return false;
	for (i = 0; i < 50000; i++) {
		struct pkt p = { .flags = 0x10, .port = 10000 + i % 50000, .has_ack = true,
				 .ack = (u32)rng_next(&a->rng), .seq = 1 };

		if (!attack_pkt(a, &p))
			return false;
		MUST(attack_swallow(a) <= 1);
	}
	/* 24 bits would let three of 50,000 in; a cookie must do better */
	MUST(a->s.nr_opened <= 1);
	return true;
}

static bool fragments(struct attack *a, u32 nr, u32 len, u32 ids)
{
	struct ep *ep = &a->s.ep[0];
	u32 i;

	for (i = 0; i < nr; i++) {
		struct pkt p = { .what = PKT_FRAG, .len = len, .frag_more = true,
				 .frag_id = 1 + i % ids, .frag_off = 16 * (i / ids % 500),
				 .other_addr = i & 1 };

		if (!attack_pkt(a, &p))
			return false;
		MUST(ep->stash_bytes <= reasm_max_bytes());
	}
	if (!script_advance(&a->s, a->s.now + 200000000ull, false))
		return false;
	MUST(!ep->stash && !ep->deadline);
	/* an honest datagram is put together */
	DO("< frag id 77 off 0 len 800 more");
	DO("< frag id 77 off 800 len 80");
	MUST(a->s.nr_assembled == 1);
	return true;
}

bool attack_reasm_flood(struct attack *a)
{
	DO("reasm");
	return fragments(a, 20000, 1480, 5000);
}

bool attack_reasm_tiny(struct attack *a)
{
	DO("reasm");
	return fragments(a, 20000, 8, 4);
}
