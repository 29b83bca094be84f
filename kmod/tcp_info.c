// SPDX-License-Identifier: GPL-2.0-only
/*
 * TCP_INFO: a connection's numbers, from its last committed record and from
 * what the core counts itself.
 *
 * The engine counts bytes where Linux counts packets: those are told in full
 * segments, rounded up. What nobody counts is 0: packets delivered, delivery
 * rate, and what limited a sender.
 */
#include <net/tcp.h>

#include "sockopt.h"

/* The engine's window has not been limited yet (TCP_CWND_MAX there). */
#define INFO_SSTHRESH_NONE	BIT(29)

static u32 info_headers(const struct atmos_sock *as)
{
	return as->key.family == 4 ? sizeof(struct iphdr) + sizeof(struct tcphdr) :
				     sizeof(struct ipv6hdr) + sizeof(struct tcphdr);
}

static u32 info_option_bytes(const struct tcp_record *r)
{
	return r->flags & TCP_F_TS ? TCPOLEN_TSTAMP_ALIGNED : 0;
}

/* What we announced in SYN, less what options take, as Linux tells it. */
static u32 info_advmss(const struct atmos_sock *as, const struct tcp_record *r)
{
	u32 mss = as->config.mtu - info_headers(as);

	if (r->opts.maxseg)
		mss = min_t(u32, mss, r->opts.maxseg);
	return min(mss, 65535u - 40) - info_option_bytes(r);
}

/* Made by a listener and not run yet: what its first run will find. */
static void info_young(const struct atmos_sock *as, struct tcp_record *r)
{
	u32 mss;

	r->pmtu = min(as->dst_mtu, 65535u);
	mss = min_t(u32, r->pmtu - info_headers(as), r->mss_peer);
	if (r->opts.maxseg)
		mss = min_t(u32, mss, r->opts.maxseg);
	mss -= info_option_bytes(r);
	if (r->snd_wnd_max > TCP_MSS_DEFAULT)
		mss = min(mss, r->snd_wnd_max / 2);
	r->mss = mss;
	r->cwnd = TCP_INIT_CWND * mss;
	r->ssthresh = INFO_SSTHRESH_NONE;
}

/**
 * atmos_tcp_record() - the record of a connection that there is or was
 * @as: stream, its lock held
 * @r: result; zeroed where there is none, behind TCP_RECORD_YOUNG also where
 *	its layout is not known
 *
 * Context: any.
 */
void atmos_tcp_record(struct atmos_sock *as, struct tcp_record *r)
{
	atmos_conn_record(as, r, sizeof(*r));
	if (r->head.kind != STACK_TCP)
		memset(r, 0, sizeof(*r));
	else if (!atmos_tcb_whole(r))
		memset((u8 *)r + TCP_RECORD_YOUNG, 0, sizeof(*r) - TCP_RECORD_YOUNG);
	else if (r->flags & TCP_F_PASSIVE && !r->pmtu)
		info_young(as, r);
}

static u32 info_segments(u64 bytes, const struct tcp_record *r)
{
	return DIV_ROUND_UP_ULL(bytes, max_t(u32, r->mss, 1));
}

/* Milliseconds since a time of the engine's clock, of which the low bits are told. */
static u32 info_since(u32 ms)
{
	return ms ? (u32)(ktime_get_mono_fast_ns() / NSEC_PER_MSEC) - ms : 0;
}

static void info_options(const struct tcp_record *r, struct tcp_info *info)
{
	if (r->flags & TCP_F_TS)
		info->tcpi_options |= TCPI_OPT_TIMESTAMPS;
	if (r->flags & TCP_F_SACK)
		info->tcpi_options |= TCPI_OPT_SACK;
	if (r->flags & TCP_F_ECN)
		info->tcpi_options |= TCPI_OPT_ECN;
	if (!(r->flags & TCP_F_WS))
		return;
	info->tcpi_options |= TCPI_OPT_WSCALE;
	info->tcpi_snd_wscale = r->snd_wscale;
	info->tcpi_rcv_wscale = r->rcv_wscale;
}

/* What is in flight, by the ranges of the record. */
static void info_flight(const struct tcp_record *r, struct tcp_info *info)
{
	u32 from = r->snd_una;
	unsigned int i;

	for (i = 0; i < r->nr_tx && i < TCP_TX_MAX; i++) {
		u32 n = info_segments(r->tx[i].end_seq - from, r);
		u32 stamp = r->tx[i].stamp;

		info->tcpi_unacked += n;
		if (stamp & TCP_TX_SACKED)
			info->tcpi_sacked += n;
		else if (stamp & TCP_TX_LOST)
			info->tcpi_lost += n;
		else if (stamp & TCP_TX_RETRANS)
			info->tcpi_retrans += n;
		from = r->tx[i].end_seq;
	}
}

static void info_sender(const struct atmos_sock *as, const struct tcp_record *r,
			struct tcp_info *info)
{
	info->tcpi_ca_state = r->ca_state;
	info->tcpi_backoff = r->backoff;
	info->tcpi_retransmits = r->timer_kind == TCP_T_RTO ? r->backoff : 0;
	info->tcpi_probes = r->keep_probes;
	info->tcpi_rto = r->rto;
	info->tcpi_rtt = r->srtt >> 3;
	info->tcpi_rttvar = r->rttvar >> 2;
	info->tcpi_min_rtt = r->min_rtt;
	info->tcpi_snd_mss = r->mss;
	info->tcpi_snd_cwnd = info_segments(r->cwnd, r);
	info->tcpi_snd_ssthresh = r->ssthresh >= INFO_SSTHRESH_NONE ?
				  TCP_INFINITE_SSTHRESH : info_segments(r->ssthresh, r);
	info->tcpi_snd_wnd = r->snd_wnd;
	/* The engine's packets have 16 bits of length, whatever a route says. */
	info->tcpi_pmtu = r->pmtu == 65535 ? as->dst_mtu : r->pmtu;
	if (r->mss)
		info->tcpi_advmss = info_advmss(as, r);
	info->tcpi_total_retrans = r->retrans;
	info->tcpi_dsack_dups = r->dsacks;
	info->tcpi_segs_out = r->segs_out;
	info->tcpi_last_data_sent = info_since(r->last_snd_ms);
	info->tcpi_bytes_sent = as->tx_bytes;
	info->tcpi_bytes_retrans = as->tx_bytes - as->tx_max;
	/* Extended numbers, SYN is 0. Linux counts it, too, but not a SYN-ACK; and FIN. */
	if (r->snd_una)
		info->tcpi_bytes_acked = r->snd_una - !!(r->flags & TCP_F_PASSIVE);
	if (r->snd_tail > r->snd_nxt)
		info->tcpi_notsent_bytes = r->snd_tail - r->snd_nxt;
	info_flight(r, info);
}

static void info_receiver(const struct atmos_sock *as, const struct tcp_record *r,
			  struct tcp_info *info)
{
	info->tcpi_rcv_mss = r->rcv_mss;
	info->tcpi_rcv_rtt = r->rcv_rtt;
	info->tcpi_rcv_ssthresh = r->rcv_adv - r->rcv_nxt;
	info->tcpi_rcv_space = as->rcv_tune_space;
	info->tcpi_segs_in = r->segs_in;
	/* Linux counts FIN. */
	if (r->rcv_nxt)
		info->tcpi_bytes_received = r->rcv_nxt - 1;
	info->tcpi_last_data_recv = info_since(r->last_rcv_ms);
	compat_tcp_info(info, r->rcv_adv - r->rcv_nxt, r->timeouts);
}

/**
 * atmos_tcp_info() - the value of TCP_INFO
 * @as: stream
 * @info: result
 *
 * Context: process; takes the socket's lock.
 */
void atmos_tcp_info(struct atmos_sock *as, struct tcp_info *info)
{
	struct sock *sk = atmos_sock_sk(as);
	struct tcp_record r;

	memset(info, 0, sizeof(*info));
	info->tcpi_pacing_rate = READ_ONCE(sk->sk_pacing_rate);
	info->tcpi_max_pacing_rate = READ_ONCE(sk->sk_max_pacing_rate);
	spin_lock_bh(&as->lock);
	info->tcpi_state = sk->sk_state;
	if (as->kind == STACK_LISTEN) {
		/* Linux uses them for this, too. */
		info->tcpi_unacked = as->accept_len;
		info->tcpi_sacked = READ_ONCE(sk->sk_max_ack_backlog);
		goto out;
	}
	atmos_tcp_record(as, &r);
	if (r.head.kind != STACK_TCP)
		goto out;
	info_options(&r, info);
	info_sender(as, &r, info);
	info_receiver(as, &r, info);
out:
	spin_unlock_bh(&as->lock);
}
