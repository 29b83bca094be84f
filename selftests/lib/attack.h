/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How the entry of a hostile image may end: the outcome column of
 * domains/hostile/attacks.def as a set of bits.
 */
#ifndef _SELFTEST_ATTACK_H
#define _SELFTEST_ATTACK_H

#include "atmos.h"

#define V(vector) (1ull << (vector))
#define BUDGET (1ull << 32)
#define CONTRACT (1ull << 33)
#define OK (1ull << 34)
#define SEGMENT (1ull << 35)
#define KILLED (1ull << 36)
#define OTHER (1ull << 63)

/* Parameter b: the address of the secret. */
#define SECRET (~0ull)

struct attack_case {
	int id;
	const char *name;
	u64 outcome;
	u64 b;
	const char *proves;
};

extern const struct attack_case attack_cases[];

/* By name; NULL if there is none. */
const struct attack_case *attack_find(const char *name);

/**
 * struct attack_deviation - where QEMU's software emulation is not like a CPU
 * @name: attack
 * @outcome: how it may end there besides
 * @changes_state: the emulator lets the instruction change the program's state
 * @why: what it leaves out
 */
struct attack_deviation {
	const char *name;
	u64 outcome;
	bool changes_state;
	const char *why;
};

bool attack_on_tcg(void);

/* NULL on other machines, and where there is none. */
const struct attack_deviation *attack_deviation(const char *name);

/**
 * attack_create() - a domain of the image hostile-@name
 * @fd: open device
 * @name: of the attack
 * @dom: result
 *
 * Return: 0 or -errno.
 */
int attack_create(int fd, const char *name, struct at_domain *dom);

/* Destroys the domain and forgets its image. Return: 0 or -errno. */
int attack_end(struct at_domain *dom);

/**
 * attack_run() - one PING that attacks
 * @dom: domain
 * @a, @b, @c: parameters; a is not 0
 * @reply: filled in; may be NULL
 * @fault: filled in when it died; may be NULL
 *
 * Return: one bit of the outcomes; OTHER for what fits none.
 */
u64 attack_run(struct at_domain *dom, u64 a, u64 b, u64 c, struct at_reply *reply,
	       struct atmos_test_fault *fault);

/**
 * attack_last_fault() - the last report of a domain that died unseen
 * @fd: open device
 * @domain: its id
 * @fault: filled in
 *
 * Finds the end of the list by a death of its own. Return: 0, or -ENOENT.
 */
int attack_last_fault(int fd, u64 domain, struct atmos_test_fault *fault);

/* A report in words; a static buffer. */
const char *attack_report(const struct atmos_test_fault *fault);

/* A set of outcomes in words; a static buffer. */
const char *attack_outcome(u64 outcome);

#endif /* _SELFTEST_ATTACK_H */
