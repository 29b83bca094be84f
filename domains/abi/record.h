/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The parts of the contract that belong to the STACK class: configuration,
 * socket options, flag values, and the head that every record begins with.
 *
 * Included by the core and by the engine. Records are versioned, hold no
 * pointers and at most DOM_RECORD_MAX bytes; a record shorter than its type
 * is continued by zeros, so that a young one travels in an OPENED command.
 */
#ifndef _DOM_ABI_RECORD_H
#define _DOM_ABI_RECORD_H

#include "abi.h"

#define STACK_RX_INLINE		256	/* L3 header with extensions, and L4's */
#define STACK_TX_INLINE		128

/* Most RX and SENDTO events of an entry; a listener answers each with more. */
#define STACK_RX_BATCH		20
#define STACK_LISTEN_BATCH	8

/*
 * Version of the records' layout. Parts of a record that the core reads are the
 * same in all: a head and, of a connection, TCP_RECORD_YOUNG bytes. Version 1 is
 * an older layout of the rest (record_v1.h), which an image may still have:
 * between the two the engine converts in both directions.
 */
#ifndef STACK_RECORD_VERSION
#define STACK_RECORD_VERSION	2
#endif

/* What an instance of the engine is. */
enum stack_kind {
	STACK_TCP = 1,
	STACK_LISTEN = 2,
	STACK_UDP = 3,
	STACK_REASM = 4,
};

/**
 * struct stack_config - dom_in.config of a STACK domain, constant for its life
 * @kind: enum stack_kind
 * @family: 4 or 6
 * @rcv_wscale: window scale to offer, 0 to 14
 * @flags: STACK_CF_*
 * @lport: local port, host order
 * @rport: remote port, 0 for listeners and unconnected UDP
 * @laddr: local address, IPv4 in the first four bytes; zeros: any
 * @raddr: remote address
 * @mtu: of the route, at the time of creation
 * @flow_label: IPv6, 20 bits
 * @mss_max: largest MSS to announce, 0: what @mtu gives
 * @delack_ms: longest delay of an ACK, 0: default
 * @rto_min_ms: shortest retransmission timeout, 0: default
 * @reserved16: 0
 * @timewait_ms: length of TIME-WAIT, 0: default
 * @max_gso: largest payload of one XMIT, 0: no segmentation offload
 * @syn_max: most entries of the SYN queue, 0: as many as fit
 * @reserved: 0
 */
struct stack_config {
	u8 kind;
	u8 family;
	u8 rcv_wscale;
	u8 flags;
	u16 lport;
	u16 rport;
	u8 laddr[16];
	u8 raddr[16];
	u32 mtu;
	u32 flow_label;
	u16 mss_max;
	u16 delack_ms;
	u16 rto_min_ms;
	u16 reserved16;
	u32 timewait_ms;
	u32 max_gso;
	u32 syn_max;
	u8 reserved[28];
};

#define STACK_CF_TS		0x01	/* timestamps may be used */
#define STACK_CF_SACK		0x02
#define STACK_CF_WSCALE		0x04
#define STACK_CF_ECN		0x08	/* ask for ECN; it is always granted if asked */
#define STACK_CF_COOKIES	0x10	/* listener: cookies when the queue is full */
#define STACK_CF_COOKIES_ONLY	0x20	/* listener: cookies always */
#define STACK_CF_V6ONLY		0x40

static_assert(sizeof(struct stack_config) == 96, "dom_in.config");

/**
 * struct stack_opts - a socket's options; inline in SETOPT, and in each record
 * @flags: STACK_SO_*
 * @user_timeout_ms: TCP_USER_TIMEOUT, 0: none (RFC 5482)
 * @keep_idle_s: TCP_KEEPIDLE, 0: default; likewise all below
 * @keep_intvl_s: TCP_KEEPINTVL
 * @keep_cnt: TCP_KEEPCNT
 * @maxseg: TCP_MAXSEG, as it was before the SYN
 * @tos: traffic class; its ECN bits are the engine's
 * @ttl: TTL or hop limit
 * @cc: enum stack_cc
 * @syn_retries: TCP_SYNCNT
 * @fin_timeout_s: FIN-WAIT-2 of a closed socket, TCP_LINGER2
 * @defer_accept_s: TCP_DEFER_ACCEPT
 * @window_clamp: TCP_WINDOW_CLAMP
 * @max_pacing: SO_MAX_PACING_RATE, bytes per second / 1024
 * @reserved: 0
 */
struct stack_opts {
	u32 flags;
	u32 user_timeout_ms;
	u32 keep_idle_s;
	u32 keep_intvl_s;
	u16 keep_cnt;
	u16 maxseg;
	u8 tos;
	u8 ttl;
	u8 cc;
	u8 syn_retries;
	u16 fin_timeout_s;
	u16 defer_accept_s;
	u32 window_clamp;
	u32 max_pacing;
	u32 reserved;
};

#define STACK_SO_NODELAY	0x0001
#define STACK_SO_CORK		0x0002
#define STACK_SO_QUICKACK	0x0004	/* stay in quick-ACK mode */
#define STACK_SO_KEEPALIVE	0x0008
#define STACK_SO_NO_DF		0x0010	/* IP_PMTUDISC_DONT: may be fragmented */
#define STACK_SO_PROBE_DF	0x0020	/* IP_PMTUDISC_PROBE: ignore path MTU */
#define STACK_SO_MTU_PROBE	0x0040	/* search for a larger MTU (RFC 4821) */
#define STACK_SO_RECVERR	0x0080	/* soft errors are told too */
#define STACK_SO_NO_CSUM	0x0100	/* UDP over IPv4 without checksum */
#define STACK_SO_CSUM6_ZERO	0x0200	/* UDP over IPv6: accept checksum 0 (RFC 6935) */
#define STACK_SO_CONNECTED	0x0400	/* UDP: only from the peer in the config */
#define STACK_SO_DF		0x0800	/* IP_PMTUDISC_DO: never fragmented */
#define STACK_SO_DELACK		0x1000	/* a connection begins without quick ACKs */

/* SETOPT.changed: effects that happen once. */
#define STACK_OPT_QUICKACK	0x0001	/* TCP_QUICKACK=1: ACK now if one is owed */
#define STACK_OPT_UNCORK	0x0002	/* push what Nagle or cork held back */
#define STACK_OPT_CC		0x0004	/* congestion control was changed */
#define STACK_OPT_DELACK	0x0008	/* TCP_QUICKACK=0: no quick ACKs from here on */

enum stack_cc {
	STACK_CC_CUBIC = 0,
	STACK_CC_RENO = 1,
};

static_assert(sizeof(struct stack_opts) == 40, "socket options");

/* RX.flags */
#define STACK_RX_CSUM_OK	0x0001	/* L4 checksum is right, by core or hardware */
#define STACK_RX_CSUM_NONE	0x0002	/* UDP: the field is zero */
#define STACK_RX_RECHECK	0x0004	/* came by RESTEER or ASSEMBLED */

/* SEND.flags */
#define STACK_SEND_MORE		0x0001	/* MSG_MORE: a partial segment may wait */

/* SENDTO.flags */
#define STACK_SENDTO_NO_DF	0x01	/* routers may fragment it */
#define STACK_SENDTO_WHOLE	0x02	/* EMSGSIZE rather than fragments made here */

/* SHUTDOWN.how */
#define STACK_SHUT_SEND		0x0001
#define STACK_SHUT_RECV		0x0002
#define STACK_SHUT_CLOSE	0x0004	/* nobody reads any more; implies both */

/* XMIT.flags */
#define STACK_XMIT_RETRANS	0x0001	/* for statistics */
#define STACK_XMIT_PROBE	0x0002	/* larger than the route's MTU on purpose */
#define STACK_XMIT_CSUM_ZERO	0x0004	/* UDP over IPv4: leave the field zero */
#define STACK_XMIT_FLAGS	0x0007

/* STATE.flags */
#define STACK_ST_EOF		0x0001	/* FIN received: the stream ends at rcv_end */
#define STACK_ST_SENT		0x0002	/* everything, our FIN too, is acknowledged */
#define STACK_ST_RESET		0x0004	/* ended by a RST or an error */
#define STACK_ST_FLAGS		0x0007

/* DROP.reason */
enum stack_drop {
	STACK_DROP_NONE = 0,
	STACK_DROP_MALFORMED,		/* header lengths, options */
	STACK_DROP_CSUM,
	STACK_DROP_FLOW,		/* addresses or ports are not ours */
	STACK_DROP_STATE,		/* not legal in this state */
	STACK_DROP_SEQ,			/* outside the window (RFC 9293 3.10.7.4) */
	STACK_DROP_PAWS,		/* RFC 7323 5 */
	STACK_DROP_DUP,			/* all of it was here before */
	STACK_DROP_FULL,		/* too many holes, no room */
	STACK_DROP_CLOSED,		/* nobody reads any more */
	STACK_DROP_SYN,			/* handled; a SYN has no payload of use */
	STACK_DROP_BACKLOG,		/* accept queue full */
	STACK_DROP_EMPTY,		/* no payload */
	STACK_DROP_OVERLAP,		/* overlapping fragments (RFC 5722) */
	STACK_DROP_NR,
};

/* States of RFC 9293 3.3.2, in the order of Linux's numbers. */
enum dom_tcp_state {
	TCPS_ESTABLISHED = 1,
	TCPS_SYN_SENT,
	TCPS_SYN_RECV,
	TCPS_FIN_WAIT1,
	TCPS_FIN_WAIT2,
	TCPS_TIME_WAIT,
	TCPS_CLOSE,
	TCPS_CLOSE_WAIT,
	TCPS_LAST_ACK,
	TCPS_LISTEN,
	TCPS_CLOSING,
};

/**
 * struct record_head - how each record of a STACK domain begins
 * @version: of its layout: the image's dom_manifest.record_version
 * @len: bytes that are not all zero, multiple of 8; the rest is zero
 * @kind: enum stack_kind
 * @state: enum dom_tcp_state; UDP and reassembly: 0
 * @reserved: 0
 */
struct record_head {
	u16 version;
	u16 len;
	u8 kind;
	u8 state;
	u16 reserved;
};

static_assert(sizeof(struct record_head) == 8, "head of a record");

#endif /* _DOM_ABI_RECORD_H */
