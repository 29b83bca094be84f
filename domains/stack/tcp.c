// SPDX-License-Identifier: GPL-2.0-only
/*
 * One run of a TCP connection: record in, events, conclusions, record out.
 */
#include "tcp.h"

/* Slots kept for URGENT, ACKED, STATE, ERROR and DEADLINE while segments go out. */
#define SLOTS_KEPT	5

/* The states that a connection can be in. */
#define STATES	(((2u << TCPS_CLOSING) - 2) & ~(1u << TCPS_LISTEN))

/*
 * May this record be worked on? A record comes from the core's shadow or from
 * another image's converter, and this is asked in every run: it is only what
 * keeps the engine from indexing out of bounds, dividing by zero or shifting
 * too far. That a record means something is the business of the core, which
 * compares it with its shadow at each commit; one that does not leads to
 * commands that the core refuses.
 */
static bool record_valid(const struct tcp_record *r)
{
	if (r->head.version != STACK_RECORD_VERSION ||
	    r->head.kind != STACK_TCP ||
	    r->head.state > TCPS_CLOSING || !(STATES >> r->head.state & 1))
		return false;
	if (r->nr_tx > TCP_TX_MAX || r->nr_ooo > TCP_OOO_MAX ||
	    r->snd_wscale > 14 || r->rcv_wscale > 14)
		return false;
	/* cwnd is 0 until the connection is set up, then mss is not */
	return !r->cwnd || r->mss >= TCP_MSS_MIN / 2;
}

static u8 state_flags(const struct tcp_record *r)
{
	u8 f = 0;

	if (r->rcv_fin && r->rcv_nxt > r->rcv_fin)
		f |= STACK_ST_EOF;
	if (r->flags & TCP_F_FIN_SENT && r->snd_una > r->snd_tail)
		f |= STACK_ST_SENT;
	if (r->flags & TCP_F_ABORTED)
		f |= STACK_ST_RESET;
	return f;
}

/* Position in the stream up to which everything is acknowledged. */
static u64 acked_pos(u64 una, u64 tail)
{
	una = min_u64(una, tail);

	return una ? una - 1 : 0;
}

static void event(struct tcp *t, const struct dom_msg *m)
{
	switch (m->hdr.type) {
	case DOM_EV_RX:
		tcp_rx(t, (const struct dom_ev_RX *)m);
		break;
	case DOM_EV_SEND:
		tcp_app_send(t, (const struct dom_ev_SEND *)m);
		t->fast = t->fast && !t->r->snd_urg;
		return;
	case DOM_EV_CONSUMED:
		tcp_app_consumed(t, (const struct dom_ev_CONSUMED *)m);
		return;
	case DOM_EV_CONNECT:
		tcp_connect(t, (const struct dom_ev_CONNECT *)m);
		break;
	case DOM_EV_SHUTDOWN:
		tcp_app_shutdown(t, (const struct dom_ev_SHUTDOWN *)m);
		break;
	case DOM_EV_ABORT:
		tcp_abort(t, 0);
		break;
	case DOM_EV_SETOPT:
		tcp_app_setopt(t, (const struct dom_ev_SETOPT *)m);
		break;
	case DOM_EV_ICMP:
		tcp_mtu_icmp(t, (const struct dom_ev_ICMP *)m);
		break;
	case DOM_EV_PMTU: {
		const struct dom_ev_PMTU *ev = (const struct dom_ev_PMTU *)m;

		if (tcp_synced(t->r) && ev->mtu)
			tcp_mtu_route(t, ev->mtu);
		break;
	}
	default:	/* TIMER: due timers were handled already */
		run_drop(&t->run, m->hdr.handle, STACK_DROP_STATE);
	}
	t->fast = tcp_fast_ok(t->r);
	t->slow = true;
}

/* What the core must know beyond segments, if anything went the long way. */
static void tell_slow(struct tcp *t)
{
	struct tcp_record *r = t->r;
	u8 st = state_flags(r);

	if (r->head.state != t->state0 || st != t->st0) {
		struct dom_cmd_STATE *c = RUN_CMD(&t->run, STATE, 0, 0);

		if (c) {
			c->state = r->head.state;
			c->flags = st;
			if (st & STACK_ST_EOF)
				c->rcv_end = r->rcv_fin - 1;
		}
	}
	if (t->err) {
		struct dom_cmd_ERROR *c = RUN_CMD(&t->run, ERROR, 0, 0);

		if (c) {
			c->err = t->err;
			c->fatal = 1;
		}
	}
	if (unlikely(r->rcv_urg) && r->rcv_nxt >= r->rcv_urg)
		r->rcv_urg = 0;
}

static void tell(struct tcp *t)
{
	struct tcp_record *r = t->r;

	if (unlikely(t->urgent)) {
		struct dom_cmd_URGENT *c = RUN_CMD(&t->run, URGENT, 0, 0);

		if (c)	/* the byte before the pointer, SYN not counted */
			c->pos = r->rcv_urg - 2;
	}
	if (r->snd_una != t->una0 && acked_pos(r->snd_una, r->snd_tail) !=
				     acked_pos(t->una0, r->snd_tail)) {
		struct dom_cmd_ACKED *c = RUN_CMD(&t->run, ACKED, 0, 0);

		if (c)
			c->una = acked_pos(r->snd_una, r->snd_tail);
	}
	if (t->slow)
		tell_slow(t);
}

/**
 * tcp_run() - stack_run() for one connection
 * @in: events
 * @out: record and commands
 *
 * Return: 0, or -1 if the record is not acceptable.
 */
int tcp_run(const struct dom_in *in, struct dom_out *out)
{
	struct tcp_record *r = (struct tcp_record *)out->record;
	const struct dom_msg *m;
	struct tcp t;
	u32 pos = 0;

	if (!in->record_len) {
		memset(r, 0, sizeof(*r));
		r->head.version = STACK_RECORD_VERSION;
		r->head.kind = STACK_TCP;
		r->head.state = TCPS_CLOSE;
	} else if (!record_valid(r)) {
		out->nr_slots = 0;
		return -1;
	}
	__builtin_memset(&t.prior_flight, 0, sizeof(t) - offsetof(struct tcp, prior_flight));
	run_init(&t.run, in, out);
	t.r = r;
	t.st = 0;
	t.family = t.run.cfg->family;
	t.una0 = r->snd_una;
	t.state0 = r->head.state;
	t.run.max = DOM_OUT_SLOTS - SLOTS_KEPT;
	if (unlikely(!r->cwnd) && tcp_synced(r)) {
		tcp_established(&t);	/* young, from a listener */
		t.slow = true;
	}
	t.fast = tcp_fast_ok(r);
	t.st0 = t.fast ? 0 : state_flags(r);

	/* no timer is due before the deadline that the core was told */
	if (unlikely(r->deadline && r->deadline <= t.run.now)) {
		tcp_timers(&t);
		t.fast = tcp_fast_ok(r);
		t.slow = true;
	}
	while ((m = run_event(&t.run, &pos))) {
		if (likely(t.fast && m->hdr.type == DOM_EV_RX) &&
		    tcp_fast_rx(&t, (const struct dom_ev_RX *)m))
			continue;
		event(&t, m);
	}
	if (t.nr_acks || t.reo_fired)
		tcp_recover(&t);
	if (r->last_ack_seq != (u32)r->rcv_nxt)
		tcp_ack_policy(&t);
	if (r->nr_tx || r->snd_tail > r->snd_nxt || t.slow) {
		if (!t.fast || t.slow || !tcp_fast_send(&t)) {
			tcp_output(&t);
			tcp_timer_arm(&t);
		}
	} else if (r->flags & TCP_F_ACK_NOW) {
		tcp_send_ack(&t);
	}

	t.run.max = DOM_OUT_SLOTS;
	tell(&t);
	tcp_timer_deadline(&t);
	r->head.len = (u16)(offsetof(struct tcp_record, tx) +
			    r->nr_tx * sizeof(struct tcp_tx));
	run_finish(&t.run, t.stalled && r->head.state != TCPS_CLOSE);
	return 0;
}
