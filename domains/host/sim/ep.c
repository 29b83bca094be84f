// SPDX-License-Identifier: GPL-2.0-only
/*
 * One end: events in, run, commit.
 */
#include <stdlib.h>
#include <string.h>

#include "ep.h"

void ep_init(struct ep *ep, const struct stack_config *cfg)
{
	memset(ep, 0, sizeof(*ep));
	ep->cfg = *cfg;
	memcpy(ep->in.config, cfg, sizeof(*cfg));
	ep->in.abi_version = DOM_ABI_VERSION;
	handles_init(&ep->handles, HANDLES_MAX);
	if (cfg->kind == STACK_REASM) {
		ep->reasm = calloc(1, reasm_size());
		if (!ep->reasm)
			abort();
	}
}

/* Begin with a record: an accepted connection, or one that was saved. */
void ep_adopt(struct ep *ep, const u8 *rec, u32 len)
{
	const struct tcp_record *r = (const struct tcp_record *)ep->shadow;

	memset(ep->shadow, 0, sizeof(ep->shadow));
	memcpy(ep->shadow, rec, len);
	ep->shadow_len = DOM_RECORD_MAX;
	if (r->head.kind == STACK_TCP) {
		ep->state = r->head.state;
		ep->edge = r->rcv_edge ? r->rcv_edge - 1 : 0;
		ep->opts = r->opts;
		ep->rcv_next = r->rcv_nxt ? r->rcv_nxt - 1 : 0;
		ep->deadline = r->deadline;
	}
	ep->pending |= EP_WAKE;
}

void ep_free(struct ep *ep)
{
	struct ep_stash *s;
	u32 i;

	while ((s = ep->stash)) {
		ep->stash = s->next;
		frame_put(s->f);
		free(s);
	}
	for (i = 0; i < ep->nr_rx; i++)
		frame_put(ep->rxq[i]);
	ep->nr_rx = 0;
	free(ep->reasm);
	ep->reasm = NULL;
}

void ep_connect(struct ep *ep, u32 isn, u32 ts_offset)
{
	ep->isn = isn;
	ep->ts_offset = ts_offset;
	ep->pending |= EP_CONNECT;
}

void ep_listen(struct ep *ep, u32 backlog, u32 queued)
{
	ep->backlog = backlog;
	ep->queued = queued;
	ep->pending |= EP_LISTEN;
}

void ep_send(struct ep *ep, u64 tail, u64 urgent, u32 flags)
{
	ep->tail = tail;
	ep->urgent = urgent;
	ep->send_flags = flags;
	ep->pending |= EP_SEND;
}

void ep_consumed(struct ep *ep, u64 pos, u64 edge)
{
	ep->pos = pos;
	if (edge > ep->edge)
		ep->edge = edge;
	ep->pending |= EP_CONSUMED;
}

void ep_shutdown(struct ep *ep, u32 how)
{
	ep->shut |= how;
	ep->pending |= EP_SHUTDOWN;
}

void ep_abort(struct ep *ep)
{
	ep->pending |= EP_ABORT;
}

void ep_setopt(struct ep *ep, const struct stack_opts *opts, u32 changed)
{
	ep->opts = *opts;
	ep->opts_set = true;
	ep->changed |= changed;
	ep->pending |= EP_SETOPT;
}

void ep_icmp(struct ep *ep, u8 type, u8 code, u32 info, const u8 *quote, u32 len)
{
	ep->icmp.info = info;
	ep->icmp.family = ep->cfg.family;
	ep->icmp.type = type;
	ep->icmp.code = code;
	ep->icmp.len = len < STACK_RX_INLINE ? len : STACK_RX_INLINE;
	memcpy(ep->icmp.quote, quote, ep->icmp.len);
	ep->pending |= EP_ICMP;
}

void ep_pmtu(struct ep *ep, u32 mtu)
{
	ep->pmtu = mtu;
	ep->pending |= EP_PMTU;
}

void ep_sendto(struct ep *ep, u16 len, const u8 *saddr, const u8 *daddr,
	       u16 dport, u32 mtu)
{
	struct dom_ev_SENDTO *e = &ep->sendto;

	memset(e, 0, sizeof(*e));
	e->pos = ep->tail;
	e->len = len;
	e->family = ep->cfg.family;
	if (ep->opts.flags & STACK_SO_NO_DF)
		e->flags |= STACK_SENDTO_NO_DF;
	if (ep->opts.flags & (STACK_SO_DF | STACK_SO_PROBE_DF))
		e->flags |= STACK_SENDTO_WHOLE;
	e->dport = dport;
	e->mtu = mtu;
	if (saddr)
		memcpy(&e->saddr0, saddr, 16);
	if (daddr)
		memcpy(&e->daddr0, daddr, 16);
	ep->tail += len ? len : 1;
	ep->pending |= EP_SENDTO;
}

/* Takes the reference. False: the queue is full and the frame is lost. */
bool ep_rx(struct ep *ep, struct frame *f)
{
	if (ep->nr_rx == EP_RXQ) {
		ep->lost_rxq++;
		frame_put(f);
		return false;
	}
	ep->rxq[ep->nr_rx++] = f;
	return true;
}

bool ep_due(const struct ep *ep, u64 now)
{
	return ep->pending || ep->nr_rx || ep->more ||
	       (ep->deadline && ep->deadline <= now);
}

/* ---- events ---- */

static void *event(struct ep *ep, u16 type, const void *bytes, u32 len)
{
	struct dom_msg *m = &ep->in.slot[ep->in.nr_slots];
	u32 n = dom_msg_slots(len);

	memset(m, 0, n * sizeof(*m));
	m->hdr.type = type;
	m->hdr.inline_len = (u16)len;
	if (len)
		memcpy(m + 1, bytes, len);
	ep->in.nr_slots += n;
	return m;
}

#define EVENT(ep, NAME) ((struct dom_ev_##NAME *)event(ep, DOM_EV_##NAME, NULL, 0))

static void events_app(struct ep *ep)
{
	if (ep->pending & EP_SETOPT) {
		struct dom_ev_SETOPT *e = event(ep, DOM_EV_SETOPT, &ep->opts,
						sizeof(ep->opts));

		e->changed = ep->changed;
	}
	if (ep->pending & EP_CONNECT) {
		struct dom_ev_CONNECT *e = EVENT(ep, CONNECT);

		e->isn = ep->isn;
		e->ts_offset = ep->ts_offset;
		e->edge = ep->edge;
	}
	if (ep->pending & EP_LISTEN) {
		struct dom_ev_LISTEN *e = EVENT(ep, LISTEN);

		e->backlog = ep->backlog;
		e->queued = ep->queued;
		e->edge = ep->edge;
	}
	if (ep->pending & EP_SEND) {
		struct dom_ev_SEND *e = EVENT(ep, SEND);

		e->tail = ep->tail;
		e->urgent = ep->urgent;
		e->flags = ep->send_flags;
	}
	if (ep->pending & EP_SENDTO) {
		u8 *e = event(ep, DOM_EV_SENDTO, NULL, 0);

		memcpy(e + sizeof(struct dom_hdr),
		       (u8 *)&ep->sendto + sizeof(struct dom_hdr),
		       sizeof(ep->sendto) - sizeof(struct dom_hdr));
	}
	if (ep->pending & EP_CONSUMED) {
		struct dom_ev_CONSUMED *e = EVENT(ep, CONSUMED);

		e->pos = ep->pos;
		e->edge = ep->edge;
	}
	if (ep->pending & EP_SHUTDOWN) {
		struct dom_ev_SHUTDOWN *e = EVENT(ep, SHUTDOWN);

		e->tail = ep->tail;
		e->how = ep->shut;
	}
}

static void events_path(struct ep *ep)
{
	if (ep->pending & EP_ICMP) {
		struct dom_ev_ICMP *e = event(ep, DOM_EV_ICMP, ep->icmp.quote,
					      ep->icmp.len);

		e->info = ep->icmp.info;
		e->family = ep->icmp.family;
		e->type = ep->icmp.type;
		e->code = ep->icmp.code;
	}
	if (ep->pending & EP_PMTU)
		EVENT(ep, PMTU)->mtu = ep->pmtu;
}

static u64 flow_hash(const struct frame *f)
{
	u32 alen = f->family == 4 ? 8 : 32, i;
	const u8 *a = f->data + (f->family == 4 ? 12 : 8);
	u64 h = rng_mix(rd32(f->data + f->l4));

	for (i = 0; i < alen; i++)
		h = rng_mix(h ^ a[i]);
	return h;
}

static bool event_rx(struct ep *ep, struct frame *f, u64 now)
{
	bool always = ep->cfg.kind == STACK_LISTEN || ep->cfg.kind == STACK_REASM;
	u32 handle = DOM_NO_HANDLE;
	struct dom_ev_RX *e;
	bool none;

	if (dom_msg_slots(f->hlen) > DOM_IN_SLOTS - ep->in.nr_slots)
		return false;
	if (always || f->len > f->hlen) {
		handle = handles_add(&ep->handles, f);
		if (handle == DOM_NO_HANDLE)
			return false;
		frame_get(f);
	}
	e = event(ep, DOM_EV_RX, f->data, f->hlen);
	e->hdr.handle = handle;
	e->len = f->len;
	e->seg_size = f->seg_size;
	if (!f->fragment && frame_l4_ok(f, &none))
		e->flags |= STACK_RX_CSUM_OK;
	if (!f->fragment && none && f->proto == 17)
		e->flags |= STACK_RX_CSUM_NONE;
	if (f->recheck)
		e->flags |= STACK_RX_RECHECK;
	if (ep->cfg.kind == STACK_LISTEN) {
		e->flow_key = flow_hash(f) ^ 0x5eed;
		e->isn = ep->isn + (u32)flow_hash(f) + (u32)(now / 4);
	}
	return true;
}

/* Returns how many frames of the queue were taken. */
static u32 events_rx(struct ep *ep, u64 now)
{
	u32 most = ep->cfg.kind == STACK_LISTEN ? STACK_LISTEN_BATCH : STACK_RX_BATCH;
	u32 i;

	for (i = 0; i < ep->nr_rx && i < most; i++)
		if (!event_rx(ep, ep->rxq[i], now))
			break;
	return i;
}

/* ---- commit ---- */

static struct frame *take(struct ep *ep, u32 handle)
{
	struct atmos_handle *e = handles_entry(&ep->handles, handle);

	return e ? handles_remove(&ep->handles, e) : NULL;
}

static bool reader_gets(struct ep *ep, u64 pos, const u8 *bytes, u32 len)
{
	if (!stream_equal(ep->rx_key, pos, bytes, len))
		return ep_bad(ep, "delivered bytes at %llu differ from what was sent",
			      (unsigned long long)pos);
	return true;
}

static void commit_deliver(struct ep *ep, const struct dom_cmd_DELIVER *c)
{
	struct frame *f = take(ep, c->hdr.handle);
	struct ep_stash **s;

	reader_gets(ep, c->pos, f->data + c->offset, c->len);
	ep->rcv_next = c->pos + c->len;
	frame_put(f);
	while (ep->rcv_next < c->upto) {
		struct ep_stash *found = NULL;

		for (s = &ep->stash; *s; s = &(*s)->next) {
			if ((*s)->pos == ep->rcv_next) {
				found = *s;
				*s = found->next;
				break;
			}
		}
		if (!found)
			break;
		reader_gets(ep, found->pos, found->f->data + found->offset, found->len);
		ep->rcv_next += found->len;
		ep->stash_bytes -= found->len;
		frame_put(found->f);
		free(found);
	}
}

static void commit_stash(struct ep *ep, const struct dom_cmd_STASH *c)
{
	struct ep_stash *s = calloc(1, sizeof(*s));

	if (!s)
		abort();
	s->f = take(ep, c->hdr.handle);
	s->pos = c->pos;
	s->offset = c->offset;
	s->len = c->len;
	s->id = c->id;
	s->next = ep->stash;
	ep->stash = s;
	ep->stash_bytes += c->len;
}

/* Header bytes, stream range, and what the engine leaves to the core. */
static void commit_xmit(struct ep *ep, const struct dom_cmd_XMIT *c)
{
	const u8 *hdr = msg_bytes((const struct dom_msg *)c);
	u32 hlen = c->hdr.inline_len, done = 0, nr = 0;
	u32 piece = c->seg_size ? c->seg_size : c->len;

	ep->xmits++;
	if (c->flags & STACK_XMIT_RETRANS)
		ep->retrans++;
	if (c->len && c->pos + c->len > ep->xmit_max)
		ep->xmit_max = c->pos + c->len;
	do {
		u32 n = c->len - done < piece ? c->len - done : piece;
		struct frame *f = frame_new(hlen + n);
		bool last = done + n == c->len;
		u8 *t;

		memcpy(f->data, hdr, hlen);
		stream_fill(ep->tx_key, c->pos + done, f->data + hlen, n);
		frame_parse(f);
		if (f->family == 4)
			wr16(f->data + 4, rd16(f->data + 4) + nr);
		if (f->proto == 6) {
			t = frame_tcp(f);
			wr32(t + 4, rd32(t + 4) + done);
			if (!last)
				t[13] &= ~9;
			if (nr)
				t[13] &= ~0x80;
		}
		frame_finish(f);
		if (c->flags & STACK_XMIT_CSUM_ZERO)
			memset(f->data + f->l4 + 6, 0, 2);
		done += n;
		nr++;
		if (ep->ops && ep->ops->xmit)
			ep->ops->xmit(ep, f, c->flags);
		else
			frame_put(f);
	} while (done < c->len);
}

/* All pieces of datagram @id as one frame behind @hdr; NULL: thrown away. */
static struct frame *unstash(struct ep *ep, u32 id, const u8 *hdr, u32 hlen, u32 len)
{
	struct frame *f = hdr ? frame_new(hlen + len) : NULL;
	struct ep_stash **s = &ep->stash;

	if (f)
		memcpy(f->data, hdr, hlen);
	while (*s) {
		struct ep_stash *p = *s;

		if (p->id != id) {
			s = &p->next;
			continue;
		}
		*s = p->next;
		if (f)
			memcpy(f->data + hlen + p->pos, p->f->data + p->offset, p->len);
		ep->stash_bytes -= p->len;
		frame_put(p->f);
		free(p);
	}
	return f;
}

static void commit_assembled(struct ep *ep, const struct dom_cmd_ASSEMBLED *c)
{
	struct frame *f = unstash(ep, c->id, msg_bytes((const struct dom_msg *)c),
				  c->hdr.inline_len, c->len);

	if (f->data[0] >> 4 == 4) {
		/* the core fills in lengths and the header's checksum */
		wr16(f->data + 2, f->len);
		f->family = 4;
	} else {
		wr16(f->data + 4, f->len - 40);
		f->family = 6;
	}
	f->recheck = true;
	if (ep->ops && ep->ops->assembled)
		ep->ops->assembled(ep, f);
	else
		frame_put(f);
}

static void commit_command(struct ep *ep, const struct dom_msg *m)
{
	const void *c = m;

	switch (m->hdr.type) {
	case DOM_CMD_XMIT:
		commit_xmit(ep, c);
		break;
	case DOM_CMD_DELIVER:
		commit_deliver(ep, c);
		break;
	case DOM_CMD_STASH:
		commit_stash(ep, c);
		break;
	case DOM_CMD_DROP:
		ep->last_drop = ((const struct dom_cmd_DROP *)c)->reason;
		frame_put(take(ep, m->hdr.handle));
		break;
	case DOM_CMD_DGRAM:
		frame_put(take(ep, m->hdr.handle));
		break;
	case DOM_CMD_ACKED:
		ep->una = ((const struct dom_cmd_ACKED *)c)->una;
		break;
	case DOM_CMD_DEADLINE:
		ep->deadline = ((const struct dom_cmd_DEADLINE *)c)->at;
		break;
	case DOM_CMD_STATE:
		ep->state = ((const struct dom_cmd_STATE *)c)->state;
		ep->st_flags = ((const struct dom_cmd_STATE *)c)->flags;
		if (ep->st_flags & STACK_ST_EOF)
			ep->rcv_end = ((const struct dom_cmd_STATE *)c)->rcv_end;
		break;
	case DOM_CMD_ERROR:
		if (((const struct dom_cmd_ERROR *)c)->fatal)
			ep->err = ((const struct dom_cmd_ERROR *)c)->err;
		else
			ep->err_soft = ((const struct dom_cmd_ERROR *)c)->err;
		break;
	case DOM_CMD_URGENT:
		ep->urg_pos = ((const struct dom_cmd_URGENT *)c)->pos + 1;
		break;
	case DOM_CMD_OPENED:
		if (ep->ops && ep->ops->opened)
			ep->ops->opened(ep, c, msg_bytes(m), m->hdr.inline_len);
		break;
	case DOM_CMD_RESTEER: {
		struct frame *f = take(ep, m->hdr.handle);

		f->recheck = true;
		if (ep->ops && ep->ops->resteer)
			ep->ops->resteer(ep, f);
		else
			frame_put(f);
		break;
	}
	case DOM_CMD_ASSEMBLED:
		commit_assembled(ep, c);
		break;
	case DOM_CMD_ABANDON:
		unstash(ep, ((const struct dom_cmd_ABANDON *)c)->id, NULL, 0, 0);
		break;
	}
}

static void rxq_consume(struct ep *ep, u32 n)
{
	u32 i;

	for (i = 0; i < n; i++)
		frame_put(ep->rxq[i]);
	memmove(ep->rxq, ep->rxq + n, (ep->nr_rx - n) * sizeof(ep->rxq[0]));
	ep->nr_rx -= n;
}

/* Objects that the domain still owns go back to the core. */
static void reclaim(struct ep *ep)
{
	u32 i;

	for (i = 0; i < ep->handles.top; i++) {
		struct atmos_handle *e = &ep->handles.entry[i];

		if (e->object)
			frame_put(handles_remove(&ep->handles, e));
	}
}

/* The domain died in this run: back to the last committed record. */
void ep_die(struct ep *ep)
{
	reclaim(ep);
	ep->deaths++;
	if (ep->cfg.kind == STACK_REASM) {
		struct ep_stash *s;

		/* Its memory is not in the record: stashed pieces go with it. */
		memset(ep->reasm, 0, reasm_size());
		while ((s = ep->stash)) {
			ep->stash = s->next;
			frame_put(s->f);
			free(s);
		}
		ep->stash_bytes = 0;
		ep->deadline = 0;
		return;
	}
	ep->more = true;
	if (ep->opts_set)
		ep->pending |= EP_SETOPT;
	if (ep->cfg.kind == STACK_LISTEN) {
		ep->pending |= EP_LISTEN;
	} else if (ep->cfg.kind == STACK_TCP) {
		if (ep->tail)
			ep->pending |= EP_SEND;
		if (ep->edge)
			ep->pending |= EP_CONSUMED;
		if (ep->shut)
			ep->pending |= EP_SHUTDOWN;
	}
}

static struct dom_out rehearsal;

/* The engine keeps nothing but the record, so a run can be repeated. */
static void rehearse(struct ep *ep)
{
	memset(&rehearsal, 0, sizeof(rehearsal));
	memcpy(rehearsal.record, ep->shadow, ep->shadow_len);
	stack_run(&ep->in, &rehearsal);
}

static bool rehearsed(const struct ep *ep)
{
	return !memcmp(&rehearsal, &ep->out, offsetof(struct dom_out, slot)) &&
	       !memcmp(rehearsal.slot, ep->out.slot,
		       ep->out.nr_slots * sizeof(ep->out.slot[0]));
}

/*
 * One entry. False if something is wrong; ep->bad says what. A death is not
 * wrong.
 */
bool ep_run(struct ep *ep, u64 now)
{
	u32 pending = ep->pending, nr_rx, i, n = 0;
	const struct dom_msg *m;
	bool dies;
	int ret;

	ep->runs++;
	ep->in.nr_slots = 0;
	ep->in.now_us = now;
	ep->in.domain_id = ep->id;
	ep->in.record_len = ep->shadow_len;
	memset(&ep->out, 0, sizeof(ep->out));
	memcpy(ep->out.record, ep->shadow, ep->shadow_len);

	events_app(ep);
	events_path(ep);
	if ((ep->deadline && ep->deadline <= now) || (pending & EP_WAKE))
		EVENT(ep, TIMER)->deadline = ep->deadline <= now ? ep->deadline : 0;
	if (pending & EP_ABORT)
		EVENT(ep, ABORT);
	nr_rx = events_rx(ep, now);

	if (ep->rehearse && !ep->reasm)
		rehearse(ep);
	ret = ep->reasm ? reasm_run(ep->reasm, &ep->in, &ep->out) :
			  stack_run(&ep->in, &ep->out);
	if (ep->rehearse && !ep->reasm && !rehearsed(ep))
		return ep_bad(ep, "the same events had another outcome");
	dies = ep->rng && rng_chance(ep->rng, ep->die);
	if (ep->capture)
		ep_capture(ep, ret, dies);

	if (dies) {
		/* whatever it did in this run does not count */
		rxq_consume(ep, nr_rx);
		ep_die(ep);
		return true;
	}
	if (ret)
		return ep_bad(ep, "engine refused its own record");
	if (!ep_check(ep)) {
		rxq_consume(ep, nr_rx);
		reclaim(ep);
		return false;
	}

	if (!ep->reasm) {
		memcpy(ep->shadow, ep->out.record, DOM_RECORD_MAX);
		ep->shadow_len = DOM_RECORD_MAX;
	}
	ep->pending &= ~pending;
	if (pending & EP_SETOPT)
		ep->changed = 0;
	ep->more = ep->out.flags & DOM_OUT_MORE;
	rxq_consume(ep, nr_rx);
	ep_each_command(&ep->out, m, i) {
		n++;
		if (ep->ops && ep->ops->command)
			ep->ops->command(ep, m);
		commit_command(ep, m);
	}
	ep->commands += n;
	if (n > ep->max_commands)
		ep->max_commands = n;
	if (ep->handles.used) {
		reclaim(ep);
		return ep_bad(ep, "engine kept a received object");
	}
	return !ep->bad[0];
}
