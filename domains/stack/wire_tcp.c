// SPDX-License-Identifier: GPL-2.0-only
/*
 * TCP headers and options: checking received ones, writing options.
 */
#include "wire_tcp.h"

/* RFC 9293 3.2: unknown options are skipped; a bad length ends the parse. */
static bool tcp_parse_options(struct tcp_seg *s, const u8 *o, u32 len)
{
	u32 i = 0;

	while (i < len) {
		u32 kind = o[i], n;

		if (kind == TCPOPT_EOL)
			break;
		if (kind == TCPOPT_NOP) {
			i++;
			continue;
		}
		if (len - i < 2)
			return false;
		n = o[i + 1];
		if (n < 2 || n > len - i)
			return false;
		switch (kind) {
		case TCPOPT_MSS:
			if (n == 4 && (s->flags & TCP_SYN)) {
				s->mss = get16(o + i + 2);
				s->opts |= TCP_SEG_MSS;
			}
			break;
		case TCPOPT_WSCALE:
			if (n == 3 && (s->flags & TCP_SYN)) {
				/* RFC 7323 2.3: above 14, use 14 */
				s->wscale = o[i + 2] > 14 ? 14 : o[i + 2];
				s->opts |= TCP_SEG_WSCALE;
			}
			break;
		case TCPOPT_SACKOK:
			if (n == 2 && (s->flags & TCP_SYN))
				s->opts |= TCP_SEG_SACKOK;
			break;
		case TCPOPT_SACK:
			if (n >= 10 && (n - 2) % 8 == 0 && !s->nr_sack) {
				s->sack = o + i + 2;
				s->nr_sack = (u8)((n - 2) / 8);
			}
			break;
		case TCPOPT_TS:
			if (n == 10) {
				s->tsval = get32(o + i + 2);
				s->tsecr = get32(o + i + 6);
				s->opts |= TCP_SEG_TS;
			}
			break;
		}
		i += n;
	}
	return true;
}

u32 tcp_parse(struct tcp_seg *s, const struct dom_ev_RX *ev)
{
	const u8 *h = (const u8 *)ev + DOM_SLOT_SIZE, *p;
	u32 hlen = ev->hdr.inline_len, doff;

	if (unlikely(!ip_parse(&s->ip, h, hlen, ev->len)))
		return STACK_DROP_MALFORMED;
	if (unlikely(s->ip.proto != IPPROTO_TCP || s->ip.frag ||
		     s->ip.l4 + TCP_HLEN > hlen))
		return STACK_DROP_MALFORMED;
	p = h + s->ip.l4;
	doff = (p[12] >> 4) * 4;
	if (unlikely(doff < TCP_HLEN || s->ip.l4 + doff > hlen ||
		     s->ip.l4 + doff > s->ip.end))
		return STACK_DROP_MALFORMED;
	if (unlikely(!(ev->flags & STACK_RX_CSUM_OK)))
		return STACK_DROP_CSUM;
	s->seq = get32(p + 4);
	s->ack = get32(p + 8);
	s->flags = p[13];
	s->wnd = get16(p + 14);
	s->urg = get16(p + 18);
	s->ecn = s->ip.tos & IP_ECN_MASK;
	s->off = s->ip.l4 + doff;
	s->len = s->ip.end - s->off;
	s->handle = ev->hdr.handle;
	s->seg_size = ev->seg_size;
	s->nr_sack = 0;
	s->opts = 0;
	if (doff == TCP_HLEN)
		return 0;
	if (likely(doff == TCP_HLEN + TCPOPT_TS_LEN &&
		   get32(p + 20) == TCPOPT_TS_ALIGNED)) {
		s->tsval = get32(p + 24);
		s->tsecr = get32(p + 28);
		s->opts = TCP_SEG_TS;
		return 0;
	}
	return tcp_parse_options(s, p + TCP_HLEN, doff - TCP_HLEN) ?
		0 : STACK_DROP_MALFORMED;
}

u32 tcp_emit_options(u8 *p, const struct tcp_wire_opts *o)
{
	u32 n = 0, i;

	if (o->mss) {
		put32(p, TCPOPT_MSS << 24 | 4 << 16 | o->mss);
		n = 4;
	}
	if (o->ts) {
		/* SACK-permitted takes the place of the padding, if wanted */
		put32(p + n, o->sack_ok ?
		      TCPOPT_SACKOK << 24 | 2 << 16 | TCPOPT_TS << 8 | 10 :
		      TCPOPT_TS_ALIGNED);
		put32(p + n + 4, o->tsval);
		put32(p + n + 8, o->tsecr);
		n += TCPOPT_TS_LEN;
	} else if (o->sack_ok) {
		put32(p + n, TCPOPT_NOP << 24 | TCPOPT_NOP << 16 |
		      TCPOPT_SACKOK << 8 | 2);
		n += 4;
	}
	if (o->wscale != 255) {
		put32(p + n, TCPOPT_NOP << 24 | TCPOPT_WSCALE << 16 | 3 << 8 |
		      o->wscale);
		n += 4;
	}
	if (o->nr_sack) {
		put32(p + n, TCPOPT_NOP << 24 | TCPOPT_NOP << 16 |
		      TCPOPT_SACK << 8 | (o->nr_sack * 8 + 2));
		n += 4;
		for (i = 0; i < 2 * o->nr_sack; i++, n += 4)
			put32(p + n, o->sack[i]);
	}
	return n;
}
