// SPDX-License-Identifier: GPL-2.0-only
/*
 * Opening: CONNECT, the answer to our SYN, simultaneous open (RFC 9293 3.5,
 * 3.10.7.3). The passive side's handshake is the listener's (tcp_listen.c).
 */
#include "tcp.h"

/**
 * tcp_connect() - open actively
 * @t: the run
 * @ev: the event
 */
void tcp_connect(struct tcp *t, const struct dom_ev_CONNECT *ev)
{
	struct tcp_record *r = t->r;
	const struct stack_config *cfg = t->run.cfg;

	/* a repeated CONNECT, or one after the end, does nothing */
	if (r->head.state != TCPS_CLOSE || r->snd_nxt)
		return;
	r->iss = ev->isn;
	r->ts_offset = ev->ts_offset;
	r->rcv_edge = ev->edge + 1;
	r->rcv_buf = (u32)min_u64(ev->edge, TCP_WND_MAX);
	r->rcv_adv = min_u64(ev->edge, 65535);
	if (cfg->flags & STACK_CF_TS)
		r->flags |= TCP_F_TS;
	if (cfg->flags & STACK_CF_SACK)
		r->flags |= TCP_F_SACK;
	if (cfg->flags & STACK_CF_WSCALE) {
		r->flags |= TCP_F_WS;
		r->rcv_wscale = (u8)min_u32(cfg->rcv_wscale, 14);
	}
	if (cfg->flags & STACK_CF_ECN)
		r->flags |= TCP_F_ECN;
	r->head.state = TCPS_SYN_SENT;
	r->snd_nxt = 1;
	if (!r->snd_tail)
		r->snd_tail = 1;
	r->rto = (u32)TCP_RTO_INIT;
	r->rack_time = (u32)t->run.now;	/* until established: when SYN left */
	tcp_send_syn(t);
	r->t_rtx = t->run.now + r->rto;
	r->timer_kind = TCP_T_RTO;
	r->t_stall = t->run.now;
}

/**
 * tcp_established() - set up what depends on the options agreed on
 * @t: the run
 *
 * Also for a young record of a listener, in its first run.
 */
void tcp_established(struct tcp *t)
{
	struct tcp_record *r = t->r;
	u32 mtu = r->pmtu ? r->pmtu : t->run.cfg->mtu;

	tcp_mtu_set(t, mtu);
	tcp_cc_init(t);
	if (!r->rto)
		r->rto = (u32)TCP_RTO_INIT;
	if (!r->snd_tail)
		r->snd_tail = 1;
	r->rack_time = (u32)t->run.now - 1;
	r->rack_end_seq = (u32)r->snd_una;
	r->rack_fack_seq = (u32)r->snd_una;
	r->rack_dsack_seq = (u32)r->snd_una;
	r->rack_mult = 1;
	r->snd_sml_seq = (u32)r->snd_una;
	r->last_rcv_ms = t->run.now_ms;
	r->last_snd_ms = t->run.now_ms;
	r->chal_ms = t->run.now_ms - 1000;
	r->mtu_next_ms = t->run.now_ms;
	r->min_rtt_ms = t->run.now_ms;
	r->rcv_rtt_seq = (u32)r->rcv_adv;
	r->rcv_rtt_time = (u32)t->run.now;
	r->quick = TCP_QUICK;
	r->pingpong = !!(r->opts.flags & STACK_SO_DELACK);
	r->t_rtx = 0;
	r->t_stall = 0;
	r->timer_kind = TCP_T_NONE;
	r->backoff = 0;
	if (r->shut & STACK_SHUT_SEND)	/* shut before it was open */
		r->head.state = TCPS_FIN_WAIT1;
}

/* Options of their SYN: what both want is used (RFC 7323 2.5, RFC 2018 2). */
static void agree(struct tcp *t, const struct tcp_seg *s)
{
	struct tcp_record *r = t->r;

	if (!(s->opts & TCP_SEG_TS))
		r->flags &= ~TCP_F_TS;
	if (!(s->opts & TCP_SEG_SACKOK))
		r->flags &= ~TCP_F_SACK;
	if (s->opts & TCP_SEG_WSCALE && r->flags & TCP_F_WS) {
		r->snd_wscale = s->wscale;
	} else {
		r->flags &= ~TCP_F_WS;
		r->rcv_wscale = 0;
		r->snd_wscale = 0;
	}
	r->mss_peer = s->opts & TCP_SEG_MSS ? s->mss :
		t->family == 6 ? TCP_MSS_DEFAULT6 : TCP_MSS_DEFAULT4;
	if (s->opts & TCP_SEG_TS) {
		r->ts_recent = s->tsval;
		r->ts_recent_ms = t->run.now_ms;
	}
	r->irs = s->seq;
	r->rcv_nxt = 1;
	r->rcv_adv++;		/* the SYN itself took no window */
	r->last_ack_seq = 0;	/* an ACK is owed */
	r->snd_wnd = s->wnd;	/* never scaled: RFC 7323 2.2 */
	r->snd_wnd_max = s->wnd;
	r->snd_wl1_seq = 0;
	r->snd_wl2_seq = 0;
}

/**
 * tcp_syn_sent_rx() - a segment in SYN-SENT (RFC 9293 3.10.7.3)
 * @t: the run
 * @s: the segment
 */
void tcp_syn_sent_rx(struct tcp *t, const struct tcp_seg *s)
{
	struct tcp_record *r = t->r;
	bool ack_ok = (s->flags & TCP_ACK) && s->ack == r->iss + 1;

	if ((s->flags & TCP_ACK) && !ack_ok) {
		tcp_send_rst_to(t, s);
		return;
	}
	if (s->flags & TCP_RST) {
		if (ack_ok) {
			t->st |= STACK_ST_RESET;
			tcp_close(t, E_CONNREFUSED);
		}
		return;
	}
	if (!(s->flags & TCP_SYN))
		return;
	/* RFC 3168 6.1.1: SYN-ACK with ECE only, or a SYN with both */
	if ((s->flags & (TCP_ECE | TCP_CWR)) !=
	    (ack_ok ? TCP_ECE : TCP_ECE | TCP_CWR))
		r->flags &= ~TCP_F_ECN;
	agree(t, s);
	if (!ack_ok) {
		/* simultaneous open */
		r->head.state = TCPS_SYN_RECV;
		r->backoff = 0;
		tcp_send_syn(t);
		r->t_rtx = t->run.now + r->rto;
		return;
	}
	r->snd_una = 1;
	r->snd_wl2_seq = 1;
	r->head.state = TCPS_ESTABLISHED;
	if (!r->backoff)	/* RFC 6298 3 */
		tcp_rtt_sample(t, (u32)t->run.now - r->rack_time);
	else			/* RFC 6298 5.7: SYN was lost */
		r->rto = 3 * (u32)TCP_RTO_INIT;
	tcp_established(t);
	r->flags |= TCP_F_ACK_NOW;
}

/**
 * tcp_syn_recv_rx() - an acceptable ACK in SYN-RECEIVED
 * @t: the run
 * @s: the segment
 * @seq: its extended sequence number
 *
 * RFC 9293 3.10.7.4 fifth check.
 *
 * Return: false if the segment is to be dropped.
 */
bool tcp_syn_recv_rx(struct tcp *t, const struct tcp_seg *s, u64 seq)
{
	struct tcp_record *r = t->r;

	if (s->ack != r->iss + 1) {
		tcp_send_rst_to(t, s);
		return false;
	}
	r->snd_una = 1;
	r->snd_wnd = (u32)s->wnd << r->snd_wscale;
	r->snd_wnd_max = r->snd_wnd;
	r->snd_wl1_seq = (u32)seq;
	r->snd_wl2_seq = 1;
	r->head.state = TCPS_ESTABLISHED;
	tcp_established(t);
	return true;
}
