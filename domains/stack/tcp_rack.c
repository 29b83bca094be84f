// SPDX-License-Identifier: GPL-2.0-only
/*
 * RACK-TLP (RFC 8985): loss by time, and the tail loss probe.
 *
 * Called once a run, after all acknowledgments of the batch.
 */
#include "tcp.h"

/* 6.2 step 4: how much reordering is allowed for. */
static u32 rack_reo_wnd(const struct tcp_record *r)
{
	u32 i, sacked = 0, wnd;

	if (!(r->flags & TCP_F_REORDER)) {
		if (r->ca_state >= TCPCA_RECOVERY)
			return 0;
		for (i = 0; i < r->nr_tx; i++)
			if (r->tx[i].stamp & TCP_TX_SACKED)
				sacked += tcp_tx_len(r, i);
		/* DupThresh segments, counted in bytes */
		if (sacked > (TCP_DUPTHRESH - 1) * r->mss)
			return 0;
	}
	wnd = (r->rack_mult ? r->rack_mult : 1) * (r->min_rtt / 4);
	return min_u32(wnd, r->srtt >> 3);
}

/**
 * tcp_rack_detect() - mark what is lost by now (6.2 step 5)
 * @t: the run
 *
 * Arms the reordering timer if something may turn out to be lost soon.
 *
 * Return: number of ranges newly marked.
 */
u32 tcp_rack_detect(struct tcp *t)
{
	struct tcp_record *r = t->r;
	u32 reo = rack_reo_wnd(r), wait = 0, lost = 0, i;
	u32 now = (u32)t->run.now;

	for (i = 0; i < r->nr_tx; i++) {
		struct tcp_tx *e = &r->tx[i];
		u32 sent;
		s32 left;

		if (e->stamp & (TCP_TX_SACKED | TCP_TX_LOST))
			continue;
		sent = now - tcp_tx_age(t, e);
		if (after(sent, r->rack_time) ||
		    (sent == r->rack_time &&
		     !before(e->end_seq, r->rack_end_seq)))
			continue;
		left = (s32)(sent + r->rack_rtt + reo - now);
		if (left <= 0) {
			e->stamp |= TCP_TX_LOST;
			lost++;
		} else if ((u32)left > wait) {
			wait = (u32)left;
		}
	}
	if (wait) {
		r->t_rtx = t->run.now + wait;
		r->timer_kind = TCP_T_REORDER;
		t->rearm = false;
	} else if (r->timer_kind == TCP_T_REORDER) {
		t->rearm = true;
	}
	return lost;
}

/**
 * tcp_rack_dsack() - the peer saw a duplicate: allow for more reordering
 * @t: the run
 *
 * 6.2 step 4: the multiplier grows once a round trip, and falls back to 1
 * after 16 recoveries without a duplicate.
 */
void tcp_rack_dsack(struct tcp *t)
{
	struct tcp_record *r = t->r;

	r->dsacks++;
	if (!before((u32)r->snd_una, r->rack_dsack_seq)) {
		r->rack_dsack_seq = (u32)r->snd_nxt;
		if (!r->rack_mult)
			r->rack_mult = 1;
		if (r->rack_mult < 255)
			r->rack_mult++;
		r->rack_persist = 16;
	}
}

/**
 * tcp_tlp_timeout() - time until the probe is sent (7.2)
 * @t: the run
 *
 * Return: microseconds, 0 if no probe is to be used now.
 */
u64 tcp_tlp_timeout(const struct tcp *t)
{
	const struct tcp_record *r = t->r;
	u64 pto;

	if (!(r->flags & TCP_F_SACK) || r->ca_state != TCPCA_OPEN ||
	    !r->srtt || (r->flags & TCP_F_TLP) || !r->nr_tx)
		return 0;
	pto = 2 * (u64)(r->srtt >> 3);
	if (tcp_flight(r) <= r->mss)
		pto += TCP_DELACK_MAX;	/* the ACK may be delayed */
	else
		pto += 2 * MS;		/* granularity of both ends' timers */
	return min_u64(pto, tcp_rto(t));
}

/**
 * tcp_tlp_fire() - send the probe: new data, or the last segment again (7.3)
 * @t: the run
 */
void tcp_tlp_fire(struct tcp *t)
{
	struct tcp_record *r = t->r;
	u32 len, last;

	r->t_rtx = t->run.now + tcp_rto(t);
	r->timer_kind = TCP_T_RTO;
	if (!r->nr_tx)
		return;
	if (r->snd_tail > r->snd_nxt && r->snd_wnd > tcp_flight(r)) {
		t->probe_len = r->mss;
		r->flags = (r->flags & ~TCP_F_TLP_RETRANS) | TCP_F_TLP;
		r->tlp_end_seq = (u32)min_u64(r->snd_tail, r->snd_nxt + r->mss);
		return;
	}
	tcp_tx_room(t, 1);
	last = r->nr_tx - 1u;
	len = tcp_tx_len(r, last);
	if (len > r->mss) {
		if (!tcp_tx_split(t, last, r->tx[last].end_seq - r->mss))
			return;
		last++;
	}
	/* sent again by the output step, as if it had been lost */
	r->tx[last].stamp |= TCP_TX_LOST;
	r->flags |= TCP_F_TLP | TCP_F_TLP_RETRANS;
	r->tlp_end_seq = (u32)r->snd_nxt;
	t->force_rtx = true;
}

/**
 * tcp_tlp_ack() - did the probe repair a loss? (7.4.2)
 * @t: the run
 */
void tcp_tlp_ack(struct tcp *t)
{
	struct tcp_record *r = t->r;
	u32 una = (u32)r->snd_una;

	if (!(r->flags & TCP_F_TLP) || before(una, r->tlp_end_seq))
		return;
	if (!(r->flags & TCP_F_TLP_RETRANS) || t->dsack_in) {
		r->flags &= ~(TCP_F_TLP | TCP_F_TLP_RETRANS);
	} else if (after(una, r->tlp_end_seq)) {
		/* no duplicate was reported: the original was lost */
		r->flags &= ~(TCP_F_TLP | TCP_F_TLP_RETRANS);
		tcp_enter_cwr(t);
	} else if (t->dup_in && !t->sacked) {
		r->flags &= ~(TCP_F_TLP | TCP_F_TLP_RETRANS);
	}
}
