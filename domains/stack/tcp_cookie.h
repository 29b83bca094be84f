/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SYN cookies (RFC 4987 3.6): a handshake without state.
 *
 * The secret stays in the core; the listener sees flow_key, a keyed hash of
 * the 4-tuple, with each frame. The cookie binds it to the peer's initial
 * sequence number and to the time.
 */
#ifndef _STACK_TCP_COOKIE_H
#define _STACK_TCP_COOKIE_H

#include "wire_tcp.h"

/**
 * tcp_cookie_make() - our initial sequence number for a SYN
 * @flow_key: keyed hash of the 4-tuple
 * @irs: the peer's initial sequence number
 * @mss: of its option; rounded down to what the cookie can hold
 * @now_ms: time
 *
 * Return: the cookie.
 */
u32 tcp_cookie_make(u64 flow_key, u32 irs, u16 mss, u64 now_ms);

/**
 * tcp_cookie_check() - is this acknowledgment of a cookie of ours?
 * @flow_key: keyed hash of the 4-tuple
 * @irs: the peer's initial sequence number, as its ACK tells
 * @cookie: its acknowledgment number less one
 * @now_ms: time
 *
 * Return: the MSS, or 0 if it is not one, or an old one.
 */
u16 tcp_cookie_check(u64 flow_key, u32 irs, u32 cookie, u64 now_ms);

/**
 * tcp_cookie_ours() - was this cookie sent for the flow, whatever the peer's
 *	initial sequence number was?
 * @flow_key: keyed hash of the 4-tuple
 * @cookie: acknowledgment number less one
 * @now_ms: time
 *
 * Return: true for a segment that has overtaken the one that opens.
 */
bool tcp_cookie_ours(u64 flow_key, u32 cookie, u64 now_ms);

/* Options survive in the low bits of our timestamp, which the peer echoes. */
#define COOKIE_TS_BITS		6
#define COOKIE_TS_WS_NONE	15
#define COOKIE_TS_SACK		0x10
#define COOKIE_TS_ECN		0x20

/**
 * tcp_cookie_ts() - timestamp that carries the options
 * @clock: what the timestamp would be
 * @bits: COOKIE_TS_* and the peer's window scale
 *
 * Return: not later than @clock, so the real clock can follow.
 */
u32 tcp_cookie_ts(u32 clock, u32 bits);

#endif /* _STACK_TCP_COOKIE_H */
