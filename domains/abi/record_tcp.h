/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The record of one TCP connection: all state that outlives a crash.
 *
 * Written by the engine only (domains/stack/). The core checks it against its
 * shadow, shows it, and reads the fields that sockets report (TCP_INFO,
 * buffer tuning); it never writes one.
 *
 * Sequence numbers of type u64 are extended: SYN is 0, byte i of the stream
 * 1 + i, FIN the one after the last byte. On the wire they are iss (or irs)
 * plus the extended number, modulo 2^32. Fields named _seq are the low 32 bits
 * of extended ones, for things that are always near snd_una or rcv_nxt.
 * Times are microseconds; u32 times are the low bits of the clock.
 *
 * Invariants (RFC 9293 3.3.1 in these terms):
 *	snd_una <= snd_nxt <= snd_una + 2^30, snd_nxt <= snd_tail + 1 (FIN)
 *	rcv_nxt <= rcv_adv, rcv_adv never moves back; data is only taken below it
 *	tx[0 .. nr_tx) covers [snd_una, snd_nxt) without SYN, in order, no gaps
 *	ooo[0 .. nr_ooo) are disjoint, inside (rcv_nxt, rcv_adv], newest first
 */
#ifndef _DOM_ABI_RECORD_TCP_H
#define _DOM_ABI_RECORD_TCP_H

#include "record.h"

#define TCP_TX_MAX_2		56	/* ranges in flight, every other one SACKed at most */
#define TCP_TX_MAX_1		44	/* in records of version 1 */
#define TCP_OOO_MAX		16	/* received out of order */

/* A range of the stream received above rcv_nxt, [start_seq, end_seq). */
struct tcp_range {
	u32 start_seq;
	u32 end_seq;
};

/*
 * A range in flight, from the end of the one before (or snd_una) to end_seq.
 * stamp: time of the last transmission in units of 4 us, low 28 bits, and
 * TCP_TX_* above.
 */
struct tcp_tx {
	u32 end_seq;
	u32 stamp;
};

#define TCP_TX_TIME		0x0fffffffu
#define TCP_TX_SACKED		0x10000000u
#define TCP_TX_LOST		0x20000000u	/* to be sent again */
#define TCP_TX_RETRANS		0x40000000u	/* was sent again */
#define TCP_TX_CUT		0x80000000u	/* do not merge: MTU probe */

/* The layout of this build is struct tcp_record; record_v1.h has the other one. */
#if STACK_RECORD_VERSION == 2
#define TCP_TX_MAX		TCP_TX_MAX_2
#define tcp_record_2		tcp_record
#else
#define TCP_TX_MAX		TCP_TX_MAX_1
#endif

/**
 * struct tcp_record_2 - TCB
 * @head: version, length, kind and state
 * @flags: TCP_F_*
 * @nr_tx: used entries of @tx
 * @nr_ooo: used entries of @ooo
 * @ca_state: enum tcp_ca
 * @dupacks: duplicate ACKs in a row
 * @snd_una: first byte not acknowledged
 * @snd_nxt: next byte never sent
 * @snd_tail: 1 + end of the application's stream
 * @rcv_nxt: next byte expected
 * @rcv_adv: right edge of the window offered
 * @rcv_edge: 1 + end of the room that the core has
 * @deadline: what the core was last told
 * @iss: our initial sequence number
 * @irs: the peer's
 * @snd_wnd: bytes, from snd_una
 * @snd_wnd_max: largest window ever offered to us
 * @snd_wl1_seq: segment of the last window update
 * @snd_wl2_seq: acknowledgment of the last window update
 * @ts_offset: of our timestamp clock (ms)
 * @ts_recent: RFC 7323 4.3
 * @ts_recent_ms: when, for its expiry (RFC 7323 5.5)
 * @last_ack_seq: rcv_nxt of the last ACK sent
 * @srtt: us << 3, RFC 6298
 * @rttvar: us << 2
 * @rto: us, without backoff
 * @pmtu: path MTU
 * @mss: payload of a full segment now, options counted
 * @mss_peer: of the peer's MSS option
 * @snd_wscale: window scale of the peer
 * @rcv_wscale: our own
 * @backoff: of RTO and persist timer
 * @keep_probes: probes of keepalive or a closed window without an answer
 * @opts: the socket's options
 * @t_rtx: retransmission, tail loss, persist or reordering
 * @t_delack: when to send a delayed ACK
 * @t_keep: next look by keepalive
 * @t_life: TIME-WAIT, FIN-WAIT-2, handshake
 * @t_stall: since when nothing is acknowledged, 0: no stall
 * @rcv_fin: where the peer's FIN is, 0: not known
 * @snd_urg: position after the urgent byte, 0: none
 * @rcv_urg: the same of the peer's
 * @recover: snd_nxt when loss was found (RFC 6582)
 * @round_end: HyStart++ round
 * @cwnd: bytes
 * @ssthresh: slow start threshold
 * @prior_cwnd: before the last reduction, for undo
 * @prior_ssthresh: likewise
 * @prr_delivered: RFC 9937
 * @prr_out: bytes sent in this recovery (RFC 9937)
 * @recover_fs: bytes in flight at its start
 * @cwnd_frac: bytes acknowledged towards the next increase
 * @w_max: CUBIC, RFC 9438 4.1.2; bytes
 * @w_prior: window before the last reduction
 * @w_est: what Reno would have (4.3)
 * @w_est_frac: rest of its division
 * @cubic_k: ms
 * @cubic_epoch: ms, 0: none
 * @cubic_origin: bytes: cwnd at the epoch
 * @hs_last_rtt: HyStart++, us
 * @hs_cur_rtt: least of this round
 * @hs_base_rtt: what the conservative phase started with
 * @hs_samples: measurements in this round
 * @hs_css_round: 0: not in CSS
 * @rack_mult: RFC 8985 6.2 step 4
 * @rack_persist: recoveries until rack_mult falls back
 * @rack_time: of the newest delivered, us
 * @rack_end_seq: end of that range
 * @rack_rtt: its round trip
 * @rack_fack_seq: highest delivered
 * @rack_dsack_seq: end of the D-SACK round
 * @min_rtt: least round trip, us
 * @min_rtt_ms: when it was measured
 * @tlp_end_seq: end of the probe (RFC 8985 7)
 * @frto_seq: snd_nxt at the RTO (RFC 5682)
 * @rcv_rtt: us, for buffer tuning
 * @rcv_rtt_seq: where the next measurement ends
 * @rcv_rtt_time: when it began
 * @rcv_mss: estimate of the peer's segments
 * @quick: ACKs to send at once
 * @pingpong: replies carry our ACKs
 * @chal_count: RFC 5961 7
 * @mtu_fails: timeouts of full segments, for black holes
 * @timer_kind: of t_rtx: enum tcp_timer
 * @shut: STACK_SHUT_*
 * @chal_ms: start of the second in which they are counted
 * @mtu_low: RFC 4821 search, packet sizes
 * @mtu_high: likewise: known not to pass
 * @mtu_probe: size of the probe in flight
 * @err_soft: last soft error, told when the connection dies
 * @mtu_probe_seq: its end
 * @mtu_next_ms: when to probe again
 * @segs_out: segments sent
 * @segs_in: segments received
 * @retrans: segments sent again
 * @timeouts: retransmission timeouts
 * @dsacks: duplicates the peer told of
 * @drops: segments dropped by PAWS
 * @last_rcv_ms: when data or anything slow arrived last
 * @last_snd_ms: when data was sent last
 * @snd_sml_seq: end of the last small segment (Nagle, Minshall)
 * @rcv_buf: room of an empty buffer, for silly windows
 * @ooo: ranges received out of order
 * @tx: ranges in flight
 */
struct tcp_record_2 {
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

	u64 t_rtx;
	u64 t_delack;
	u64 t_keep;
	u64 t_life;
	u64 t_stall;
	u64 rcv_fin;
	u64 snd_urg;
	u64 rcv_urg;
	u64 recover;
	u64 round_end;

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
	u8 hs_samples;
	u8 hs_css_round;

	u8 rack_mult;
	u8 rack_persist;
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
	u16 rcv_mss;
	u8 quick;
	u8 pingpong;

	u8 chal_count;
	u8 mtu_fails;
	u8 timer_kind;
	u8 shut;
	u32 chal_ms;
	u16 mtu_low;
	u16 mtu_high;
	u16 mtu_probe;
	u16 err_soft;
	u32 mtu_probe_seq;
	u32 mtu_next_ms;

	u32 segs_out;
	u32 segs_in;
	u32 retrans;
	u32 timeouts;
	u32 dsacks;
	u32 drops;
	u32 last_rcv_ms;
	u32 last_snd_ms;
	u32 snd_sml_seq;
	u32 rcv_buf;

	struct tcp_range ooo[TCP_OOO_MAX];
	struct tcp_tx tx[TCP_TX_MAX_2];
};

/*
 * Bytes of a young record: what an OPENED command carries, and what the core
 * reads of records of all versions.
 */
#define TCP_RECORD_YOUNG	offsetof(struct tcp_record_2, t_rtx)
static_assert(TCP_RECORD_YOUNG % 8 == 0 && TCP_RECORD_YOUNG <= 256, "young TCB");

#if STACK_RECORD_VERSION == 1
#include "record_v1.h"
#endif

#define TCP_F_TS		0x00000001u
#define TCP_F_SACK		0x00000002u
#define TCP_F_WS		0x00000004u
#define TCP_F_ECN		0x00000008u
#define TCP_F_FIN_SENT		0x00000010u	/* snd_nxt counts it */
#define TCP_F_ACK_NOW		0x00000020u	/* an ACK is owed at once */
#define TCP_F_ACK_LATER		0x00000040u	/* t_delack runs */
#define TCP_F_ECE		0x00000080u	/* echo until CWR (RFC 3168 6.1.3) */
#define TCP_F_CWR		0x00000100u	/* to be told with new data */
#define TCP_F_MORE		0x00000200u	/* MSG_MORE */
#define TCP_F_TLP		0x00000400u	/* probe in flight */
#define TCP_F_TLP_RETRANS	0x00000800u	/* it was a retransmission */
#define TCP_F_FRTO1		0x00001000u	/* RFC 5682 step 2 awaited */
#define TCP_F_FRTO2		0x00002000u	/* step 3 awaited */
#define TCP_F_REORDER		0x00004000u	/* reordering was seen */
#define TCP_F_PASSIVE		0x00008000u	/* opened by a listener */
#define TCP_F_IPV6		0x00010000u
#define TCP_F_MORE_WORK		0x00020000u	/* the command queue was full */
#define TCP_F_UNDO		0x00040000u	/* prior_cwnd may be restored */
#define TCP_F_PERSIST		0x00080000u	/* the peer's window is closed */
#define TCP_F_ABORTED		0x00100000u
#define TCP_F_BLACKHOLE		0x00200000u	/* MTU was reduced without an ICMP */

enum tcp_ca {
	TCPCA_OPEN = 0,
	TCPCA_DISORDER,
	TCPCA_CWR,		/* ECN, or a local reason */
	TCPCA_RECOVERY,
	TCPCA_LOSS,		/* after a timeout */
};

enum tcp_timer {
	TCP_T_NONE = 0,
	TCP_T_RTO,
	TCP_T_TLP,
	TCP_T_REORDER,
	TCP_T_PERSIST,
};

static_assert(sizeof(struct tcp_record) <= DOM_RECORD_MAX, "TCB too large");
static_assert(sizeof(struct tcp_record) % 8 == 0, "TCB size");

#endif /* _DOM_ABI_RECORD_TCP_H */
