// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attacks from off the path: who guesses numbers, forges ICMP, or throws
 * bytes (RFC 5961, RFC 5927, RFC 4953).
 */
#include <string.h>

#include "attack.h"

#define ROUNDS 20000

static bool open_one(struct attack *a)
{
	DO("established rtt 100");
	DO("< PA 1:1001(1000) ack 1");
	DO("> A 1:1(0) ack 1001");
	DO("write 1000");
	DO("> PA 1:1001(1000) ack 1001");
	DO("+0.05 < A 1001:1001(0) ack 1001");
	return true;
}

/* Any number but the one that would be right. */
static u32 not_next(struct attack *a, u32 i)
{
	u32 next = (u32)ep_tcp(&a->s.ep[0])->rcv_nxt, seq;

	do
		seq = i & 1 ? (u32)rng_next(&a->rng) :
			      next - 70000 + (u32)rng_below(&a->rng, 200000);
	while (seq == next);
	return seq;
}

/* @flags at numbers all over; @limit answers in each second at most. */
static bool blind(struct attack *a, u8 flags, u32 limit)
{
	u32 i, second = 0;

	for (i = 0; i < ROUNDS; i++) {
		struct pkt p = { .flags = flags, .seq = not_next(a, i), .port = 8080,
				 .ack = (u32)rng_next(&a->rng), .has_ack = true };

		if (!attack_pkt(a, &p))
			return false;
		second += attack_swallow(a);
		MUST(second <= limit);
		if (i % 2000 == 1999) {
			second = 0;
			if (!script_advance(&a->s, a->s.now + 1100000, false))
				return false;
			attack_swallow(a);
		}
	}
	return attack_intact(a);
}

bool attack_blind_rst(struct attack *a)
{
	return open_one(a) && blind(a, 0x04, 10);
}

bool attack_blind_syn(struct attack *a)
{
	/* below the window a SYN is an old duplicate, answered like one */
	return open_one(a) && blind(a, 0x02, 2000);
}

bool attack_blind_data(struct attack *a)
{
	u64 in;
	u32 i;

	if (!open_one(a))
		return false;
	in = a->s.ep[0].rcv_next;
	for (i = 0; i < ROUNDS; i++) {
		struct pkt p = { .flags = 0x18, .len = 1 + (u32)rng_below(&a->rng, 1460),
				 .port = 8080, .has_ack = true };

		/* in the window, but who does not know the ACK */
		p.seq = (u32)ep_tcp(&a->s.ep[0])->rcv_nxt + (u32)rng_below(&a->rng, 60000);
		p.ack = 200000 + (u32)rng_below(&a->rng, 0xfff00000u);
		if (!attack_pkt(a, &p))
			return false;
		attack_swallow(a);
		MUST(a->s.ep[0].rcv_next == in && !a->s.ep[0].stash);
		if (i % 1000 == 999 && !script_advance(&a->s, a->s.now + 1000000, false))
			return false;
	}
	MUST(a->answers < 11 * ROUNDS / 1000 + 20);
	return attack_intact(a);
}

bool attack_blind_fin(struct attack *a)
{
	u32 i;

	if (!open_one(a))
		return false;
	for (i = 0; i < ROUNDS; i++) {
		struct pkt p = { .flags = 0x11, .port = 8080, .has_ack = true };

		p.seq = (u32)ep_tcp(&a->s.ep[0])->rcv_nxt + 70000 +
			(u32)rng_below(&a->rng, 0x7ff00000u);
		p.ack = (u32)rng_next(&a->rng);
		if (!attack_pkt(a, &p))
			return false;
		attack_swallow(a);
		MUST(!(a->s.ep[0].st_flags & STACK_ST_EOF));
	}
	return attack_intact(a);
}

bool attack_ack_storm(struct attack *a)
{
	u32 i;

	if (!open_one(a))
		return false;
	/* somebody else's ACKs, outside the window, as fast as we answer */
	for (i = 0; i < ROUNDS; i++) {
		struct pkt p = { .flags = 0x10, .port = 8080, .has_ack = true,
				 .seq = 900000, .ack = 900000 };

		if (!attack_pkt(a, &p))
			return false;
		attack_swallow(a);
	}
	MUST(a->answers <= 12);
	return attack_intact(a);
}

bool attack_pmtu_one(struct attack *a)
{
	u32 i, sent = 0;

	DO("established rtt 100");
	DO("write 14600");
	attack_swallow(a);
	for (i = 0; i < 500; i++) {
		DO("icmp 3 4 info %u quote %u", i % 3 ? 1 : 68, 1 + i * 20);
		sent += attack_swallow(a);
		MUST(ep_tcp(&a->s.ep[0])->pmtu >= 552);
	}
	/* what was in flight went out once more, in small pieces */
	MUST(sent <= 14600 / 512 + 2);
	DO("+0.05 < A 1:1(0) ack 14601");
	return attack_intact(a);
}

bool attack_icmp_flood(struct attack *a)
{
	u32 i;

	if (!open_one(a))
		return false;
	for (i = 0; i < 5000; i++) {
		DO("icmp %u %u info %u quote %u", (u32)rng_below(&a->rng, 13),
		   (u32)rng_below(&a->rng, 16), (u32)rng_below(&a->rng, 1500),
		   3000 + (u32)rng_below(&a->rng, 0xff000000u));
		MUST(!attack_swallow(a));
	}
	MUST(ep_tcp(&a->s.ep[0])->pmtu == 1500);
	return attack_intact(a);
}

bool attack_timestamps(struct attack *a)
{
	u32 i, before;

	DO("config ts on");
	if (!open_one(a))
		return false;
	before = ep_tcp(&a->s.ep[0])->ts_recent;
	for (i = 0; i < 5000; i++) {
		struct pkt p = { .flags = 0x10, .seq = 200000 + (u32)rng_next(&a->rng) / 2,
				 .has_ack = true, .ack = 1, .port = 8080, .len = 10,
				 .has_opts = true, .nr_opt = 3 };

		p.opt[0].kind = 1;
		p.opt[1].kind = 1;
		p.opt[2] = (struct pkt_opt){ .kind = 8, .nr = 2,
					     .val = { before + 0x70000000, 0 } };
		if (!attack_pkt(a, &p))
			return false;
		attack_swallow(a);
	}
	MUST(ep_tcp(&a->s.ep[0])->ts_recent == before);
	return attack_intact(a);
}

bool attack_options(struct attack *a)
{
	u32 i, k;

	if (!open_one(a))
		return false;
	for (i = 0; i < ROUNDS; i++) {
		struct pkt p = { .flags = 0x10, .seq = (u32)ep_tcp(&a->s.ep[0])->rcv_nxt,
				 .has_ack = true, .ack = 1001, .port = 8080,
				 .has_opts = true };

		p.raw_len = 4 * (1 + (u32)rng_below(&a->rng, 10));
		for (k = 0; k < p.raw_len; k++)
			p.raw[k] = (u8)(rng_chance(&a->rng, 0.5) ?
						rng_below(&a->rng, 12) : rng_next(&a->rng));
		if (!attack_pkt(a, &p))
			return false;
		attack_swallow(a);
	}
	return attack_intact(a);
}

bool attack_headers(struct attack *a)
{
	struct ep *ep = &a->s.ep[0];
	u32 i, k;

	if (!open_one(a))
		return false;
	for (i = 0; i < ROUNDS; i++) {
		struct frame *f = frame_new(20 + (u32)rng_below(&a->rng, 200));

		for (k = 0; k < f->len; k++)
			f->data[k] = (u8)rng_next(&a->rng);
		f->data[0] = i & 1 ? 0x45 : (u8)(0x60 | (f->data[0] & 15));
		if (i & 2 && f->len >= 40) {
			memcpy(f->data + 12, a->s.raddr, 4);
			memcpy(f->data + 16, a->s.laddr, 4);
			f->data[9] = 6;
			wr16(f->data + 20, 8080);
			wr16(f->data + 22, 5000);
			f->data[33] &= ~0x04;	/* a RST may be right by chance */
		}
		if (!frame_parse(f)) {
			frame_put(f);
			continue;
		}
		a->packets++;
		ep_rx(ep, f);
		if (!script_settle(&a->s))
			return false;
		attack_swallow(a);
	}
	return attack_intact(a);
}
