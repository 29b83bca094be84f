/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A world of two hosts and a link between them, in virtual time.
 *
 *	host 0                                   host 1
 *	nodes: clients  ==== link[0] ====>       listener, accepted nodes
 *	                <=== link[1] =====
 *
 * Each direction of the link has its own rate, queue, delay and faults. A node
 * is one end (struct ep) with an application that writes, reads and closes.
 */
#ifndef _SIM_WORLD_H
#define _SIM_WORLD_H

#include "ep.h"

#define WORLD_NODES	10

struct world;
struct node;

/**
 * struct link - one direction
 * @delay: one-way, microseconds; @jitter: at most this much more, in order
 * @rate: bytes per second, 0: no limit
 * @queue: bytes that may wait, beyond it frames are dropped
 * @mark: bytes in the queue from which ECN-capable frames are marked, 0: never
 * @mtu: larger frames are dropped, and told by ICMP if @mtu_told
 * @loss, @reorder, @dup, @corrupt: probabilities
 * @reorder_us: how much later a reordered frame may come
 */
struct link {
	u64 delay, jitter;
	u64 rate, queue, mark;
	u32 mtu;
	bool mtu_told;
	double loss, reorder, dup, corrupt;
	u64 reorder_us;

	u64 busy_until;			/* the wire is free from here on */
	u64 last_arrival;
	u64 frames, dropped, too_big;
	u64 payload;
};

/**
 * struct app - what the program at one end does
 * @out: bytes to write, @in: bytes to expect
 * @wait_eof: close our direction only after the other's end
 */
struct app {
	u64 out, in;
	u32 sndbuf, rcvbuf;
	u32 chunk;
	u32 think;			/* longest pause between writes, microseconds */
	u32 read_delay;
	bool wait_eof;
	bool more;			/* MSG_MORE now and then */

	u64 written, got;
	u64 write_at, read_at;
	bool shut, closed;
	u64 done_at;
};

struct node {
	struct ep ep;
	struct world *w;
	struct app app;
	u32 host;
	u64 sched;			/* earliest scheduled run, 0: none */
	u64 app_sched;
	bool used;
	bool passive;
};

enum happening {
	H_ARRIVE,
	H_RUN,
	H_APP,
	H_MTU,
};

struct item {
	u64 at;
	u64 seq;
	enum happening what;
	u32 index;			/* node, host or link */
	struct frame *f;
};

struct world {
	u64 now, start;
	struct rng rng;			/* link and applications */
	struct rng die_rng;
	struct link link[2];
	struct node node[WORLD_NODES];
	struct node *listener;
	u32 batch_us;			/* arrivals within this are one batch */
	bool coalesce;
	u32 mtu_later;			/* link MTU from mtu_at on, 0: no change */
	u64 mtu_at;
	double die;
	u32 nr_accepted;
	struct app accept_app[WORLD_NODES];
	FILE *capture;

	struct item *heap;
	u32 nr_heap, max_heap;
	u64 seq;
	u64 events, events_max;
	char bad[400];
};

void world_init(struct world *w, u64 seed, u64 start);
void world_free(struct world *w);
struct node *world_node(struct world *w, u32 host, const struct stack_config *cfg);
void world_kick(struct node *n);
bool world_step(struct world *w);
bool world_run(struct world *w, u64 until);
bool world_quiet(const struct world *w);
const char *world_open_node(const struct world *w);

#endif /* _SIM_WORLD_H */
