// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the reassembly domain may say of fragments, and the joining of those
 * that it says are a datagram.
 *
 * The domain decides when, and what is thrown away; the core holds it to the
 * fragments' own headers: where their bytes are, and that all of a datagram have
 * the same addresses, identification and protocol. So a hostile domain can lose
 * datagrams, and cannot make one that was not sent. The header is the core's
 * work, too: but for a mark of congestion it is the first fragment's.
 *
 * RFC 791 3.2, RFC 8200 4.5. Called within an entry, with &atmos_frag.lock and
 * the domain's held, bottom halves off.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <net/inet_ecn.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "contract.h"
#include "frag.h"

#define REFUSE(text)	do { *why = (text); return -EBADMSG; } while (0)

#define FRAG_HLEN	sizeof(struct frag_hdr)

/* ---- views ---- */

/* Of a frame that has been found to be a fragment. */
static bool frag_view(const struct sk_buff *skb, struct frag_view *v)
{
	struct atmos_frame f;
	u16 field;

	if (atmos_frame_parse(skb->data, skb_headlen(skb), skb->len, &f) || !f.fragment)
		return false;
	v->family = f.family;
	v->saddr = f.saddr;
	if (f.family == 4) {
		const struct iphdr *ip = (const struct iphdr *)skb->data;

		field = ntohs(ip->frag_off);
		v->more = field & IP_MF;
		v->pos = (field & IP_OFFSET) * 8;
		v->id = ntohs(ip->id);
		v->proto = ip->protocol;
		v->hlen = f.l4;
		v->offset = f.l4;
		v->prev = 0;
	} else {
		const struct frag_hdr *h = (const struct frag_hdr *)(skb->data + f.frag);

		field = ntohs(h->frag_off);
		v->more = field & IP6_MF;
		v->pos = field & IP6_OFFSET;
		v->id = ntohl(h->identification);
		v->proto = h->nexthdr;
		v->hlen = f.frag;
		v->offset = f.frag + FRAG_HLEN;
		v->prev = f.frag_prev;
	}
	if (f.len < v->offset)
		return false;
	v->len = f.len - v->offset;
	return true;
}

/* Are both of one datagram? RFC 8200 does without the protocol; the first's counts. */
static bool frag_same(const struct sk_buff *a, const struct frag_view *va,
		      const struct sk_buff *b, const struct frag_view *vb)
{
	return va->family == vb->family && va->id == vb->id &&
	       (va->family == 6 || va->proto == vb->proto) &&
	       !memcmp(a->data + va->saddr, b->data + vb->saddr, va->family == 4 ? 8 : 32);
}

/* ---- checks ---- */

static const struct frag_piece *piece_at(const struct atmos_frag *fr, u32 id, u32 pos)
{
	u32 i;

	for (i = 0; i < fr->nr; i++)
		if (fr->piece[i].id == id && fr->piece[i].view.pos == pos)
			return &fr->piece[i];
	return NULL;
}

static const struct frag_piece *piece_any(const struct atmos_frag *fr, u32 id)
{
	u32 i;

	for (i = 0; i < fr->nr; i++)
		if (fr->piece[i].id == id)
			return &fr->piece[i];
	return NULL;
}

static bool piece_overlaps(const struct atmos_frag *fr, u32 id, u32 pos, u32 end)
{
	u32 i;

	for (i = 0; i < fr->nr; i++) {
		const struct frag_piece *p = &fr->piece[i];

		if (p->id == id && p->view.pos < end && pos < p->view.pos + p->view.len)
			return true;
	}
	return atmos_stash_overlaps(&fr->stash, pos, end, id);
}

static bool is_gone(const struct atmos_frag *fr, u32 id)
{
	u32 i;

	for (i = 0; i < fr->nr_gone; i++)
		if (fr->gone[i] == id)
			return true;
	return false;
}

static int check_stash(struct atmos_frag *fr, const struct dom_cmd_STASH *m, const char **why)
{
	struct atmos_object *obj = atmos_handle_find(fr->dom->handles, m->hdr.handle);
	const struct frag_piece *p;
	const struct sk_buff *skb, *other;
	struct frag_view v, w;

	if (!obj)
		REFUSE("STASH: without a frame");
	skb = atmos_rx_skb(obj);
	if (!frag_view(skb, &v) || m->pos != v.pos || m->offset != v.offset || m->len != v.len)
		REFUSE("STASH: not the bytes that the fragment has");
	if (!m->id || m->id > U16_MAX || is_gone(fr, m->id))
		REFUSE("STASH: for no datagram");
	if (piece_overlaps(fr, m->id, v.pos, v.pos + v.len))
		REFUSE("STASH: overlaps what is stashed");
	p = piece_any(fr, m->id);
	if (p && !frag_same(skb, &v, p->skb, &p->view))
		REFUSE("STASH: of another datagram");
	other = p ? NULL : atmos_stash_any(&fr->stash, m->id);
	if (other && (!frag_view(other, &w) || !frag_same(skb, &v, other, &w)))
		REFUSE("STASH: of another datagram");
	if (fr->nr == ARRAY_SIZE(fr->piece))
		REFUSE("STASH: more pieces than frames");
	fr->piece[fr->nr++] = (struct frag_piece) { m->id, v, skb };
	return 0;
}

/* The fragment of @id at @pos, wherever it is. */
static bool view_at(const struct atmos_frag *fr, u32 id, u32 pos, struct frag_view *v)
{
	const struct frag_piece *p = piece_at(fr, id, pos);
	const struct sk_buff *skb;

	if (p) {
		*v = p->view;
		return true;
	}
	skb = atmos_stash_find(&fr->stash, pos, id);
	return skb && frag_view(skb, v);
}

static int check_assembled(struct atmos_frag *fr, const struct dom_cmd_ASSEMBLED *m,
			   const char **why)
{
	struct frag_view v;
	u32 pos = 0, most;

	if (is_gone(fr, m->id))
		REFUSE("ASSEMBLED: twice");
	if (!view_at(fr, m->id, 0, &v) || m->hdr.inline_len != v.hlen)
		REFUSE("ASSEMBLED: the header is not the first fragment's");
	most = v.family == 4 ? U16_MAX - v.hlen : U16_MAX + sizeof(struct ipv6hdr) - v.hlen;
	if (m->len > most)
		REFUSE("ASSEMBLED: larger than a datagram can be");
	for (;;) {
		pos += v.len;
		if (!v.more)
			break;
		if (!v.len || !view_at(fr, m->id, pos, &v))
			REFUSE("ASSEMBLED: something is missing");
	}
	if (pos != m->len)
		REFUSE("ASSEMBLED: not as long as its fragments are");
	fr->gone[fr->nr_gone++] = m->id;
	return 0;
}

/**
 * frag_check() - atmos_domain_ops.check of a reassembly domain
 * @dom: domain
 * @msg: command that keeps to the contract
 * @why: on refusal, a sentence
 *
 * Return: 0 or -EBADMSG.
 */
int frag_check(struct atmos_domain *dom, const struct dom_msg *msg, const char **why)
{
	struct atmos_frag *fr = dom->owner;
	const void *m = msg;

	switch (msg->hdr.type) {
	case DOM_CMD_STASH:
		return check_stash(fr, m, why);
	case DOM_CMD_ASSEMBLED:
		return check_assembled(fr, m, why);
	case DOM_CMD_ABANDON:
		if (is_gone(fr, ((const struct dom_cmd_ABANDON *)m)->id))
			REFUSE("ABANDON: twice");
		fr->gone[fr->nr_gone++] = ((const struct dom_cmd_ABANDON *)m)->id;
		return 0;
	case DOM_CMD_DROP:
	case DOM_CMD_DEADLINE:
		return 0;
	}
	REFUSE("a command that is not for reassembly");
}

/* ---- joining ---- */

static struct sk_buff *take(struct atmos_frag *fr, struct sk_buff *skb)
{
	fr->memory -= skb->truesize;
	atmos_stash_remove(&fr->stash, skb);
	return skb;
}

/* Bytes of @skb become bytes of @first, which has them by reference. */
static void append(struct sk_buff *first, struct sk_buff ***link, struct sk_buff *skb)
{
	**link = skb;
	*link = &skb->next;
	first->len += skb->len;
	first->data_len += skb->len;
	first->truesize += skb->truesize;
}

/* The header of the whole, in the place of the first fragment's. */
static void make_whole(struct sk_buff *first, const struct frag_view *v, bool ce)
{
	if (v->family == 4) {
		struct iphdr *ip = (struct iphdr *)first->data;

		ip->frag_off = 0;
		ip->tot_len = htons(first->len);
		if (ce)
			ip->tos |= INET_ECN_CE;
		ip->check = 0;
		ip->check = ip_fast_csum(ip, ip->ihl);
	} else {
		struct ipv6hdr *ip6;

		first->data[v->prev] = v->proto;
		/* All before the fragment header, the link's too, moves behind it. */
		memmove(first->head + FRAG_HLEN, first->head,
			first->data + v->hlen - first->head);
		if (skb_mac_header_was_set(first))
			first->mac_header += FRAG_HLEN;
		__skb_pull(first, FRAG_HLEN);
		ip6 = (struct ipv6hdr *)first->data;
		ip6->payload_len = htons(first->len - sizeof(*ip6));
		if (ce)
			*(__be32 *)ip6 |= htonl(INET_ECN_CE << 20);
	}
	skb_reset_network_header(first);
	/* What is known of parts says nothing of the whole. */
	first->ip_summed = CHECKSUM_NONE;
	first->csum_level = 0;
}

/* Link-local addresses mean something on their link alone. */
static bool other_link(const struct sk_buff *first, const struct sk_buff *skb,
		       const struct frag_view *v)
{
	return v->family == 6 && skb->skb_iif != first->skb_iif &&
	       ipv6_addr_type(&((const struct ipv6hdr *)first->data)->saddr) & IPV6_ADDR_LINKLOCAL;
}

/* Checked: all is there. Without memory it is lost, as on the wire. */
static struct sk_buff *join(struct atmos_frag *fr, u32 id, u32 len, bool ce)
{
	struct sk_buff *first = take(fr, atmos_stash_find(&fr->stash, 0, id));
	u32 pos = atmos_data_cb(first)->len;
	struct sk_buff **link, *skb;
	struct frag_view v;
	bool lost;

	frag_view(first, &v);
	lost = skb_unclone(first, GFP_ATOMIC | __GFP_NOWARN) ||
	       (skb_has_frag_list(first) && skb_linearize(first));
	link = &skb_shinfo(first)->frag_list;
	while (pos < len) {
		skb = take(fr, atmos_stash_find(&fr->stash, pos, id));
		pos += atmos_data_cb(skb)->len;
		lost = lost || other_link(first, skb, &v) ||
		       (skb_has_frag_list(skb) && skb_linearize(skb));
		if (lost) {
			kfree_skb(skb);
			continue;
		}
		__skb_pull(skb, atmos_data_cb(skb)->offset);
		append(first, &link, skb);
	}
	if (lost) {
		kfree_skb(first);
		return NULL;
	}
	make_whole(first, &v, ce);
	return first;
}

static void assembled(struct atmos_frag *fr, const struct dom_cmd_ASSEMBLED *m)
{
	const u8 *h = (const u8 *)m + DOM_SLOT_SIZE;
	bool ce = h[0] >> 4 == 4 ? (h[1] & INET_ECN_MASK) == INET_ECN_CE :
				   (h[1] >> 4 & INET_ECN_MASK) == INET_ECN_CE;
	struct sk_buff *skb = join(fr, m->id, m->len, ce);

	if (skb)
		__skb_queue_tail(fr->done, skb);
}

static void abandon(struct atmos_frag *fr, u32 id)
{
	struct sk_buff *skb;

	while ((skb = atmos_stash_any(&fr->stash, id)))
		kfree_skb(take(fr, skb));
}

static void stash(struct atmos_frag *fr, const struct dom_cmd_STASH *m, struct sk_buff *skb)
{
	*frag_cb(skb) = (struct frag_cb) {
		.data = { .pos = m->pos, .offset = m->offset, .len = m->len, .id = m->id },
		.at = jiffies,
	};
	if (atmos_stash_add(&fr->stash, skb))
		fr->memory += skb->truesize;
	else
		kfree_skb(skb);		/* checked: cannot overlap */
}

/**
 * frag_commit() - atmos_domain_ops.commit of a reassembly domain
 * @dom: domain
 * @msg: command
 * @obj: what it takes, with the reference; NULL for others
 */
void frag_commit(struct atmos_domain *dom, const struct dom_msg *msg, struct atmos_object *obj)
{
	struct atmos_frag *fr = dom->owner;
	struct sk_buff *skb = NULL;
	const void *m = msg;

	if (obj) {
		atmos_object_end(obj);
		skb = atmos_rx_skb(obj);
	}
	switch (msg->hdr.type) {
	case DOM_CMD_STASH:
		stash(fr, m, skb);
		break;
	case DOM_CMD_DROP:
		kfree_skb(skb);
		break;
	case DOM_CMD_ASSEMBLED:
		assembled(fr, m);
		break;
	case DOM_CMD_ABANDON:
		abandon(fr, ((const struct dom_cmd_ABANDON *)m)->id);
		break;
	case DOM_CMD_DEADLINE:
		fr->deadline = ((const struct dom_cmd_DEADLINE *)m)->at;
		break;
	}
}

/**
 * frag_forget() - throw away all fragments that wait
 * @fr: reassembly, its lock held
 */
void frag_forget(struct atmos_frag *fr)
{
	atmos_stash_purge(&fr->stash);
	fr->memory = 0;
}
