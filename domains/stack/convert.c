// SPDX-License-Identifier: GPL-2.0-only
/*
 * A record of the other version becomes one of this engine's: what a live update
 * asks for, in either direction. What the core reads has the same place in both,
 * and is not changed but for head, flags and the number of ranges.
 *
 * The record comes from an image that may have been taken over: all that is
 * copied is checked as in any run, here only what is an index.
 */
#include "tcp.h"

#include "../abi/record_v1.h"

#if STACK_RECORD_VERSION == 2
#define OTHER_VERSION	1
#define tcp_other	tcp_record_1
#define listen_other	listen_record_1
#define udp_other	udp_record_1
#define OTHER_TX_MAX	TCP_TX_MAX_1
#else
#define OTHER_VERSION	2
#define tcp_other	tcp_record_2
#define listen_other	listen_record_2
#define udp_other	udp_record_2
#define OTHER_TX_MAX	TCP_TX_MAX_2
#endif

/* A field that is shorter than it was holds its largest value. */
#define PUT(field) PUT_IN(to->field, from->field)
#define PUT_IN(a, b) ((a) = (typeof(a))min_u64(b, (typeof(a))~0ull))

static void put_timers(struct tcp_record *to, const struct tcp_other *from)
{
	PUT(t_rtx);
	PUT(t_delack);
	PUT(t_keep);
	PUT(t_life);
	PUT(t_stall);
	PUT(rcv_fin);
	PUT(snd_urg);
	PUT(rcv_urg);
	PUT(recover);
	PUT(round_end);
}

static void put_congestion(struct tcp_record *to, const struct tcp_other *from)
{
	PUT(cwnd);
	PUT(ssthresh);
	PUT(prior_cwnd);
	PUT(prior_ssthresh);
	PUT(prr_delivered);
	PUT(prr_out);
	PUT(recover_fs);
	PUT(cwnd_frac);
	PUT(w_max);
	PUT(w_prior);
	PUT(w_est);
	PUT(w_est_frac);
	PUT(cubic_k);
	PUT(cubic_epoch);
	PUT(cubic_origin);
	PUT(hs_last_rtt);
	PUT(hs_cur_rtt);
	PUT(hs_base_rtt);
	PUT(hs_samples);
	PUT(hs_css_round);
	PUT(rack_mult);
	PUT(rack_persist);
	PUT(rack_time);
	PUT(rack_end_seq);
	PUT(rack_rtt);
	PUT(rack_fack_seq);
	PUT(rack_dsack_seq);
}

static void put_rest(struct tcp_record *to, const struct tcp_other *from)
{
	PUT(min_rtt);
	PUT(min_rtt_ms);
	PUT(tlp_end_seq);
	PUT(frto_seq);
	PUT(rcv_rtt);
	PUT(rcv_rtt_seq);
	PUT(rcv_rtt_time);
	PUT(rcv_mss);
	PUT(quick);
	PUT(pingpong);
	PUT(chal_count);
	PUT(mtu_fails);
	PUT(timer_kind);
	PUT(shut);
	PUT(chal_ms);
	PUT(mtu_low);
	PUT(mtu_high);
	PUT(mtu_probe);
	PUT(err_soft);
	PUT(mtu_probe_seq);
	PUT(mtu_next_ms);
	PUT(segs_out);
	PUT(segs_in);
	PUT(retrans);
	PUT(timeouts);
	PUT(dsacks);
	PUT(drops);
	PUT(last_rcv_ms);
	PUT(last_snd_ms);
	PUT(snd_sml_seq);
	PUT(rcv_buf);
}

/*
 * Two neighbours become one, of which no more is known than of both: lost if
 * either was, acknowledged by SACK only if both were. The peer's next SACK
 * tells anew.
 */
static struct tcp_tx tx_join(struct tcp_tx a, struct tcp_tx b)
{
	u32 any = TCP_TX_LOST | TCP_TX_RETRANS | TCP_TX_CUT;
	u32 flags = ((a.stamp | b.stamp) & any) |
		    (a.stamp & b.stamp & TCP_TX_SACKED);

	return (struct tcp_tx){ .end_seq = b.end_seq,
				.stamp = (b.stamp & TCP_TX_TIME) | flags };
}

/* The newest ranges that do not fit are joined. */
static void put_tx(struct tcp_record *to, const struct tcp_other *from)
{
	u32 i;

	for (i = 0; i < from->nr_tx; i++) {
		if (to->nr_tx < TCP_TX_MAX)
			to->tx[to->nr_tx++] = from->tx[i];
		else
			to->tx[to->nr_tx - 1] =
				tx_join(to->tx[to->nr_tx - 1], from->tx[i]);
	}
}

static int convert_tcp(struct tcp_record *to, const struct tcp_other *from)
{
	if (from->nr_tx > OTHER_TX_MAX || from->nr_ooo > TCP_OOO_MAX)
		return -1;
	memcpy(to, from, TCP_RECORD_YOUNG);
	to->nr_tx = 0;
	put_timers(to, from);
	put_congestion(to, from);
	put_rest(to, from);
	memcpy(to->ooo, from->ooo, sizeof(to->ooo));
	put_tx(to, from);
	/* a young one stays young */
	to->head.len = from->head.len <= TCP_RECORD_YOUNG ?
			       TCP_RECORD_YOUNG :
			       (u16)(offsetof(struct tcp_record, tx) +
				     to->nr_tx * sizeof(struct tcp_tx));
	return 0;
}

static int convert_listen(struct listen_record *to,
			  const struct listen_other *from)
{
	to->head = from->head;
	PUT(backlog);
	PUT(queued);
	PUT(edge);
	PUT(deadline);
	PUT(cookie_ms);
	PUT(cookies);
	PUT(nr_syn);
	to->opts = from->opts;
	PUT(opened);
	PUT(cookies_sent);
	PUT(cookies_ok);
	PUT(cookies_bad);
	PUT(drops);
	PUT(syns);
	memcpy(to->syn, from->syn, sizeof(to->syn));
	to->head.len = sizeof(*to);
	return 0;
}

static int convert_udp(struct udp_record *to, const struct udp_other *from)
{
	to->head = from->head;
	to->opts = from->opts;
	PUT(sent);
	PUT(pmtu);
	PUT(ip_id);
	PUT(in);
	PUT(out);
	PUT(drops);
	PUT(errors);
	to->head.len = sizeof(*to);
	return 0;
}

static int convert(u8 *to, const u8 *from)
{
	switch (((const struct record_head *)from)->kind) {
	case STACK_TCP:
		return convert_tcp((void *)to, (const void *)from);
	case STACK_LISTEN:
		return convert_listen((void *)to, (const void *)from);
	case STACK_UDP:
		return convert_udp((void *)to, (const void *)from);
	}
	return -1;
}

/**
 * stack_convert() - answer CONVERT: the record in this engine's layout
 * @in: CONVERT, and nothing else
 * @out: record in and out; no command
 *
 * Return: 0, or -1 if that is not what was asked for, or the record is not one
 * that this engine knows: then it is as it was.
 */
int stack_convert(const struct dom_in *in, struct dom_out *out)
{
	const struct dom_ev_CONVERT *ev = (const void *)in->slot;
	struct record_head *head = (void *)out->record;
	u64 old[DOM_RECORD_MAX / sizeof(u64)];

	if (in->nr_slots != 1 || ev->hdr.type != DOM_EV_CONVERT ||
	    ev->version != OTHER_VERSION || head->version != OTHER_VERSION)
		return -1;
	memcpy(old, out->record, sizeof(old));
	memset(out->record, 0, sizeof(out->record));
	if (convert(out->record, (const u8 *)old)) {
		memcpy(out->record, old, sizeof(old));
		return -1;
	}
	head->version = STACK_RECORD_VERSION;
	return 0;
}
