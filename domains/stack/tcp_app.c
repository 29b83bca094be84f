// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the application wants. All values are absolute and only ever grow, so
 * an event that is repeated after a death changes nothing.
 */
#include "tcp.h"

#define TAIL_MAX	(1ull << 62)

static void new_tail(struct tcp *t, u64 tail)
{
	struct tcp_record *r = t->r;

	if (tail >= TAIL_MAX || r->flags & TCP_F_FIN_SENT)
		return;
	if (tail + 1 > r->snd_tail)
		r->snd_tail = tail + 1;
}

/**
 * tcp_app_send() - the stream reaches further
 * @t: the run
 * @ev: the event
 */
void tcp_app_send(struct tcp *t, const struct dom_ev_SEND *ev)
{
	struct tcp_record *r = t->r;

	if (r->shut & STACK_SHUT_SEND)
		return;
	new_tail(t, ev->tail);
	if (ev->urgent > r->snd_urg && ev->urgent < r->snd_tail &&
	    ev->urgent >= r->snd_una)
		r->snd_urg = ev->urgent;
	if (ev->flags & STACK_SEND_MORE)
		r->flags |= TCP_F_MORE;
	else
		r->flags &= ~TCP_F_MORE;
}

/**
 * tcp_app_consumed() - the reader made room
 * @t: the run
 * @ev: the event
 *
 * RFC 9293 3.8.6.2.2: a window update of its own only if the window grows by
 * much; else the next ACK tells.
 */
void tcp_app_consumed(struct tcp *t, const struct dom_ev_CONSUMED *ev)
{
	struct tcp_record *r = t->r;
	u64 left, grow, edge = ev->edge + 1;

	if (edge >= TAIL_MAX)
		return;
	if (ev->edge >= ev->pos)
		r->rcv_buf = (u32)min_u64(ev->edge - ev->pos, TCP_WND_MAX);
	if (edge <= r->rcv_edge)
		return;
	r->rcv_edge = edge;
	if (!tcp_synced(r) || r->rcv_fin)
		return;
	left = r->rcv_adv > r->rcv_nxt ? r->rcv_adv - r->rcv_nxt : 0;
	edge = min_u64(edge, r->rcv_nxt +
		       min_u64(65535ull << r->rcv_wscale, TCP_WND_MAX));
	grow = edge > r->rcv_adv ? edge - r->rcv_adv : 0;
	if (grow >= r->rcv_buf / 2 ||
	    (left < 2u * r->rcv_mss && grow >= max_u32(r->rcv_mss, 536)))
		if (grow > left)
			r->flags |= TCP_F_ACK_NOW;
}

/**
 * tcp_app_shutdown() - an end of the stream, or of all interest
 * @t: the run
 * @ev: the event
 */
void tcp_app_shutdown(struct tcp *t, const struct dom_ev_SHUTDOWN *ev)
{
	struct tcp_record *r = t->r;
	u8 how = ev->how & (STACK_SHUT_SEND | STACK_SHUT_RECV | STACK_SHUT_CLOSE);
	u8 fresh;

	if (how & STACK_SHUT_CLOSE)
		how |= STACK_SHUT_SEND | STACK_SHUT_RECV;
	if (!(r->shut & STACK_SHUT_SEND) && (how & STACK_SHUT_SEND))
		new_tail(t, ev->tail);
	fresh = how & ~r->shut;
	r->shut |= how;
	switch (r->head.state) {
	case TCPS_SYN_SENT:
		/* RFC 9293 3.10.4: nothing was agreed, so nothing to end */
		if (how & STACK_SHUT_CLOSE)
			tcp_close(t, 0);
		break;
	case TCPS_ESTABLISHED:
		if (fresh & STACK_SHUT_SEND)
			r->head.state = TCPS_FIN_WAIT1;
		break;
	case TCPS_CLOSE_WAIT:
		if (fresh & STACK_SHUT_SEND)
			r->head.state = TCPS_LAST_ACK;
		break;
	case TCPS_FIN_WAIT2:
		if (fresh & STACK_SHUT_CLOSE)
			r->t_life = t->run.now + (r->opts.fin_timeout_s ?
				r->opts.fin_timeout_s * SEC : TCP_FIN_TIMEOUT);
		break;
	}
}

/**
 * tcp_app_setopt() - the socket's options
 * @t: the run
 * @ev: the event
 */
void tcp_app_setopt(struct tcp *t, const struct dom_ev_SETOPT *ev)
{
	struct tcp_record *r = t->r;
	struct stack_opts o;

	if (ev->hdr.inline_len < sizeof(o))
		return;
	memcpy(&o, (const u8 *)ev + DOM_SLOT_SIZE, sizeof(o));
	if (o.cc > STACK_CC_RENO)
		o.cc = STACK_CC_CUBIC;
	if (r->head.state != TCPS_CLOSE)
		o.maxseg = r->opts.maxseg;	/* too late: SYN has told */
	if (o.cc != r->opts.cc || ev->changed & STACK_OPT_CC) {
		r->cubic_epoch = 0;
		r->w_max = 0;
		r->cwnd_frac = 0;
	}
	if ((o.flags ^ r->opts.flags) & STACK_SO_KEEPALIVE ||
	    o.keep_idle_s != r->opts.keep_idle_s ||
	    o.keep_intvl_s != r->opts.keep_intvl_s)
		r->t_keep = 0;	/* set anew at the end of the run */
	r->opts = o;
	if (ev->changed & STACK_OPT_DELACK && tcp_synced(r))
		r->pingpong = 1;
	if ((ev->changed & STACK_OPT_QUICKACK ||
	     o.flags & STACK_SO_QUICKACK) && tcp_synced(r)) {
		r->pingpong = 0;
		r->quick = TCP_QUICK;
		if (r->last_ack_seq != (u32)r->rcv_nxt)
			r->flags |= TCP_F_ACK_NOW;
	}
	if (ev->changed & STACK_OPT_UNCORK)
		r->flags &= ~TCP_F_MORE;
}

/**
 * tcp_close() - the connection is over
 * @t: the run
 * @err: errno for the socket, 0: none
 */
void tcp_close(struct tcp *t, u32 err)
{
	struct tcp_record *r = t->r;

	if (err) {
		t->err = err;
		t->st |= STACK_ST_RESET;
	}
	if (t->st & STACK_ST_RESET)
		r->flags |= TCP_F_ABORTED;
	r->head.state = TCPS_CLOSE;
	r->flags &= ~(TCP_F_ACK_NOW | TCP_F_ACK_LATER | TCP_F_PERSIST);
	r->t_rtx = 0;
	r->t_delack = 0;
	r->t_keep = 0;
	r->t_life = 0;
	r->timer_kind = TCP_T_NONE;
	t->dup_acks = 0;
	t->rearm = false;
}

/**
 * tcp_abort() - end it at once (RFC 9293 3.10.5)
 * @t: the run
 * @err: errno for the socket, 0: it asked for it
 */
void tcp_abort(struct tcp *t, u32 err)
{
	struct tcp_record *r = t->r;

	switch (r->head.state) {
	case TCPS_SYN_RECV:
	case TCPS_ESTABLISHED:
	case TCPS_FIN_WAIT1:
	case TCPS_FIN_WAIT2:
	case TCPS_CLOSE_WAIT:
	case TCPS_CLOSING:
	case TCPS_LAST_ACK:
		tcp_send_rst(t);
		break;
	}
	t->st |= STACK_ST_RESET;
	tcp_close(t, err);
}
