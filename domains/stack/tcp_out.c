// SPDX-License-Identifier: GPL-2.0-only
/*
 * Segments out: headers and the XMIT commands that carry them.
 *
 * All senders return false when the command queue is full; nothing is changed
 * then, and the work is done in the next run.
 */
#include "tcp.h"

/* L3 header of the connection; IPv4 identification only where it matters. */
static u32 emit_ip(const struct tcp *t, u8 *h, u8 ecn, bool probe)
{
	const struct stack_config *cfg = t->run.cfg;
	const struct tcp_record *r = t->r;
	bool df = !(r->opts.flags & STACK_SO_NO_DF) || probe;

	/* RFC 6864 4.1: atomic datagrams need no identification */
	return ip_emit(h, t->family, IPPROTO_TCP, cfg->laddr, cfg->raddr,
		       (u8)((r->opts.tos & ~IP_ECN_MASK) | ecn), r->opts.ttl,
		       cfg->flow_label, df, df ? 0 : (u16)r->segs_out);
}

static bool room_for(struct tcp *t, u32 inline_len)
{
	if (likely(dom_msg_slots(inline_len) <= run_room(&t->run)))
		return true;
	t->stalled = true;
	return false;
}

/* What every segment with an ACK settles. */
static void ack_sent(struct tcp *t, bool data)
{
	struct tcp_record *r = t->r;

	if (r->flags & TCP_F_ACK_NOW || r->last_ack_seq != (u32)r->rcv_nxt) {
		if (r->quick)
			r->quick--;
		if (data && (r->flags & TCP_F_ACK_LATER))
			r->pingpong = 1;	/* replies come in time */
	}
	r->flags &= ~(TCP_F_ACK_NOW | TCP_F_ACK_LATER);
	r->t_delack = 0;
	r->last_ack_seq = (u32)r->rcv_nxt;
	t->force_ack = false;
	t->dsack = false;
	if (t->dup_acks)
		t->dup_acks--;
	r->segs_out++;
}

/**
 * tcp_send_seg() - one segment, or several by segmentation offload
 * @t: the run
 * @seq: extended sequence number of the first byte
 * @len: payload bytes, 0 for a bare one
 * @seg: most payload of one segment; @len above it is cut by the core
 * @flags: TCP_FIN, TCP_PSH, ...; ACK is added
 * @xflags: STACK_XMIT_*
 *
 * Return: false if there is no room for the command.
 */
bool tcp_send_seg(struct tcp *t, u64 seq, u32 len, u32 seg, u8 flags,
		  u16 xflags)
{
	struct tcp_record *r = t->r;
	struct tcp_wire_opts o;
	struct dom_cmd_XMIT *c;
	u32 optlen, hlen, iplen = ip_hlen(t->family);
	u8 *h, ecn = 0;
	u16 wnd, urg = 0;

	optlen = r->flags & TCP_F_TS ? TCPOPT_TS_LEN : 0;
	o.nr_sack = 0;
	if (unlikely(r->nr_ooo || t->dsack)) {
		/* RFC 7323 3.2: timestamps come first, SACK gets the rest */
		o.nr_sack = tcp_sack_out(t, o.sack, optlen ? 3 : 4);
		if (o.nr_sack)
			optlen += 4 + 8 * o.nr_sack;
	}
	hlen = iplen + TCP_HLEN + optlen;
	if (unlikely(!room_for(t, hlen)))
		return false;
	c = RUN_CMD(&t->run, XMIT, DOM_NO_HANDLE, hlen);

	/* RFC 3168 6.1.4, 6.1.5: ECT on new data only */
	if ((r->flags & TCP_F_ECN) && len && !(xflags & STACK_XMIT_RETRANS)) {
		ecn = IP_ECN_ECT0;
		if (r->flags & TCP_F_CWR) {
			flags |= TCP_CWR;
			r->flags &= ~TCP_F_CWR;
		}
	}
	if (r->flags & TCP_F_ECE)
		flags |= TCP_ECE;
	if (unlikely(r->snd_urg) && r->snd_urg + 1 > seq) {
		/* RFC 6093 3.1: points behind the urgent byte */
		u64 off = r->snd_urg + 1 - seq;

		urg = (u16)min_u64(off, 65535);
		flags |= TCP_URG;
	}
	wnd = tcp_window(t);

	h = msg_inline(c);
	h += emit_ip(t, h, ecn, xflags & STACK_XMIT_PROBE);
	tcp_emit(h, t->run.cfg->lport, t->run.cfg->rport, tcp_snd_wire(r, seq),
		 r->irs + (u32)r->rcv_nxt, TCP_HLEN + optlen, flags | TCP_ACK,
		 wnd, urg);
	h += TCP_HLEN;
	if (likely(r->flags & TCP_F_TS)) {
		put32(h, TCPOPT_TS_ALIGNED);
		put32(h + 4, tcp_ts_now(t));
		put32(h + 8, r->ts_recent);
		h += TCPOPT_TS_LEN;
	}
	if (unlikely(o.nr_sack)) {
		o.mss = 0;
		o.wscale = 255;
		o.sack_ok = false;
		o.ts = false;
		tcp_emit_options(h, &o);
	}
	c->flags = xflags;
	c->len = len;
	if (len) {
		c->pos = seq - 1;
		c->seg_size = len > seg ? (u16)seg : 0;
		c->pace = tcp_cc_pace(t);
		r->last_snd_ms = t->run.now_ms;
		t->data_out = true;
	}
	ack_sent(t, len);
	return true;
}

/*
 * Where a segment without payload lies. A peer that has taken back a part of
 * its window looks at nothing behind that; but the end of the window that we
 * know may be rounded down.
 */
static u64 acceptable_seq(const struct tcp_record *r)
{
	u64 end = r->snd_una + r->snd_wnd;

	return r->snd_nxt < end + (1u << r->snd_wscale) ? r->snd_nxt : end;
}

/**
 * tcp_send_ack() - a bare ACK
 * @t: the run
 *
 * Return: false if there is no room.
 */
bool tcp_send_ack(struct tcp *t)
{
	return tcp_send_seg(t, acceptable_seq(t->r), 0, 0, 0, 0);
}

/**
 * tcp_send_probe() - a segment the peer must answer: keepalive, zero window
 * @t: the run
 *
 * Its sequence number is one below snd_una, so it is outside of the window
 * (RFC 1122 4.2.3.6, RFC 9293 3.8.6.1) and carries nothing.
 *
 * Return: false if there is no room.
 */
bool tcp_send_probe(struct tcp *t)
{
	return tcp_send_seg(t, t->r->snd_una - 1, 0, 0, 0, 0);
}

/**
 * tcp_syn_options() - options of our SYN or SYN-ACK
 * @t: the run
 * @o: to fill in
 */
void tcp_syn_options(const struct tcp *t, struct tcp_wire_opts *o)
{
	const struct tcp_record *r = t->r;

	o->mss = (u16)tcp_mss_local(t);
	o->wscale = r->flags & TCP_F_WS ? r->rcv_wscale : 255;
	o->sack_ok = r->flags & TCP_F_SACK;
	o->ts = r->flags & TCP_F_TS;
	o->tsval = tcp_ts_now(t);
	o->tsecr = r->ts_recent;
	o->nr_sack = 0;
}

/**
 * tcp_send_syn() - SYN, or SYN-ACK of a simultaneous open
 * @t: the run
 *
 * Return: false if there is no room.
 */
bool tcp_send_syn(struct tcp *t)
{
	struct tcp_record *r = t->r;
	bool with_ack = r->head.state == TCPS_SYN_RECV;
	struct tcp_wire_opts o;
	struct dom_cmd_XMIT *c;
	u8 opts[40], *h, flags = TCP_SYN;
	u32 optlen, hlen;

	tcp_syn_options(t, &o);
	optlen = tcp_emit_options(opts, &o);
	hlen = ip_hlen(t->family) + TCP_HLEN + optlen;
	if (!room_for(t, hlen))
		return false;
	c = RUN_CMD(&t->run, XMIT, DOM_NO_HANDLE, hlen);
	if (with_ack) {
		flags |= TCP_ACK;
		if (r->flags & TCP_F_ECN)
			flags |= TCP_ECE;	/* RFC 3168 6.1.1 */
	} else if ((r->flags & TCP_F_ECN) && r->backoff < 2) {
		/* 6.1.1.1: without ECN once it may be what is in the way */
		flags |= TCP_ECE | TCP_CWR;
	}
	h = msg_inline(c);
	h += emit_ip(t, h, 0, false);
	tcp_emit(h, t->run.cfg->lport, t->run.cfg->rport, r->iss,
		 with_ack ? r->irs + (u32)r->rcv_nxt : 0, TCP_HLEN + optlen,
		 flags, (u16)min_u64(r->rcv_adv - r->rcv_nxt, 65535), 0);
	memcpy(h + TCP_HLEN, opts, optlen);
	if (r->backoff)
		c->flags = STACK_XMIT_RETRANS;
	if (with_ack)
		r->last_ack_seq = (u32)r->rcv_nxt;
	r->flags &= ~TCP_F_ACK_NOW;
	r->segs_out++;
	return true;
}

/* Bare RST; @ack only if with ACK flag. */
static void send_rst(struct tcp *t, u32 seq, u32 ack, u8 flags)
{
	struct tcp_record *r = t->r;
	u32 hlen = ip_hlen(t->family) + TCP_HLEN;
	struct dom_cmd_XMIT *c;
	u8 *h;

	if (t->rst_sent)
		return;
	c = RUN_CMD(&t->run, XMIT, DOM_NO_HANDLE, hlen);
	if (!c)
		return;		/* a RST may be lost like any segment */
	t->rst_sent = true;
	h = msg_inline(c);
	h += emit_ip(t, h, 0, false);
	tcp_emit(h, t->run.cfg->lport, t->run.cfg->rport, seq, ack, TCP_HLEN,
		 TCP_RST | flags, 0, 0);
	r->segs_out++;
}

/**
 * tcp_send_rst() - end a synchronised connection (RFC 9293 3.10.5)
 * @t: the run
 */
void tcp_send_rst(struct tcp *t)
{
	const struct tcp_record *r = t->r;

	send_rst(t, tcp_snd_wire(r, acceptable_seq(r)), r->irs + (u32)r->rcv_nxt,
		 TCP_ACK);
}

/**
 * tcp_send_rst_to() - refuse a segment (RFC 9293 3.10.7.1)
 * @t: the run
 * @s: the segment, not a RST
 */
void tcp_send_rst_to(struct tcp *t, const struct tcp_seg *s)
{
	if (s->flags & TCP_RST)
		return;
	if (s->flags & TCP_ACK)
		send_rst(t, s->ack, 0, 0);
	else
		send_rst(t, 0, s->seq + s->len + !!(s->flags & TCP_SYN) +
			 !!(s->flags & TCP_FIN), TCP_ACK);
}
