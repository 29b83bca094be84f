// SPDX-License-Identifier: GPL-2.0-only
/*
 * The short ways: the next segment of an undisturbed connection, and a small
 * send on one. Everything unusual goes the long way, which alone defines what
 * is right; a short way must leave the record as the long one would.
 *
 * The idea is old (header prediction, RFC 1323's appendix): compare the header
 * with the one that is expected instead of taking it apart.
 */
#include "tcp.h"

/**
 * tcp_fast_ok() - is the connection undisturbed?
 * @r: the record
 *
 * Return: whether the short ways may be tried.
 */
bool tcp_fast_ok(const struct tcp_record *r)
{
	return r->head.state == TCPS_ESTABLISHED &&
	       !(r->nr_ooo | r->ca_state | r->dupacks | r->shut |
		 r->mtu_probe) &&
	       !(r->rcv_fin | r->rcv_urg | r->snd_urg) &&
	       !(r->flags & (TCP_F_FIN_SENT | TCP_F_ECE | TCP_F_CWR | TCP_F_TLP |
			     TCP_F_FRTO1 | TCP_F_FRTO2 | TCP_F_PERSIST));
}

/* Does L3 say: a whole datagram of our flow? Returns its end, 0 if not. */
static u32 fast_l3(const struct tcp *t, const u8 *h)
{
	const struct stack_config *cfg = t->run.cfg;

	if (likely(t->family == 4)) {
		if ((raw32(h) & 0xff) != 0x45 || (h[1] & 3) == IP_ECN_CE ||
		    /* flags but DF, offset, protocol; TTL is between them */
		    (raw32(h + 6) & 0xff00ffbfu) != (u32)IPPROTO_TCP << 24 ||
		    raw32(h + 12) != raw32(cfg->raddr) ||
		    raw32(h + 16) != raw32(cfg->laddr))
			return 0;
		return get16(h + 2);
	}
	if ((h[0] & 0xf0) != 0x60 || (h[1] & 0x30) == 0x30 ||
	    h[6] != IPPROTO_TCP ||
	    !ip_addr_eq(6, h + 8, cfg->raddr) ||
	    !ip_addr_eq(6, h + 24, cfg->laddr))
		return 0;
	return get16(h + 4) + IP6_HLEN;
}

/*
 * An acknowledgment of everything in flight, all of it sent at one time and
 * once. Returns false if the long way must take it.
 */
static bool fast_ack(struct tcp *t, u32 flight)
{
	struct tcp_record *r = t->r;
	u32 rtt;

	if (r->nr_tx != 1 || r->tx[0].stamp & ~TCP_TX_TIME || t->nr_acks)
		return false;
	rtt = tcp_tx_age(t, &r->tx[0]);
	r->tx[0] = (struct tcp_tx){ 0 };
	r->nr_tx = 0;
	r->snd_una = r->snd_nxt;
	r->rack_time = (u32)t->run.now - rtt;
	r->rack_end_seq = (u32)r->snd_una;
	r->rack_fack_seq = (u32)r->snd_una;
	r->rack_rtt = rtt;
	tcp_rtt_sample(t, rtt);
	r->backoff = 0;
	r->keep_probes = 0;
	r->mtu_fails = 0;
	r->t_stall = 0;
	r->t_rtx = 0;
	r->timer_kind = TCP_T_NONE;
	if (r->cwnd / 2 < flight) {	/* it may grow */
		t->prior_flight = flight;
		t->delivered = flight;
		t->nr_acks = 1;
		t->ca_rtt_us = rtt ? rtt : 1;
		tcp_cc_ack(t);
		t->nr_acks = 0;
		t->delivered = 0;
	}
	return true;
}

/**
 * tcp_fast_rx() - the next bytes of the stream, if that is all
 * @t: the run, of a connection for which tcp_fast_ok() holds
 * @ev: the event
 *
 * Return: true if the segment was taken; else nothing was changed.
 */
bool tcp_fast_rx(struct tcp *t, const struct dom_ev_RX *ev)
{
	struct tcp_record *r = t->r;
	const u8 *h = (const u8 *)ev + DOM_SLOT_SIZE, *p;
	bool ts = r->flags & TCP_F_TS;
	u32 iplen = ip_hlen(t->family), hlen, end, len, word, acked, flight;
	struct dom_cmd_DELIVER *c;

	hlen = iplen + TCP_HLEN + (ts ? TCPOPT_TS_LEN : 0);
	if (ev->hdr.inline_len != hlen || !(ev->flags & STACK_RX_CSUM_OK))
		return false;
	end = fast_l3(t, h);
	len = end - hlen;
	/* an empty one is end == hlen, a bad one wraps */
	if (len - 1 >= 65535 || end > ev->len || ev->hdr.handle == DOM_NO_HANDLE)
		return false;
	p = h + iplen;
	word = get32(p + 12);
	if (get16(p) != t->run.cfg->rport || get16(p + 2) != t->run.cfg->lport ||
	    get32(p + 4) - r->irs != (u32)r->rcv_nxt ||
	    len > r->rcv_adv - r->rcv_nxt ||
	    (word & ~((u32)TCP_PSH << 16)) >> 16 !=
	    ((ts ? 8u : 5u) << 12 | TCP_ACK) ||
	    !(word & 0xffff))
		return false;
	if (ts && (get32(p + 20) != TCPOPT_TS_ALIGNED ||
		   before(get32(p + 24), r->ts_recent)))
		return false;
	acked = get32(p + 8) - r->iss - (u32)r->snd_una;
	flight = tcp_flight(r);
	if ((acked && acked != flight) || !run_room(&t->run))
		return false;
	if (acked && !fast_ack(t, flight))
		return false;

	r->segs_in++;
	r->snd_wnd = (word & 0xffff) << r->snd_wscale;
	if (r->snd_wnd > r->snd_wnd_max)
		r->snd_wnd_max = r->snd_wnd;
	r->snd_wl1_seq = (u32)r->rcv_nxt;
	r->snd_wl2_seq = (u32)r->snd_una;
	/* RFC 7323 4.3: of the earliest segment not yet acknowledged */
	if (ts && r->last_ack_seq == (u32)r->rcv_nxt) {
		r->ts_recent = get32(p + 24);
		r->ts_recent_ms = t->run.now_ms;
	}
	c = RUN_CMD(&t->run, DELIVER, ev->hdr.handle, 0);
	c->pos = r->rcv_nxt - 1;
	r->rcv_nxt += len;
	c->upto = r->rcv_nxt - 1;
	c->offset = hlen;
	c->len = len;
	if (ev->seg_size)
		len = ev->seg_size;
	if (unlikely(len > r->rcv_mss))
		tcp_rcv_mss(t, len);
	t->data_in = true;
	return true;
}

/**
 * tcp_fast_send() - all that waits in one segment, nothing being in flight
 * @t: the run, of a connection for which tcp_fast_ok() holds
 *
 * Return: true if it was sent, and the timer is set.
 */
bool tcp_fast_send(struct tcp *t)
{
	struct tcp_record *r = t->r;
	u64 len = r->snd_tail - r->snd_nxt, timeout;

	if (r->nr_tx || len - 1 >= r->mss || len > r->snd_wnd || len > r->cwnd ||
	    r->opts.flags & (STACK_SO_CORK | STACK_SO_MTU_PROBE) ||
	    r->opts.user_timeout_ms || r->flags & TCP_F_MORE ||
	    t->probe_len || t->dsack || t->dup_acks ||
	    (t->run.now_ms - r->last_snd_ms) * 1000ull > r->rto)
		return false;
	if (!tcp_send_seg(t, r->snd_nxt, (u32)len, r->mss, TCP_PSH, 0))
		return false;
	r->snd_nxt += len;
	if (len < r->mss)
		r->snd_sml_seq = (u32)r->snd_nxt;
	r->tx[0] = (struct tcp_tx){ (u32)r->snd_nxt, tcp_tx_now(t) };
	r->nr_tx = 1;
	r->rack_time = (u32)t->run.now - 1;
	r->t_stall = t->run.now;
	/* RFC 8985 7.2 with one segment in flight, or RFC 6298 5.1 */
	timeout = 2 * (r->srtt >> 3) + TCP_DELACK_MAX;
	if (r->flags & TCP_F_SACK && r->srtt && timeout < r->rto &&
	    !r->backoff) {
		r->timer_kind = TCP_T_TLP;
	} else {
		r->timer_kind = TCP_T_RTO;
		timeout = tcp_rto(t);
	}
	r->t_rtx = t->run.now + timeout;
	return true;
}
