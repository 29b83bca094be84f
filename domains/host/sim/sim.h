/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a seed means, and what the simulator's parts share.
 */
#ifndef _SIM_SIM_H
#define _SIM_SIM_H

#include "world.h"

/**
 * struct plan - one simulated connection, drawn from a seed
 *
 * Every member may be overridden on the command line to narrow a failure down.
 */
struct plan {
	u64 seed;
	u32 family;
	u64 out, in;			/* bytes the client and the server send */
	double loss, reorder, dup, corrupt, die;
	u64 delay, jitter, rate, queue;
	u32 mtu, mtu_later;
	bool mtu_told;
	u32 flags[2];			/* STACK_CF_* of client and server */
	u32 gso[2];
	u32 wscale[2];
	u32 sndbuf[2], rcvbuf[2], chunk[2], think[2], read_delay[2];
	u32 so_flags[2];
	u32 cc[2];
	bool wait_eof[2], more[2];
	u32 batch_us;
	bool coalesce;
	bool ecn_queue;
	u64 start;
	u32 isn[2];
};

struct outcome {
	u64 events, runs, deaths, retrans, xmits;
	u64 virtual_us;
	u64 max_commands;
};

void plan_draw(struct plan *p, u64 seed);
void plan_print(const struct plan *p, FILE *f);
bool plan_set(struct plan *p, const char *name, const char *value);
bool plan_run(const struct plan *p, FILE *capture, struct outcome *o, char *bad,
	      size_t size);

void sim_config(struct stack_config *cfg, u32 family, u32 host);
int bench_main(void);

#endif /* _SIM_SIM_H */
