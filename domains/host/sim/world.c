// SPDX-License-Identifier: GPL-2.0-only
/*
 * Virtual time, hosts, and the seeded link between them.
 */
#include <stdlib.h>
#include <string.h>

#include "world.h"

#define MS 1000ull

/* ---- what happens when ---- */

static bool earlier(const struct item *a, const struct item *b)
{
	return a->at < b->at || (a->at == b->at && a->seq < b->seq);
}

static void push(struct world *w, u64 at, enum happening what, u32 index,
		 struct frame *f)
{
	struct item it = { at, w->seq++, what, index, f };
	u32 i;

	if (w->nr_heap == w->max_heap) {
		w->max_heap = w->max_heap ? 2 * w->max_heap : 1024;
		w->heap = realloc(w->heap, w->max_heap * sizeof(it));
		if (!w->heap)
			abort();
	}
	for (i = w->nr_heap++; i && earlier(&it, &w->heap[(i - 1) / 2]); i = (i - 1) / 2)
		w->heap[i] = w->heap[(i - 1) / 2];
	w->heap[i] = it;
}

static struct item pop(struct world *w)
{
	struct item top = w->heap[0], it = w->heap[--w->nr_heap];
	u32 i = 0, k;

	while ((k = 2 * i + 1) < w->nr_heap) {
		if (k + 1 < w->nr_heap && earlier(&w->heap[k + 1], &w->heap[k]))
			k++;
		if (!earlier(&w->heap[k], &it))
			break;
		w->heap[i] = w->heap[k];
		i = k;
	}
	w->heap[i] = it;
	return top;
}

static void sched(struct node *n, u64 at)
{
	if (at < n->w->now)
		at = n->w->now;
	if (n->sched && n->sched <= at)
		return;
	n->sched = at;
	push(n->w, at, H_RUN, (u32)(n - n->w->node), NULL);
}

/* Something is due at this node: run it at once. */
void world_kick(struct node *n)
{
	sched(n, n->w->now);
}

/* ---- the link ---- */

static bool is_rst(struct frame *f)
{
	return f->proto == 6 && !f->fragment && frame_tcp(f)[13] & 4;
}

static void arrive(struct world *w, u32 dir, u64 at, struct frame *f)
{
	push(w, at, H_ARRIVE, !dir, f);
}

/* RFC 792 and 4443: tell the sender, with the head of its packet. */
static void too_big(struct world *w, u32 dir, struct node *from, struct frame *f)
{
	struct link *l = &w->link[dir];
	bool df = f->family == 6 || f->data[6] & 0x40;

	l->too_big++;
	if (l->mtu_told && df && from->used)
		ep_icmp(&from->ep, f->family == 4 ? 3 : 2, f->family == 4 ? 4 : 0,
			l->mtu, f->data, f->hlen);
	if (l->mtu_told && df)
		sched(from, w->now + l->delay);
	frame_put(f);
}

static bool ecn_mark(struct frame *f)
{
	u8 *tos = &f->data[1];

	if (f->family == 6) {
		if (!(*tos & 0x30))
			return false;
		*tos |= 0x30;
		return true;
	}
	if (!(*tos & 3))
		return false;
	*tos |= 3;
	frame_finish(f);
	return true;
}

static void link_send(struct world *w, u32 dir, struct node *from, struct frame *f)
{
	struct link *l = &w->link[dir];
	u64 at = w->now, backlog;

	l->frames++;
	l->payload += frame_payload(f);
	if (l->mtu && f->len > l->mtu) {
		too_big(w, dir, from, f);
		return;
	}
	if (rng_chance(&w->rng, l->loss)) {
		l->dropped++;
		frame_put(f);
		return;
	}
	if (l->rate) {
		if (l->busy_until < w->now)
			l->busy_until = w->now;
		backlog = (l->busy_until - w->now) * l->rate / 1000000;
		if (l->mark && backlog > l->mark)
			ecn_mark(f);
		if (l->queue && backlog + f->len > l->queue) {
			l->dropped++;
			frame_put(f);
			return;
		}
		l->busy_until += f->len * 1000000ull / l->rate + 1;
		at = l->busy_until;
	}
	at += l->delay + (l->jitter ? rng_below(&w->rng, l->jitter) : 0);
	if (rng_chance(&w->rng, l->reorder)) {
		at += rng_below(&w->rng, l->reorder_us + 1);
	} else {
		if (at < l->last_arrival)
			at = l->last_arrival;
		l->last_arrival = at;
	}
	if (rng_chance(&w->rng, l->dup))
		arrive(w, dir, at + rng_below(&w->rng, l->delay + 1), frame_copy(f));
	if (rng_chance(&w->rng, l->corrupt))
		f->data[rng_below(&w->rng, f->len)] ^= 1u << rng_below(&w->rng, 8);
	arrive(w, dir, at, f);
}

static void on_xmit(struct ep *ep, struct frame *f, u16 flags)
{
	struct node *n = ep->owner;

	(void)flags;
	link_send(n->w, n->host, n, f);
}

/* ---- a host's side: flow lookup, batches, new connections ---- */

static bool flow_is(const struct node *n, const struct frame *f)
{
	const struct stack_config *c = &n->ep.cfg;
	u32 alen = f->family == 4 ? 4 : 16;
	const u8 *src = f->data + (f->family == 4 ? 12 : 8);

	if (!n->used || c->family != f->family ||
	    rd16(f->data + f->l4 + 2) != c->lport)
		return false;
	if (c->kind == STACK_LISTEN)
		return true;
	return rd16(f->data + f->l4) == c->rport && !memcmp(src, c->raddr, alen) &&
	       !memcmp(src + alen, c->laddr, alen);
}

static struct node *flow_find(struct world *w, u32 host, const struct frame *f)
{
	struct node *listener = NULL;
	u32 i;

	for (i = 0; i < WORLD_NODES; i++) {
		struct node *n = &w->node[i];

		if (n->host != host || !flow_is(n, f))
			continue;
		if (n->ep.cfg.kind == STACK_TCP && n->ep.state != TCPS_CLOSE)
			return n;
		if (n->ep.cfg.kind == STACK_LISTEN)
			listener = n;
	}
	return listener;
}

static void host_rx(struct world *w, u32 host, struct frame *f)
{
	struct ep *ep;
	struct node *n;
	bool none;

	/* the NIC's and ip_rcv()'s part */
	if (!frame_parse(f) || !frame_l3_ok(f) || !frame_trim(f)) {
		frame_put(f);
		return;
	}
	n = f->proto == 6 && !f->fragment ? flow_find(w, host, f) : NULL;
	if (!n) {
		frame_put(f);
		return;
	}
	ep = &n->ep;
	/*
	 * Late duplicates of a connection that is gone are answered with RST
	 * (RFC 9293 3.10.7.1); in TIME-WAIT that is harmless (RFC 1337).
	 */
	if (ep->cfg.kind == STACK_TCP && ep->state != TCPS_TIME_WAIT &&
	    is_rst(f) && frame_l4_ok(f, &none))
		ep_bad(ep, "a RST arrived in state %u", ep->state);
	if (w->coalesce && ep->nr_rx && n->ep.cfg.kind == STACK_TCP &&
	    frame_l4_ok(f, &none) && frame_l4_ok(ep->rxq[ep->nr_rx - 1], &none)) {
		struct frame *both = frame_coalesce(ep->rxq[ep->nr_rx - 1], f);

		if (both) {
			frame_put(ep->rxq[ep->nr_rx - 1]);
			ep->rxq[ep->nr_rx - 1] = both;
			frame_put(f);
			return;
		}
	}
	ep_rx(ep, f);
	sched(n, w->now + rng_below(&w->rng, w->batch_us + 1));
}

static void on_resteer(struct ep *ep, struct frame *f)
{
	struct node *from = ep->owner, *n = flow_find(from->w, from->host, f);

	/* nothing new: back to the listener, which now knows that it asked */
	if (!n)
		n = from;
	ep_rx(&n->ep, f);
	world_kick(n);
}

static void on_opened(struct ep *ep, const struct dom_cmd_OPENED *c, const u8 *rec,
		      u32 len)
{
	struct node *l = ep->owner, *n;
	struct world *w = l->w;
	struct stack_config cfg = ep->cfg;
	u32 i;

	cfg.kind = STACK_TCP;
	cfg.family = c->family;
	cfg.lport = c->lport;
	cfg.rport = c->rport;
	memcpy(cfg.laddr, &c->laddr0, 16);
	memcpy(cfg.raddr, &c->raddr0, 16);
	if (w->nr_accepted >= WORLD_NODES - 2) {
		ep_bad(ep, "more connections accepted than opened");
		return;
	}
	n = world_node(w, l->host, &cfg);
	n->passive = true;
	n->app = w->accept_app[w->nr_accepted++];
	ep_adopt(&n->ep, rec, len);
	/* the stream's bytes follow from who writes them: by ports */
	n->ep.tx_key = rng_mix(cfg.rport * 2 + 1);
	n->ep.rx_key = rng_mix(cfg.rport * 2);
	n->ep.pending |= EP_CONSUMED;
	/* what waits for the listener may be the new connection's */
	for (i = 0; i < ep->nr_rx; ) {
		struct frame *f = ep->rxq[i];

		if (!flow_is(n, f)) {
			i++;
			continue;
		}
		memmove(ep->rxq + i, ep->rxq + i + 1,
			(--ep->nr_rx - i) * sizeof(ep->rxq[0]));
		ep_rx(&n->ep, f);
	}
	world_kick(n);
}

static const struct ep_ops node_ops = {
	.xmit = on_xmit,
	.opened = on_opened,
	.resteer = on_resteer,
};

struct node *world_node(struct world *w, u32 host, const struct stack_config *cfg)
{
	struct node *n = w->node;

	while (n->used)
		n++;
	ep_init(&n->ep, cfg);
	n->ep.ops = &node_ops;
	n->ep.owner = n;
	n->ep.rng = &w->die_rng;
	n->ep.die = w->die;
	n->ep.capture = w->capture;
	n->ep.id = (u64)(n - w->node);
	n->ep.tx_key = rng_mix(cfg->lport * 2);
	n->ep.rx_key = rng_mix(cfg->lport * 2 + 1);
	n->w = w;
	n->host = host;
	n->used = true;
	n->sched = 0;
	n->app_sched = 0;
	n->passive = false;
	memset(&n->app, 0, sizeof(n->app));
	if (cfg->kind == STACK_LISTEN)
		w->listener = n;
	return n;
}

/* ---- the application ---- */

static bool may_write(u32 state)
{
	return state == TCPS_ESTABLISHED || state == TCPS_CLOSE_WAIT;
}

static void app_write(struct node *n)
{
	struct world *w = n->w;
	struct app *a = &n->app;
	u64 room, len;
	u32 flags = 0;

	while (a->written < a->out && w->now >= a->write_at) {
		room = a->sndbuf - (a->written - n->ep.una);
		len = 1 + rng_below(&w->rng, a->chunk);
		if (len > a->out - a->written)
			len = a->out - a->written;
		if (len > a->sndbuf)
			len = a->sndbuf;
		if (a->written - n->ep.una >= a->sndbuf || room < len)
			return;
		a->written += len;
		if (a->more && rng_chance(&w->rng, 0.3) && a->written < a->out)
			flags = STACK_SEND_MORE;
		ep_send(&n->ep, a->written, 0, flags);
		if (a->think && rng_chance(&w->rng, 0.2))
			a->write_at = w->now + rng_below(&w->rng, a->think);
	}
}

static void app_read(struct node *n)
{
	struct world *w = n->w;
	struct app *a = &n->app;
	u64 there = n->ep.rcv_next - a->got;

	if (!there || w->now < a->read_at)
		return;
	if (a->read_delay) {
		a->read_at = w->now + rng_below(&w->rng, a->read_delay);
		if (there > 1 && rng_chance(&w->rng, 0.5))
			there = 1 + rng_below(&w->rng, there);
	}
	a->got += there;
	ep_consumed(&n->ep, a->got, a->got + a->rcvbuf);
}

static void app_close(struct node *n)
{
	struct app *a = &n->app;
	bool eof = n->ep.st_flags & STACK_ST_EOF && a->got == n->ep.rcv_end;

	if (!a->shut && a->written == a->out && may_write(n->ep.state) &&
	    (!a->wait_eof || eof)) {
		a->shut = true;
		ep_shutdown(&n->ep, STACK_SHUT_SEND);
	}
	if (a->shut && eof && !a->closed) {
		a->closed = true;
		a->done_at = n->w->now;
		ep_shutdown(&n->ep, STACK_SHUT_SEND | STACK_SHUT_RECV | STACK_SHUT_CLOSE);
	}
}

static void app_step(struct node *n)
{
	struct world *w = n->w;
	struct app *a = &n->app;
	u64 next = 0;

	if (n->ep.cfg.kind != STACK_TCP)
		return;
	if (may_write(n->ep.state) && !a->shut)
		app_write(n);
	app_read(n);
	app_close(n);
	if (n->ep.pending)
		sched(n, w->now);
	if (a->written < a->out && a->write_at > w->now)
		next = a->write_at;
	if (n->ep.rcv_next > a->got && a->read_at > w->now &&
	    (!next || a->read_at < next))
		next = a->read_at;
	else if (n->ep.rcv_next > a->got && !next)
		next = w->now + 1;
	if (next && (!n->app_sched || n->app_sched > next)) {
		n->app_sched = next;
		push(w, next, H_APP, (u32)(n - w->node), NULL);
	}
}

/* ---- time ---- */

static bool run_node(struct node *n)
{
	struct world *w = n->w;
	u32 spins = 0;

	while (ep_due(&n->ep, w->now)) {
		if (!ep_run(&n->ep, w->now)) {
			snprintf(w->bad, sizeof(w->bad), "node %u (%s): %s",
				 (u32)(n - w->node), n->host ? "server" : "client",
				 n->ep.bad);
			return false;
		}
		if (++spins > 1000) {
			snprintf(w->bad, sizeof(w->bad), "node %u runs without end",
				 (u32)(n - w->node));
			return false;
		}
	}
	if (n->ep.deadline)
		sched(n, n->ep.deadline);
	app_step(n);
	return true;
}

/* The next thing that happens. False at the end, or when something is wrong. */
bool world_step(struct world *w)
{
	struct item it;
	struct node *n;

	if (!w->nr_heap || w->bad[0])
		return false;
	it = pop(w);
	w->now = it.at;
	if (++w->events > w->events_max) {
		snprintf(w->bad, sizeof(w->bad), "more than %llu events",
			 (unsigned long long)w->events_max);
		return false;
	}
	n = &w->node[it.index];
	switch (it.what) {
	case H_ARRIVE:
		host_rx(w, it.index, it.f);
		return true;
	case H_RUN:
		if (n->sched != it.at)
			return true;
		n->sched = 0;
		return run_node(n);
	case H_APP:
		if (n->app_sched != it.at)
			return true;
		n->app_sched = 0;
		app_step(n);
		return true;
	case H_MTU:
		w->link[0].mtu = w->mtu_later;
		w->link[1].mtu = w->mtu_later;
		return true;
	}
	return true;
}

bool world_run(struct world *w, u64 until)
{
	if (w->mtu_later)
		push(w, w->mtu_at, H_MTU, 0, NULL);
	while (w->nr_heap && w->heap[0].at <= until)
		if (!world_step(w))
			return false;
	if (w->now < until && w->nr_heap)
		w->now = until;
	return !w->bad[0];
}

/* A node that has not ended, NULL: there is none. */
const char *world_open_node(const struct world *w)
{
	static char text[200];
	u32 i;

	for (i = 0; i < WORLD_NODES; i++) {
		const struct node *n = &w->node[i];

		if (!n->used || n->ep.cfg.kind != STACK_TCP)
			continue;
		if (n->ep.state != TCPS_CLOSE || n->ep.deadline) {
			snprintf(text, sizeof(text),
				 "node %u (%s): state %u, deadline %llu, sent %llu of %llu, acked %llu, got %llu of %llu",
				 i, n->host ? "server" : "client", n->ep.state,
				 (unsigned long long)n->ep.deadline,
				 (unsigned long long)n->app.written,
				 (unsigned long long)n->app.out,
				 (unsigned long long)n->ep.una,
				 (unsigned long long)n->app.got,
				 (unsigned long long)n->app.in);
			return text;
		}
	}
	return NULL;
}

void world_init(struct world *w, u64 seed, u64 start)
{
	memset(w, 0, sizeof(*w));
	w->rng.state = rng_mix(seed);
	w->die_rng.state = rng_mix(seed ^ 0xdead);
	w->now = start;
	w->start = start;
	w->events_max = ~0ull;
}

void world_free(struct world *w)
{
	u32 i;

	for (i = 0; i < w->nr_heap; i++)
		frame_put(w->heap[i].f);
	free(w->heap);
	w->heap = NULL;
	w->nr_heap = 0;
	for (i = 0; i < WORLD_NODES; i++)
		if (w->node[i].used)
			ep_free(&w->node[i].ep);
}
