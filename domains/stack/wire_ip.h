/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * IPv4 and IPv6 headers on the wire: one check that gives a view, accessors.
 *
 * RFC 791, RFC 8200. Used for received frames, for datagrams quoted by ICMP
 * errors, and for the headers that the engine emits.
 */
#ifndef _STACK_WIRE_IP_H
#define _STACK_WIRE_IP_H

#include "run.h"

#define IPPROTO_HOPOPTS		0
#define IPPROTO_ICMP		1
#define IPPROTO_TCP		6
#define IPPROTO_UDP		17
#define IPPROTO_ROUTING		43
#define IPPROTO_FRAGMENT	44
#define IPPROTO_AH		51
#define IPPROTO_ICMPV6		58
#define IPPROTO_NONE		59
#define IPPROTO_DSTOPTS		60
#define IPPROTO_MH		135

#define IP4_HLEN		20
#define IP6_HLEN		40
#define IP6_EXT_MAX		8	/* extension headers looked at */

#define IP_ECN_MASK		3
#define IP_ECN_ECT0		2
#define IP_ECN_CE		3

/**
 * struct ip_view - a checked L3 header
 * @h: its first byte
 * @saddr: source address
 * @daddr: destination address
 * @family: 4 or 6
 * @proto: of what follows the last extension header
 * @tos: traffic class
 * @ttl: TTL or hop limit
 * @l4: offset of what follows
 * @end: offset of the datagram's end, padding excluded
 * @frag_off: of this fragment, bytes
 * @frag_id: identification
 * @frag_hdr: IPv6: offset of the fragment header
 * @frag_prev: IPv6: offset of the byte that names the fragment header
 * @frag: it is a fragment
 * @frag_more: more fragments follow
 */
struct ip_view {
	const u8 *h;
	const u8 *saddr;
	const u8 *daddr;
	u8 family;
	u8 proto;
	u8 tos;
	u8 ttl;
	u32 l4;
	u32 end;
	u32 frag_off;
	u32 frag_id;
	u16 frag_hdr;
	u16 frag_prev;
	bool frag;
	bool frag_more;
};

/**
 * ip_parse() - check an L3 header
 * @v: the view to fill in
 * @h: header bytes
 * @hlen: how many there are
 * @frame_len: length of the frame from @h on, or 0 if the end is not known
 *	(a quoted datagram is cut off)
 *
 * Return: true if the header and its extensions lie within @hlen and its
 * lengths within @frame_len.
 */
bool ip_parse(struct ip_view *v, const u8 *h, u32 hlen, u32 frame_len);

/**
 * ip_emit() - write an L3 header without lengths and checksum
 * @h: where, 40 bytes at least
 * @family: 4 or 6
 * @proto: of the payload
 * @saddr: 16 bytes
 * @daddr: 16 bytes
 * @tos: traffic class
 * @ttl: TTL or hop limit
 * @flow_label: IPv6
 * @df: IPv4: don't fragment
 * @id: IPv4: identification
 *
 * Return: bytes written.
 */
u32 ip_emit(u8 *h, u8 family, u8 proto, const u8 *saddr, const u8 *daddr,
	    u8 tos, u8 ttl, u32 flow_label, bool df, u16 id);

static inline u32 ip_hlen(u8 family)
{
	return family == 6 ? IP6_HLEN : IP4_HLEN;
}

/* Does @a, of an ip_view of @family, equal the configured @b? */
static inline bool ip_addr_eq(u8 family, const u8 *a, const u8 *b)
{
	if (family == 4)
		return raw32(a) == raw32(b);
	return raw64(a) == raw64(b) && raw64(a + 8) == raw64(b + 8);
}

/* Copy an address into the 16-byte form. */
static inline void ip_addr_set(u8 *to, u8 family, const u8 *a)
{
	if (family == 4) {
		__builtin_memset(to, 0, 16);
		__builtin_memcpy(to, a, 4);
	} else {
		__builtin_memcpy(to, a, 16);
	}
}

#endif /* _STACK_WIRE_IP_H */
