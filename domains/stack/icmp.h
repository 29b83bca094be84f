/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ICMP errors: the datagram that they quote, and what they mean to a socket
 * (RFC 792, RFC 4443, RFC 1122 3.2.2).
 */
#ifndef _STACK_ICMP_H
#define _STACK_ICMP_H

#include "wire_ip.h"

/**
 * struct icmp_quote - the quoted datagram
 * @ip: its L3 header
 * @l4: what follows
 * @l4_len: bytes of that which are quoted
 */
struct icmp_quote {
	struct ip_view ip;
	const u8 *l4;
	u32 l4_len;
};

/**
 * struct icmp_meaning - what an error says
 * @err: errno as Linux has it
 * @mtu: "packet too big": what fits, else 0
 * @hard: not expected to go away
 */
struct icmp_meaning {
	u32 err;
	u32 mtu;
	bool hard;
};

/**
 * icmp_quote() - check the quoted datagram
 * @q: to fill in
 * @ev: the event
 *
 * Return: true if it is a whole L3 header of the event's family.
 */
bool icmp_quote(struct icmp_quote *q, const struct dom_ev_ICMP *ev);

/**
 * icmp_meaning() - translate type and code
 * @m: to fill in
 * @ev: the event
 * @quoted_len: total length of the quoted datagram
 *
 * Return: false if it is no error for a socket.
 */
bool icmp_meaning(struct icmp_meaning *m, const struct dom_ev_ICMP *ev,
		  u32 quoted_len);

/**
 * icmp_report() - tell the socket
 * @run: the run
 * @ev: the event
 * @err: errno
 * @fatal: it ends the socket's work
 */
void icmp_report(struct run *run, const struct dom_ev_ICMP *ev, u32 err,
		 bool fatal);

#endif /* _STACK_ICMP_H */
