// SPDX-License-Identifier: GPL-2.0-only
/*
 * Plans: which fault, where and when, and what traffic it hits, all from the
 * campaign's seed and the trial's number.
 */
#include "faultinject.h"

/* Of a hundred trials, how many are of a kind. */
static const struct {
	u32 kind;
	u32 share;
} shares[] = {
	{ ATMOS_TEST_INJECT_NONE, 4 },	 { ATMOS_TEST_INJECT_TEXT, 14 },
	{ ATMOS_TEST_INJECT_CODE, 12 },	 { ATMOS_TEST_INJECT_DATA, 4 },
	{ ATMOS_TEST_INJECT_STACK, 9 },	 { ATMOS_TEST_INJECT_START, 5 },
	{ ATMOS_TEST_INJECT_REGS, 14 },	 { ATMOS_TEST_INJECT_EVENT, 7 },
	{ ATMOS_TEST_INJECT_HEAD, 4 },	 { ATMOS_TEST_INJECT_LOSE, 4 },
	{ ATMOS_TEST_INJECT_TWICE, 3 },	 { ATMOS_TEST_INJECT_COMMAND, 6 },
	{ ATMOS_TEST_INJECT_RECORD, 6 }, { ATMOS_TEST_INJECT_STATE, 6 },
	{ ATMOS_TEST_INJECT_KILL, 2 },
};

/* Entries of the connection until the fault, at most. */
#define NTH_MAX 16

/* Nanoseconds from entering to the interrupt, at most. */
#define DELAY_MAX 15000

struct random {
	u64 state;
};

static u64 next(struct random *r)
{
	r->state += 0x9e3779b97f4a7c15;
	return mix64(r->state);
}

static u32 below(struct random *r, u32 bound)
{
	return next(r) % bound;
}

static u32 kind(u32 percent)
{
	u32 i;

	for (i = 0; percent >= shares[i].share; i++)
		percent -= shares[i].share;
	return shares[i].kind;
}

static void step(struct plan *p, u32 out, u32 in)
{
	p->step[p->nr_steps++] = (struct step){ out, in };
}

/* A first exchange, requests and replies, bulk both ways, and requests again. */
static void traffic(struct plan *p, struct random *r)
{
	u32 i, n = 2 + below(r, 3);

	step(p, 16, 0);
	step(p, 0, 16);
	for (i = 0; i < n; i++) {
		step(p, 1 + below(r, 2000), 0);
		step(p, 0, 1 + below(r, 2000));
	}
	step(p, below(r, 96 << 10), below(r, 96 << 10));
	step(p, below(r, 48 << 10), 0);
	step(p, 0, below(r, 48 << 10));
	for (i = 0; i < n; i++) {
		step(p, 1 + below(r, 200), 0);
		step(p, 0, 1 + below(r, 200));
	}
}

void plan_make(struct plan *p, u64 seed, u64 trial)
{
	struct random r = { mix64(seed) ^ mix64(~trial) };

	*p = (struct plan){ .seed = seed, .trial = trial };
	p->order.kind = kind(below(&r, 100));
	p->order.nth = 1 + below(&r, NTH_MAX);
	if (p->order.kind >= ATMOS_TEST_INJECT_REGS &&
	    p->order.kind <= ATMOS_TEST_INJECT_STATE)
		p->order.nth = 1 + p->order.nth / 4; /* needs several tries */
	p->order.where = next(&r);
	p->order.value = next(&r);
	p->order.word = !below(&r, 3);
	p->order.delay_ns = below(&r, DELAY_MAX);
	p->active = below(&r, 2);
	p->family = below(&r, 2) ? AF_INET : AF_INET6;
	p->key = next(&r);
	traffic(p, &r);
}
