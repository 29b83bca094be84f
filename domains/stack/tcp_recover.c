// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loss recovery: what the acknowledgments of a batch mean.
 *
 * States as in RFC 5681 and 6582 in Linux's names; RACK finds the losses
 * (NewReno's duplicate ACKs if the peer has no SACK), proportional rate
 * reduction paces the repair (RFC 9937), F-RTO undoes a timeout that was none
 * (RFC 5682), ECN reduces once a round trip (RFC 3168 6.1.2).
 */
#include "tcp.h"

/* Begin a reduction: remember for undo, and what ends it. */
static void reduce(struct tcp *t, u8 state)
{
	struct tcp_record *r = t->r;

	if (r->ca_state < TCPCA_CWR) {
		r->prior_cwnd = r->cwnd;
		r->prior_ssthresh = r->ssthresh;
		r->ssthresh = tcp_cc_ssthresh(t);
		tcp_cc_after_loss(t);
		if (r->flags & TCP_F_ECN)
			r->flags |= TCP_F_CWR;
	}
	r->ca_state = state;
	r->recover = r->snd_nxt;
	r->recover_fs = max_u32(t->prior_flight, max_u32(tcp_flight(r), r->mss));
	r->prr_delivered = 0;
	r->prr_out = 0;
	r->cwnd_frac = 0;
}

/**
 * tcp_enter_cwr() - congestion without known loss
 * @t: the run
 */
void tcp_enter_cwr(struct tcp *t)
{
	if (t->r->ca_state < TCPCA_CWR)
		reduce(t, TCPCA_CWR);
}

/**
 * tcp_enter_loss() - the retransmission timer expired (RFC 5681 3.1, 6298 5)
 * @t: the run
 */
void tcp_enter_loss(struct tcp *t)
{
	struct tcp_record *r = t->r;
	bool fresh = r->ca_state < TCPCA_RECOVERY;
	bool reneged = r->nr_tx && (r->tx[0].stamp & TCP_TX_SACKED);

	r->timeouts++;
	if (r->ca_state != TCPCA_LOSS || r->snd_una >= r->recover) {
		if (r->ca_state < TCPCA_CWR) {
			r->prior_cwnd = r->cwnd;
			r->prior_ssthresh = r->ssthresh;
		}
		/* RFC 5681 3.1: held constant on the second timeout */
		r->ssthresh = tcp_cc_ssthresh(t);
		tcp_cc_after_loss(t);
		if (r->flags & TCP_F_ECN)
			r->flags |= TCP_F_CWR;
	}
	r->flags &= ~(TCP_F_FRTO1 | TCP_F_FRTO2 | TCP_F_TLP |
		      TCP_F_TLP_RETRANS | TCP_F_UNDO);
	/* RFC 5682 2.1 step 1: not while an earlier loss is being repaired */
	if (fresh && !reneged && !r->backoff)
		r->flags |= TCP_F_FRTO1 | TCP_F_UNDO;
	r->ca_state = TCPCA_LOSS;
	r->recover = r->snd_nxt;
	r->frto_seq = (u32)r->snd_nxt;
	r->cwnd = r->mss;
	r->cwnd_frac = 0;
	r->dupacks = 0;
	tcp_tx_mark_lost(r, reneged);
	tcp_tx_merge(r);
	t->force_rtx = true;
}

/* The timeout was spurious: everything is still under way. */
static void undo_loss(struct tcp *t)
{
	struct tcp_record *r = t->r;

	tcp_tx_unmark_lost(r);
	r->cwnd = max_u32(r->cwnd, r->prior_cwnd);
	r->ssthresh = max_u32(r->ssthresh, r->prior_ssthresh);
	r->ca_state = r->nr_tx ? TCPCA_DISORDER : TCPCA_OPEN;
	r->flags &= ~(TCP_F_FRTO1 | TCP_F_FRTO2 | TCP_F_UNDO | TCP_F_CWR);
	r->backoff = 0;
	t->rearm = true;
}

/* RFC 5682 2.1 and 3.1, after a timeout. */
static void frto(struct tcp *t)
{
	struct tcp_record *r = t->r;
	bool sack = r->flags & TCP_F_SACK;

	/*
	 * Something that was sent once only has arrived. Without SACK the
	 * first ACK proves nothing: it may close a hole.
	 */
	if (t->orig_delivered && (sack || (r->flags & TCP_F_FRTO2))) {
		undo_loss(t);
		return;
	}
	if (!t->una_moved || (u32)r->snd_una == r->frto_seq ||
	    after((u32)r->snd_una, r->frto_seq)) {
		/* a duplicate ACK, or all is repaired: conventional */
		if (t->una_moved || t->dup_in || t->sacked)
			r->flags &= ~(TCP_F_FRTO1 | TCP_F_FRTO2);
		return;
	}
	if (r->flags & TCP_F_FRTO1) {
		/* step 2b: new data instead of retransmissions, if there is */
		r->flags &= ~TCP_F_FRTO1;
		if (r->snd_tail > r->snd_nxt &&
		    r->snd_wnd > tcp_flight(r)) {
			r->flags |= TCP_F_FRTO2;
			r->cwnd = tcp_tx_pipe(r) + 2 * r->mss;
		}
	} else {
		r->flags &= ~TCP_F_FRTO2;
	}
}

/* A recovery is over when what was in flight at its start is acknowledged. */
static void recovery_exit(struct tcp *t)
{
	struct tcp_record *r = t->r;

	if (r->ca_state < TCPCA_CWR || r->snd_una < r->recover)
		return;
	/* RFC 3168 6.1.2: until something sent after the reduction is acked */
	if (r->ca_state == TCPCA_CWR && r->snd_una == r->recover)
		return;
	/* RFC 6582 3.2 step 1: without SACK, late duplicates must not start over */
	if (!(r->flags & TCP_F_SACK) && r->snd_una == r->recover &&
	    tcp_flight(r) && r->ca_state == TCPCA_RECOVERY)
		return;
	if (r->ca_state != TCPCA_LOSS)
		r->cwnd = max_u32(r->ssthresh, 2u * r->mss);
	if (r->ca_state == TCPCA_RECOVERY && r->rack_persist &&
	    !--r->rack_persist)
		r->rack_mult = 1;
	/* there may be SACKs above; tcp_recover() looks */
	r->ca_state = r->nr_tx ? TCPCA_DISORDER : TCPCA_OPEN;
	r->dupacks = 0;
	r->flags &= ~(TCP_F_FRTO1 | TCP_F_FRTO2 | TCP_F_UNDO);
	r->cwnd_frac = 0;
}

/* NewReno for peers without SACK (RFC 5681 3.2, RFC 6582). */
static void newreno(struct tcp *t)
{
	struct tcp_record *r = t->r;
	bool first = r->ca_state < TCPCA_RECOVERY &&
		     r->dupacks >= TCP_DUPTHRESH;
	bool partial = r->ca_state == TCPCA_RECOVERY && t->una_moved;

	if ((!first && !partial) || !r->nr_tx)
		return;
	if (tcp_tx_len(r, 0) > r->mss) {
		tcp_tx_room(t, 1);
		if (tcp_tx_len(r, 0) > r->mss)
			tcp_tx_split(t, 0, (u32)r->snd_una + r->mss);
	}
	/* a retransmission still under way is not lost again */
	if ((r->tx[0].stamp & TCP_TX_RETRANS) && !partial)
		return;
	r->tx[0].stamp |= TCP_TX_LOST;
	if (partial)
		t->force_rtx = true;
}

/* RFC 9937 5: how much may leave for what has arrived. */
static void prr(struct tcp *t, bool new_loss)
{
	struct tcp_record *r = t->r;
	u32 pipe = tcp_tx_pipe(r), delivered = t->delivered;
	u64 snd;

	if (!delivered && !t->force_rtx)
		return;
	r->prr_delivered += delivered;
	if (pipe > r->ssthresh) {
		snd = ((u64)r->prr_delivered * r->ssthresh + r->recover_fs - 1) /
		      max_u32(r->recover_fs, 1);
		snd = snd > r->prr_out ? snd - r->prr_out : 0;
	} else {
		snd = r->prr_delivered > r->prr_out ?
			r->prr_delivered - r->prr_out : 0;
		snd = max_u64(snd, delivered);
		if (t->una_moved && !new_loss)	/* SafeACK */
			snd += r->mss;
		snd = min_u64(snd, r->ssthresh - pipe);
	}
	if (!r->prr_out && !snd)
		snd = r->mss;		/* the first retransmission goes */
	r->cwnd = (u32)min_u64((u64)pipe + snd, TCP_CWND_MAX);
	r->cwnd = max_u32(r->cwnd, r->mss);
}

/**
 * tcp_recover() - draw the conclusions from the acknowledgments of a run
 * @t: the run
 */
void tcp_recover(struct tcp *t)
{
	struct tcp_record *r = t->r;
	u32 lost = 0, una = (u32)r->snd_una;

	if (!t->nr_acks && !t->reo_fired)
		return;
	if (t->rtt_us)
		tcp_rtt_sample(t, t->rtt_us);
	if (t->ca_rtt_us && (t->ca_rtt_us < r->min_rtt || !r->min_rtt))
		r->min_rtt = t->ca_rtt_us;
	if (t->una_moved) {
		r->backoff = 0;
		r->t_stall = 0;
		t->rearm = true;
		if (r->mtu_fails)
			r->mtu_fails = 0;
	}
	/* markers far behind would look as if they were ahead, after 2 GiB */
	if (una - r->rack_dsack_seq > 1u << 30)
		r->rack_dsack_seq = una;
	if (una - r->snd_sml_seq > 1u << 30)
		r->snd_sml_seq = una;
	if (unlikely(r->snd_urg) && r->snd_una > r->snd_urg)
		r->snd_urg = 0;
	if (t->dsack_in)
		tcp_rack_dsack(t);
	if (unlikely(r->mtu_probe))
		tcp_mtu_probe_acked(t);
	tcp_tlp_ack(t);
	if (unlikely(r->flags & (TCP_F_FRTO1 | TCP_F_FRTO2)))
		frto(t);
	recovery_exit(t);

	if (!(r->flags & TCP_F_SACK))
		newreno(t);
	else if (t->sacked || r->ca_state != TCPCA_OPEN ||
		 r->timer_kind == TCP_T_REORDER)
		lost = tcp_rack_detect(t);
	if (lost && t->reo_fired)
		t->force_rtx = true;
	if (unlikely(r->mtu_probe) && lost)
		tcp_mtu_probe_lost(t);

	/* in the open state without news nothing is SACKed, nothing lost */
	if (r->ca_state == TCPCA_OPEN && !t->sacked && !r->dupacks && !lost) {
		if (t->ece_in)
			tcp_enter_cwr(t);
	} else if (r->ca_state < TCPCA_RECOVERY) {
		if (tcp_tx_any(r, TCP_TX_LOST)) {
			reduce(t, TCPCA_RECOVERY);
			t->force_rtx = true;
		} else if (t->ece_in) {
			tcp_enter_cwr(t);
		} else if (r->ca_state < TCPCA_CWR) {
			r->ca_state = tcp_tx_any(r, TCP_TX_SACKED) ||
				      r->dupacks ? TCPCA_DISORDER : TCPCA_OPEN;
		}
	}
	if (r->ca_state == TCPCA_RECOVERY || r->ca_state == TCPCA_CWR)
		prr(t, lost);
	else if (t->delivered && !(r->flags & TCP_F_FRTO2))
		tcp_cc_ack(t);
}
