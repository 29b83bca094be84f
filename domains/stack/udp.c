// SPDX-License-Identifier: GPL-2.0-only
/*
 * UDP (RFC 768, RFC 8085, RFC 8200 8.1): one instance is one socket, connected
 * or not.
 */
#include "errnos.h"
#include "icmp.h"
#include "tcp.h"

#define UDP_HLEN	8u
#define UDP_SLOTS_KEPT	2u	/* ACKED and an ERROR */

struct udp {
	struct run run;
	struct udp_record *r;
	u64 acked;
	bool more;
};

static bool connected(const struct udp *u)
{
	return u->r->opts.flags & STACK_SO_CONNECTED;
}

static bool addr_any(const u8 *a)
{
	return !(raw64(a) | raw64(a + 8));
}

/* Returns 0 if the datagram was delivered, else the reason to drop it. */
static u32 udp_rx(struct udp *u, const struct dom_ev_RX *ev)
{
	const struct stack_config *cfg = u->run.cfg;
	const u8 *h = (const u8 *)ev + DOM_SLOT_SIZE, *p;
	u32 hlen = ev->hdr.inline_len, len;
	struct dom_cmd_DGRAM *c;
	struct ip_view ip;
	u8 a[16];

	if (!ip_parse(&ip, h, hlen, ev->len) || ip.frag ||
	    ip.proto != IPPROTO_UDP || ip.l4 + UDP_HLEN > hlen ||
	    ip.l4 + UDP_HLEN > ip.end)
		return STACK_DROP_MALFORMED;
	p = h + ip.l4;
	len = get16(p + 4);
	/* a coalesced frame says nothing of use there; RFC 2675 has 0 */
	if (!len && ip.end - ip.l4 > 65535)
		len = ip.end - ip.l4;
	if (len < UDP_HLEN || len > ip.end - ip.l4)
		return STACK_DROP_MALFORMED;
	if (!get16(p + 6)) {
		/* RFC 768: none; RFC 8200 8.1 forbids that, RFC 6935 allows it */
		if (ip.family == 6 &&
		    !(u->r->opts.flags & STACK_SO_CSUM6_ZERO))
			return STACK_DROP_CSUM;
	} else if (!(ev->flags & STACK_RX_CSUM_OK)) {
		return STACK_DROP_CSUM;
	}
	if (get16(p + 2) != cfg->lport ||
	    (cfg->family == 4 && ip.family != 4) ||
	    (cfg->flags & STACK_CF_V6ONLY && ip.family != 6) ||
	    (!addr_any(cfg->laddr) &&
	     !ip_addr_eq(ip.family, ip.daddr, cfg->laddr)))
		return STACK_DROP_FLOW;
	if (connected(u) && (get16(p) != cfg->rport ||
			     !ip_addr_eq(ip.family, ip.saddr, cfg->raddr)))
		return STACK_DROP_FLOW;
	if (ev->hdr.handle == DOM_NO_HANDLE)
		return STACK_DROP_EMPTY;
	c = RUN_CMD(&u->run, DGRAM, ev->hdr.handle, 0);
	if (!c)
		return STACK_DROP_FULL;
	c->offset = ip.l4 + UDP_HLEN;
	c->len = len - UDP_HLEN;
	ip_addr_set(a, ip.family, ip.saddr);
	c->saddr0 = raw64(a);
	c->saddr1 = raw64(a + 8);
	ip_addr_set(a, ip.family, ip.daddr);
	c->daddr0 = raw64(a);
	c->daddr1 = raw64(a + 8);
	c->sport = get16(p);
	c->tos = ip.tos;
	c->ttl = ip.ttl;
	u->r->in++;
	return 0;
}

static void udp_error(struct udp *u, u32 err, u32 info)
{
	struct dom_cmd_ERROR *c = RUN_CMD(&u->run, ERROR, 0, 0);

	if (c) {
		c->err = err;
		c->info = info;
	}
}

/* What the core's routing says is fresher than what this socket heard. */
static u32 path_mtu(const struct udp *u, const struct dom_ev_SENDTO *ev)
{
	const struct udp_record *r = u->r;
	u32 mtu = u->run.cfg->mtu;

	if (ev->mtu)
		return ev->mtu;
	if (connected(u) && r->pmtu && !(r->opts.flags & STACK_SO_PROBE_DF))
		return min_u32(mtu, r->pmtu);
	return mtu;
}

static void udp_sendto(struct udp *u, const struct dom_ev_SENDTO *ev)
{
	struct udp_record *r = u->r;
	/* a v6 socket talks to v4 peers too */
	u8 family = ev->family == 6 ? 6 : 4, s[16], d[16], *h;
	u32 iplen = ip_hlen(family), total = iplen + UDP_HLEN + ev->len;
	u64 end = ev->pos + max_u32(ev->len, 1);
	u32 mtu = path_mtu(u, ev);
	struct dom_cmd_XMIT *c;
	bool df, fits;

	/* repeated after a death; what is done is not sent twice */
	if (ev->pos < r->sent)
		return;
	fits = total <= mtu;
	/* the most that the length field can say; v6 counts no L3 header */
	if (total > 65535 + (family == 6 ? IP6_HLEN : 0) ||
	    (!fits && ev->flags & STACK_SENDTO_WHOLE)) {
		udp_error(u, E_MSGSIZE, mtu);
		u->acked = max_u64(u->acked, end);
		return;
	}
	c = RUN_CMD(&u->run, XMIT, DOM_NO_HANDLE, iplen + UDP_HLEN);
	if (!c) {
		u->more = true;
		return;
	}
	/* RFC 8085 3.2: as large as the path, else left to fragmentation */
	df = !(ev->flags & STACK_SENDTO_NO_DF) && fits;
	__builtin_memcpy(s, &ev->saddr0, 8);
	__builtin_memcpy(s + 8, &ev->saddr1, 8);
	__builtin_memcpy(d, &ev->daddr0, 8);
	__builtin_memcpy(d + 8, &ev->daddr1, 8);
	h = msg_inline(c);
	/* RFC 6864 4.3: identification must not repeat while it matters */
	h += ip_emit(h, family, IPPROTO_UDP, s, d, ev->tos, ev->ttl,
		     ev->flow_label, df, df ? 0 : (u16)r->ip_id++);
	put16(h, u->run.cfg->lport);
	put16(h + 2, ev->dport);
	put32(h + 4, 0);
	c->pos = ev->pos;
	c->len = ev->len;
	if (family == 4 && r->opts.flags & STACK_SO_NO_CSUM)
		c->flags = STACK_XMIT_CSUM_ZERO;
	r->out++;
	u->acked = max_u64(u->acked, end);
}

/* RFC 1122 4.1.3.3, RFC 8085 5.2 */
static void udp_icmp(struct udp *u, const struct dom_ev_ICMP *ev)
{
	const struct stack_config *cfg = u->run.cfg;
	struct icmp_meaning m;
	struct icmp_quote q;
	bool recverr = u->r->opts.flags & STACK_SO_RECVERR;

	if (!icmp_quote(&q, ev) || q.ip.proto != IPPROTO_UDP || q.l4_len < 8 ||
	    get16(q.l4) != cfg->lport)
		return;
	if (!addr_any(cfg->laddr) &&
	    !ip_addr_eq(q.ip.family, q.ip.saddr, cfg->laddr))
		return;
	if (connected(u) && (get16(q.l4 + 2) != cfg->rport ||
			     !ip_addr_eq(q.ip.family, q.ip.daddr, cfg->raddr)))
		return;
	if (!icmp_meaning(&m, ev, q.ip.end))
		return;
	u->r->errors++;
	if (m.mtu) {
		u32 min = q.ip.family == 6 ? TCP_PMTU_MIN6 : TCP_PMTU_MIN4;

		if (connected(u) && (!u->r->pmtu || m.mtu < u->r->pmtu))
			u->r->pmtu = max_u32(m.mtu, min);
		/* in any case for the core, which keeps the paths */
		icmp_report(&u->run, ev, E_MSGSIZE,
			    !(u->r->opts.flags & STACK_SO_NO_DF) &&
			    (recverr || connected(u)));
		return;
	}
	/* as Linux: without IP_RECVERR only hard errors of connected ones */
	if (recverr || (connected(u) && m.hard))
		icmp_report(&u->run, ev, m.err, m.hard || recverr);
}

static void udp_event(struct udp *u, const struct dom_msg *m)
{
	u32 drop;

	switch (m->hdr.type) {
	case DOM_EV_RX:
		drop = udp_rx(u, (const struct dom_ev_RX *)m);
		if (drop) {
			u->r->drops++;
			run_drop(&u->run, m->hdr.handle, drop);
		}
		break;
	case DOM_EV_SENDTO:
		if (!u->more)	/* in order */
			udp_sendto(u, (const struct dom_ev_SENDTO *)m);
		break;
	case DOM_EV_SETOPT:
		if (m->hdr.inline_len >= sizeof(u->r->opts))
			memcpy(&u->r->opts, (const u8 *)m + DOM_SLOT_SIZE,
			       sizeof(u->r->opts));
		break;
	case DOM_EV_ICMP:
		udp_icmp(u, (const struct dom_ev_ICMP *)m);
		break;
	case DOM_EV_PMTU:
		u->r->pmtu = ((const struct dom_ev_PMTU *)m)->mtu;
		break;
	default:
		run_drop(&u->run, m->hdr.handle, STACK_DROP_STATE);
	}
}

/**
 * udp_run() - stack_run() for a UDP socket
 * @in: events
 * @out: record and commands
 *
 * Return: 0, or -1 if the record is not acceptable.
 */
int udp_run(const struct dom_in *in, struct dom_out *out)
{
	const struct dom_msg *m;
	struct udp u;
	u32 pos = 0;

	u.r = (struct udp_record *)out->record;
	if (!in->record_len) {
		memset(u.r, 0, sizeof(*u.r));
		u.r->head.version = STACK_RECORD_VERSION;
		u.r->head.kind = STACK_UDP;
		u.r->head.len = sizeof(*u.r);
	}
	if (u.r->head.version != STACK_RECORD_VERSION ||
	    u.r->head.kind != STACK_UDP) {
		out->nr_slots = 0;
		return -1;
	}
	run_init(&u.run, in, out);
	u.run.max -= UDP_SLOTS_KEPT;
	u.acked = u.r->sent;
	u.more = false;
	while ((m = run_event(&u.run, &pos)))
		udp_event(&u, m);
	u.run.max = DOM_OUT_SLOTS;
	if (u.acked != u.r->sent) {
		struct dom_cmd_ACKED *c = RUN_CMD(&u.run, ACKED, 0, 0);

		if (c) {
			c->una = u.acked;
			u.r->sent = u.acked;
		}
	}
	run_finish(&u.run, u.more);
	return 0;
}
