/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Internals of TCP, shared by the tcp_*.c files.
 *
 * A run loads the record, handles due timers and the events one by one
 * (tcp_in.c, tcp_app.c), then draws the conclusions once for the whole batch:
 * loss recovery (tcp_recover.c), output (tcp_out.c), timers (tcp_timer.c).
 * So a batch of segments costs one ACK decision and one congestion step.
 */
#ifndef _STACK_TCP_H
#define _STACK_TCP_H

#include "errnos.h"
#include "wire_tcp.h"

#define TCP_MSS_MIN		88u	/* smaller ones are an attack (as in Linux) */
#define TCP_MSS_DEFAULT4	536u	/* RFC 9293 3.7.1 */
#define TCP_MSS_DEFAULT6	1220u
#define TCP_PMTU_MIN4		552u	/* as Linux's min_pmtu; RFC 5927 */
#define TCP_PMTU_MIN6		1280u	/* RFC 8200 5 */
#define TCP_IW			10u	/* RFC 6928 */
#define TCP_WND_MAX		(1u << 30)	/* RFC 7323 2.3 */
#define TCP_FLIGHT_MAX		(1u << 30)
#define TCP_CWND_MAX		(1u << 29)
#define TCP_DUPTHRESH		3u

#define MS			1000ull
#define SEC			1000000ull
#define TCP_RTO_INIT		(1 * SEC)	/* RFC 6298 2.1 */
#define TCP_RTO_MIN		(200 * MS)	/* below its 1 s, as everybody */
#define TCP_RTO_MAX		(120 * SEC)
#define TCP_DELACK		(40 * MS)	/* RFC 1122 4.2.3.2: below 500 ms */
#define TCP_DELACK_MAX		(200 * MS)	/* of the peer's, RFC 8985 7.2 */
#define TCP_CORK_MAX		(200 * MS)
#define TCP_TIMEWAIT		(60 * SEC)
#define TCP_FIN_TIMEOUT		(60 * SEC)
#define TCP_KEEP_IDLE		7200u	/* seconds, RFC 1122 4.2.3.6 */
#define TCP_KEEP_INTVL		75u
#define TCP_KEEP_CNT		9u
#define TCP_SYN_RETRIES		6u
#define TCP_RETRIES		15u	/* about 15 minutes; RFC 1122 R2 >= 100 s */
#define TCP_ORPHAN_RETRIES	8u	/* about 100 s, as Linux: nobody waits for it */
#define TCP_CHALLENGES		10u	/* per second, RFC 5961 7 */
#define TCP_QUICK		8u

/**
 * struct tcp - a run of one connection
 * @run: events and commands
 * @r: the record, in out->record
 * @una0: snd_una at the start of the run
 * @state0: state at the start
 * @st0: STATE flags at the start
 * @st: STATE flags beyond those of the record
 * @family: 4 or 6
 * @prior_flight: bytes in flight before the first ACK of the run
 * @delivered: bytes newly acknowledged or SACKed
 * @rtt_us: oldest delivered range's round trip, or 0
 * @ca_rtt_us: newest delivered range's
 * @nr_acks: ACKs handled
 * @err: errno to tell, 0: none
 * @dsack_start: first duplicate of the run (RFC 2883)
 * @dsack_end: its end
 * @dup_acks: duplicate ACKs owed to a peer without SACK
 * @fack_seq: rack_fack_seq before the current ACK
 * @probe_len: force this much out past SWS and window
 * @fast: tcp_fast_ok()
 * @slow: something went the long way
 * @una_moved: something new was acknowledged
 * @orig_delivered: first transmissions delivered (RFC 5682)
 * @sacked: new SACK information
 * @dsack_in: the peer reported a duplicate
 * @dup_in: pure duplicate ACK
 * @ece_in: an ACK with ECE came
 * @dsack: dsack_start and _end are set
 * @reo_fired: the reordering timer expired
 * @rearm: t_rtx must be set anew
 * @force_rtx: first lost range goes out whatever cwnd says
 * @data_in: payload came
 * @data_out: payload left
 * @force_ack: ACK even if nothing is new
 * @rst_sent: one RST a run is enough
 * @urgent: rcv_urg moved
 * @stalled: output ended for lack of slots
 */
struct tcp {
	struct run run;
	struct tcp_record *r;
	u64 una0;
	u8 state0;
	u8 st0;
	u8 st;
	u8 family;
	u32 prior_flight;
	u32 delivered;
	u32 rtt_us;
	u32 ca_rtt_us;
	u32 nr_acks;
	u32 err;
	u32 dsack_start;
	u32 dsack_end;
	u32 dup_acks;
	u32 fack_seq;
	u32 probe_len;
	bool fast;
	bool slow;
	bool una_moved;
	bool orig_delivered;
	bool sacked;
	bool dsack_in;
	bool dup_in;
	bool ece_in;
	bool dsack;
	bool reo_fired;
	bool rearm;
	bool force_rtx;
	bool data_in;
	bool data_out;
	bool force_ack;
	bool rst_sent;
	bool urgent;
	bool stalled;
};

/* ---- conversions ---- */

/* Wire number of an extended one. */
static inline u32 tcp_snd_wire(const struct tcp_record *r, u64 ext)
{
	return r->iss + (u32)ext;
}

/* Extended number nearest to @base of the low bits @low. */
static inline u64 tcp_ext(u64 base, u32 low)
{
	return base + (u64)(s64)(s32)(low - (u32)base);
}

static inline u32 tcp_flight(const struct tcp_record *r)
{
	return (u32)(r->snd_nxt - r->snd_una);
}

static inline bool tcp_synced(const struct tcp_record *r)
{
	return r->head.state != TCPS_SYN_SENT &&
	       r->head.state != TCPS_SYN_RECV && r->head.state != TCPS_CLOSE;
}

/* May the application's bytes still be sent? */
static inline bool tcp_can_send(const struct tcp_record *r)
{
	u32 s = r->head.state;

	return s == TCPS_ESTABLISHED || s == TCPS_CLOSE_WAIT ||
	       s == TCPS_FIN_WAIT1 || s == TCPS_CLOSING || s == TCPS_LAST_ACK;
}

/* Our FIN's place: after the last byte. */
static inline bool tcp_fin_wanted(const struct tcp_record *r)
{
	return r->shut & STACK_SHUT_SEND;
}

static inline u32 tcp_ts_now(const struct tcp *t)
{
	return t->run.now_ms + t->r->ts_offset;
}

/* ---- tcp_tx.c: ranges in flight ---- */

static inline u32 tcp_tx_now(const struct tcp *t)
{
	return (u32)(t->run.now >> 2) & TCP_TX_TIME;
}

static inline u32 tcp_tx_start(const struct tcp_record *r, u32 i)
{
	return i ? r->tx[i - 1].end_seq : (u32)r->snd_una;
}

static inline u32 tcp_tx_len(const struct tcp_record *r, u32 i)
{
	return r->tx[i].end_seq - tcp_tx_start(r, i);
}

/* Microseconds since its last transmission. */
static inline u32 tcp_tx_age(const struct tcp *t, const struct tcp_tx *e)
{
	return ((tcp_tx_now(t) - e->stamp) & TCP_TX_TIME) << 2;
}

void tcp_tx_room(struct tcp *t, u32 want);
void tcp_tx_append(struct tcp *t, u32 end_seq, u32 flags);
bool tcp_tx_split(struct tcp *t, u32 i, u32 seq);
void tcp_tx_merge(struct tcp_record *r);
void tcp_tx_sent_again(struct tcp *t, u32 i, u32 len);
void tcp_tx_delivered(struct tcp *t, u32 i, u32 end_seq);
void tcp_tx_ack(struct tcp *t, u64 ack);
u32 tcp_tx_pipe(const struct tcp_record *r);
u32 tcp_tx_mark_lost(struct tcp_record *r, bool sacked_too);
void tcp_tx_unmark_lost(struct tcp_record *r);
bool tcp_tx_any(const struct tcp_record *r, u32 flag);

/* ---- tcp_sack.c: SACK in and out ---- */

void tcp_sack_in(struct tcp *t, const struct tcp_seg *s, u32 ack);
u32 tcp_sack_out(struct tcp *t, u32 *sack, u32 max);

/* ---- tcp_rack.c: RFC 8985 ---- */

u32 tcp_rack_detect(struct tcp *t);
void tcp_rack_dsack(struct tcp *t);
void tcp_tlp_ack(struct tcp *t);
void tcp_tlp_fire(struct tcp *t);
u64 tcp_tlp_timeout(const struct tcp *t);

/* ---- tcp_fast.c: short ways ---- */

bool tcp_fast_ok(const struct tcp_record *r);
bool tcp_fast_rx(struct tcp *t, const struct dom_ev_RX *ev);
bool tcp_fast_send(struct tcp *t);

/* ---- tcp_ack.c: acknowledgments ---- */

bool tcp_ack_in(struct tcp *t, const struct tcp_seg *s, u64 seq);
void tcp_rtt_sample(struct tcp *t, u32 rtt);

/* ---- tcp_recover.c: loss recovery ---- */

void tcp_recover(struct tcp *t);
void tcp_enter_cwr(struct tcp *t);
void tcp_enter_loss(struct tcp *t);

/* ---- tcp_cc.c, tcp_cubic.c, tcp_hystart.c: congestion control ---- */

void tcp_cc_init(struct tcp *t);
void tcp_cc_ack(struct tcp *t);
u32 tcp_cc_ssthresh(struct tcp *t);
void tcp_cc_after_loss(struct tcp *t);
void tcp_cc_idle(struct tcp *t);
u64 tcp_cc_pace(const struct tcp *t);
u32 tcp_reno_increase(struct tcp *t, u32 acked);
u32 tcp_cubic_increase(struct tcp *t, u32 acked);
u32 tcp_cubic_ssthresh(struct tcp_record *r);
u32 tcp_hystart_increase(struct tcp *t, u32 acked);

/* ---- tcp_in.c, tcp_syn.c, tcp_data.c: segments ---- */

void tcp_rx(struct tcp *t, const struct dom_ev_RX *ev);
void tcp_syn_sent_rx(struct tcp *t, const struct tcp_seg *s);
void tcp_connect(struct tcp *t, const struct dom_ev_CONNECT *ev);
bool tcp_syn_recv_rx(struct tcp *t, const struct tcp_seg *s, u64 seq);
void tcp_challenge(struct tcp *t);
void tcp_established(struct tcp *t);
u32 tcp_data_in(struct tcp *t, const struct tcp_seg *s, u64 seq);
void tcp_fin_in(struct tcp *t);
void tcp_rcv_mss(struct tcp *t, u32 size);

/* ---- tcp_app.c: events of the application ---- */

void tcp_app_send(struct tcp *t, const struct dom_ev_SEND *ev);
void tcp_app_consumed(struct tcp *t, const struct dom_ev_CONSUMED *ev);
void tcp_app_shutdown(struct tcp *t, const struct dom_ev_SHUTDOWN *ev);
void tcp_app_setopt(struct tcp *t, const struct dom_ev_SETOPT *ev);
void tcp_abort(struct tcp *t, u32 err);
void tcp_close(struct tcp *t, u32 err);

/* ---- tcp_mtu.c: path MTU, ICMP ---- */

void tcp_mtu_set(struct tcp *t, u32 pmtu);
u32 tcp_mss_local(const struct tcp *t);
void tcp_mtu_route(struct tcp *t, u32 mtu);
void tcp_mtu_icmp(struct tcp *t, const struct dom_ev_ICMP *ev);
void tcp_mtu_probe_acked(struct tcp *t);
void tcp_mtu_probe_lost(struct tcp *t);
u32 tcp_mtu_probe_want(struct tcp *t, u64 usable);
void tcp_mtu_blackhole(struct tcp *t);

/* ---- tcp_out.c: segments out ---- */

bool tcp_send_seg(struct tcp *t, u64 seq, u32 len, u32 seg, u8 flags,
		  u16 xflags);
bool tcp_send_ack(struct tcp *t);
bool tcp_send_probe(struct tcp *t);
bool tcp_send_syn(struct tcp *t);
void tcp_send_rst(struct tcp *t);
void tcp_send_rst_to(struct tcp *t, const struct tcp_seg *s);
void tcp_syn_options(const struct tcp *t, struct tcp_wire_opts *o);

/* ---- tcp_send.c: what may be sent ---- */

void tcp_output(struct tcp *t);

/* ---- tcp_window.c: the window we offer ---- */

u16 tcp_window(struct tcp *t);

/* ---- tcp_timer.c ---- */

void tcp_timers(struct tcp *t);
void tcp_timer_arm(struct tcp *t);
void tcp_timer_deadline(struct tcp *t);
void tcp_time_wait(struct tcp *t);
void tcp_ack_policy(struct tcp *t);
u64 tcp_rto(const struct tcp *t);

/* ---- tcp.c, tcp_listen.c, udp.c ---- */

int tcp_run(const struct dom_in *in, struct dom_out *out);
int listen_run(const struct dom_in *in, struct dom_out *out);
int udp_run(const struct dom_in *in, struct dom_out *out);

#endif /* _STACK_TCP_H */
