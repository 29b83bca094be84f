// SPDX-License-Identifier: GPL-2.0-only
/*
 * Headers of received frames: where L4 is, how long it is, and whose it says it
 * is. Pure: no side effect, every read bounded; also built on the host and
 * fuzzed there. Called by rx.c for each frame.
 *
 * It is no judge. What it does not take goes to the native stack, which drops
 * and counts what is malformed; what it takes, the domain judges again.
 * RFC 791, 8200, 9293, 768, 792, 4443.
 */
#ifdef __KERNEL__
#include <linux/errno.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/string.h>
#else
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#endif

#include "frame.h"

#define IP4_HLEN	20
#define IP6_HLEN	40
#define TCP_HLEN	20
#define UDP_HLEN	8
#define ICMP_HLEN	8
#define IP6_EXT_MAX	8

/* Whole IP headers with all that may precede L4: more is nobody's. */
#define L3_MAX		2048

/* The bytes at hand: @linear of them can be read, @len are there in all. */
struct bytes {
	const u8 *h;
	u32 linear;
	u32 len;
	bool quoted;	/* the start of a datagram: its lengths are not ours */
};

/* 0 if the first @n bytes can be read, else what the caller returns. */
static int want(const struct bytes *b, u32 n)
{
	if (n <= b->linear)
		return 0;
	return n <= b->len ? (int)n : -EINVAL;
}

static u16 be16(const u8 *p)
{
	return (u16)(p[0] << 8 | p[1]);
}

static int parse_tcp(const struct bytes *b, struct atmos_frame *f)
{
	int err = want(b, f->l4 + (b->quoted ? 4 : TCP_HLEN));
	u32 doff;

	if (err)
		return err;
	f->sport = be16(b->h + f->l4);
	f->dport = be16(b->h + f->l4 + 2);
	f->csum_len = f->len - f->l4;
	if (b->quoted)
		return 0;
	doff = (b->h[f->l4 + 12] >> 4) * 4;
	if (doff < TCP_HLEN || doff > f->len - f->l4)
		return -EINVAL;
	f->hlen = (u16)(f->l4 + doff);
	return want(b, f->hlen);
}

static int parse_udp(const struct bytes *b, struct atmos_frame *f)
{
	int err = want(b, f->l4 + (b->quoted ? 4 : UDP_HLEN));
	u32 ulen;

	if (err)
		return err;
	f->sport = be16(b->h + f->l4);
	f->dport = be16(b->h + f->l4 + 2);
	if (b->quoted)
		return 0;
	ulen = be16(b->h + f->l4 + 4);
	if (ulen < UDP_HLEN || ulen > f->len - f->l4)
		return -EINVAL;
	f->csum_len = ulen;
	f->hlen = f->l4 + UDP_HLEN;
	return 0;
}

static int parse_icmp(const struct bytes *b, struct atmos_frame *f)
{
	int err = want(b, f->l4 + ICMP_HLEN);

	if (err)
		return err;
	if (f->len - f->l4 < ICMP_HLEN)
		return -EINVAL;
	f->type = b->h[f->l4];
	f->code = b->h[f->l4 + 1];
	f->csum_len = f->len - f->l4;
	f->hlen = f->l4 + ICMP_HLEN;
	return 0;
}

static int parse_l4(const struct bytes *b, struct atmos_frame *f)
{
	if (!b->quoted && f->l4 > f->len)
		return -EINVAL;
	f->hlen = f->l4;
	if (f->fragment)
		return 0;
	switch (f->proto) {
	case IPPROTO_TCP:
		return parse_tcp(b, f);
	case IPPROTO_UDP:
		return parse_udp(b, f);
	case IPPROTO_ICMP:
		return f->family == 4 ? parse_icmp(b, f) : -EINVAL;
	case IPPROTO_ICMPV6:
		return f->family == 6 ? parse_icmp(b, f) : -EINVAL;
	}
	return -EINVAL;
}

/* RFC 791 3.1: is a list of options well-formed, is a source route in it? */
static int parse_options(const u8 *o, u32 len, struct atmos_frame *f)
{
	u32 i = 0;

	while (i < len) {
		if (o[i] == 0)		/* end of list */
			return 0;
		if (o[i] == 1) {	/* no operation */
			i++;
			continue;
		}
		if (i + 2 > len || o[i + 1] < 2 || o[i + 1] > len - i)
			return -EINVAL;
		if (o[i] == 131 || o[i] == 137)
			f->source_route = true;
		i += o[i + 1];
	}
	return 0;
}

static int parse_ip4(const struct bytes *b, struct atmos_frame *f)
{
	int err = want(b, IP4_HLEN);
	u32 ihl, total, frag;

	if (err)
		return err;
	ihl = (b->h[0] & 15) * 4;
	if (ihl < IP4_HLEN)
		return -EINVAL;
	err = want(b, ihl);
	if (err)
		return err;
	total = be16(b->h + 2);
	/* Coalesced frames beyond 64 KiB say 0 (BIG TCP). */
	if (!total && b->len > 65535)
		total = b->len;
	if (total < ihl || (!b->quoted && total > b->len))
		return -EINVAL;
	frag = be16(b->h + 6);
	f->family = 4;
	f->proto = b->h[9];
	f->len = total;
	f->l4 = (u16)ihl;
	f->saddr = 12;
	f->daddr = 16;
	f->fragment = frag & 0x3fff;
	if (b->quoted) {
		/* Without L4 header it tells nobody. */
		if (frag & 0x1fff)
			return -EINVAL;
		f->fragment = false;
	} else if (ihl > IP4_HLEN && parse_options(b->h + IP4_HLEN, ihl - IP4_HLEN, f)) {
		return -EINVAL;
	}
	return parse_l4(b, f);
}

/* RFC 8200 4: to L4, or to the bytes of a fragment. */
static int skip_extensions(const struct bytes *b, struct atmos_frame *f)
{
	bool fragmented = false;
	u32 off = IP6_HLEN, prev = 6, n, len;
	int err;

	for (n = 0; n <= IP6_EXT_MAX; n++) {
		switch (f->proto) {
		case IPPROTO_HOPOPTS:
			if (n)		/* RFC 8200 4.1: only as the first */
				return -EINVAL;
			break;
		case IPPROTO_ROUTING:
		case IPPROTO_FRAGMENT:
		case IPPROTO_DSTOPTS:
			break;
		default:
			/* AH, too: whether it is right is for the native stack. */
			f->l4 = (u16)off;
			return 0;
		}
		err = want(b, off + 8);
		if (err)
			return err;
		len = (b->h[off + 1] + 1) * 8;
		/* RFC 5095; others with segments left are not at their end. */
		if (f->proto == IPPROTO_ROUTING && b->h[off + 3])
			return -EINVAL;
		if (f->proto == IPPROTO_FRAGMENT) {
			u32 frag = be16(b->h + off + 2);

			if (fragmented)
				return -EINVAL;
			fragmented = true;
			len = 8;
			f->frag = (u16)off;
			f->frag_prev = (u16)prev;
			/* RFC 6946: an atomic fragment is a whole datagram */
			f->fragment = !b->quoted && frag & 0xfff9;
			if (frag & 0xfff8) {	/* what follows is in the first */
				f->proto = b->h[off];
				f->l4 = (u16)(off + len);
				return b->quoted ? -EINVAL : 0;
			}
		}
		f->proto = b->h[off];
		prev = off;
		off += len;
		if (off > L3_MAX)
			return -EINVAL;
		err = want(b, off);
		if (err)
			return err;
	}
	return -EINVAL;
}

static int parse_ip6(const struct bytes *b, struct atmos_frame *f)
{
	int err = want(b, IP6_HLEN);
	u32 plen;

	if (err)
		return err;
	plen = be16(b->h + 4);
	/* Coalesced frames beyond 64 KiB say 0 (BIG TCP). */
	if (!plen && b->len > 65535 + IP6_HLEN)
		plen = b->len - IP6_HLEN;
	if (!b->quoted && plen > b->len - IP6_HLEN)
		return -EINVAL;
	f->family = 6;
	f->proto = b->h[6];
	f->len = plen + IP6_HLEN;
	f->saddr = 8;
	f->daddr = 24;
	f->l4 = IP6_HLEN;
	err = skip_extensions(b, f);
	return err ? err : parse_l4(b, f);
}

static int parse(const struct bytes *b, struct atmos_frame *f)
{
	int err = want(b, 1);

	memset(f, 0, sizeof(*f));
	if (err)
		return err;
	switch (b->h[0] >> 4) {
	case 4:
		return parse_ip4(b, f);
	case 6:
		return parse_ip6(b, f);
	}
	return -EINVAL;
}

/**
 * atmos_frame_parse() - find a frame's headers
 * @h: its bytes, from L3 on
 * @linear: how many of them can be read
 * @len: how many there are in all
 * @f: result
 *
 * Context: any.
 * Return: 0; or how many bytes must be readable before it can tell, more than
 * @linear and at most @len; or -EINVAL for what Atmos has no part in: another
 * protocol, or malformed.
 */
int atmos_frame_parse(const u8 *h, u32 linear, u32 len, struct atmos_frame *f)
{
	const struct bytes b = { h, linear, len, false };

	return parse(&b, f);
}

/**
 * atmos_frame_quote() - find whose datagram an ICMP error quotes
 * @h: the quoted bytes, from L3 on
 * @len: how many
 * @f: result; lengths are those that the quoted header claims
 *
 * Context: any. Return: 0, or -EINVAL if it does not tell.
 */
int atmos_frame_quote(const u8 *h, u32 len, struct atmos_frame *f)
{
	const struct bytes b = { h, len, len, true };
	int err = parse(&b, f);

	if (err)
		return -EINVAL;
	return f->proto == IPPROTO_TCP || f->proto == IPPROTO_UDP ? 0 : -EINVAL;
}

/**
 * atmos_frame_is_error() - is it an ICMP message that tells a socket something
 * @f: of a frame that was parsed
 *
 * Redirects are not: they are about routes.
 *
 * Context: any. Return: whether.
 */
bool atmos_frame_is_error(const struct atmos_frame *f)
{
	if (f->fragment)
		return false;
	if (f->family == 6)	/* RFC 4443 2.1: 1 to 4 are the errors in use */
		return f->proto == IPPROTO_ICMPV6 && f->type >= 1 && f->type <= 4;
	return f->proto == IPPROTO_ICMP &&
	       (f->type == 3 || f->type == 4 || f->type == 11 || f->type == 12);
}
