// SPDX-License-Identifier: GPL-2.0-only
/*
 * Congestion control: what both algorithms share, and Reno (RFC 5681).
 *
 * Windows are in bytes. All arithmetic is on integers; products are kept
 * within 64 bits by the limits on window (2^29) and segment size (2^16).
 */
#include "tcp.h"

#define SSTHRESH_INIT	TCP_CWND_MAX	/* RFC 5681 3.1: arbitrarily high */

/**
 * tcp_cc_init() - initial window (RFC 6928 2, RFC 5681 3.1)
 * @t: the run
 */
void tcp_cc_init(struct tcp *t)
{
	struct tcp_record *r = t->r;
	u32 iw = max_u32(2 * r->mss, 14600);

	r->cwnd = min_u32(TCP_IW * r->mss, iw);
	if (r->timeouts)	/* SYN was lost: RFC 5681 3.1 */
		r->cwnd = r->mss;
	r->ssthresh = SSTHRESH_INIT;
	r->cwnd_frac = 0;
	r->round_end = r->snd_nxt;
	r->hs_last_rtt = ~0u;
	r->hs_cur_rtt = ~0u;
	r->hs_samples = 0;
	r->hs_css_round = 0;
	r->w_max = 0;
	r->cubic_epoch = 0;
}

/**
 * tcp_reno_increase() - congestion avoidance (RFC 5681 3.1 (3))
 * @t: the run
 * @acked: bytes delivered
 *
 * Return: bytes to add to the window.
 */
u32 tcp_reno_increase(struct tcp *t, u32 acked)
{
	struct tcp_record *r = t->r;
	u32 add;

	/* one segment for a window's worth of bytes (RFC 3465) */
	r->cwnd_frac = (u32)min_u64((u64)r->cwnd_frac + acked, TCP_CWND_MAX);
	if (r->cwnd_frac < r->cwnd)
		return 0;
	add = r->cwnd_frac / r->cwnd;
	r->cwnd_frac %= r->cwnd;
	return (u32)min_u64((u64)add * r->mss, acked);
}

/* Was the window what limited us (RFC 7661, RFC 9438 4.2)? */
static bool cwnd_limited(const struct tcp *t)
{
	const struct tcp_record *r = t->r;

	if (r->cwnd < r->ssthresh)
		return r->cwnd / 2 < t->prior_flight;
	return t->prior_flight + 3 * r->mss > r->cwnd;
}

/**
 * tcp_cc_ack() - grow the window for what was delivered in this run
 * @t: the run
 */
void tcp_cc_ack(struct tcp *t)
{
	struct tcp_record *r = t->r;
	u32 acked = t->delivered, add = 0;

	if (!cwnd_limited(t))
		return;
	if (r->cwnd < r->ssthresh) {
		u32 room = r->ssthresh - r->cwnd;

		if (r->opts.cc == STACK_CC_CUBIC && r->ssthresh == SSTHRESH_INIT)
			add = tcp_hystart_increase(t, acked);
		else	/* RFC 3465: no more than two segments for each ACK */
			add = min_u32(acked, 2 * r->mss * t->nr_acks);
		add = min_u32(add, room);
		acked = add == room ? acked - add : 0;
	}
	if (acked && r->cwnd + add >= r->ssthresh)
		add += r->opts.cc == STACK_CC_CUBIC ?
			tcp_cubic_increase(t, acked) :
			tcp_reno_increase(t, acked);
	r->cwnd = (u32)min_u64((u64)r->cwnd + add, TCP_CWND_MAX);
}

/**
 * tcp_cc_ssthresh() - where to go after congestion
 * @t: the run
 *
 * Return: bytes; never below two segments (RFC 5681 3.1 (4)).
 */
u32 tcp_cc_ssthresh(struct tcp *t)
{
	struct tcp_record *r = t->r;
	u32 ss;

	if (r->opts.cc == STACK_CC_CUBIC)
		ss = tcp_cubic_ssthresh(r);
	else
		ss = max_u32(t->nr_acks ? t->prior_flight : tcp_flight(r), 1) / 2;
	return max_u32(ss, 2u * r->mss);
}

/**
 * tcp_cc_after_loss() - a reduction begins
 * @t: the run
 */
void tcp_cc_after_loss(struct tcp *t)
{
	t->r->cubic_epoch = 0;
	t->r->hs_css_round = 0;
}

/**
 * tcp_cc_idle() - nothing was sent for longer than a timeout (RFC 5681 4.1)
 * @t: the run
 */
void tcp_cc_idle(struct tcp *t)
{
	struct tcp_record *r = t->r;
	u32 rw = min_u32(TCP_IW * r->mss, max_u32(2 * r->mss, 14600));

	if (r->cwnd > rw) {
		/* what was learnt is kept in ssthresh, as RFC 2861 wants */
		r->ssthresh = max_u32(r->ssthresh, r->cwnd / 4 * 3);
		r->cwnd = rw;
	}
	r->cubic_epoch = 0;
}

/**
 * tcp_cc_pace() - hint at which rate to let segments go
 * @t: the run
 *
 * Twice the rate of the window in slow start, 1.2 times in avoidance, as
 * Linux: enough to grow, too little for bursts.
 *
 * Return: bytes per second, 0 for no hint.
 */
u64 tcp_cc_pace(const struct tcp *t)
{
	const struct tcp_record *r = t->r;
	u64 rate, max = (u64)r->opts.max_pacing << 10;

	if (!r->srtt)
		return max;
	rate = (u64)r->cwnd * 8 * SEC / r->srtt;
	rate = r->cwnd < r->ssthresh / 2 ? rate * 2 : rate + rate / 5;
	return max ? min_u64(rate, max) : rate;
}
