/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the campaign's files share: plans of trials, lanes that carry them out,
 * bystanders, and the watch over the kernel's log.
 */
#ifndef _FAULTINJECT_H
#define _FAULTINJECT_H

#include <linux/atmos_test.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>

#include "stream.h"

/* ---- plan.c: what a trial is, from seed and number alone ---- */

#define PLAN_STEPS 24

/* Bytes from the Atmos end and to it, moved at once. */
struct step {
	u32 out;
	u32 in;
};

/**
 * struct plan - a trial
 * @seed: of the campaign
 * @trial: number
 * @key: of its bytes
 * @order: the fault; its domain is not known yet
 * @active: the Atmos end connects
 * @family: AF_INET or AF_INET6
 * @nr_steps: of @step
 * @step: what is moved, one after the other
 */
struct plan {
	u64 seed;
	u64 trial;
	u64 key;
	struct atmos_test_inject order;
	bool active;
	int family;
	u32 nr_steps;
	struct step step[PLAN_STEPS];
};

void plan_make(struct plan *p, u64 seed, u64 trial);

/* ---- words.c ---- */

const char *kind_name(u32 kind);
const char *cause_name(u32 kind);
const char *outcome_name(enum outcome outcome);

/* ---- main.c ---- */

/**
 * struct campaign - the run
 * @device: /dev/atmos-test
 * @atmos: AF_ATMOS
 * @seed: of all plans
 * @trials: how many
 * @privilege: as the module runs domains, for the result
 * @file: results, lines of JSON
 * @busy: file of what each lane does
 * @done: a bit for each trial
 * @only: trials to be made, one by one, or NULL: all that are not done
 * @nr_only: of @only
 * @next: trial, or index of @only, to be looked at
 * @lock: of the above and of the result file
 * @touched: bystanders that anything happened to
 * @complaints: of the kernel
 * @stop: the bystanders are to end
 */
struct campaign {
	int device;
	int atmos;
	u64 seed;
	u64 trials;
	const char *privilege;
	int file;
	int busy;
	u8 *done;
	u64 *only;
	u64 nr_only;
	u64 next;
	pthread_mutex_t lock;
	atomic_uint touched;
	atomic_uint complaints;
	atomic_bool stop;
};

extern struct campaign campaign;

/* The next trial to be made. Return: there is one. */
bool campaign_next(u32 lane, u64 *trial);
void campaign_idle(u32 lane);
void campaign_result(u64 trial, const char *line);

/* ---- lane.c ---- */

/**
 * struct lane - makes trials, one after the other: two threads, an end each
 * @number: from 0
 * @listener: of the Atmos end for each family, then of the native end
 * @addr: theirs
 * @plan: of the trial under way
 * @peer: the native end
 * @begin: posted for the native end: a plan is there
 * @end: posted by it: done
 * @over: with @begin: no more
 * @thread: of the Atmos end
 */
struct lane {
	u32 number;
	int listener[2][2];
	struct sockaddr_storage addr[2][2];
	struct plan plan;
	struct stream peer;
	sem_t begin;
	sem_t end;
	bool over;
	pthread_t thread;
};

/* Return: 0 or -1 with errno. */
int lane_start(struct lane *lane, u32 number);

/* When it has no more to do. */
void lane_join(struct lane *lane);

/* ---- watch.c ---- */

/**
 * struct bystander - a connection that no fault is meant for
 * @number: from 0
 * @atmos: the end on Atmos
 * @native: the other one
 * @order: name of the watch over its domain, 0: none
 * @thread: of both ends
 * @deaths: of its domain
 * @kinds: of them, by enum atmos_test_fault_kind of the first
 */
struct bystander {
	u32 number;
	struct stream atmos;
	struct stream native;
	u32 order;
	pthread_t thread[2];
	u64 deaths;
	u32 kind;
};

/* Return: 0 or -1 with errno. */
int bystander_start(struct bystander *b, u32 number);

/* Lets it end, checks that it is exact; tells if not. */
void bystander_join(struct bystander *b);

/* Counts what the kernel says; call it again and again. */
void log_open(void);
void log_watch(void);

#endif /* _FAULTINJECT_H */
