/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Attack tests: what they share.
 *
 * Each opens a connection (or listener) as a script would, throws packets at
 * it, and then shows that the connection is intact or has ended as it should.
 * For every packet the work is bounded: commands, packets sent in answer, and
 * branches taken inside the engine, which is built with a counter at each.
 */
#ifndef _UNIT_ATTACK_H
#define _UNIT_ATTACK_H

#include "script.h"

/* Branches that one packet may cost: measured maximum, and some room. */
#define ATTACK_WORK_MAX		6000

/**
 * struct attack - one test
 * @work: branches the engine has taken so far
 */
struct attack {
	struct script s;
	struct rng rng;
	u64 packets;
	u64 answers;
	u64 max_work;
	u64 max_commands;
};

extern u64 attack_work;

void __sanitizer_cov_trace_pc(void);

bool attack_pkt(struct attack *a, const struct pkt *p);
bool attack_intact(struct attack *a);
u32 attack_swallow(struct attack *a);

#define DO(...) do { if (!script_do(&a->s, __VA_ARGS__)) return false; } while (0)
#define MUST(cond) \
	do { if (!(cond)) return script_fail(&a->s, "%s", #cond); } while (0)

/* The tests, by file. */
#define ATTACK(name, text) bool attack_##name(struct attack *a);
#include "attacks.def"
#undef ATTACK

#endif /* _UNIT_ATTACK_H */
