// SPDX-License-Identifier: GPL-2.0-only
/*
 * Timers: retransmission and its kin, delayed ACK, keepalive, end of life.
 *
 * The core keeps one deadline. It is moved only when it must come earlier, or
 * has passed: an ACK that pushes the retransmission out then costs no command,
 * and an idle connection is woken once too often at most.
 */
#include "tcp.h"

#define BACKOFF_MAX	16u

/**
 * tcp_rto() - the retransmission timeout with backoff (RFC 6298 2, 5.5)
 * @t: the run
 *
 * Return: microseconds.
 */
u64 tcp_rto(const struct tcp *t)
{
	return min_u64((u64)t->r->rto << min_u32(t->r->backoff, BACKOFF_MAX),
		       TCP_RTO_MAX);
}

/* Has the peer been silent for longer than the user allows (RFC 5482)? */
static bool user_timeout(const struct tcp *t)
{
	const struct tcp_record *r = t->r;

	return r->opts.user_timeout_ms && r->t_stall &&
	       t->run.now - r->t_stall >= r->opts.user_timeout_ms * MS;
}

/* A retransmission timer that does not sleep past the user's timeout. */
static void arm_rtx(struct tcp *t, u8 kind, u64 after_us)
{
	struct tcp_record *r = t->r;
	u64 at = t->run.now + after_us;

	if (r->opts.user_timeout_ms && r->t_stall) {
		u64 end = r->t_stall + r->opts.user_timeout_ms * MS;

		at = min_u64(at, max_u64(end, t->run.now + MS));
	}
	r->t_rtx = at;
	r->timer_kind = kind;
}

static void give_up(struct tcp *t)
{
	u32 err = t->r->err_soft ? t->r->err_soft : E_TIMEDOUT;

	/* RFC 9293 3.8.3 (R2): the peer may still be there */
	if (tcp_synced(t->r))
		tcp_abort(t, err);
	else
		tcp_close(t, err);
}

/* SYN or SYN-ACK was not answered (RFC 9293 3.8.1, RFC 6298 2.1). */
static void syn_timeout(struct tcp *t)
{
	struct tcp_record *r = t->r;
	u32 max = r->opts.syn_retries ? r->opts.syn_retries : TCP_SYN_RETRIES;

	if (r->backoff >= max || user_timeout(t)) {
		give_up(t);
		return;
	}
	r->backoff++;
	r->timeouts++;
	r->retrans++;
	tcp_send_syn(t);
	arm_rtx(t, TCP_T_RTO, tcp_rto(t));
}

static void rto_fired(struct tcp *t)
{
	struct tcp_record *r = t->r;
	u32 max = r->shut & STACK_SHUT_CLOSE ? TCP_ORPHAN_RETRIES : TCP_RETRIES;

	if (!tcp_synced(r)) {
		syn_timeout(t);
		return;
	}
	if (!tcp_flight(r))
		return;
	if (r->backoff >= max || user_timeout(t)) {
		give_up(t);
		return;
	}
	tcp_mtu_blackhole(t);
	tcp_enter_loss(t);
	r->backoff++;
	arm_rtx(t, TCP_T_RTO, tcp_rto(t));
}

/*
 * Data waits and nothing is in flight: the window is closed (RFC 9293
 * 3.8.6.1), or silly-window avoidance or cork hold a rest back, which they
 * must not do for ever (3.8.6.2.1).
 */
static void persist_fired(struct tcp *t)
{
	struct tcp_record *r = t->r;
	u32 max = r->shut & STACK_SHUT_CLOSE ? TCP_ORPHAN_RETRIES : TCP_RETRIES;

	if (r->snd_wnd) {
		t->probe_len = r->mss;
		r->t_rtx = 0;
		return;
	}
	/* a peer that answers may keep it closed for ever: RFC 1122 4.2.2.17 */
	if (r->keep_probes >= max || user_timeout(t)) {
		give_up(t);
		return;
	}
	if (!r->t_stall)
		r->t_stall = t->run.now;
	r->flags |= TCP_F_PERSIST;
	if (tcp_send_probe(t))
		r->keep_probes++;	/* 0 again with any answer */
	if (r->backoff < BACKOFF_MAX)
		r->backoff++;
	arm_rtx(t, TCP_T_PERSIST, tcp_rto(t));
}

static u64 keep_idle(const struct tcp *t)
{
	u32 s = t->r->opts.keep_idle_s;

	return (s ? s : TCP_KEEP_IDLE) * SEC;
}

/* RFC 1122 4.2.3.6 */
static void keep_fired(struct tcp *t)
{
	struct tcp_record *r = t->r;
	u64 idle = (u64)(t->run.now_ms - r->last_rcv_ms) * 1000;
	u32 s = r->opts.keep_intvl_s, max = r->opts.keep_cnt;
	u64 intvl = (s ? s : TCP_KEEP_INTVL) * SEC;

	r->t_keep = 0;
	if (!(r->opts.flags & STACK_SO_KEEPALIVE) || !tcp_synced(r))
		return;
	/* what is in flight or waits has timers of its own */
	if (tcp_flight(r) || r->snd_tail > r->snd_nxt) {
		r->t_keep = t->run.now + keep_idle(t);
		return;
	}
	if (idle < keep_idle(t)) {
		r->keep_probes = 0;
		r->t_keep = t->run.now + keep_idle(t) - idle;
		return;
	}
	if (r->opts.user_timeout_ms ?
	    r->keep_probes && idle >= r->opts.user_timeout_ms * MS :
	    r->keep_probes >= (max ? max : TCP_KEEP_CNT)) {
		give_up(t);
		return;
	}
	if (tcp_send_probe(t))
		r->keep_probes++;
	r->t_keep = t->run.now + intvl;
}

/**
 * tcp_timers() - handle what is due, at the start of a run
 * @t: the run
 */
void tcp_timers(struct tcp *t)
{
	struct tcp_record *r = t->r;
	u64 now = t->run.now;

	if (r->t_life && r->t_life <= now) {
		tcp_close(t, 0);	/* TIME-WAIT or FIN-WAIT-2 is over */
		return;
	}
	if (r->t_rtx && r->t_rtx <= now) {
		u8 kind = r->timer_kind;

		r->t_rtx = 0;
		switch (kind) {
		case TCP_T_RTO:
			rto_fired(t);
			break;
		case TCP_T_TLP:
			tcp_tlp_fire(t);
			break;
		case TCP_T_REORDER:
			r->timer_kind = TCP_T_NONE;
			t->reo_fired = true;
			break;
		case TCP_T_PERSIST:
			persist_fired(t);
			break;
		}
	}
	if (r->t_delack && r->t_delack <= now) {
		r->t_delack = 0;
		if (r->last_ack_seq != (u32)r->rcv_nxt) {
			r->flags |= TCP_F_ACK_NOW;
			r->pingpong = 0;	/* the reply did not come in time */
		}
	}
	if (r->t_keep && r->t_keep <= now)
		keep_fired(t);
}

/**
 * tcp_time_wait() - enter TIME-WAIT, or start it over (RFC 9293 3.6.1)
 * @t: the run
 */
void tcp_time_wait(struct tcp *t)
{
	struct tcp_record *r = t->r;
	u32 ms = t->run.cfg->timewait_ms;

	r->head.state = TCPS_TIME_WAIT;
	r->t_life = t->run.now + (ms ? ms * MS : TCP_TIMEWAIT);
	r->t_rtx = 0;
	r->t_keep = 0;
	r->timer_kind = TCP_T_NONE;
}

/* ACK now or later (RFC 1122 4.2.3.2, RFC 5681 4.2): once a run. */
static void ack_decide(struct tcp *t)
{
	struct tcp_record *r = t->r;
	u32 owed = (u32)r->rcv_nxt - r->last_ack_seq;
	u32 ms = t->run.cfg->delack_ms;

	if (!owed || r->flags & TCP_F_ACK_NOW)
		return;
	if (owed >= 2 * max_u32(r->rcv_mss, 536) ||
	    (r->quick && !r->pingpong) ||
	    r->opts.flags & STACK_SO_QUICKACK) {
		r->flags |= TCP_F_ACK_NOW;
		return;
	}
	if (r->t_delack)
		return;
	r->flags |= TCP_F_ACK_LATER;
	r->t_delack = t->run.now + (ms ? ms * MS : TCP_DELACK);
}

/* How long a window of received data takes: for the core's buffer tuning. */
static void rcv_rtt(struct tcp *t)
{
	struct tcp_record *r = t->r;
	u32 d;

	d = (u32)t->run.now - r->rcv_rtt_time;
	if (!r->rcv_rtt || d < r->rcv_rtt)
		r->rcv_rtt = d;
	else
		r->rcv_rtt += (d - r->rcv_rtt) >> 3;
	r->rcv_rtt_seq = (u32)r->rcv_adv;
	r->rcv_rtt_time = (u32)t->run.now;
}

/**
 * tcp_ack_policy() - what received data means for ACKs, before output
 * @t: the run
 */
void tcp_ack_policy(struct tcp *t)
{
	struct tcp_record *r = t->r;

	if (!tcp_synced(r))
		return;
	if (t->data_in) {
		/* after a pause, quick again: the peer is in slow start */
		if (!r->pingpong && t->run.now_ms - r->last_rcv_ms > 1000)
			r->quick = TCP_QUICK;
		r->last_rcv_ms = t->run.now_ms;
		if (!before((u32)r->rcv_nxt, r->rcv_rtt_seq))
			rcv_rtt(t);
	}
	ack_decide(t);
}

/**
 * tcp_timer_arm() - set the timers that the state after output asks for
 * @t: the run
 */
void tcp_timer_arm(struct tcp *t)
{
	struct tcp_record *r = t->r;
	u64 tlp;

	if (!tcp_synced(r) || r->head.state == TCPS_TIME_WAIT)
		return;
	if (r->flags & TCP_F_PERSIST && r->snd_wnd) {
		r->flags &= ~TCP_F_PERSIST;
		r->backoff = 0;
		r->t_stall = 0;
		r->t_rtx = 0;
	}
	if (tcp_flight(r)) {
		if (!r->t_stall)
			r->t_stall = t->run.now;
		if (t->rearm || !r->t_rtx || r->timer_kind == TCP_T_PERSIST ||
		    (r->timer_kind == TCP_T_TLP && t->data_out)) {
			tlp = tcp_tlp_timeout(t);
			if (tlp && tlp < tcp_rto(t))
				arm_rtx(t, TCP_T_TLP, tlp);
			else
				arm_rtx(t, TCP_T_RTO, tcp_rto(t));
		}
	} else if (r->snd_tail > r->snd_nxt && tcp_can_send(r)) {
		if (r->timer_kind != TCP_T_PERSIST || !r->t_rtx) {
			if (!r->snd_wnd) {
				r->flags |= TCP_F_PERSIST;
				arm_rtx(t, TCP_T_PERSIST, tcp_rto(t));
			} else if (!t->stalled) {
				arm_rtx(t, TCP_T_PERSIST, TCP_CORK_MAX);
			}
		}
	} else {
		r->flags &= ~TCP_F_PERSIST;
		r->t_rtx = 0;
		r->timer_kind = TCP_T_NONE;
		r->t_stall = 0;
	}
	if (!r->t_keep && r->opts.flags & STACK_SO_KEEPALIVE)
		r->t_keep = t->run.now + keep_idle(t);
}

/* The earlier of two times, 0 being never. */
static u64 earlier(u64 a, u64 b)
{
	return a - 1 < b - 1 ? a : b;
}

/**
 * tcp_timer_deadline() - tell the core the next deadline, if it must know
 * @t: the run
 */
void tcp_timer_deadline(struct tcp *t)
{
	struct tcp_record *r = t->r;
	struct dom_cmd_DEADLINE *c;
	u64 next = earlier(earlier(r->t_rtx, r->t_delack),
			   earlier(r->t_keep, r->t_life));

	if (likely(r->deadline > t->run.now && r->deadline - 1 <= next - 1 &&
		   r->head.state != TCPS_CLOSE))
		return;		/* it fires in time */
	if (r->deadline == next)
		return;
	c = RUN_CMD(&t->run, DEADLINE, DOM_NO_HANDLE, 0);
	if (!c) {
		t->stalled = true;
		return;
	}
	c->at = next;
	r->deadline = next;
}
