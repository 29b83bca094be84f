/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Seeded random numbers: the same seed gives the same run on every machine.
 */
#ifndef _SIM_RNG_H
#define _SIM_RNG_H

#include "../../abi/types.h"

struct rng {
	u64 state;
};

/* SplitMix64's finaliser: also used on its own as a hash. */
static inline u64 rng_mix(u64 z)
{
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

static inline u64 rng_next(struct rng *r)
{
	r->state += 0x9e3779b97f4a7c15ull;
	return rng_mix(r->state);
}

/* 0 .. n - 1 */
static inline u64 rng_below(struct rng *r, u64 n)
{
	return n ? rng_next(r) % n : 0;
}

/* lo .. hi */
static inline u64 rng_range(struct rng *r, u64 lo, u64 hi)
{
	return lo + rng_below(r, hi - lo + 1);
}

static inline double rng_unit(struct rng *r)
{
	return (double)(rng_next(r) >> 11) / 9007199254740992.0;
}

static inline bool rng_chance(struct rng *r, double p)
{
	return p > 0 && rng_unit(r) < p;
}

#endif /* _SIM_RNG_H */
