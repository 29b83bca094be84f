/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TCP headers and options on the wire (RFC 9293 3.1, 3.2).
 */
#ifndef _STACK_WIRE_TCP_H
#define _STACK_WIRE_TCP_H

#include "wire_ip.h"

#define TCP_HLEN	20
#define TCP_HLEN_MAX	60

#define TCP_FIN		0x01
#define TCP_SYN		0x02
#define TCP_RST		0x04
#define TCP_PSH		0x08
#define TCP_ACK		0x10
#define TCP_URG		0x20
#define TCP_ECE		0x40
#define TCP_CWR		0x80

#define TCPOPT_EOL	0
#define TCPOPT_NOP	1
#define TCPOPT_MSS	2
#define TCPOPT_WSCALE	3
#define TCPOPT_SACKOK	4
#define TCPOPT_SACK	5
#define TCPOPT_TS	8

/* NOP, NOP, timestamps: how nearly every segment begins (RFC 7323 A). */
#define TCPOPT_TS_ALIGNED	0x0101080au
#define TCPOPT_TS_LEN		12

#define TCP_SACK_BLOCKS		4	/* most that fit */

/**
 * struct tcp_seg - a checked segment
 * @seq: SEG.SEQ
 * @ack: SEG.ACK
 * @len: payload bytes
 * @off: of the payload in the frame
 * @handle: the frame, or DOM_NO_HANDLE
 * @wnd: SEG.WND as on the wire
 * @urg: urgent pointer
 * @flags: TCP_*
 * @ecn: ECN field of the IP header
 * @opts: TCP_SEG_*: which options there are
 * @nr_sack: SACK blocks
 * @wscale: of the window scale option
 * @mss: of the MSS option
 * @seg_size: of a coalesced frame, else 0
 * @tsval: of the timestamps option
 * @tsecr: likewise
 * @sack: first SACK block, in wire form
 * @ip: the L3 header
 */
struct tcp_seg {
	u32 seq;
	u32 ack;
	u32 len;
	u32 off;
	u32 handle;
	u16 wnd;
	u16 urg;
	u8 flags;
	u8 ecn;
	u8 opts;
	u8 nr_sack;
	u8 wscale;
	u16 mss;
	u16 seg_size;
	u32 tsval;
	u32 tsecr;
	const u8 *sack;
	struct ip_view ip;
};

#define TCP_SEG_TS	0x01
#define TCP_SEG_SACKOK	0x02
#define TCP_SEG_WSCALE	0x04
#define TCP_SEG_MSS	0x08

/**
 * tcp_parse() - check a received TCP segment
 * @s: the segment to fill in
 * @ev: the RX event
 *
 * Checks lengths, checksum verdict and options, not whose segment it is.
 *
 * Return: 0 or an enum stack_drop.
 */
u32 tcp_parse(struct tcp_seg *s, const struct dom_ev_RX *ev);

/* What goes into the options of a segment that is sent. */
struct tcp_wire_opts {
	u16 mss;		/* 0: none */
	u8 wscale;		/* 255: none */
	bool sack_ok;
	bool ts;
	u32 tsval;
	u32 tsecr;
	u32 nr_sack;
	u32 sack[2 * TCP_SACK_BLOCKS];
};

/**
 * tcp_emit_options() - write options, padded to whole words
 * @p: where, 40 bytes
 * @o: which
 *
 * Return: bytes written.
 */
u32 tcp_emit_options(u8 *p, const struct tcp_wire_opts *o);

/* Everything of the fixed header but checksum, which the core fills in. */
static inline void tcp_emit(u8 *p, u16 sport, u16 dport, u32 seq, u32 ack,
			    u32 hlen, u8 flags, u16 wnd, u16 urg)
{
	put16(p, sport);
	put16(p + 2, dport);
	put32(p + 4, seq);
	put32(p + 8, ack);
	put32(p + 12, hlen << 26 | (u32)flags << 16 | wnd);
	put32(p + 16, urg);
}

#endif /* _STACK_WIRE_TCP_H */
