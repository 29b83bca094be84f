// SPDX-License-Identifier: GPL-2.0-only
/*
 * What must hold of a run's commands before they are committed: the contract
 * (with the core's own validator), bounds against the core's counters, the
 * flow, the order of commands, and the record against the one before it.
 *
 * The trusted core refuses what breaks these rules; an honest engine never
 * does, so here each is a failed test.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "ep.h"

#define PIECES_MAX	8192

struct piece {
	u64 pos;
	u64 end;
	u32 id;
};

/**
 * struct check - one run, as it will be once committed
 * @deadline: DEADLINE was seen, which comes last
 */
struct check {
	struct ep *ep;
	u64 una;
	u64 rcv_next;
	bool deadline;
	u32 nr;
	struct piece piece[PIECES_MAX];
};

/* Note the first thing that is wrong. Returns false. */
bool ep_bad(struct ep *ep, const char *fmt, ...)
{
	va_list args;

	if (ep->bad[0])
		return false;
	va_start(args, fmt);
	vsnprintf(ep->bad, sizeof(ep->bad), fmt, args);
	va_end(args);
	return false;
}

#define BAD(c, ...) return ep_bad((c)->ep, __VA_ARGS__)
#define LL(x) ((unsigned long long)(x))

static bool pieces_overlap(const struct check *c, u64 pos, u64 end, u32 id)
{
	u32 i;

	for (i = 0; i < c->nr; i++)
		if (c->piece[i].id == id && c->piece[i].pos < end &&
		    pos < c->piece[i].end)
			return true;
	return false;
}

/* Take [pos, end) out of the stash, whole pieces only. */
static bool pieces_take(struct check *c, u64 pos, u64 end)
{
	u32 i;

	while (pos < end) {
		for (i = 0; i < c->nr; i++)
			if (!c->piece[i].id && c->piece[i].pos == pos)
				break;
		if (i == c->nr || c->piece[i].end > end)
			return false;
		pos = c->piece[i].end;
		c->piece[i] = c->piece[--c->nr];
	}
	return true;
}

static bool check_bytes(struct check *c, const struct frame *f, u32 offset, u32 len)
{
	if (!f || offset < f->l4 || offset > f->len || len > f->len - offset)
		BAD(c, "bytes [%u, +%u) are not payload of a frame of %u", offset,
		    len, f ? f->len : 0);
	return true;
}

static bool check_deliver(struct check *c, const struct dom_cmd_DELIVER *m,
			  const struct frame *f)
{
	if (!check_bytes(c, f, m->offset, m->len))
		return false;
	if (m->pos != c->rcv_next)
		BAD(c, "DELIVER at %llu, expected %llu", LL(m->pos), LL(c->rcv_next));
	if (m->upto < m->pos + m->len)
		BAD(c, "DELIVER upto %llu before its own end", LL(m->upto));
	if (m->upto > c->ep->edge)
		BAD(c, "DELIVER upto %llu beyond the room %llu", LL(m->upto),
		    LL(c->ep->edge));
	if (pieces_overlap(c, m->pos, m->pos + m->len, 0))
		BAD(c, "DELIVER of [%llu, +%u) that is stashed too", LL(m->pos), m->len);
	if (!pieces_take(c, m->pos + m->len, m->upto))
		BAD(c, "DELIVER upto %llu: not all of it is stashed", LL(m->upto));
	c->rcv_next = m->upto;
	return true;
}

static bool check_stash(struct check *c, const struct dom_cmd_STASH *m,
			const struct frame *f)
{
	if (!check_bytes(c, f, m->offset, m->len))
		return false;
	/* only reassembly has several things to put together */
	if (c->ep->reasm ? !m->id : m->id)
		BAD(c, "STASH with id %u", m->id);
	if (!m->id && (m->pos <= c->rcv_next || m->pos + m->len > c->ep->edge))
		BAD(c, "STASH [%llu, +%u) outside (%llu, %llu]", LL(m->pos), m->len,
		    LL(c->rcv_next), LL(c->ep->edge));
	if (pieces_overlap(c, m->pos, m->pos + m->len, m->id))
		BAD(c, "STASH [%llu, +%u) overlaps", LL(m->pos), m->len);
	if (c->nr == PIECES_MAX)
		BAD(c, "too many stashed pieces");
	c->piece[c->nr++] = (struct piece){ m->pos, m->pos + m->len, m->id };
	return true;
}

static bool check_assembled(struct check *c, const struct dom_cmd_ASSEMBLED *m)
{
	const u8 *h = msg_bytes((const void *)m);
	u64 bytes = 0;
	u32 i = 0;

	if (m->hdr.inline_len < 20 || m->hdr.inline_len + m->len > 65535 + 40)
		BAD(c, "ASSEMBLED of %u + %u bytes", m->hdr.inline_len, m->len);
	if (h[0] >> 4 == 4 ? rd16(h + 6) & 0x3fff : h[6] == 44)
		BAD(c, "ASSEMBLED is still a fragment");
	while (i < c->nr) {
		if (c->piece[i].id != m->id) {
			i++;
			continue;
		}
		if (c->piece[i].end > m->len)
			BAD(c, "ASSEMBLED shorter than its pieces");
		bytes += c->piece[i].end - c->piece[i].pos;
		c->piece[i] = c->piece[--c->nr];
	}
	if (bytes != m->len)
		BAD(c, "ASSEMBLED of %u bytes with holes", m->len);
	return true;
}

static bool addr_same(u8 family, const u8 *wire, const u8 *cfg)
{
	return !memcmp(wire, cfg, family == 4 ? 4 : 16);
}

static bool addr_zero(const u8 *a)
{
	static const u8 zero[16];

	return !memcmp(a, zero, 16);
}

/* The flow check: whose packet is it, by its own bytes? */
static bool check_flow(struct check *c, const u8 *h, u32 hlen)
{
	const struct stack_config *cfg = &c->ep->cfg;
	u32 l4 = h[0] >> 4 == 4 ? 20 : 40, l4len;
	u8 family = h[0] >> 4;
	const u8 *src = h + (family == 4 ? 12 : 8);
	const u8 *dst = src + (family == 4 ? 4 : 16);

	if ((family != 4 && family != 6) || hlen < l4 + 8)
		BAD(c, "XMIT without an IP header");
	if (family != cfg->family && cfg->kind == STACK_TCP)
		BAD(c, "XMIT of another family");
	if (family == 4 && (h[0] != 0x45 || rd16(h + 2) || rd16(h + 10)))
		BAD(c, "XMIT: IPv4 length and checksum are the core's");
	if (family == 6 && rd16(h + 4))
		BAD(c, "XMIT: IPv6 payload length is the core's");
	if (h[family == 4 ? 9 : 6] != (cfg->kind == STACK_UDP ? 17 : 6))
		BAD(c, "XMIT of another protocol");
	if (cfg->lport != rd16(h + l4))
		BAD(c, "XMIT from port %u", rd16(h + l4));
	if (cfg->rport && cfg->kind == STACK_TCP && cfg->rport != rd16(h + l4 + 2))
		BAD(c, "XMIT to port %u", rd16(h + l4 + 2));
	if (!addr_zero(cfg->laddr) && !addr_same(family, src, cfg->laddr))
		BAD(c, "XMIT from an address that is not the flow's");
	if (cfg->kind == STACK_TCP && !addr_same(family, dst, cfg->raddr))
		BAD(c, "XMIT to an address that is not the flow's");
	if (cfg->kind == STACK_UDP) {
		l4len = 8;
	} else {
		l4len = (h[l4 + 12] >> 4) * 4;
		if (hlen < l4 + 20 || rd16(h + l4 + 16))
			BAD(c, "XMIT: L4 checksum is the core's");
	}
	if (l4 + l4len != hlen)
		BAD(c, "XMIT: header length says %u, is %u", l4 + l4len, hlen);
	return true;
}

static bool check_xmit(struct check *c, const struct dom_cmd_XMIT *m)
{
	const struct stack_config *cfg = &c->ep->cfg;
	u32 piece = m->seg_size && m->seg_size < m->len ? m->seg_size : m->len;
	u32 hlen = m->hdr.inline_len;
	u64 una = c->una;

	if (!check_flow(c, msg_bytes((const void *)m), hlen))
		return false;
	if (cfg->kind == STACK_UDP)
		una = 0;
	if (m->len && (m->pos < una || m->pos + m->len > c->ep->tail))
		BAD(c, "XMIT of [%llu, +%u) outside [%llu, %llu)", LL(m->pos), m->len,
		    LL(una), LL(c->ep->tail));
	if (m->seg_size && m->len > (cfg->max_gso ? cfg->max_gso : piece))
		BAD(c, "XMIT of %u bytes beyond the offload's limit", m->len);
	if (cfg->kind != STACK_UDP && hlen + piece > cfg->mtu)
		BAD(c, "packet of %u bytes beyond the route's MTU", hlen + piece);
	return true;
}

static bool check_command(struct check *c, const struct dom_msg *m, struct frame *f)
{
	const void *p = m;

	if (c->deadline)
		BAD(c, "%s after DEADLINE", atmos_command_name(m->hdr.type));
	switch (m->hdr.type) {
	case DOM_CMD_DELIVER:
		return check_deliver(c, p, f);
	case DOM_CMD_STASH:
		return check_stash(c, p, f);
	case DOM_CMD_XMIT:
		return check_xmit(c, p);
	case DOM_CMD_ASSEMBLED:
		return check_assembled(c, p);
	case DOM_CMD_DGRAM: {
		const struct dom_cmd_DGRAM *d = p;

		return check_bytes(c, f, d->offset, d->len);
	}
	case DOM_CMD_ACKED: {
		u64 una = ((const struct dom_cmd_ACKED *)p)->una;

		if (una < c->una || una > c->ep->tail)
			BAD(c, "ACKED %llu outside [%llu, %llu]", LL(una), LL(c->una),
			    LL(c->ep->tail));
		c->una = una;
		return true;
	}
	case DOM_CMD_DEADLINE: {
		u64 at = ((const struct dom_cmd_DEADLINE *)p)->at;

		c->deadline = true;
		if (at && (at <= c->ep->in.now_us ||
			   at > c->ep->in.now_us + 8 * 86400ull * 1000000))
			BAD(c, "DEADLINE %llu at %llu", LL(at), LL(c->ep->in.now_us));
		return true;
	}
	}
	return true;
}

static bool check_tcp_record(struct check *c)
{
	const struct tcp_record *r = (const void *)c->ep->out.record;
	const struct tcp_record *o = (const void *)c->ep->shadow;
	u32 i;

	if (r->snd_una > r->snd_nxt || r->snd_nxt - r->snd_una > 1u << 30)
		BAD(c, "record: snd_una %llu, snd_nxt %llu", LL(r->snd_una),
		    LL(r->snd_nxt));
	if (r->snd_tail > c->ep->tail + 1)
		BAD(c, "record: snd_tail beyond the stream");
	if (r->snd_nxt > r->snd_tail + 1)
		BAD(c, "record: snd_nxt %llu, snd_tail %llu", LL(r->snd_nxt),
		    LL(r->snd_tail));
	if (r->rcv_adv > r->rcv_edge + 1 && r->rcv_adv > r->rcv_nxt)
		BAD(c, "record: offers %llu, room %llu", LL(r->rcv_adv),
		    LL(r->rcv_edge));
	if (r->rcv_nxt > r->rcv_adv + 1 && r->head.state != TCPS_SYN_SENT)
		BAD(c, "record: rcv_nxt %llu beyond rcv_adv %llu", LL(r->rcv_nxt),
		    LL(r->rcv_adv));
	if (c->ep->shadow_len &&
	    (r->snd_una < o->snd_una || r->snd_nxt < o->snd_nxt ||
	     r->snd_tail < o->snd_tail || r->rcv_nxt < o->rcv_nxt ||
	     r->rcv_adv < o->rcv_adv || r->rcv_edge < o->rcv_edge))
		BAD(c, "record: a position moved back");
	if (r->nr_tx > TCP_TX_MAX || r->nr_ooo > TCP_OOO_MAX)
		BAD(c, "record: too many ranges");
	for (i = 0; i < r->nr_ooo; i++)
		if ((s32)(r->ooo[i].start_seq - (u32)r->rcv_nxt) <= 0 ||
		    (s32)(r->ooo[i].end_seq - r->ooo[i].start_seq) <= 0 ||
		    (s32)(r->ooo[i].end_seq - (u32)r->rcv_adv) > 0)
			BAD(c, "record: range %u out of order is wrong", i);
	if (r->rcv_nxt && c->rcv_next != r->rcv_nxt - 1 &&
	    c->rcv_next != r->rcv_nxt - 2 && !(r->shut & STACK_SHUT_CLOSE) &&
	    !(r->shut & STACK_SHUT_RECV))
		BAD(c, "record: rcv_nxt %llu, delivered %llu", LL(r->rcv_nxt),
		    LL(c->rcv_next));
	return true;
}

static bool check_record(struct check *c)
{
	const struct record_head *h = (const void *)c->ep->out.record;
	u32 i;

	if (h->version != STACK_RECORD_VERSION || h->kind != c->ep->cfg.kind ||
	    h->len > DOM_RECORD_MAX || h->len % 8 || h->reserved)
		BAD(c, "record: bad head (version %u, kind %u, length %u)",
		    h->version, h->kind, h->len);
	for (i = h->len; i < DOM_RECORD_MAX; i++)
		if (c->ep->out.record[i])
			BAD(c, "record: byte %u beyond its length %u is not zero", i,
			    h->len);
	return h->kind != STACK_TCP || check_tcp_record(c);
}

bool ep_check(struct ep *ep)
{
	static struct check check;	/* large; one thread */
	struct check *c = &check;
	struct atmos_violation v;
	const struct ep_stash *s;
	const char *why;
	u32 i = 0;
	int n;

	c->ep = ep;
	c->una = ep->una;
	c->rcv_next = ep->rcv_next;
	c->deadline = false;
	c->nr = 0;
	for (s = ep->stash; s && c->nr < PIECES_MAX; s = s->next)
		c->piece[c->nr++] = (struct piece){ s->pos, s->pos + s->len, s->id };

	if (atmos_contract_queue(&ep->out, &v))
		BAD(c, "contract: %s", v.why);
	while (i < ep->out.nr_slots) {
		const struct dom_msg *m = &ep->out.slot[i];
		struct frame *f = ep_object(ep, m->hdr.handle);

		n = atmos_contract_message(m, ep->out.nr_slots - i,
					   DOM_CLASS_STACK, &ep->handles, &why);
		if (n < 0)
			BAD(c, "contract: %s: %s", atmos_command_name(m->hdr.type),
			    why);
		if (!check_command(c, m, f))
			return false;
		i += n;
	}
	return ep->reasm || check_record(c);
}
