/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the core must know of a frame to find whose it is: a pure function over
 * its bytes. It also compiles on the host, where it is fuzzed (see frame.c).
 */
#ifndef _ATMOS_FRAME_H
#define _ATMOS_FRAME_H

#include "../domains/abi/types.h"

/**
 * struct atmos_frame - where things are; offsets are from the first byte of L3
 * @len: bytes that the IP header counts; what follows is padding of the link
 * @l4: offset of L4: of a fragment, of its bytes of the datagram
 * @hlen: L3 and L4 headers with all options; fragments: L3 only
 * @saddr: offset of the source address
 * @daddr: offset of the destination address
 * @frag: IPv6: offset of the fragment header, else 0
 * @frag_prev: of the byte that names it
 * @sport: host order; TCP and UDP only, else 0
 * @dport: likewise
 * @csum_len: bytes from @l4 on that L4's checksum covers
 * @family: 4 or 6
 * @proto: L4 protocol
 * @type: ICMP and ICMPv6
 * @code: likewise
 * @fragment: a part of a datagram, to be put together first
 * @source_route: IPv4, with a route that the sender chose (RFC 7126 4.3, 4.4)
 */
struct atmos_frame {
	u32 len;
	u32 csum_len;
	u16 l4;
	u16 hlen;
	u16 saddr;
	u16 daddr;
	u16 frag;
	u16 frag_prev;
	u16 sport;
	u16 dport;
	u8 family;
	u8 proto;
	u8 type;
	u8 code;
	bool fragment;
	bool source_route;
};

int atmos_frame_parse(const u8 *h, u32 linear, u32 len, struct atmos_frame *f);
int atmos_frame_quote(const u8 *h, u32 len, struct atmos_frame *f);
bool atmos_frame_is_error(const struct atmos_frame *f);

#endif /* _ATMOS_FRAME_H */
