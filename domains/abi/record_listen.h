/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The records of a listener and of a UDP socket.
 *
 * A listener keeps handshakes that are under way in a bounded queue; beyond it
 * SYN cookies need no state at all. It is one socket's, so a flood on one port
 * does not disturb another.
 */
#ifndef _DOM_ABI_RECORD_LISTEN_H
#define _DOM_ABI_RECORD_LISTEN_H

#include "record.h"

#define LISTEN_SYN_MAX		14

/**
 * struct listen_syn - a handshake under way
 * @raddr: who asked
 * @laddr: the address that was asked for
 * @rport: port of who asked, 0: the entry is free
 * @mss: of the peer's option
 * @irs: their initial sequence number
 * @iss: ours
 * @ts_recent: their timestamp
 * @ts_offset: of our timestamps
 * @next_ms: when to send SYN-ACK again, low bits of the clock
 * @flags: TCP_F_TS, _SACK, _WS, _ECN and LISTEN_F_*, low 8 bits only
 * @snd_wscale: their window scale
 * @retries: SYN-ACKs sent again
 * @family: 4 or 6: a v6 listener serves both
 * @mss_local: what we announce
 * @reserved: 0
 */
struct listen_syn {
	u8 raddr[16];
	u8 laddr[16];
	u16 rport;
	u16 mss;
	u32 irs;
	u32 iss;
	u32 ts_recent;
	u32 ts_offset;
	u32 next_ms;
	u8 flags;
	u8 snd_wscale;
	u8 retries;
	u8 family;
	u16 mss_local;
	u16 reserved;
};

#define LISTEN_F_ACKED		0x80	/* third packet seen, waits for data or room */

/* As in record_tcp.h: the layout of this build is the one without a number. */
#if STACK_RECORD_VERSION == 2
#define listen_record_2		listen_record
#define udp_record_2		udp_record
#else
#define listen_record_1		listen_record
#define udp_record_1		udp_record
#endif

/**
 * struct listen_record_2 - record of a listener
 * @head: state is TCPS_LISTEN, or TCPS_CLOSE before LISTEN and after closing
 * @backlog: connections that may wait for accept
 * @queued: connections that do
 * @edge: receive room of a new connection
 * @deadline: what the core was last told
 * @cookie_ms: until when cookies are accepted (low bits), if @cookies
 * @cookies: cookies were sent lately
 * @nr_syn: used entries of @syn
 * @reserved: 0
 * @opts: inherited by new connections
 * @opened: connections handed over
 * @cookies_sent: SYN-ACKs with a cookie
 * @cookies_ok: connections opened by cookie
 * @cookies_bad: ACKs that were no cookie
 * @drops: SYNs dropped, for want of room here or in the accept queue
 * @syns: SYNs that asked for a new handshake
 * @syn: handshakes under way
 */
struct listen_record_2 {
	struct record_head head;
	u32 backlog;
	u32 queued;
	u64 edge;
	u64 deadline;
	u32 cookie_ms;
	u8 cookies;
	u8 nr_syn;
	u16 reserved;
	struct stack_opts opts;
	u32 opened;
	u32 cookies_sent;
	u32 cookies_ok;
	u32 cookies_bad;
	u32 drops;
	u32 syns;
	struct listen_syn syn[LISTEN_SYN_MAX];
};

/* Of version 1: the same in another order, with shorter counters. */
struct listen_record_1 {
	struct record_head head;
	struct stack_opts opts;
	struct listen_syn syn[LISTEN_SYN_MAX];
	u64 deadline;
	u64 edge;
	u32 queued;
	u32 backlog;
	u32 cookie_ms;
	u16 cookies_sent;
	u16 cookies_ok;
	u16 cookies_bad;
	u16 drops;
	u32 opened;
	u32 syns;
	u8 nr_syn;
	u8 cookies;
	u8 reserved[6];
};

/**
 * struct udp_record_2 - record of a UDP socket
 * @head: head
 * @sent: position behind the last datagram that was sent, or refused
 * @pmtu: of the connected peer, 0: not known
 * @ip_id: next identification of a datagram that may be fragmented
 * @opts: options
 * @in: datagrams delivered
 * @out: datagrams sent
 * @drops: datagrams dropped
 * @errors: ICMP errors taken
 */
struct udp_record_2 {
	struct record_head head;
	u64 sent;
	u32 pmtu;
	u32 ip_id;
	struct stack_opts opts;
	u32 in;
	u32 out;
	u32 drops;
	u32 errors;
};

/* Of version 1. */
struct udp_record_1 {
	struct record_head head;
	struct stack_opts opts;
	u32 out;
	u32 in;
	u64 sent;
	u16 errors;
	u16 drops;
	u32 ip_id;
	u32 pmtu;
	u32 reserved;
};

static_assert(sizeof(struct listen_syn) == 64, "handshake");
static_assert(sizeof(struct listen_record) <= DOM_RECORD_MAX, "listener too large");
static_assert(sizeof(struct listen_record) % 8 == 0, "listener");
static_assert(sizeof(struct udp_record_2) == 80, "UDP record");
static_assert(sizeof(struct listen_record_1) <= DOM_RECORD_MAX, "listener of version 1 too large");
static_assert(sizeof(struct listen_record_1) % 8 == 0, "listener of version 1");
static_assert(sizeof(struct udp_record_1) % 8 == 0, "UDP record of version 1");

#endif /* _DOM_ABI_RECORD_LISTEN_H */
