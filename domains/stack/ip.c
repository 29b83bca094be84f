// SPDX-License-Identifier: GPL-2.0-only
/*
 * IPv4 and IPv6 headers: checking received ones, writing our own.
 *
 * Called for each frame, so the IPv4 header without options comes first.
 */
#include "wire_ip.h"

static bool ip4_parse(struct ip_view *v, const u8 *h, u32 hlen, u32 frame_len)
{
	u32 ihl, total, frag;

	if (hlen < IP4_HLEN)
		return false;
	ihl = (h[0] & 15) * 4;
	total = get16(h + 2);
	if (ihl < IP4_HLEN || ihl > hlen)
		return false;
	if (frame_len) {
		/*
		 * Coalesced frames beyond 64 KiB say 0 (BIG TCP). Anything
		 * after the total length is link-layer padding.
		 */
		if (!total && frame_len > 65535)
			total = frame_len;
		if (total < ihl || total > frame_len)
			return false;
	} else if (total < ihl) {
		return false;
	}
	frag = get16(h + 6);
	v->h = h;
	v->saddr = h + 12;
	v->daddr = h + 16;
	v->family = 4;
	v->proto = h[9];
	v->tos = h[1];
	v->ttl = h[8];
	v->l4 = ihl;
	v->end = total;
	v->frag_off = (frag & 0x1fff) * 8;
	v->frag_more = frag & 0x2000;
	v->frag = frag & 0x3fff;
	v->frag_id = get16(h + 4);
	v->frag_hdr = 0;
	v->frag_prev = 0;
	return true;
}

/* RFC 8200 4: walk the extension headers; @v->l4 is at the first of them. */
static bool ip6_extensions(struct ip_view *v, u32 hlen)
{
	u32 prev = 6, off = IP6_HLEN, n, len;

	for (n = 0; n <= IP6_EXT_MAX; n++) {
		const u8 *e = v->h + off;

		switch (v->proto) {
		case IPPROTO_HOPOPTS:
			if (n)		/* RFC 8200 4.1: only as the first */
				return false;
			len = 0;
			break;
		case IPPROTO_ROUTING:
		case IPPROTO_DSTOPTS:
		case IPPROTO_MH:
			len = 0;
			break;
		case IPPROTO_FRAGMENT:
			if (off + 8 > hlen || v->frag_hdr)
				return false;
			v->frag_hdr = (u16)off;
			v->frag_prev = (u16)prev;
			v->frag_off = get16(e + 2) & 0xfff8;
			v->frag_more = e[3] & 1;
			v->frag_id = get32(e + 4);
			/* RFC 6946: an atomic fragment is a whole datagram */
			v->frag = v->frag_off || v->frag_more;
			v->proto = e[0];
			prev = off;
			off += 8;
			if (v->frag_off) {	/* what follows is in the first */
				v->l4 = off;
				return true;
			}
			continue;
		case IPPROTO_AH:
			if (off + 8 > hlen)
				return false;
			len = (e[1] + 2) * 4;
			goto skip;
		default:
			v->l4 = off;
			return true;
		}
		if (off + 8 > hlen)
			return false;
		len = (e[1] + 1) * 8;
		/*
		 * RFC 5095: a type 0 routing header with segments left must
		 * not be processed.
		 */
		if (v->proto == IPPROTO_ROUTING && e[3])
			return false;
skip:
		if (len > hlen - off)
			return false;
		v->proto = e[0];
		prev = off;
		off += len;
	}
	return false;
}

static bool ip6_parse(struct ip_view *v, const u8 *h, u32 hlen, u32 frame_len)
{
	u32 plen;

	if (hlen < IP6_HLEN)
		return false;
	plen = get16(h + 4);
	if (frame_len) {
		/* RFC 2675 and BIG TCP: 0 with more than 64 KiB behind it */
		if (!plen && frame_len > 65535 + IP6_HLEN)
			plen = frame_len - IP6_HLEN;
		if (plen + IP6_HLEN > frame_len)
			return false;
	}
	v->h = h;
	v->saddr = h + 8;
	v->daddr = h + 24;
	v->family = 6;
	v->proto = h[6];
	v->tos = (u8)(get16(h) >> 4);
	v->ttl = h[7];
	v->l4 = IP6_HLEN;
	v->end = plen + IP6_HLEN;
	v->frag = false;
	v->frag_more = false;
	v->frag_off = 0;
	v->frag_id = 0;
	v->frag_hdr = 0;
	v->frag_prev = 0;
	if (likely(v->proto == IPPROTO_TCP || v->proto == IPPROTO_UDP))
		return true;
	return ip6_extensions(v, hlen) && (!frame_len || v->l4 <= v->end);
}

bool ip_parse(struct ip_view *v, const u8 *h, u32 hlen, u32 frame_len)
{
	if (!hlen)
		return false;
	if (h[0] >> 4 == 4)
		return ip4_parse(v, h, hlen, frame_len);
	if (h[0] >> 4 == 6)
		return ip6_parse(v, h, hlen, frame_len);
	return false;
}

u32 ip_emit(u8 *h, u8 family, u8 proto, const u8 *saddr, const u8 *daddr,
	    u8 tos, u8 ttl, u32 flow_label, bool df, u16 id)
{
	if (!ttl)
		ttl = 64;	/* RFC 1700; the same as Linux */
	if (family == 4) {
		put32(h, 0x45000000u | (u32)tos << 16);
		put16(h + 4, id);
		put16(h + 6, df ? 0x4000 : 0);
		h[8] = ttl;
		h[9] = proto;
		put16(h + 10, 0);
		__builtin_memcpy(h + 12, saddr, 4);
		__builtin_memcpy(h + 16, daddr, 4);
		return IP4_HLEN;
	}
	put32(h, 6u << 28 | (u32)tos << 20 | (flow_label & 0xfffff));
	put16(h + 4, 0);
	h[6] = proto;
	h[7] = ttl;
	__builtin_memcpy(h + 8, saddr, 16);
	__builtin_memcpy(h + 24, daddr, 16);
	return IP6_HLEN;
}
