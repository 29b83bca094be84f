/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The TCP/IP engine: a pure function from (record, events, time) to (record,
 * commands). One instance is one connection, one UDP socket, one listener, or
 * the reassembly of fragments; dom_in.config says which.
 *
 * Called by main.c inside a domain, and by domains/host/ in a program. No
 * global state, no allocation, no floating point, no call back.
 *
 * What the engine promises
 *  - All state that counts is in out->record. A run leaves it consistent; that
 *    is the commit point. Reassembly alone keeps private memory, which may be
 *    lost: IP is best effort.
 *  - Started again from any committed record it goes on. Events that were lost
 *    with a death need not be repeated but for those of the application, whose
 *    values are absolute: SEND (tail), CONSUMED (edge), SHUTDOWN (how, tail),
 *    SETOPT (all options), LISTEN. Repeating one is harmless. CONNECT is
 *    ignored once the record is past TCPS_CLOSE.
 *  - A record of another kind or version, or one whose counts are out of
 *    bounds, is refused (-1) and nothing is done; stack_convert() makes one of
 *    the other version known here its own. With any other the engine
 *    neither crashes nor loops; that it means something is for the core to
 *    know, which compares each record with its shadow before it commits.
 *  - Every handle that came with an event is taken by exactly one command of
 *    the same run: DELIVER, STASH, DROP, DGRAM or RESTEER.
 *  - Dispositions of received objects come in the order of the events;
 *    URGENT, ACKED, STATE, ERROR and DEADLINE come last, in this order.
 *  - Work is bounded by the number of events times a constant, whatever they
 *    hold, and whatever the record holds.
 *  - DOM_OUT_MORE: the queue was full; run again, with or without events.
 *
 * What the core owes the engine
 *  - STACK_RX_BATCH RX or SENDTO events at most in a run (STACK_LISTEN_BATCH
 *    for a listener), other kinds once each, the last value only.
 *  - RX carries a handle if the frame has bytes beyond its L4 header, and
 *    always for a listener, UDP, fragments, and a connection in TIME-WAIT;
 *    inline are exactly the headers: L3 with extensions and L4 with options
 *    (fragments: L3 only).
 *  - SENDTO again for what is not ACKED yet, after a death or DOM_OUT_MORE.
 *  - TIMER when the last DEADLINE is reached and no other event is due: each
 *    run looks at what is due. Early or double ones are harmless. A DEADLINE
 *    earlier than needed is normal: the engine moves it only when it must, so
 *    that an ACK costs no timer.
 *  - XMIT: core fills in IPv4 total length and header checksum, IPv6 payload
 *    length, L4 checksum, UDP length. With seg_size the payload is cut; flags
 *    PSH and FIN belong to the last piece, CWR to the first, and the IPv4
 *    identification counts up.
 *  - RESTEER: the frame's flow is looked up anew after the commit.
 *
 * Where to read
 *	run.h			events in, commands out, small helpers
 *	wire_ip.h ip.c		L3 headers: RFC 791, 8200
 *	wire_tcp.h wire_tcp.c	L4 headers and options: RFC 9293 3.1, 3.2
 *	tcp.c			a run of a connection, from event to command
 *	tcp_fast.c		the two short ways through it
 *	tcp_in.c tcp_data.c	segment arrival: RFC 9293 3.10.7, 5961, 7323
 *	tcp_syn.c		active and simultaneous open
 *	tcp_ack.c tcp_sack.c	acknowledgments: RFC 6298, 2018, 2883
 *	tcp_tx.c		what is in flight, and how far times are rounded
 *	tcp_rack.c		RFC 8985
 *	tcp_recover.c		RFC 5681, 6582, 9937 (PRR), 5682 (F-RTO), 3168
 *	tcp_cc.c tcp_cubic.c tcp_hystart.c	RFC 5681, 9438, 9406
 *	tcp_send.c tcp_out.c tcp_window.c	output: RFC 9293 3.7, 3.8
 *	tcp_timer.c		RFC 6298, 1122 4.2.3, 5482
 *	tcp_mtu.c icmp.c	RFC 1191, 8201, 4821, 5927, 5461
 *	tcp_app.c		what the application wants
 *	tcp_listen.c tcp_cookie.c	the passive side: RFC 4987
 *	udp.c			RFC 768, 8085
 *	convert.c		records of another version (live update)
 *	reasm.c			RFC 791 3.2, 8200 4.5, 5722
 */
#ifndef _STACK_ENGINE_H
#define _STACK_ENGINE_H

#include "../abi/contract.h"
#include "../abi/record_listen.h"
#include "../abi/record_tcp.h"

struct reasm;

/**
 * stack_run() - digest a batch of events
 * @in: the events, time and configuration; only read
 * @out: record in and out; commands out. nr_slots and flags are set, the
 *	record must be zero beyond in->record_len
 *
 * For all kinds but STACK_REASM.
 *
 * Return: 0, or -1 if configuration or record are not acceptable: then @out is
 * as it was but for nr_slots, which is 0.
 */
int stack_run(const struct dom_in *in, struct dom_out *out);

int stack_convert(const struct dom_in *in, struct dom_out *out);

/**
 * reasm_run() - digest a batch of fragments (STACK_REASM)
 * @r: private memory of the instance, reasm_size() bytes; zeros at first
 * @in: events: RX and TIMER
 * @out: commands: STASH, DROP, ASSEMBLED, ABANDON, DEADLINE
 *
 * Return: 0, or -1 if the configuration is not acceptable.
 */
int reasm_run(struct reasm *r, const struct dom_in *in, struct dom_out *out);

/**
 * reasm_size() - bytes of struct reasm
 *
 * Return: the size.
 */
u64 reasm_size(void);

/**
 * reasm_max_bytes() - most bytes that may be stashed at one time
 *
 * Return: the limit that the engine keeps to.
 */
u64 reasm_max_bytes(void);

#endif /* _STACK_ENGINE_H */
