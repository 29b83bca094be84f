// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reassembly of IPv4 and IPv6 fragments (RFC 791 3.2, RFC 8200 4.5, RFC 5722).
 *
 * The engine sees headers only. It puts each fragment's bytes at their place
 * with STASH, keeps which parts are there, and says ASSEMBLED when nothing is
 * missing. All of it may be lost at any time: fragments are best effort.
 *
 * Bounds: REASM_MAX datagrams, REASM_RANGES gaps in each, and half of the
 * table for one sender. Overlaps end a datagram, for both families: they are
 * an attack (RFC 5722 4, RFC 1858); an exact repetition is just dropped.
 */
#include "wire_ip.h"

#define REASM_MAX	32u
#define REASM_RANGES	16u
#define REASM_HLEN_MAX	128u
#define REASM_LIFE4_MS	30000u		/* RFC 1122 3.3.2 wants 60 to 120 s; as Linux */
#define REASM_LIFE6_MS	60000u		/* RFC 8200 4.5 */
#define REASM_ID_STEP	64u		/* above REASM_MAX: ids name slot and use */

struct range {
	u32 start;
	u32 end;
};

struct datagram {
	u8 saddr[16];
	u8 daddr[16];
	u32 frag_id;
	u32 deadline_ms;
	u32 total;		/* bytes after the header, 0: last not seen */
	u32 id;			/* for the core, 0: the slot is free */
	u8 family;
	u8 proto;		/* IPv4: part of the key */
	u8 nr;
	u8 ce;			/* a fragment was marked (RFC 3168 5.3) */
	u32 hlen;		/* 0: first not seen */
	struct range range[REASM_RANGES];	/* in order, apart */
	u8 header[REASM_HLEN_MAX];
};

struct reasm {
	u64 deadline;
	u32 uses;
	struct datagram d[REASM_MAX];
};

static_assert(sizeof(struct reasm) <= 12 * 1024, "reassembly's memory");

u64 reasm_size(void)
{
	return sizeof(struct reasm);
}

u64 reasm_max_bytes(void)
{
	return REASM_MAX * 65535ull;
}

static void forget(struct run *run, struct datagram *d)
{
	struct dom_cmd_ABANDON *c = RUN_CMD(run, ABANDON, DOM_NO_HANDLE, 0);

	if (c)
		c->id = d->id;
	d->id = 0;
}

static bool same(const struct datagram *d, const struct ip_view *v)
{
	return d->id && d->family == v->family && d->frag_id == v->frag_id &&
	       (v->family == 6 || d->proto == v->proto) &&
	       ip_addr_eq(v->family, d->saddr, v->saddr) &&
	       ip_addr_eq(v->family, d->daddr, v->daddr);
}

static struct datagram *lookup(struct reasm *r, const struct ip_view *v)
{
	u32 i;

	for (i = 0; i < REASM_MAX; i++)
		if (same(&r->d[i], v))
			return &r->d[i];
	return NULL;
}

/* A free slot; the oldest must go if there is none, or too many of one sender. */
static struct datagram *begin(struct reasm *r, struct run *run,
			      const struct ip_view *v)
{
	struct datagram *free = NULL, *oldest = NULL, *own = NULL, *d;
	u32 i, of_sender = 0;

	for (i = 0; i < REASM_MAX; i++) {
		d = &r->d[i];
		if (!d->id) {
			free = d;
			continue;
		}
		if (!oldest || before(d->deadline_ms, oldest->deadline_ms))
			oldest = d;
		if (d->family == v->family &&
		    ip_addr_eq(v->family, d->saddr, v->saddr)) {
			of_sender++;
			if (!own || before(d->deadline_ms, own->deadline_ms))
				own = d;
		}
	}
	if (of_sender >= REASM_MAX / 2 || !free) {
		free = of_sender >= REASM_MAX / 2 ? own : oldest;
		forget(run, free);
	}
	memset(free, 0, sizeof(*free));
	r->uses = (r->uses + 1) % (65536 / REASM_ID_STEP - 1);
	free->id = r->uses * REASM_ID_STEP + (u32)(free - r->d) + 1;
	free->family = v->family;
	free->proto = v->proto;
	free->frag_id = v->frag_id;
	ip_addr_set(free->saddr, v->family, v->saddr);
	ip_addr_set(free->daddr, v->family, v->daddr);
	free->deadline_ms = run->now_ms +
		(v->family == 6 ? REASM_LIFE6_MS : REASM_LIFE4_MS);
	return free;
}

/* Note [start, end). Returns 0, or 1 for a repetition, or -1 for an overlap. */
static int insert(struct datagram *d, u32 start, u32 end)
{
	u32 i, k;

	for (i = 0; i < d->nr && d->range[i].end < start; i++)
		;
	/* range i, if any, is the first that ends at start or behind it */
	for (k = i; k < d->nr; k++) {
		if (start >= d->range[k].start && end <= d->range[k].end)
			return 1;
		if (start < d->range[k].end && end > d->range[k].start)
			return -1;
	}
	if (i < d->nr && d->range[i].end == start) {
		d->range[i].end = end;
		if (i + 1 < d->nr && d->range[i + 1].start == end) {
			d->range[i].end = d->range[i + 1].end;
			for (k = i + 1; k + 1 < d->nr; k++)
				d->range[k] = d->range[k + 1];
			d->nr--;
		}
		return 0;
	}
	if (i < d->nr && d->range[i].start == end) {
		d->range[i].start = start;
		return 0;
	}
	if (d->nr == REASM_RANGES)
		return -1;
	for (k = d->nr; k > i; k--)
		d->range[k] = d->range[k - 1];
	d->range[i] = (struct range){ start, end };
	d->nr++;
	return 0;
}

/* The header of the whole: what comes before the fragmented part. */
static bool keep_header(struct datagram *d, const struct ip_view *v)
{
	u32 n = v->family == 6 ? v->frag_hdr : v->l4;

	if (n > REASM_HLEN_MAX)
		return false;
	memcpy(d->header, v->h, n);
	if (v->family == 6) {
		d->header[v->frag_prev] = v->h[v->frag_hdr];
	} else {
		put16(d->header + 6, 0);
		put16(d->header + 10, 0);
	}
	d->hlen = n;
	return true;
}

static void assembled(struct run *run, struct datagram *d)
{
	struct dom_cmd_ASSEMBLED *c = RUN_CMD(run, ASSEMBLED, 0, d->hlen);

	if (!c) {
		forget(run, d);
		return;
	}
	if (d->ce && d->family == 4)
		d->header[1] |= IP_ECN_CE;
	else if (d->ce)
		d->header[1] |= IP_ECN_CE << 4;
	c->id = d->id;
	c->len = d->total;
	memcpy(msg_inline(c), d->header, d->hlen);
	d->id = 0;
}

/* Returns 0 if the fragment's object was taken, else the reason to drop it. */
static u32 fragment(struct reasm *r, struct run *run,
		    const struct dom_ev_RX *ev)
{
	const u8 *h = (const u8 *)ev + DOM_SLOT_SIZE;
	struct dom_cmd_STASH *c;
	struct datagram *d;
	struct ip_view v;
	u32 off, before, len, end;

	if (!ip_parse(&v, h, ev->hdr.inline_len, ev->len) || !v.frag)
		return STACK_DROP_MALFORMED;
	off = v.family == 6 ? v.frag_hdr + 8u : v.l4;
	before = v.family == 6 ? v.frag_hdr : v.l4;
	len = v.end - off;
	end = v.frag_off + len;
	/* RFC 791 3.2, RFC 8200 4.5: units of 8 but for the last */
	if (v.end < off || !len || (v.frag_more && len % 8) ||
	    end + before > 65535 + (v.family == 6 ? IP6_HLEN : 0))
		return STACK_DROP_MALFORMED;
	/* RFC 1858 3, RFC 7112 5: ports and flags are in the first */
	if (!v.frag_off && len < 8)
		return STACK_DROP_MALFORMED;
	if (v.frag_off == 8 && v.proto == IPPROTO_TCP && v.family == 4)
		return STACK_DROP_MALFORMED;

	d = lookup(r, &v);
	if (!d)
		d = begin(r, run, &v);
	/* the end must be one and the same, and nothing behind it */
	if (!v.frag_more) {
		if ((d->total && d->total != end) ||
		    (d->nr && d->range[d->nr - 1].end > end))
			goto bad;
	} else if (d->total && end > d->total) {
		goto bad;
	}
	switch (insert(d, v.frag_off, end)) {
	case 1:
		return STACK_DROP_DUP;
	case -1:
		goto bad;
	}
	if (!v.frag_more)
		d->total = end;
	if (!v.frag_off && !keep_header(d, &v))
		goto bad;
	if ((v.tos & IP_ECN_MASK) == IP_ECN_CE)
		d->ce = 1;
	c = RUN_CMD(run, STASH, ev->hdr.handle, 0);
	if (!c)
		goto bad;
	c->pos = v.frag_off;
	c->offset = off;
	c->len = len;
	c->id = d->id;
	if (d->total && d->hlen && d->nr == 1 && !d->range[0].start &&
	    d->range[0].end == d->total)
		assembled(run, d);
	return 0;
bad:
	forget(run, d);
	return STACK_DROP_OVERLAP;
}

static void expire(struct reasm *r, struct run *run)
{
	struct dom_cmd_DEADLINE *c;
	u64 next = 0, at;
	u32 i;

	for (i = 0; i < REASM_MAX; i++) {
		struct datagram *d = &r->d[i];
		s32 left = (s32)(d->deadline_ms - run->now_ms);

		if (!d->id)
			continue;
		if (left <= 0 && run_room(run) > 1) {
			forget(run, d);
			continue;
		}
		at = run->now + (left > 0 ? (u64)left * 1000 : 1000);
		if (!next || at < next)
			next = at;
	}
	if (r->deadline == next ||
	    (next && r->deadline > run->now && r->deadline <= next))
		return;
	c = RUN_CMD(run, DEADLINE, DOM_NO_HANDLE, 0);
	if (c) {
		c->at = next;
		r->deadline = next;
	}
}

int reasm_run(struct reasm *r, const struct dom_in *in, struct dom_out *out)
{
	const struct dom_msg *m;
	struct run run;
	u32 pos = 0, drop;

	run_init(&run, in, out);
	if (run.cfg->kind != STACK_REASM)
		return -1;
	while ((m = run_event(&run, &pos))) {
		drop = STACK_DROP_STATE;
		/* a datagram can cost five slots: keep them for the rest */
		if (m->hdr.type == DOM_EV_RX && m->hdr.handle != DOM_NO_HANDLE)
			drop = run_room(&run) > 20 ?
				fragment(r, &run, (const struct dom_ev_RX *)m) :
				STACK_DROP_FULL;
		if (drop)
			run_drop(&run, m->hdr.handle, drop);
	}
	expire(r, &run);
	run_finish(&run, false);
	return 0;
}
