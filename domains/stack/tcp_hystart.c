// SPDX-License-Identifier: GPL-2.0-only
/*
 * HyStart++ (RFC 9406): leave the first slow start when the round trip grows,
 * by way of a conservative phase that can be taken back.
 */
#include "tcp.h"

#define MIN_RTT_THRESH	(4 * (u32)MS)
#define MAX_RTT_THRESH	(16 * (u32)MS)
#define RTT_DIVISOR	8u
#define N_RTT_SAMPLE	8u
#define CSS_DIVISOR	4u
#define CSS_ROUNDS	5u
#define L_SEGMENTS	8u	/* not paced for sure: pacing is only a hint */

/* 4.2: a round ends when what was sent at its start is acknowledged. */
static void round_update(struct tcp *t)
{
	struct tcp_record *r = t->r;

	if (r->snd_una < r->round_end)
		return;
	r->round_end = r->snd_nxt;
	r->hs_last_rtt = r->hs_cur_rtt;
	r->hs_cur_rtt = ~0u;
	r->hs_samples = 0;
	if (r->hs_css_round && ++r->hs_css_round > CSS_ROUNDS) {
		r->ssthresh = r->cwnd;
		r->hs_css_round = 0;
	}
}

/**
 * tcp_hystart_increase() - slow start
 * @t: the run
 * @acked: bytes delivered
 *
 * May set ssthresh, which ends slow start.
 *
 * Return: bytes to add to the window.
 */
u32 tcp_hystart_increase(struct tcp *t, u32 acked)
{
	struct tcp_record *r = t->r;
	u32 add = min_u32(acked, L_SEGMENTS * r->mss * t->nr_acks), thresh;

	if (t->ca_rtt_us) {
		r->hs_cur_rtt = min_u32(r->hs_cur_rtt, t->ca_rtt_us);
		r->hs_samples = (u8)min_u32(r->hs_samples + t->nr_acks, 255);
	}
	if (r->hs_samples >= N_RTT_SAMPLE && r->hs_cur_rtt != ~0u &&
	    r->hs_last_rtt != ~0u) {
		if (!r->hs_css_round) {
			thresh = max_u32(MIN_RTT_THRESH,
					 min_u32(r->hs_last_rtt / RTT_DIVISOR,
						 MAX_RTT_THRESH));
			if (r->hs_cur_rtt >= r->hs_last_rtt + thresh) {
				r->hs_base_rtt = r->hs_cur_rtt;
				r->hs_css_round = 1;
			}
		} else if (r->hs_cur_rtt < r->hs_base_rtt) {
			r->hs_css_round = 0;	/* it was jitter */
		}
	}
	if (r->hs_css_round)
		add /= CSS_DIVISOR;
	round_update(t);
	return add;
}
