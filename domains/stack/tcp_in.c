// SPDX-License-Identifier: GPL-2.0-only
/*
 * Segment arrival (RFC 9293 3.10.7), in the order of the RFC's checks. The
 * expected segment of an undisturbed connection does not come here
 * (tcp_fast.c).
 */
#include "tcp.h"

/**
 * tcp_challenge() - answer something doubtful with an ACK (RFC 5961)
 * @t: the run
 *
 * Limited in number (RFC 5961 7); the same for ACKs that answer segments
 * outside of the window, so two confused ends do not feed each other.
 */
void tcp_challenge(struct tcp *t)
{
	struct tcp_record *r = t->r;

	if (t->run.now_ms - r->chal_ms >= 1000) {
		r->chal_ms = t->run.now_ms;
		r->chal_count = 0;
	}
	if (r->chal_count >= TCP_CHALLENGES)
		return;
	r->chal_count++;
	r->flags |= TCP_F_ACK_NOW;
}

static bool our_flow(const struct tcp *t, const struct tcp_seg *s)
{
	const struct stack_config *cfg = t->run.cfg;
	const u8 *l4 = s->ip.h + s->ip.l4;

	return s->ip.family == t->family && get16(l4) == cfg->rport &&
	       get16(l4 + 2) == cfg->lport &&
	       ip_addr_eq(t->family, s->ip.saddr, cfg->raddr) &&
	       ip_addr_eq(t->family, s->ip.daddr, cfg->laddr);
}

/*
 * RFC 7323 5.3 (R1, R2): timestamps. Returns 0 or a reason to drop.
 */
static u32 check_timestamps(struct tcp *t, const struct tcp_seg *s)
{
	struct tcp_record *r = t->r;

	if (!(r->flags & TCP_F_TS) || (s->flags & TCP_RST))
		return 0;
	if (!(s->opts & TCP_SEG_TS))
		return STACK_DROP_PAWS;	/* 3.2: silently */
	if (!before(s->tsval, r->ts_recent))
		return 0;
	/* 5.5: after 24 days idle the clock may have wrapped */
	if (t->run.now_ms - r->ts_recent_ms > 24u * 86400u * 1000u) {
		r->ts_recent = s->tsval;
		return 0;
	}
	if (s->len)	/* an old duplicate; tell the sender where we are */
		r->flags |= TCP_F_ACK_NOW;
	else
		tcp_challenge(t);
	return STACK_DROP_PAWS;
}

/*
 * RFC 9293 3.10.7.4 first check, with @end behind SYN, data and FIN. The right
 * edge itself is accepted for bare segments: a sender that has filled the
 * window acknowledges from there.
 */
static bool acceptable(const struct tcp_record *r, u64 seq, u64 end)
{
	if (seq == end)
		return seq >= r->rcv_nxt && seq <= max_u64(r->rcv_adv, r->rcv_nxt);
	return end > r->rcv_nxt && (seq < r->rcv_adv || seq == r->rcv_nxt);
}

static u32 unacceptable(struct tcp *t, const struct tcp_seg *s, u64 seq,
			u64 end)
{
	struct tcp_record *r = t->r;

	if (s->flags & TCP_RST)
		return STACK_DROP_SEQ;
	if (seq < end && end <= r->rcv_nxt) {
		/* RFC 2883 4: say which duplicate it was */
		if (s->len && !t->dsack && seq + (1u << 30) > r->rcv_nxt) {
			t->dsack = true;
			t->dsack_start = (u32)seq;
			t->dsack_end = (u32)(seq + s->len);
		}
		r->flags |= TCP_F_ACK_NOW;
		/* our ACK was lost: delay the next ones less */
		r->quick = TCP_QUICK;
		r->pingpong = 0;
		/* a retransmitted FIN starts TIME-WAIT over */
		if (r->head.state == TCPS_TIME_WAIT && (s->flags & TCP_FIN))
			tcp_time_wait(t);
		return STACK_DROP_DUP;
	}
	tcp_challenge(t);
	return STACK_DROP_SEQ;
}

/* RFC 5961 3.2. Returns the reason to drop, always. */
static u32 reset_in(struct tcp *t, u64 seq)
{
	struct tcp_record *r = t->r;
	u32 err = E_CONNRESET;

	if (seq != r->rcv_nxt) {
		tcp_challenge(t);
		return STACK_DROP_SEQ;
	}
	switch (r->head.state) {
	case TCPS_SYN_RECV:
		err = E_CONNREFUSED;
		break;
	case TCPS_CLOSE_WAIT:
		err = E_PIPE;
		break;
	case TCPS_CLOSING:
	case TCPS_LAST_ACK:
		err = 0;
		break;
	case TCPS_TIME_WAIT:
		return STACK_DROP_STATE;	/* RFC 1337 3: ignored */
	}
	t->st |= STACK_ST_RESET;
	tcp_close(t, err);
	return STACK_DROP_STATE;
}

/*
 * RFC 6191, RFC 9293 3.6.1: may this SYN open a new connection in place of
 * the one that lingers in TIME-WAIT?
 */
static bool time_wait_reuse(const struct tcp_record *r, const struct tcp_seg *s,
			    u64 seq)
{
	if ((s->flags & (TCP_SYN | TCP_ACK | TCP_RST)) != TCP_SYN)
		return false;
	if ((r->flags & TCP_F_TS) && (s->opts & TCP_SEG_TS))
		return after(s->tsval, r->ts_recent) ||
		       (s->tsval == r->ts_recent && seq > r->rcv_nxt);
	return seq > r->rcv_nxt && seq - r->rcv_nxt < 1u << 31;
}

/* RFC 9293 3.10.7.4 fifth check: what an acknowledged FIN means. */
static void fin_acked(struct tcp *t)
{
	struct tcp_record *r = t->r;

	if (!(r->flags & TCP_F_FIN_SENT) || r->snd_una != r->snd_tail + 1)
		return;
	switch (r->head.state) {
	case TCPS_FIN_WAIT1:
		r->head.state = TCPS_FIN_WAIT2;
		if (r->shut & STACK_SHUT_CLOSE)
			r->t_life = t->run.now + (r->opts.fin_timeout_s ?
				r->opts.fin_timeout_s * SEC : TCP_FIN_TIMEOUT);
		break;
	case TCPS_CLOSING:
		tcp_time_wait(t);
		break;
	case TCPS_LAST_ACK:
		tcp_close(t, 0);
		break;
	}
}

/* RFC 6093 3: the pointer says where the urgent data ends. */
static void urgent_in(struct tcp *t, const struct tcp_seg *s, u64 seq)
{
	struct tcp_record *r = t->r;
	u64 up = seq + s->urg;

	if (!s->urg || up <= r->rcv_urg || up <= r->rcv_nxt)
		return;
	r->rcv_urg = up;
	t->urgent = true;
}

/* RFC 3168 6.1.3; RFC 7323 4.3: state that acceptable segments refresh. */
static void refresh(struct tcp *t, const struct tcp_seg *s)
{
	struct tcp_record *r = t->r;

	if ((r->flags & TCP_F_TS) && (s->opts & TCP_SEG_TS) &&
	    !before(s->tsval, r->ts_recent) &&
	    !after(s->seq - r->irs, r->last_ack_seq)) {
		r->ts_recent = s->tsval;
		r->ts_recent_ms = t->run.now_ms;
	}
	if (r->flags & TCP_F_ECN) {
		if (s->flags & TCP_CWR)
			r->flags &= ~TCP_F_ECE;
		if (s->ecn == IP_ECN_CE && s->len)
			r->flags |= TCP_F_ECE;
	}
}

/* Data and FIN of an acceptable segment. Returns 0 if its object is taken. */
static u32 text_in(struct tcp *t, const struct tcp_seg *s, u64 seq)
{
	struct tcp_record *r = t->r;
	u32 drop = STACK_DROP_EMPTY;

	if (!s->len && !(s->flags & TCP_FIN))
		return drop;
	switch (r->head.state) {
	case TCPS_ESTABLISHED:
	case TCPS_FIN_WAIT1:
	case TCPS_FIN_WAIT2:
		break;
	default:	/* 3.10.7.4 seventh check: after their FIN, ignored */
		return STACK_DROP_STATE;
	}
	if (s->len && (r->shut & STACK_SHUT_CLOSE) &&
	    seq + s->len > r->rcv_nxt) {
		/* RFC 1122 4.2.2.13: nobody will ever read it */
		tcp_send_rst(t);
		t->st |= STACK_ST_RESET;
		tcp_close(t, 0);
		return STACK_DROP_CLOSED;
	}
	if (s->flags & TCP_FIN) {
		u64 fin = seq + s->len;

		if (!r->rcv_fin && fin >= r->rcv_nxt && fin <= r->rcv_adv + 1) {
			u32 i;

			/* not in the middle of what we have */
			for (i = 0; i < r->nr_ooo; i++)
				if (after(r->ooo[i].end_seq, (u32)fin))
					return STACK_DROP_SEQ;
			r->rcv_fin = fin;
		}
		r->flags |= TCP_F_ACK_NOW;
	}
	if (s->len)
		drop = tcp_data_in(t, s, seq);
	if (r->rcv_fin && r->rcv_nxt == r->rcv_fin)
		tcp_fin_in(t);
	return drop;
}

static u32 segment(struct tcp *t, struct tcp_seg *s)
{
	struct tcp_record *r = t->r;
	u64 seq = tcp_ext(r->rcv_nxt, s->seq - r->irs), end;
	u32 drop;

	if (unlikely(r->head.state == TCPS_TIME_WAIT) &&
	    time_wait_reuse(r, s, seq)) {
		tcp_close(t, 0);
		if (s->handle != DOM_NO_HANDLE &&
		    RUN_CMD(&t->run, RESTEER, s->handle, 0))
			return 0;
		return STACK_DROP_SYN;
	}
	if (unlikely(r->head.state == TCPS_SYN_RECV) &&
	    (s->flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK) &&
	    s->seq == r->irs) {
		/* simultaneous open: their SYN came before (RFC 9293 3.5) */
		s->flags &= ~TCP_SYN;
		s->seq++;
		seq++;
	}
	end = seq + s->len + !!(s->flags & TCP_SYN) + !!(s->flags & TCP_FIN);

	drop = check_timestamps(t, s);
	if (drop) {
		r->drops++;
		return drop;
	}
	if (!acceptable(r, seq, end))
		return unacceptable(t, s, seq, end);
	if (s->flags & TCP_RST)
		return reset_in(t, seq);
	if (s->flags & TCP_SYN) {
		tcp_challenge(t);	/* RFC 5961 4.2 */
		return STACK_DROP_STATE;
	}
	if (!(s->flags & TCP_ACK))
		return STACK_DROP_STATE;
	if (unlikely(r->head.state == TCPS_SYN_RECV) &&
	    !tcp_syn_recv_rx(t, s, seq))
		return STACK_DROP_STATE;
	refresh(t, s);
	if (!tcp_ack_in(t, s, seq))
		return STACK_DROP_SEQ;
	fin_acked(t);
	if (r->head.state == TCPS_CLOSE)
		return STACK_DROP_STATE;
	if (unlikely(s->flags & TCP_URG))
		urgent_in(t, s, seq);
	return text_in(t, s, seq);
}

/**
 * tcp_rx() - one frame of the connection
 * @t: the run
 * @ev: the event
 */
void tcp_rx(struct tcp *t, const struct dom_ev_RX *ev)
{
	struct tcp_record *r = t->r;
	struct tcp_seg s;
	u32 drop;

	drop = tcp_parse(&s, ev);
	if (unlikely(drop))
		goto drop;
	if (unlikely(!our_flow(t, &s))) {
		drop = STACK_DROP_FLOW;
		goto drop;
	}
	r->segs_in++;
	switch (r->head.state) {
	case TCPS_CLOSE:
		tcp_send_rst_to(t, &s);	/* 3.10.7.1 */
		drop = STACK_DROP_STATE;
		break;
	case TCPS_SYN_SENT:
		tcp_syn_sent_rx(t, &s);
		drop = STACK_DROP_SYN;
		break;
	default:
		r->last_rcv_ms = t->run.now_ms;
		drop = segment(t, &s);
	}
	if (!drop)
		return;
drop:
	run_drop(&t->run, ev->hdr.handle, drop);
}
