// SPDX-License-Identifier: GPL-2.0-only
/*
 * The listener: handshakes of the passive side (RFC 9293 3.10.7.2 and SYN-
 * RECEIVED), a bounded queue of them, SYN cookies beyond (RFC 4987).
 *
 * A finished handshake leaves as an OPENED command that carries the record of
 * the connection. Frames that may belong to it already are given back with
 * RESTEER; one that comes back (STACK_RX_RECHECK) really has no connection.
 */
#include "tcp.h"
#include "tcp_cookie.h"

#define SYN_RETRIES	5u	/* of SYN-ACK, RFC 9293 3.8.3 (R2 for SYN) */
#define COOKIE_LIFE_MS	131072u

struct listener {
	struct run run;
	struct listen_record *r;
	u32 nr_opened;
	struct listen_syn opened[STACK_LISTEN_BATCH];
};

/* Flags that fit struct listen_syn. */
static_assert((TCP_F_TS | TCP_F_SACK | TCP_F_WS | TCP_F_ECN) < 0x80, "flags");

static bool same_flow(const struct listen_syn *e, const struct tcp_seg *s)
{
	const u8 *l4 = s->ip.h + s->ip.l4;
	u8 a[16], b[16];

	if (e->rport != get16(l4))
		return false;
	ip_addr_set(a, s->ip.family, s->ip.saddr);
	ip_addr_set(b, s->ip.family, s->ip.daddr);
	return !memcmp(e->raddr, a, 16) && !memcmp(e->laddr, b, 16);
}

static struct listen_syn *find(struct listener *l, const struct tcp_seg *s)
{
	u32 i;

	for (i = 0; i < LISTEN_SYN_MAX; i++)
		if (l->r->syn[i].rport && same_flow(&l->r->syn[i], s))
			return &l->r->syn[i];
	return NULL;
}

static void entry_free(struct listener *l, struct listen_syn *e)
{
	memset(e, 0, sizeof(*e));
	if (l->r->nr_syn)
		l->r->nr_syn--;
}

static struct listen_syn *entry_new(struct listener *l)
{
	u32 max = l->run.cfg->syn_max, i;

	max = max ? min_u32(max, LISTEN_SYN_MAX) : LISTEN_SYN_MAX;
	if (l->run.cfg->flags & STACK_CF_COOKIES_ONLY || l->r->nr_syn >= max)
		return NULL;
	for (i = 0; i < LISTEN_SYN_MAX; i++) {
		if (!l->r->syn[i].rport) {
			l->r->nr_syn++;
			return &l->r->syn[i];
		}
	}
	return NULL;
}

/* As Linux: a backlog of n admits n + 1. */
static bool accept_full(const struct listener *l)
{
	return l->r->queued > l->r->backlog;
}

/* RFC 9293 3.7.1: by the MTU of the way back to who asks. */
static u32 local_mss(const struct listener *l, u8 family, u32 mtu)
{
	const struct stack_config *cfg = l->run.cfg;
	u32 over = ip_hlen(family) + TCP_HLEN;
	u32 mss;

	mtu = mtu ? mtu : cfg->mtu;
	mss = mtu > over + TCP_MSS_MIN ? mtu - over : TCP_MSS_MIN;

	if (cfg->mss_max)
		mss = min_u32(mss, cfg->mss_max);
	if (l->r->opts.maxseg)
		mss = min_u32(mss, l->r->opts.maxseg);
	return max_u32(min_u32(mss, 65535 - 60), TCP_MSS_MIN);
}

/* A header to the peer of @e; @family as the peer's. Returns the TCP part. */
static u8 *emit_to(struct listener *l, const struct listen_syn *e, u8 family,
		   u32 tcp_len, u16 xflags)
{
	u32 hlen = ip_hlen(family) + tcp_len;
	struct dom_cmd_XMIT *c = RUN_CMD(&l->run, XMIT, 0, hlen);
	u8 *h;

	if (!c)
		return NULL;
	c->flags = xflags;
	h = msg_inline(c);
	return h + ip_emit(h, family, IPPROTO_TCP, e->laddr, e->raddr,
			   (u8)(l->r->opts.tos & ~IP_ECN_MASK), l->r->opts.ttl,
			   l->run.cfg->flow_label, true, 0);
}

/* SYN-ACK with @tsval as the timestamp. */
static void send_synack(struct listener *l, const struct listen_syn *e,
			u32 tsval, u16 xflags)
{
	u8 family = e->family == 6 ? 6 : 4, opts[40], *h;
	struct tcp_wire_opts o = {
		.mss = e->mss_local,
		.wscale = e->flags & TCP_F_WS ?
			(u8)min_u32(l->run.cfg->rcv_wscale, 14) : 255,
		.sack_ok = e->flags & TCP_F_SACK,
		.ts = e->flags & TCP_F_TS,
		.tsval = tsval,
		.tsecr = e->ts_recent,
	};
	u32 n = tcp_emit_options(opts, &o);

	h = emit_to(l, e, family, TCP_HLEN + n, xflags);
	if (!h)
		return;		/* the peer sends its SYN again */
	tcp_emit(h, l->run.cfg->lport, e->rport, e->iss, e->irs + 1,
		 TCP_HLEN + n, TCP_SYN | TCP_ACK |
		 (e->flags & TCP_F_ECN ? TCP_ECE : 0),
		 (u16)min_u64(l->r->edge, 65535), 0);
	memcpy(h + TCP_HLEN, opts, n);
}

/* Bare segment without options: RST, challenge ACK. */
static void send_bare(struct listener *l, const struct tcp_seg *s, u32 seq,
		      u32 ack, u8 flags)
{
	struct listen_syn e = { 0 };
	u8 *h;

	e.rport = get16(s->ip.h + s->ip.l4);
	ip_addr_set(e.raddr, s->ip.family, s->ip.saddr);
	ip_addr_set(e.laddr, s->ip.family, s->ip.daddr);
	h = emit_to(l, &e, s->ip.family, TCP_HLEN, 0);
	if (h)
		tcp_emit(h, l->run.cfg->lport, e.rport, seq, ack, TCP_HLEN,
			 flags, 0, 0);
}

/* RFC 9293 3.10.7.2: what a SYN offers and we want. */
static void from_syn(struct listener *l, struct listen_syn *e,
		     const struct tcp_seg *s, u32 mtu)
{
	u8 cf = l->run.cfg->flags;

	ip_addr_set(e->raddr, s->ip.family, s->ip.saddr);
	ip_addr_set(e->laddr, s->ip.family, s->ip.daddr);
	e->rport = get16(s->ip.h + s->ip.l4);
	e->family = s->ip.family;
	e->irs = s->seq;
	e->mss_local = (u16)local_mss(l, s->ip.family, mtu);
	e->mss = s->opts & TCP_SEG_MSS ? s->mss :
		s->ip.family == 6 ? TCP_MSS_DEFAULT6 : TCP_MSS_DEFAULT4;
	if (cf & STACK_CF_TS && s->opts & TCP_SEG_TS) {
		e->flags |= TCP_F_TS;
		e->ts_recent = s->tsval;
	}
	if (cf & STACK_CF_SACK && s->opts & TCP_SEG_SACKOK)
		e->flags |= TCP_F_SACK;
	if (cf & STACK_CF_WSCALE && s->opts & TCP_SEG_WSCALE) {
		e->flags |= TCP_F_WS;
		e->snd_wscale = s->wscale;
	}
	/* RFC 3168 6.1.1: both flags ask for it; granted to who asks */
	if ((s->flags & (TCP_ECE | TCP_CWR)) == (TCP_ECE | TCP_CWR))
		e->flags |= TCP_F_ECN;
}

static void syn_in(struct listener *l, const struct tcp_seg *s,
		   const struct dom_ev_RX *ev)
{
	struct listen_syn *e, tmp = { 0 };
	u32 clock, bits;

	l->r->syns++;
	if (accept_full(l)) {
		l->r->drops++;		/* the peer tries again */
		return;
	}
	e = entry_new(l);
	if (e) {
		from_syn(l, e, s, ev->mtu);
		e->iss = ev->isn;
		e->ts_offset = (u32)(ev->flow_key >> 32);
		e->next_ms = l->run.now_ms + 1000;
		send_synack(l, e, l->run.now_ms + e->ts_offset, 0);
		return;
	}
	if (!(l->run.cfg->flags & (STACK_CF_COOKIES | STACK_CF_COOKIES_ONLY))) {
		l->r->drops++;
		return;
	}
	from_syn(l, &tmp, s, ev->mtu);
	bits = tmp.flags & TCP_F_WS ? tmp.snd_wscale : COOKIE_TS_WS_NONE;
	if (tmp.flags & TCP_F_SACK)
		bits |= COOKIE_TS_SACK;
	if (tmp.flags & TCP_F_ECN)
		bits |= COOKIE_TS_ECN;
	if (!(tmp.flags & TCP_F_TS))	/* nothing would remember them */
		tmp.flags &= ~(TCP_F_SACK | TCP_F_WS | TCP_F_ECN);
	tmp.iss = tcp_cookie_make(ev->flow_key, s->seq, tmp.mss,
				  l->run.now / 1000);
	clock = l->run.now_ms + (u32)(ev->flow_key >> 32);
	send_synack(l, &tmp, tcp_cookie_ts(clock, bits), 0);
	l->r->cookies = 1;
	l->r->cookie_ms = l->run.now_ms;
	l->r->cookies_sent++;
}

/* The connection is open: hand it over. Returns false if there is no room. */
static bool open(struct listener *l, const struct listen_syn *e,
		 const struct tcp_seg *s)
{
	struct dom_cmd_OPENED *c;
	struct tcp_record *r;
	u64 wnd = min_u64(l->r->edge, 65535);

	c = RUN_CMD(&l->run, OPENED, DOM_NO_HANDLE, TCP_RECORD_YOUNG);
	if (!c)
		return false;
	c->laddr0 = raw64(e->laddr);
	c->laddr1 = raw64(e->laddr + 8);
	c->raddr0 = raw64(e->raddr);
	c->raddr1 = raw64(e->raddr + 8);
	c->lport = l->run.cfg->lport;
	c->rport = e->rport;
	c->family = s->ip.family;

	/* only the first TCP_RECORD_YOUNG bytes of it are there */
	r = (struct tcp_record *)msg_inline(c);
	memset(r, 0, TCP_RECORD_YOUNG);
	r->head.version = STACK_RECORD_VERSION;
	r->head.len = TCP_RECORD_YOUNG;
	r->head.kind = STACK_TCP;
	r->head.state = TCPS_ESTABLISHED;
	r->flags = (e->flags & (TCP_F_TS | TCP_F_SACK | TCP_F_WS | TCP_F_ECN)) |
		   TCP_F_PASSIVE;
	r->snd_una = 1;
	r->snd_nxt = 1;
	r->snd_tail = 1;
	r->rcv_nxt = 1;
	r->rcv_adv = 1 + wnd;
	r->rcv_edge = 1 + l->r->edge;
	r->iss = e->iss;
	r->irs = e->irs;
	if (e->flags & TCP_F_WS) {
		r->snd_wscale = e->snd_wscale;
		r->rcv_wscale = (u8)min_u32(l->run.cfg->rcv_wscale, 14);
	}
	r->snd_wnd = (u32)s->wnd << r->snd_wscale;
	r->snd_wnd_max = r->snd_wnd;
	r->snd_wl1_seq = s->seq - e->irs;
	r->snd_wl2_seq = 1;
	r->ts_offset = e->ts_offset;
	r->ts_recent = e->ts_recent;
	r->ts_recent_ms = l->run.now_ms;
	r->last_ack_seq = 1;
	r->rto = (u32)TCP_RTO_INIT * (e->retries ? 3 : 1);
	r->mss_peer = e->mss;
	r->opts = l->r->opts;

	l->r->queued++;
	l->r->opened++;
	if (l->nr_opened < STACK_LISTEN_BATCH)
		l->opened[l->nr_opened++] = *e;
	return true;
}

/* Give the frame to the connection, if it holds anything but the ACK. */
static u32 pass_on(struct listener *l, const struct tcp_seg *s)
{
	if (!s->len && !(s->flags & TCP_FIN))
		return STACK_DROP_EMPTY;
	return RUN_CMD(&l->run, RESTEER, s->handle, 0) ? 0 : STACK_DROP_FULL;
}

/* An ACK without an entry: of a cookie? Returns 0 if the frame was taken. */
static u32 cookie_in(struct listener *l, const struct tcp_seg *s,
		     const struct dom_ev_RX *ev)
{
	struct listen_syn e = { 0 };
	u32 bits;

	if (l->r->cookies &&
	    l->run.now_ms - l->r->cookie_ms > COOKIE_LIFE_MS)
		l->r->cookies = 0;
	if (!l->r->cookies)
		goto none;
	e.mss = tcp_cookie_check(ev->flow_key, s->seq - 1, s->ack - 1,
				 l->run.now / 1000);
	if (!e.mss) {
		l->r->cookies_bad++;
		/*
		 * It may have overtaken the segment that opens, which comes
		 * (again); a RST would end a good connection.
		 */
		if (tcp_cookie_ours(ev->flow_key, s->ack - 1,
				    l->run.now / 1000))
			return STACK_DROP_STATE;
		goto none;
	}
	if (accept_full(l))
		return STACK_DROP_BACKLOG;
	/* FIN and data may be lost with this ACK, but none is before seq */
	e.rport = get16(s->ip.h + s->ip.l4);
	ip_addr_set(e.raddr, s->ip.family, s->ip.saddr);
	ip_addr_set(e.laddr, s->ip.family, s->ip.daddr);
	e.irs = s->seq - 1;
	e.iss = s->ack - 1;
	e.ts_offset = (u32)(ev->flow_key >> 32);
	if (s->opts & TCP_SEG_TS && l->run.cfg->flags & STACK_CF_TS) {
		bits = s->tsecr & ((1u << COOKIE_TS_BITS) - 1);
		e.flags = TCP_F_TS;
		e.ts_recent = s->tsval;
		if (bits & COOKIE_TS_SACK)
			e.flags |= TCP_F_SACK;
		if (bits & COOKIE_TS_ECN)
			e.flags |= TCP_F_ECN;
		if ((bits & 15) != COOKIE_TS_WS_NONE) {
			e.flags |= TCP_F_WS;
			e.snd_wscale = (u8)(bits & 15);
		}
	}
	if (!open(l, &e, s))
		return STACK_DROP_FULL;
	l->r->cookies_ok++;
	return pass_on(l, s);
none:
	send_bare(l, s, s->ack, 0, TCP_RST);	/* 3.10.7.2 second check */
	return STACK_DROP_STATE;
}

/* TCP_DEFER_ACCEPT: seconds since the SYN, as the retransmissions tell. */
static bool deferred(const struct listener *l, const struct listen_syn *e,
		     const struct tcp_seg *s)
{
	return l->r->opts.defer_accept_s && !s->len &&
	       !(s->flags & TCP_FIN) &&
	       (1u << e->retries) - 1 < l->r->opts.defer_accept_s &&
	       e->retries < SYN_RETRIES;
}

/*
 * Does @s acknowledge another SYN-ACK than that of @e? A cookie, where a SYN came
 * twice and found room for an entry the second time; or a connection's.
 */
static bool of_another(const struct listen_syn *e, const struct tcp_seg *s)
{
	return (s->flags & (TCP_ACK | TCP_SYN | TCP_RST)) == TCP_ACK && s->ack != e->iss + 1;
}

/* A segment for a handshake under way. Returns 0 if the frame was taken. */
static u32 handshake_in(struct listener *l, struct listen_syn *e,
			const struct tcp_seg *s)
{
	u32 wnd = (u32)min_u64(l->r->edge, 65535), drop;
	bool in_window = s->seq - (e->irs + 1) <= wnd;

	if (s->flags & TCP_RST) {
		if (s->seq == e->irs + 1)	/* RFC 5961 3.2 */
			entry_free(l, e);
		return STACK_DROP_STATE;
	}
	if (s->flags & TCP_SYN) {
		if (s->seq == e->irs && !(s->flags & TCP_ACK))
			send_synack(l, e, l->run.now_ms + e->ts_offset,
				    STACK_XMIT_RETRANS);
		else	/* RFC 5961 4.2 */
			send_bare(l, s, e->iss + 1, e->irs + 1, TCP_ACK);
		return STACK_DROP_SYN;
	}
	if (!(s->flags & TCP_ACK))
		return STACK_DROP_STATE;
	if (!in_window || (e->flags & TCP_F_TS && s->opts & TCP_SEG_TS &&
			   before(s->tsval, e->ts_recent)))
		return STACK_DROP_SEQ;
	if (deferred(l, e, s) || accept_full(l)) {
		/* the peer believes it is open; its data or our timer asks again */
		e->flags |= LISTEN_F_ACKED;
		return accept_full(l) ? STACK_DROP_BACKLOG : STACK_DROP_EMPTY;
	}
	if (e->flags & TCP_F_TS && s->opts & TCP_SEG_TS &&
	    s->seq == e->irs + 1)
		e->ts_recent = s->tsval;
	if (!open(l, e, s))
		return STACK_DROP_FULL;
	drop = pass_on(l, s);
	entry_free(l, e);
	return drop;
}

static u32 listen_rx(struct listener *l, const struct dom_ev_RX *ev)
{
	const struct stack_config *cfg = l->run.cfg;
	static const u8 any[16];
	struct listen_syn *e;
	struct tcp_seg s;
	u32 drop = tcp_parse(&s, ev), opened, i;

	if (drop)
		return drop;
	if (get16(s.ip.h + s.ip.l4 + 2) != cfg->lport ||
	    !get16(s.ip.h + s.ip.l4) ||
	    (cfg->family == 4 && s.ip.family != 4) ||
	    (cfg->flags & STACK_CF_V6ONLY && s.ip.family != 6))
		return STACK_DROP_FLOW;
	if (memcmp(cfg->laddr, any, 16) &&
	    !ip_addr_eq(s.ip.family, s.ip.daddr, cfg->laddr))
		return STACK_DROP_FLOW;
	for (i = 0; i < l->nr_opened; i++)
		if (same_flow(&l->opened[i], &s))
			return RUN_CMD(&l->run, RESTEER, s.handle, 0) ?
				0 : STACK_DROP_FULL;
	if (l->r->head.state != TCPS_LISTEN)
		return STACK_DROP_STATE;
	e = find(l, &s);
	if (e && !of_another(e, &s))
		return handshake_in(l, e, &s);
	if (s.flags & TCP_RST)
		return STACK_DROP_STATE;
	if (s.flags & TCP_ACK) {
		/* it may be a connection's that was opened meanwhile */
		if (!(ev->flags & STACK_RX_RECHECK) &&
		    s.handle != DOM_NO_HANDLE &&
		    RUN_CMD(&l->run, RESTEER, s.handle, 0))
			return 0;
		opened = l->r->opened;
		drop = cookie_in(l, &s, ev);
		if (e && l->r->opened != opened)
			entry_free(l, e);
		return drop;
	}
	if (s.flags & TCP_SYN && !(s.flags & TCP_FIN)) {
		syn_in(l, &s, ev);
		return STACK_DROP_SYN;
	}
	return STACK_DROP_STATE;
}

/* SYN-ACKs again, or the end of waiting. */
static void listen_timers(struct listener *l)
{
	u32 i, max = l->r->opts.syn_retries, defer = l->r->opts.defer_accept_s;

	max = max ? min_u32(max, 7) : SYN_RETRIES;
	for (i = 0; i < LISTEN_SYN_MAX; i++) {
		struct listen_syn *e = &l->r->syn[i];

		if (!e->rport || after(e->next_ms, l->run.now_ms))
			continue;
		if (e->retries >= max) {
			entry_free(l, e);
			continue;
		}
		if (run_room(&l->run) < 4)
			break;
		e->retries++;
		e->next_ms = l->run.now_ms + (1000u << e->retries);
		/* who has answered and only waits for data is not asked */
		if (e->flags & LISTEN_F_ACKED && defer &&
		    (1u << e->retries) - 1 < defer)
			continue;
		send_synack(l, e, l->run.now_ms + e->ts_offset,
			    STACK_XMIT_RETRANS);
	}
}

static void listen_event(struct listener *l, const struct dom_ev_LISTEN *ev)
{
	struct listen_record *r = l->r;
	bool was_full = accept_full(l);
	u32 i;

	r->head.state = TCPS_LISTEN;
	r->backlog = ev->backlog;
	r->queued = ev->queued;
	r->edge = min_u64(ev->edge, 1u << 30);
	if (!was_full || accept_full(l))
		return;
	for (i = 0; i < LISTEN_SYN_MAX; i++)	/* ask who waits for room */
		if (r->syn[i].rport && r->syn[i].flags & LISTEN_F_ACKED)
			r->syn[i].next_ms = l->run.now_ms;
}

static void listen_deadline(struct listener *l)
{
	struct listen_record *r = l->r;
	struct dom_cmd_DEADLINE *c;
	u64 next = 0;
	u32 i;

	for (i = 0; i < LISTEN_SYN_MAX; i++) {
		s32 left = (s32)(r->syn[i].next_ms - l->run.now_ms);
		u64 at = l->run.now + (left > 0 ? (u64)left * 1000 : 1000);

		if (r->syn[i].rport && (!next || at < next))
			next = at;
	}
	if (r->deadline == next ||
	    (r->deadline > l->run.now && next && r->deadline <= next))
		return;
	c = RUN_CMD(&l->run, DEADLINE, DOM_NO_HANDLE, 0);
	if (c) {
		c->at = next;
		r->deadline = next;
	}
}

static void listen_setopt(struct listener *l, const struct dom_msg *m)
{
	if (m->hdr.inline_len < sizeof(l->r->opts))
		return;
	memcpy(&l->r->opts, (const u8 *)m + DOM_SLOT_SIZE, sizeof(l->r->opts));
	if (l->r->opts.cc > STACK_CC_RENO)
		l->r->opts.cc = STACK_CC_CUBIC;
}

/**
 * listen_run() - stack_run() for a listener
 * @in: events
 * @out: record and commands
 *
 * Return: 0, or -1 if the record is not acceptable.
 */
int listen_run(const struct dom_in *in, struct dom_out *out)
{
	struct listener l;
	const struct dom_msg *m;
	u32 pos = 0, drop, i, n = 0;

	l.r = (struct listen_record *)out->record;
	l.nr_opened = 0;
	if (!in->record_len) {
		memset(l.r, 0, sizeof(*l.r));
		l.r->head.version = STACK_RECORD_VERSION;
		l.r->head.kind = STACK_LISTEN;
		l.r->head.state = TCPS_CLOSE;
	}
	for (i = 0; i < LISTEN_SYN_MAX; i++) {
		n += !!l.r->syn[i].rport;
		if (l.r->syn[i].retries > 7)
			n = LISTEN_SYN_MAX + 1;
	}
	if (l.r->head.version != STACK_RECORD_VERSION ||
	    l.r->head.kind != STACK_LISTEN || l.r->nr_syn != n ||
	    (l.r->head.state != TCPS_LISTEN && l.r->head.state != TCPS_CLOSE)) {
		out->nr_slots = 0;
		return -1;
	}
	run_init(&l.run, in, out);
	l.run.max--;		/* for the deadline */
	while ((m = run_event(&l.run, &pos))) {
		switch (m->hdr.type) {
		case DOM_EV_RX:
			drop = listen_rx(&l, (const struct dom_ev_RX *)m);
			if (drop)
				run_drop(&l.run, m->hdr.handle, drop);
			break;
		case DOM_EV_LISTEN:
			listen_event(&l, (const struct dom_ev_LISTEN *)m);
			break;
		case DOM_EV_SETOPT:
			listen_setopt(&l, m);
			break;
		case DOM_EV_SHUTDOWN:
		case DOM_EV_ABORT:
			l.r->head.state = TCPS_CLOSE;
			memset(l.r->syn, 0, sizeof(l.r->syn));
			l.r->nr_syn = 0;
			break;
		default:
			run_drop(&l.run, m->hdr.handle, STACK_DROP_STATE);
		}
	}
	listen_timers(&l);
	l.run.max++;
	listen_deadline(&l);
	l.r->head.len = sizeof(*l.r);
	run_finish(&l.run, false);
	return 0;
}
