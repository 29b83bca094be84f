// SPDX-License-Identifier: GPL-2.0-only
/*
 * From a seed to a connection, and is the outcome right?
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

#define MS	1000ull
#define SEC	1000000ull

static u64 log_uniform(struct rng *r, u64 lo, u64 hi)
{
	double l = log((double)lo), h = log((double)hi + 1);
	u64 v = (u64)exp(l + (h - l) * rng_unit(r));

	return v < lo ? lo : v > hi ? hi : v;
}

/* Chance that one packet does not do its work. */
static double plan_fails(const struct plan *p)
{
	return 1 - (1 - p->loss) * (1 - p->corrupt) * (1 - p->die);
}

/* Retransmission is exponential in time, so much loss means little data. */
static u64 plan_most(const struct plan *p, struct rng *r)
{
	double fails = plan_fails(p);

	if (fails > 0.15)
		return 48 << 10;
	if (fails > 0.05)
		return 256 << 10;
	if (fails > 0.01)
		return 1 << 20;
	return rng_chance(r, 0.15) ? 64 << 20 : 2 << 20;
}

static void draw_link(struct plan *p, struct rng *r)
{
	static const u32 mtus[] = { 1280, 1400, 1500, 1500, 1500, 9000 };

	if (rng_chance(r, 0.6))
		p->loss = rng_unit(r) * (rng_chance(r, 0.6) ? 0.02 :
					 rng_chance(r, 0.6) ? 0.1 : 0.3);
	if (rng_chance(r, 0.4))
		p->reorder = rng_unit(r) * 0.3;
	if (rng_chance(r, 0.4))
		p->dup = rng_unit(r) * 0.1;
	if (rng_chance(r, 0.3))
		p->corrupt = rng_unit(r) * 0.05;
	if (rng_chance(r, 0.5))
		p->die = rng_unit(r) * (rng_chance(r, 0.5) ? 0.02 : 0.1);
	p->delay = log_uniform(r, 10, 200 * MS);
	p->jitter = rng_chance(r, 0.4) ? rng_below(r, p->delay + 1) : 0;
	p->rate = rng_chance(r, 0.7) ? log_uniform(r, 50000, 1250000000) : 0;
	p->queue = p->rate ? log_uniform(r, 20000, 2000000) : 0;
	p->ecn_queue = p->queue && rng_chance(r, 0.5);
	p->mtu = mtus[rng_below(r, 6)];
	if (rng_chance(r, 0.2)) {
		p->mtu_later = p->family == 6 ? 1280 :
						(u32)rng_range(r, 600, p->mtu);
		p->mtu_told = rng_chance(r, 0.7);
	}
}

static void draw_host(struct plan *p, struct rng *r, u32 host)
{
	p->flags[host] = (rng_chance(r, 0.8) ? STACK_CF_TS : 0) |
			 (rng_chance(r, 0.8) ? STACK_CF_SACK : 0) |
			 (rng_chance(r, 0.8) ? STACK_CF_WSCALE : 0) |
			 (rng_chance(r, 0.5) ? STACK_CF_ECN : 0);
	p->gso[host] = rng_chance(r, 0.6) ? (u32)log_uniform(r, 3000, 65000) : 0;
	p->wscale[host] = (u32)rng_below(r, 11);
	p->sndbuf[host] = (u32)log_uniform(r, 4096, 4 << 20);
	p->rcvbuf[host] = (u32)log_uniform(r, 4096, 4 << 20);
	if (!(p->flags[host] & STACK_CF_WSCALE) && p->rcvbuf[host] > 65535)
		p->rcvbuf[host] = 65535;
	p->chunk[host] = (u32)log_uniform(r, 1, 65536);
	if (p->chunk[host] < (p->out + p->in) / 20000)
		p->chunk[host] = (u32)((p->out + p->in) / 20000);
	p->think[host] = rng_chance(r, 0.3) ? (u32)log_uniform(r, 10, 50000) : 0;
	p->read_delay[host] = rng_chance(r, 0.3) ? (u32)log_uniform(r, 10, 50000) : 0;
	p->so_flags[host] = (rng_chance(r, 0.4) ? STACK_SO_NODELAY : 0) |
			    (rng_chance(r, 0.2) ? STACK_SO_QUICKACK : 0) |
			    (rng_chance(r, 0.2) ? STACK_SO_KEEPALIVE : 0) |
			    (rng_chance(r, 0.2) ? STACK_SO_MTU_PROBE : 0);
	p->cc[host] = rng_chance(r, 0.3) ? STACK_CC_RENO : STACK_CC_CUBIC;
	p->wait_eof[host] = false;
	p->more[host] = rng_chance(r, 0.2);
	p->isn[host] = rng_chance(r, 0.2) ? 0xffffff00u + (u32)rng_below(r, 256) :
					    (u32)rng_next(r);
}

/* Everything about a simulated connection follows from @seed. */
void plan_draw(struct plan *p, u64 seed)
{
	struct rng r = { rng_mix(seed ^ 0x91a2) };
	u64 most;

	memset(p, 0, sizeof(*p));
	p->seed = seed;
	p->family = rng_chance(&r, 0.5) ? 4 : 6;
	draw_link(p, &r);
	most = plan_most(p, &r);
	p->out = log_uniform(&r, 1, most);
	p->in = log_uniform(&r, 1, most);
	draw_host(p, &r, 0);
	draw_host(p, &r, 1);
	p->wait_eof[rng_below(&r, 2)] = rng_chance(&r, 0.4);
	if (rng_chance(&r, 0.2))
		p->flags[1] |= STACK_CF_COOKIES_ONLY | STACK_CF_COOKIES;
	p->batch_us = rng_chance(&r, 0.5) ? (u32)log_uniform(&r, 1, 2000) : 0;
	p->coalesce = rng_chance(&r, 0.4);
	/* the clock's low bits wrap in some runs: 2^32 us, 2^32 ms */
	p->start = rng_chance(&r, 0.25) ? (1ull << 32) - rng_below(&r, 20 * SEC) :
		   rng_chance(&r, 0.3)  ? (1000ull << 32) - rng_below(&r, 20 * SEC) :
					  1000 * SEC + rng_below(&r, SEC);
}

#define FIELDS(X)							\
	X(family, "%u", unsigned int) X(out, "%llu", unsigned long long)			\
	X(in, "%llu", unsigned long long) X(loss, "%g", double)		\
	X(reorder, "%g", double) X(dup, "%g", double)			\
	X(corrupt, "%g", double) X(die, "%g", double)			\
	X(delay, "%llu", unsigned long long)				\
	X(jitter, "%llu", unsigned long long)				\
	X(rate, "%llu", unsigned long long)				\
	X(queue, "%llu", unsigned long long) X(mtu, "%u", unsigned int)	\
	X(mtu_later, "%u", unsigned int) X(mtu_told, "%u", unsigned int) \
	X(flags[0], "%u", unsigned int) X(flags[1], "%u", unsigned int)	\
	X(gso[0], "%u", unsigned int) X(gso[1], "%u", unsigned int)	\
	X(wscale[0], "%u", unsigned int) X(wscale[1], "%u", unsigned int) \
	X(sndbuf[0], "%u", unsigned int) X(sndbuf[1], "%u", unsigned int) \
	X(rcvbuf[0], "%u", unsigned int) X(rcvbuf[1], "%u", unsigned int) \
	X(chunk[0], "%u", unsigned int) X(chunk[1], "%u", unsigned int)	\
	X(think[0], "%u", unsigned int) X(think[1], "%u", unsigned int)	\
	X(read_delay[0], "%u", unsigned int)				\
	X(read_delay[1], "%u", unsigned int)				\
	X(so_flags[0], "%u", unsigned int)				\
	X(so_flags[1], "%u", unsigned int)				\
	X(cc[0], "%u", unsigned int) X(cc[1], "%u", unsigned int)	\
	X(wait_eof[0], "%u", unsigned int)				\
	X(wait_eof[1], "%u", unsigned int)				\
	X(more[0], "%u", unsigned int) X(more[1], "%u", unsigned int)	\
	X(batch_us, "%u", unsigned int) X(coalesce, "%u", unsigned int)	\
	X(ecn_queue, "%u", unsigned int)				\
	X(start, "%llu", unsigned long long)				\
	X(isn[0], "%u", unsigned int) X(isn[1], "%u", unsigned int)

void plan_print(const struct plan *p, FILE *f)
{
	fprintf(f, "# seed %llu:", (unsigned long long)p->seed);
#define X(name, fmt, type) fprintf(f, " " #name "=" fmt, (type)p->name);
	FIELDS(X)
#undef X
	fprintf(f, "\n");
}

bool plan_set(struct plan *p, const char *name, const char *value)
{
#define X(n, fmt, type)							\
	if (!strcmp(name, #n)) {					\
		p->n = (__typeof__(p->n))strtod(value, NULL);		\
		return true;						\
	}
	FIELDS(X)
#undef X
	return false;
}

/* Addresses, ports and limits of one side of a simulated connection. */
void sim_config(struct stack_config *cfg, u32 family, u32 host)
{
	u8 *mine = host ? cfg->raddr : cfg->laddr;
	u8 *theirs = host ? cfg->laddr : cfg->raddr;

	memset(cfg, 0, sizeof(*cfg));
	cfg->family = (u8)family;
	if (family == 4) {
		memcpy(mine, "\x0a\x00\x00\x01", 4);
		memcpy(theirs, "\x0a\x00\x00\x02", 4);
	} else {
		memcpy(mine, "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16);
		memcpy(theirs, "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\2", 16);
	}
	cfg->kind = host ? STACK_LISTEN : STACK_TCP;
	cfg->lport = host ? 80 : 40000;
	cfg->rport = host ? 0 : 80;
	if (host)
		memset(cfg->raddr, 0, 16);
	cfg->mtu = 1500;
}

static void plan_build(const struct plan *p, struct world *w, FILE *capture)
{
	struct stack_opts o[2];
	struct stack_config cfg;
	struct node *n;
	u32 i;

	world_init(w, p->seed, p->start);
	w->die = p->die;
	w->capture = capture;
	w->batch_us = p->batch_us;
	w->coalesce = p->coalesce;
	w->mtu_later = p->mtu_later;
	w->mtu_at = p->start + 5 * p->delay +
		    (p->rate ? (p->out + p->in) * SEC / p->rate / 3 : 0);
	for (i = 0; i < 2; i++) {
		struct link *l = &w->link[i];

		l->delay = p->delay;
		l->jitter = p->jitter;
		l->rate = p->rate;
		l->queue = p->queue < 2 * p->mtu ? 2 * p->mtu : p->queue;
		l->mark = p->ecn_queue ? p->queue / 3 : 0;
		l->mtu = p->mtu;
		l->mtu_told = p->mtu_told;
		l->loss = p->loss;
		l->reorder = p->reorder;
		l->reorder_us = p->delay + 10;
		l->dup = p->dup;
		l->corrupt = p->corrupt;

		memset(&o[i], 0, sizeof(o[i]));
		o[i].flags = p->so_flags[i];
		o[i].cc = (u8)p->cc[i];
		o[i].syn_retries = 60;
		/* the test is about bytes, not about giving up */
		o[i].user_timeout_ms = 24 * 3600 * 1000;
		o[i].keep_idle_s = 1;
		o[i].keep_intvl_s = 1;
		o[i].keep_cnt = 100;
	}

	sim_config(&cfg, p->family, 1);
	cfg.mtu = p->mtu;
	cfg.timewait_ms = 1000000;	/* longer than any retransmission timeout */
	cfg.flags = (u8)p->flags[1];
	cfg.max_gso = p->gso[1];
	cfg.rcv_wscale = (u8)p->wscale[1];
	n = world_node(w, 1, &cfg);
	n->ep.isn = p->isn[1];
	n->ep.edge = p->rcvbuf[1];
	ep_setopt(&n->ep, &o[1], 0);
	ep_listen(&n->ep, 8, 0);
	world_kick(n);
	w->accept_app[0] = (struct app){
		.out = p->in, .in = p->out, .sndbuf = p->sndbuf[1],
		.rcvbuf = p->rcvbuf[1], .chunk = p->chunk[1], .think = p->think[1],
		.read_delay = p->read_delay[1], .wait_eof = p->wait_eof[1],
		.more = p->more[1],
	};

	sim_config(&cfg, p->family, 0);
	cfg.mtu = p->mtu;
	cfg.timewait_ms = 1000000;
	cfg.flags = (u8)p->flags[0];
	cfg.max_gso = p->gso[0];
	cfg.rcv_wscale = (u8)p->wscale[0];
	n = world_node(w, 0, &cfg);
	n->app = (struct app){
		.out = p->out, .in = p->in, .sndbuf = p->sndbuf[0],
		.rcvbuf = p->rcvbuf[0], .chunk = p->chunk[0], .think = p->think[0],
		.read_delay = p->read_delay[0], .wait_eof = p->wait_eof[0],
		.more = p->more[0],
	};
	n->ep.edge = p->rcvbuf[0];
	ep_setopt(&n->ep, &o[0], 0);
	ep_connect(&n->ep, p->isn[0], p->isn[1] * 7);
	world_kick(n);
}

/*
 * Most things that may happen. A packet costs an arrival and a run, an ACK the
 * same again; lost ones are repeated; an application's read or write is one.
 */
static u64 plan_events_max(const struct plan *p)
{
	double ok = 1 - plan_fails(p);
	double small = p->chunk[0] < p->chunk[1] ? p->chunk[0] : p->chunk[1];
	double segs = (double)(p->out + p->in) / 500;
	double writes = (double)(p->out + p->in) / (small / 2 + 1);

	return (u64)(20000 + (segs * 12 + writes * 12) / (ok * ok * ok));
}

static bool node_right(const struct node *n, char *bad, size_t size)
{
	const struct app *a = &n->app;

	if (a->got != a->in || a->written != a->out || n->ep.una != a->out) {
		snprintf(bad, size, "sent %llu of %llu, acked %llu, got %llu of %llu",
			 (unsigned long long)a->written, (unsigned long long)a->out,
			 (unsigned long long)n->ep.una, (unsigned long long)a->got,
			 (unsigned long long)a->in);
		return false;
	}
	if (n->ep.err || n->ep.st_flags & STACK_ST_RESET) {
		snprintf(bad, size, "ended with error %u", n->ep.err);
		return false;
	}
	if (n->ep.stash) {
		snprintf(bad, size, "bytes out of order are left over");
		return false;
	}
	return true;
}

static bool plan_check(const struct plan *p, struct world *w, char *bad, size_t size)
{
	const char *open;
	u32 i, ends = 0;

	if (w->bad[0]) {
		snprintf(bad, size, "%s", w->bad);
		return false;
	}
	open = world_open_node(w);
	if (open) {
		snprintf(bad, size, "not ended: %s", open);
		return false;
	}
	for (i = 0; i < WORLD_NODES; i++) {
		struct node *n = &w->node[i];

		if (!n->used || n->ep.cfg.kind != STACK_TCP)
			continue;
		ends++;
		if (n->ep.bad[0]) {
			snprintf(bad, size, "%s", n->ep.bad);
			return false;
		}
		if (!node_right(n, bad, size))
			return false;
	}
	if (ends != 2) {
		snprintf(bad, size, "%u ends", ends);
		return false;
	}
	if (w->listener->ep.deadline) {
		snprintf(bad, size, "the listener has a timer left");
		return false;
	}
	(void)p;
	return true;
}

bool plan_run(const struct plan *p, FILE *capture, struct outcome *o, char *bad,
	      size_t size)
{
	struct world *w = calloc(1, sizeof(*w));
	long frames = frames_alive;
	bool right;
	u32 i;

	plan_build(p, w, capture);
	w->events_max = plan_events_max(p);
	world_run(w, p->start + 100 * 3600 * SEC);
	right = plan_check(p, w, bad, size);
	memset(o, 0, sizeof(*o));
	o->events = w->events;
	o->virtual_us = w->now - w->start;
	for (i = 0; i < WORLD_NODES; i++) {
		const struct ep *ep = &w->node[i].ep;

		if (!w->node[i].used)
			continue;
		o->runs += ep->runs;
		o->deaths += ep->deaths;
		o->retrans += ep->retrans;
		o->xmits += ep->xmits;
		if (ep->max_commands > o->max_commands)
			o->max_commands = ep->max_commands;
	}
	world_free(w);
	free(w);
	if (right && frames_alive != frames) {
		snprintf(bad, size, "%ld frames were not given back",
			 frames_alive - frames);
		right = false;
	}
	return right;
}
