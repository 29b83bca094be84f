// SPDX-License-Identifier: GPL-2.0-only
/*
 * Path MTU: from ICMP (RFC 1191, RFC 8201; believed only as RFC 5927 and
 * RFC 8201 4 say), by probing (RFC 4821), and the way out of a black hole.
 * Also the other ICMP errors of a TCP connection (RFC 5461, RFC 1122 4.2.3.9).
 */
#include "tcp.h"
#include "icmp.h"

#define PROBE_STEP	8		/* bytes: closer is close enough */
#define PROBE_AGAIN_MS	600000u		/* RFC 4821 7.6: ten minutes */
#define BLACKHOLE_FAILS	3

static u32 headers(const struct tcp *t)
{
	return ip_hlen(t->family) + TCP_HLEN;
}

static u32 pmtu_min(const struct tcp *t)
{
	return t->family == 6 ? TCP_PMTU_MIN6 : TCP_PMTU_MIN4;
}

/**
 * tcp_mss_local() - the MSS we announce (RFC 9293 3.7.1, RFC 6691)
 * @t: the run
 *
 * Return: bytes, options not counted.
 */
u32 tcp_mss_local(const struct tcp *t)
{
	u32 mtu = t->run.cfg->mtu, mss;

	mss = mtu > headers(t) + TCP_MSS_MIN ? mtu - headers(t) : TCP_MSS_MIN;
	if (t->run.cfg->mss_max)
		mss = min_u32(mss, t->run.cfg->mss_max);
	if (t->r->opts.maxseg)
		mss = min_u32(mss, t->r->opts.maxseg);
	return max_u32(min_u32(mss, 65535 - 60), TCP_MSS_MIN);
}

/**
 * tcp_mtu_set() - the path takes packets of @pmtu bytes: derive the MSS
 * @t: the run
 * @pmtu: bytes, IP header included
 */
void tcp_mtu_set(struct tcp *t, u32 pmtu)
{
	struct tcp_record *r = t->r;
	u32 mss, opts = r->flags & TCP_F_TS ? TCPOPT_TS_LEN : 0;

	pmtu = min_u32(pmtu, 65535);
	pmtu = max_u32(pmtu, headers(t) + TCP_MSS_MIN + opts);
	r->pmtu = pmtu;
	/* RFC 6691 2: options count against both */
	mss = pmtu - headers(t);
	mss = min_u32(mss, max_u32(r->mss_peer, TCP_MSS_MIN));
	if (r->opts.maxseg)
		mss = min_u32(mss, max_u32(r->opts.maxseg, TCP_MSS_MIN));
	mss = mss > opts + TCP_MSS_MIN / 2 ? mss - opts : TCP_MSS_MIN / 2;
	/* RFC 9293 3.8.6.2.1: never more than half of the largest window */
	if (r->snd_wnd_max > TCP_MSS_DEFAULT4)
		mss = min_u32(mss, r->snd_wnd_max / 2);
	r->mss = (u16)mss;
}

/* A smaller path: what is in flight in larger pieces must be sent again. */
static void mtu_shrink(struct tcp *t, u32 pmtu)
{
	struct tcp_record *r = t->r;
	u32 old = r->mss;

	if (pmtu >= r->pmtu || r->opts.flags & STACK_SO_PROBE_DF)
		return;
	pmtu = max_u32(pmtu, pmtu_min(t));
	if (pmtu >= r->pmtu)
		return;
	tcp_mtu_set(t, pmtu);
	r->mtu_high = (u16)pmtu;
	r->mtu_low = 0;
	r->mtu_probe = 0;
	r->mtu_next_ms = t->run.now_ms + PROBE_AGAIN_MS;
	if (r->mss < old && tcp_flight(r) && r->nr_tx) {
		/*
		 * RFC 1191 6.4: the loss says nothing about congestion, so
		 * this is a recovery without reduction.
		 */
		tcp_tx_mark_lost(r, false);
		if (r->ca_state < TCPCA_RECOVERY) {
			r->ca_state = TCPCA_RECOVERY;
			r->recover = r->snd_nxt;
			r->recover_fs = tcp_flight(r);
			r->ssthresh = max_u32(r->cwnd, 2u * r->mss);
			r->prr_delivered = 0;
			r->prr_out = 0;
		}
		t->force_rtx = true;
		t->rearm = true;
	}
}

/**
 * tcp_mtu_route() - the host's own routing has a new MTU for us
 * @t: the run
 * @mtu: bytes
 */
void tcp_mtu_route(struct tcp *t, u32 mtu)
{
	if (mtu < t->r->pmtu)
		mtu_shrink(t, mtu);
	else if (mtu > t->r->pmtu && mtu <= t->run.cfg->mtu)
		tcp_mtu_set(t, mtu);
}

/* RFC 5927 4.1: does the quoted header lie within what is in flight? */
static bool icmp_valid(const struct tcp *t, const struct icmp_quote *q, u32 *seq)
{
	const struct tcp_record *r = t->r;
	const struct stack_config *cfg = t->run.cfg;

	if (q->ip.proto != IPPROTO_TCP || q->ip.family != t->family ||
	    q->l4_len < 8)
		return false;
	if (get16(q->l4) != cfg->lport || get16(q->l4 + 2) != cfg->rport ||
	    !ip_addr_eq(t->family, q->ip.saddr, cfg->laddr) ||
	    !ip_addr_eq(t->family, q->ip.daddr, cfg->raddr))
		return false;
	*seq = get32(q->l4 + 4) - r->iss;
	return !before(*seq, (u32)r->snd_una) && before(*seq, (u32)r->snd_nxt);
}

/**
 * tcp_mtu_icmp() - an ICMP error that quotes one of our segments
 * @t: the run
 * @ev: the event
 */
void tcp_mtu_icmp(struct tcp *t, const struct dom_ev_ICMP *ev)
{
	struct tcp_record *r = t->r;
	struct icmp_quote q;
	struct icmp_meaning m;
	u32 seq;

	if (!icmp_quote(&q, ev) || !icmp_valid(t, &q, &seq))
		return;
	if (!icmp_meaning(&m, ev, q.ip.end))
		return;
	if (m.mtu) {
		if (r->head.state != TCPS_SYN_SENT || m.mtu >= pmtu_min(t))
			mtu_shrink(t, m.mtu);
		return;
	}
	/*
	 * RFC 5927 5.2, RFC 5461 4.1: errors end a connection only while it is
	 * being opened (soft ones too, as in Linux: connect() fails at once);
	 * later they are hints.
	 */
	if (r->head.state == TCPS_SYN_SENT || r->head.state == TCPS_SYN_RECV) {
		tcp_close(t, m.err);
		return;
	}
	r->err_soft = (u16)m.err;
	if (r->opts.flags & STACK_SO_RECVERR)
		icmp_report(&t->run, ev, m.err, false);
}

/**
 * tcp_mtu_probe_want() - size of a probe to send now (RFC 4821 7)
 * @t: the run
 * @usable: bytes that may be sent
 *
 * Return: payload bytes of the probe, or 0.
 */
u32 tcp_mtu_probe_want(struct tcp *t, u64 usable)
{
	struct tcp_record *r = t->r;
	u32 over = headers(t) + (r->flags & TCP_F_TS ? TCPOPT_TS_LEN : 0);
	u32 high = min_u32(t->run.cfg->mtu, (u32)r->mss_peer + headers(t));
	u32 size;

	if (r->mtu_probe || r->ca_state != TCPCA_OPEN || r->nr_ooo ||
	    r->mtu_next_ms - t->run.now_ms - 1 < PROBE_AGAIN_MS)
		return 0;
	if (!r->mtu_low) {
		r->mtu_low = (u16)r->pmtu;
		r->mtu_high = (u16)min_u32(high, 65535);
	}
	if (r->mtu_high <= r->mtu_low + PROBE_STEP) {
		r->mtu_low = 0;
		r->mtu_next_ms = t->run.now_ms + PROBE_AGAIN_MS;
		return 0;
	}
	size = (u32)(r->mtu_low + r->mtu_high + 1) / 2;
	/* 7.2: enough behind the probe to see its loss by duplicate ACKs */
	if (size <= over || size - over <= r->mss ||
	    usable < size - over + 4ull * r->mss)
		return 0;
	r->mtu_probe = (u16)size;
	return size - over;
}

/**
 * tcp_mtu_probe_acked() - is the probe through?
 * @t: the run
 */
void tcp_mtu_probe_acked(struct tcp *t)
{
	struct tcp_record *r = t->r;
	u32 i;

	if (before((u32)r->snd_una, r->mtu_probe_seq)) {
		for (i = 0; i < r->nr_tx; i++)
			if (r->tx[i].end_seq == r->mtu_probe_seq)
				break;
		if (i == r->nr_tx || !(r->tx[i].stamp & TCP_TX_SACKED))
			return;
	}
	r->mtu_low = r->mtu_probe;
	tcp_mtu_set(t, r->mtu_probe);
	r->mtu_probe = 0;
}

/**
 * tcp_mtu_probe_lost() - losses were found: if it is the probe alone, its size
 *	was the reason, not congestion (RFC 4821 7.6.2)
 * @t: the run
 */
void tcp_mtu_probe_lost(struct tcp *t)
{
	struct tcp_record *r = t->r;
	bool others = false;
	u32 i, at = TCP_TX_MAX;

	for (i = 0; i < r->nr_tx; i++) {
		if (!(r->tx[i].stamp & TCP_TX_LOST))
			continue;
		if (r->tx[i].end_seq == r->mtu_probe_seq)
			at = i;
		else
			others = true;
	}
	if (at == TCP_TX_MAX)
		return;
	r->tx[at].stamp &= ~TCP_TX_CUT;
	if (!others)
		r->mtu_high = r->mtu_probe - 1;
	r->mtu_probe = 0;
}

/**
 * tcp_mtu_blackhole() - a timeout: do only small packets get through?
 * @t: the run
 *
 * RFC 4821 7.7, RFC 2923 2.1: after repeated timeouts of a packet that is
 * larger than what every path takes, try the sizes that are common, one at
 * each further timeout; probing finds the way back up.
 */
void tcp_mtu_blackhole(struct tcp *t)
{
	static const u16 sizes[] = { 1500, TCP_PMTU_MIN6, 576 };
	struct tcp_record *r = t->r;
	u32 i, size, low = t->family == 6 ? TCP_PMTU_MIN6 : 576;

	r->mtu_probe = 0;
	if (!r->nr_tx)
		return;
	size = min_u32(tcp_tx_len(r, 0), r->mss) + headers(t);
	if (size <= low)
		return;
	if (++r->mtu_fails < BLACKHOLE_FAILS)
		return;
	r->mtu_fails = BLACKHOLE_FAILS - 1;
	for (i = 0; sizes[i] >= size; i++)	/* ends: size > low >= 576 */
		;
	if (sizes[i] >= r->pmtu)
		return;
	tcp_mtu_set(t, sizes[i]);
	r->flags |= TCP_F_BLACKHOLE;
	r->mtu_low = 0;
	r->mtu_next_ms = t->run.now_ms + PROBE_AGAIN_MS;
}
