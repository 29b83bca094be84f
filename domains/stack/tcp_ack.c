// SPDX-License-Identifier: GPL-2.0-only
/*
 * Acknowledgements coming in: checks, send window, round-trip time.
 *
 * What they mean for loss and congestion is decided once a run, in
 * tcp_recover.c; here facts are collected in struct tcp.
 */
#include "tcp.h"

/**
 * tcp_rtt_sample() - one measurement of the round trip (RFC 6298 2)
 * @t: the run
 * @rtt: microseconds
 *
 * The variance term is at least the minimal timeout, as in Linux: a steady
 * path would else time out on the first delayed ACK.
 */
void tcp_rtt_sample(struct tcp *t, u32 rtt)
{
	struct tcp_record *r = t->r;
	u32 floor = t->run.cfg->rto_min_ms ?
		t->run.cfg->rto_min_ms * 1000u : (u32)TCP_RTO_MIN;
	s32 err;

	rtt = min_u32(max_u32(rtt, 1), 60 * (u32)SEC);
	if (!r->srtt) {
		r->srtt = rtt << 3;
		r->rttvar = rtt << 1;
	} else {
		err = (s32)rtt - (s32)(r->srtt >> 3);
		r->srtt += (u32)err;
		if (err < 0)
			err = -err;
		r->rttvar += (u32)err - (r->rttvar >> 2);
	}
	if (!r->srtt)
		r->srtt = 8;
	r->rto = min_u32((r->srtt >> 3) + max_u32(r->rttvar, floor),
			 (u32)TCP_RTO_MAX);
	/* the minimum forgets after five minutes (RFC 8985 6.2 step 1) */
	if (!r->min_rtt || rtt <= r->min_rtt ||
	    t->run.now_ms - r->min_rtt_ms > 300000) {
		r->min_rtt = rtt;
		r->min_rtt_ms = t->run.now_ms;
	}
}

/*
 * RFC 9293 3.10.7.4: SND.WND moves only with segments newer than the last
 * that moved it. Returns whether the window changed.
 */
static bool ack_window(struct tcp *t, const struct tcp_seg *s, u32 seq, u32 ack,
		       u32 moved)
{
	struct tcp_record *r = t->r;
	u32 wnd = (u32)s->wnd << r->snd_wscale, old = r->snd_wnd;

	if (before(r->snd_wl1_seq, seq) ||
	    (r->snd_wl1_seq == seq && !before(ack, r->snd_wl2_seq))) {
		r->snd_wl1_seq = seq;
		r->snd_wl2_seq = ack;
		r->snd_wnd = wnd;
		if (wnd > r->snd_wnd_max)
			r->snd_wnd_max = wnd;
		return wnd != old;
	}
	r->snd_wnd -= min_u32(moved, old);	/* the right edge stays */
	return false;
}

/*
 * RFC 7323 4.1: only if nothing better is there, its clock ticks in ms. The
 * echo may be older than the segment that caused the ACK, if that was a
 * duplicate to the peer: so no sample moves the estimate by much.
 */
static void ack_ts_rtt(struct tcp *t, const struct tcp_seg *s)
{
	u32 ms;

	if (t->rtt_us || !(t->r->flags & TCP_F_TS) ||
	    !(s->opts & TCP_SEG_TS) || !s->tsecr)
		return;
	ms = tcp_ts_now(t) - s->tsecr;
	if (ms < 60000)
		t->rtt_us = min_u32(ms ? ms * 1000 : 500, 2 * t->r->rto);
}

/**
 * tcp_ack_in() - take the acknowledgment of an acceptable segment
 * @t: the run
 * @s: the segment, with ACK
 * @seq: its extended sequence number
 *
 * Return: false if the whole segment is to be dropped.
 */
bool tcp_ack_in(struct tcp *t, const struct tcp_seg *s, u64 seq)
{
	struct tcp_record *r = t->r;
	u64 ack = tcp_ext(r->snd_una, s->ack - r->iss), una = r->snd_una;
	bool wnd_changed;

	t->fack_seq = r->rack_fack_seq;
	if (unlikely(ack > una && ack > r->snd_nxt)) {
		/* RFC 9293 3.10.7.4: acknowledges what was never sent */
		tcp_challenge(t);
		return false;
	}
	if (unlikely(ack > r->snd_nxt || ack < una)) {
		/* RFC 5961 5.2: not older than the largest window */
		if (una - ack > max_u32(r->snd_wnd_max, 65535)) {
			tcp_challenge(t);
			return false;
		}
		if (s->nr_sack && (r->flags & TCP_F_SACK)) {
			if (!t->nr_acks++)
				t->prior_flight = tcp_flight(r);
			tcp_sack_in(t, s, (u32)ack);
		}
		return true;
	}
	if (!t->nr_acks++)
		t->prior_flight = tcp_flight(r);
	if ((s->flags & TCP_ECE) && (r->flags & TCP_F_ECN))
		t->ece_in = true;
	wnd_changed = ack_window(t, s, (u32)seq, (u32)ack, (u32)(ack - una));
	r->keep_probes = 0;
	if (ack > una) {
		tcp_tx_ack(t, ack);
		t->una_moved = true;
		r->dupacks = 0;
		/* an ACK of something retransmitted is no measurement there */
		ack_ts_rtt(t, s);
	} else if (tcp_flight(r) && !s->len && !wnd_changed &&
		   !(s->flags & (TCP_SYN | TCP_FIN))) {
		/* RFC 5681 2: a duplicate acknowledgment */
		t->dup_in = true;
		if (!(r->flags & TCP_F_SACK)) {
			if (r->dupacks < 255)
				r->dupacks++;
			t->delivered += r->mss;
		}
	}
	if (s->nr_sack && (r->flags & TCP_F_SACK))
		tcp_sack_in(t, s, (u32)ack);
	return true;
}
