// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attacks of a peer that lies in its acknowledgments and windows
 * (Savage et al. 1999; RFC 3465, RFC 9293 3.8.6, RFC 5482).
 */
#include <string.h>

#include "attack.h"

#define ACK(number) \
	{ .flags = 0x10, .seq = 1, .has_ack = true, .ack = (number), .port = 8080, \
	  .has_win = true, .win = 65535 }

static const struct tcp_record *rec(const struct attack *a)
{
	return ep_tcp(&a->s.ep[a->s.cur]);
}

/* The peer becomes honest: acknowledge until all is through. */
static bool finish(struct attack *a)
{
	struct ep *ep = &a->s.ep[a->s.cur];
	u32 i, n = 0;

	while (ep->una < ep->tail) {
		struct pkt p = ACK(0);

		if (!script_advance(&a->s, a->s.now + 200000000, true))
			return false;
		for (i = 0; i < a->s.nr_out; i++) {
			struct frame *f = a->s.out[i].f;
			u32 end = rd32(frame_tcp(f) + 4) + frame_payload(f) - a->s.isn;

			if (end > p.ack)
				p.ack = end;
		}
		attack_swallow(a);
		if (p.ack > rec(a)->snd_nxt || p.ack < rec(a)->snd_una)
			p.ack = (u32)rec(a)->snd_nxt;
		if (!attack_pkt(a, &p))
			return false;
		MUST(++n < 20000);
	}
	return attack_intact(a);
}

bool attack_ack_flood(struct attack *a)
{
	u32 i, cwnd;

	DO("established rtt 100");
	DO("write 14600");
	attack_swallow(a);
	cwnd = rec(a)->cwnd;
	for (i = 0; i < 20000; i++) {
		struct pkt p = ACK(1);

		if (!attack_pkt(a, &p))
			return false;
	}
	MUST(rec(a)->cwnd <= cwnd);
	MUST(attack_swallow(a) < 20);
	return finish(a);
}

bool attack_ack_future(struct attack *a)
{
	u32 i;

	DO("established rtt 100");
	DO("write 14600");
	attack_swallow(a);
	for (i = 0; i < 5000; i++) {
		struct pkt p = ACK(14602 + (u32)rng_below(&a->rng, 1u << 30));

		if (!attack_pkt(a, &p))
			return false;
	}
	MUST(a->s.ep[0].una == 0);
	MUST(attack_swallow(a) <= 20);
	return finish(a);
}

bool attack_ack_division(struct attack *a)
{
	u32 i, cwnd;

	DO("established rtt 100");
	DO("write 60000");
	attack_swallow(a);
	cwnd = rec(a)->cwnd;
	for (i = 1; i <= 1460; i++) {
		struct pkt p = ACK(1 + i);

		if (!attack_pkt(a, &p))
			return false;
		attack_swallow(a);
	}
	/* one segment was acknowledged: one segment of growth, whatever the ACKs */
	MUST(rec(a)->cwnd <= cwnd + 1460);
	return finish(a);
}

static void sack_opt(struct pkt *p, u32 blocks)
{
	p->has_opts = true;
	p->nr_opt = 3;
	p->opt[0].kind = 1;
	p->opt[1].kind = 1;
	p->opt[2].kind = 5;
	p->opt[2].nr = 2 * blocks;
}

bool attack_sack_flood(struct attack *a)
{
	u32 i, k;

	DO("established rtt 100");
	DO("write 14600");
	attack_swallow(a);
	for (i = 0; i < 5000; i++) {
		struct pkt p = ACK(1);

		sack_opt(&p, 4);
		for (k = 0; k < 4; k++) {
			p.opt[2].val[2 * k] = 2 + 2 * ((4 * i + k) % 7200);
			p.opt[2].val[2 * k + 1] = 3 + 2 * ((4 * i + k) % 7200);
		}
		if (!attack_pkt(a, &p))
			return false;
		MUST(rec(a)->nr_tx <= TCP_TX_MAX);
		attack_swallow(a);
	}
	/* what it says it lacks is sent again, but not without end */
	MUST(a->answers < 2 * 5000);
	return finish(a);
}

bool attack_sack_random(struct attack *a)
{
	u32 i, k;

	DO("established rtt 100");
	DO("write 14600");
	attack_swallow(a);
	for (i = 0; i < 20000; i++) {
		struct pkt p = ACK(1);

		sack_opt(&p, 1 + (u32)rng_below(&a->rng, 4));
		for (k = 0; k < p.opt[2].nr; k++)
			p.opt[2].val[k] = (u32)rng_below(&a->rng, 16000);
		if (!attack_pkt(a, &p))
			return false;
		attack_swallow(a);
	}
	return finish(a);
}

bool attack_dsack_flood(struct attack *a)
{
	u32 i;

	DO("established rtt 100");
	DO("write 1460");
	attack_swallow(a);
	DO("+0.1 < A 1:1(0) ack 1461");
	DO("write 14600");
	attack_swallow(a);
	for (i = 0; i < 10000; i++) {
		struct pkt p = ACK(1461);

		sack_opt(&p, 1);
		p.opt[2].val[0] = 1;
		p.opt[2].val[1] = 1461;
		if (!attack_pkt(a, &p))
			return false;
		attack_swallow(a);
	}
	MUST(a->answers < 60);
	return finish(a);
}

bool attack_reneging(struct attack *a)
{
	struct pkt p = ACK(1);

	DO("opt user_timeout_ms 60000");
	DO("established rtt 100");
	DO("write 14600");
	attack_swallow(a);
	sack_opt(&p, 1);
	p.opt[2].val[0] = 1461;
	p.opt[2].val[1] = 14601;
	if (!attack_pkt(a, &p) || !script_advance(&a->s, a->s.now + 120000000, false))
		return false;
	MUST(attack_swallow(a) < 100);
	MUST(a->s.ep[0].state == TCPS_CLOSE && a->s.ep[0].err);
	MUST(!a->s.ep[0].deadline);
	return true;
}

bool attack_tiny_window(struct attack *a)
{
	u32 i, acks = 0;

	DO("established rtt 100 win 1");
	DO("write 5000");
	attack_swallow(a);
	/* a minute with the window always one byte beyond what was taken */
	for (i = 0; i < 600; i++) {
		struct pkt p = ACK(0);

		p.ack = (u32)rec(a)->snd_nxt;
		p.win = 1;
		if (!attack_pkt(a, &p) ||
		    !script_advance(&a->s, a->s.now + 100000, false))
			return false;
		acks += attack_swallow(a);
	}
	MUST(acks <= 700);
	return finish(a);
}

bool attack_window_flap(struct attack *a)
{
	u32 i;

	DO("established rtt 100");
	DO("write 30000");
	attack_swallow(a);
	for (i = 0; i < 10000; i++) {
		struct pkt p = ACK(1);

		p.win = i & 1 ? 0 : 65535;
		if (!attack_pkt(a, &p))
			return false;
		attack_swallow(a);
	}
	/* the same data is not sent again and again */
	MUST(a->answers < 50);
	return finish(a);
}

bool attack_zero_window(struct attack *a)
{
	u32 hour, probes[3];

	DO("established rtt 100");
	DO("write 1000");
	DO("> PA 1:1001(1000) ack 1");
	DO("+0.05 < A 1:1(0) ack 1001 win 0");
	DO("write 1000");
	for (hour = 0; hour < 3; hour++) {
		u64 end = a->s.now + 3600000000ull;

		probes[hour] = 0;
		while (a->s.now < end) {
			struct pkt p = ACK(1001);

			p.win = 0;
			if (!script_advance(&a->s, end, true))
				return false;
			if (!attack_swallow(a))
				break;
			probes[hour]++;
			if (!attack_pkt(a, &p))
				return false;
			MUST(probes[hour] < 100);
		}
	}
	MUST(probes[2] >= 25 && probes[2] <= 40);	/* every two minutes */
	return finish(a);
}

bool attack_zero_window_silent(struct attack *a)
{
	DO("opt user_timeout_ms 300000");
	DO("established rtt 100");
	DO("write 1000");
	DO("> PA 1:1001(1000) ack 1");
	DO("+0.05 < A 1:1(0) ack 1001 win 0");
	DO("write 1000");
	if (!script_advance(&a->s, a->s.now + 1000000000ull, false))
		return false;
	MUST(attack_swallow(a) < 30);
	MUST(a->s.ep[0].state == TCPS_CLOSE && a->s.ep[0].err);
	return true;
}

bool attack_mss_one(struct attack *a)
{
	DO("established rtt 100 mss 1");
	DO("write 10000");
	MUST(a->s.nr_out <= 10000 / 44 + 1);
	MUST(rec(a)->mss >= 44);
	return finish(a);
}

bool attack_ecn_flood(struct attack *a)
{
	u32 i;

	DO("config ecn on");
	DO("established rtt 100");
	for (i = 0; i < 2000; i++) {
		struct pkt p = ACK(0);

		ep_send(&a->s.ep[0], a->s.ep[0].tail + 1460, 0, 0);
		if (!script_settle(&a->s) ||
		    !script_advance(&a->s, a->s.now + 10000, false))
			return false;
		attack_swallow(a);
		p.flags |= 0x40;
		p.ack = (u32)rec(a)->snd_nxt;
		if (!attack_pkt(a, &p))
			return false;
		attack_swallow(a);
		MUST(rec(a)->cwnd >= 2u * rec(a)->mss);
	}
	return finish(a);
}
