/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Records of version 1: an older layout, without meaning of its own. What the
 * core reads is as in version 2; of the rest, fields have another order, some
 * counters are shorter, and fewer ranges in flight are told apart.
 *
 * An engine built with STACK_RECORD_VERSION=1 works on these; to all others they
 * are what stack/convert.c reads and writes. Fields: see record_tcp.h and
 * record_listen.h, which include or are included before this file.
 */
#ifndef _DOM_ABI_RECORD_V1_H
#define _DOM_ABI_RECORD_V1_H

#if STACK_RECORD_VERSION == 1
#define tcp_record_1		tcp_record
#endif

struct tcp_record_1 {
	struct record_head head;
	u32 flags;
	u8 nr_tx;
	u8 nr_ooo;
	u8 ca_state;
	u8 dupacks;

	u64 snd_una;
	u64 snd_nxt;
	u64 snd_tail;
	u64 rcv_nxt;
	u64 rcv_adv;
	u64 rcv_edge;
	u64 deadline;

	u32 iss;
	u32 irs;
	u32 snd_wnd;
	u32 snd_wnd_max;
	u32 snd_wl1_seq;
	u32 snd_wl2_seq;
	u32 ts_offset;
	u32 ts_recent;
	u32 ts_recent_ms;
	u32 last_ack_seq;
	u32 srtt;
	u32 rttvar;
	u32 rto;
	u32 pmtu;
	u16 mss;
	u16 mss_peer;
	u8 snd_wscale;
	u8 rcv_wscale;
	u8 backoff;
	u8 keep_probes;
	struct stack_opts opts;

	/* ---- zero in a young record from here on ---- */

	u64 round_end;
	u64 recover;
	u64 rcv_urg;
	u64 snd_urg;
	u64 rcv_fin;
	u64 t_stall;
	u64 t_life;
	u64 t_keep;
	u64 t_delack;
	u64 t_rtx;

	u32 cwnd;
	u32 ssthresh;
	u32 prior_cwnd;
	u32 prior_ssthresh;
	u32 prr_delivered;
	u32 prr_out;
	u32 recover_fs;
	u32 cwnd_frac;
	u32 w_max;
	u32 w_prior;
	u32 w_est;
	u32 w_est_frac;
	u32 cubic_k;
	u32 cubic_epoch;
	u32 cubic_origin;
	u32 hs_last_rtt;
	u32 hs_cur_rtt;
	u32 hs_base_rtt;
	u32 rack_time;
	u32 rack_end_seq;
	u32 rack_rtt;
	u32 rack_fack_seq;
	u32 rack_dsack_seq;
	u32 min_rtt;
	u32 min_rtt_ms;
	u32 tlp_end_seq;
	u32 frto_seq;
	u32 rcv_rtt;
	u32 rcv_rtt_seq;
	u32 rcv_rtt_time;
	u32 chal_ms;
	u32 mtu_probe_seq;
	u32 mtu_next_ms;
	u32 last_rcv_ms;
	u32 last_snd_ms;
	u32 snd_sml_seq;
	u32 rcv_buf;

	u32 segs_out;
	u32 segs_in;
	u32 retrans;

	u16 rcv_mss;
	u16 mtu_low;
	u16 mtu_high;
	u16 mtu_probe;
	u16 err_soft;
	u16 drops;
	u16 dsacks;
	u16 timeouts;

	u8 hs_samples;
	u8 hs_css_round;
	u8 rack_mult;
	u8 rack_persist;
	u8 quick;
	u8 pingpong;
	u8 chal_count;
	u8 mtu_fails;
	u8 timer_kind;
	u8 shut;
	u8 reserved[6];

	struct tcp_range ooo[TCP_OOO_MAX];
	struct tcp_tx tx[TCP_TX_MAX_1];
};

static_assert(offsetof(struct tcp_record_1, round_end) == TCP_RECORD_YOUNG, "the core's part");
static_assert(sizeof(struct tcp_record_1) <= DOM_RECORD_MAX, "TCB of version 1 too large");
static_assert(sizeof(struct tcp_record_1) % 8 == 0, "TCB of version 1");

#endif /* _DOM_ABI_RECORD_V1_H */
