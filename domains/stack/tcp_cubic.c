// SPDX-License-Identifier: GPL-2.0-only
/*
 * CUBIC (RFC 9438) in integers: C = 0.4, beta = 0.7.
 *
 * Times are milliseconds and limited to a minute from K, windows bytes, so
 * the cube times a segment stays below 2^63.
 */
#include "tcp.h"

#define CUBIC_SPAN_MAX	60000	/* ms away from K: the window is huge by then */

/* Integer cube root, rounded down. */
static u32 cube_root(u64 a)
{
	u64 root = 0;
	int bit;

	for (bit = 20; bit >= 0; bit--) {
		u64 try = root | 1ull << bit;

		if (try * try * try <= a)
			root = try;
	}
	return (u32)root;
}

/* RFC 9438 4.2, figure 2: K = cbrt((W_max - cwnd_epoch) / C), in ms. */
static void cubic_epoch(struct tcp *t)
{
	struct tcp_record *r = t->r;

	r->cubic_epoch = t->run.now_ms ? t->run.now_ms : 1;
	r->w_est = r->cwnd;
	r->w_est_frac = 0;
	r->cwnd_frac = 0;
	if (r->cwnd < r->w_max) {
		r->cubic_k = cube_root((u64)(r->w_max - r->cwnd) *
				       2500000000ull / r->mss);
		r->cubic_origin = r->w_max;
	} else {
		r->cubic_k = 0;
		r->cubic_origin = r->cwnd;
	}
}

/* W_cubic(at), figure 1. */
static u32 cubic_window(const struct tcp_record *r, u32 at_ms)
{
	bool past = at_ms >= r->cubic_k;
	u64 d = past ? at_ms - r->cubic_k : r->cubic_k - at_ms, delta;

	d = min_u64(d, CUBIC_SPAN_MAX);
	/* C * (t - K)^3 * mss, t in s: 0.4 / 10^9 for ms */
	delta = d * d * d / 1000 * r->mss * 2 / 5 / 1000000;
	if (!past)
		return delta < r->cubic_origin ?
			r->cubic_origin - (u32)delta : 0;
	return (u32)min_u64(r->cubic_origin + delta, TCP_CWND_MAX);
}

/**
 * tcp_cubic_increase() - congestion avoidance
 * @t: the run
 * @acked: bytes delivered
 *
 * Return: bytes to add to the window.
 */
u32 tcp_cubic_increase(struct tcp *t, u32 acked)
{
	struct tcp_record *r = t->r;
	u32 target, at, add;
	u64 num;

	if (!r->cubic_epoch)
		cubic_epoch(t);
	at = t->run.now_ms - r->cubic_epoch;
	if (at > 0x7fffffffu)
		at = 0;

	/*
	 * 4.3: what Reno would have; alpha is 3 (1 - beta) / (1 + beta) =
	 * 0.529 until the old window is reached, then 1.
	 */
	num = (u64)acked * r->mss;
	if (r->w_est < r->w_prior)
		num = num * 529 / 1000;
	num += r->w_est_frac;
	r->w_est = (u32)min_u64(r->w_est + num / r->cwnd, TCP_CWND_MAX);
	r->w_est_frac = (u32)(num % r->cwnd);

	/* 4.2: aim at the window one round trip ahead */
	target = cubic_window(r, at + (r->srtt >> 3) / 1000);
	if (target < r->w_est)
		target = r->w_est;
	target = min_u32(target, r->cwnd + r->cwnd / 2);
	if (target <= r->cwnd)
		return 0;
	num = (u64)(target - r->cwnd) * acked + r->cwnd_frac;
	add = (u32)min_u64(num / r->cwnd, acked);
	r->cwnd_frac = (u32)(num % r->cwnd);
	return add;
}

/**
 * tcp_cubic_ssthresh() - multiplicative decrease (4.6, 4.7)
 * @r: the record
 *
 * Return: bytes.
 */
u32 tcp_cubic_ssthresh(struct tcp_record *r)
{
	u32 cwnd = r->cwnd;

	/* fast convergence: release what a newcomer needs */
	r->w_max = cwnd < r->w_max ? (u32)((u64)cwnd * 85 / 100) : cwnd;
	r->w_prior = cwnd;
	return (u32)((u64)cwnd * 7 / 10);
}
