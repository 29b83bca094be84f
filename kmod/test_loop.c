// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loops of the test interface: many crossings, entries or deaths without user
 * space between them, timed one by one. Called by test.c in process context
 * with the test domain's lock held; the lock is given up from time to time so
 * that other threads get at the domain.
 *
 * All modes run through the same loop, so that ATMOS_TEST_LOOP_BASE measures
 * exactly what is to be subtracted from the others.
 */
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/smp.h>

#include "cpu.h"
#include "test.h"

/* Iterations between two looks at signals, the lock and the scheduler. */
#define LOOP_BATCH	64

/* What became of one iteration. */
enum step {
	STEP_OK,
	STEP_DIED,
	STEP_REFUSED,
};

typedef enum step (*step_fn)(struct atmos_test_domain *td);

static enum step step_of(const struct atmos_entry *entry)
{
	switch (entry->status) {
	case ATMOS_ENTRY_OK:
		return STEP_OK;
	case ATMOS_ENTRY_DIED:
		return STEP_DIED;
	default:
		return STEP_REFUSED;
	}
}

static noinline enum step step_base(struct atmos_test_domain *td)
{
	/* The compiler may not see that this does nothing. */
	OPTIMIZER_HIDE_VAR(td);
	return STEP_OK;
}

/* One lock for the whole batch, so that what is timed is the gate. */
static noinline enum step step_gate(struct atmos_test_domain *td)
{
	int err = atmos_domain_cross(td->dom, LOOP_BATCH);

	if (!err)
		return STEP_OK;
	return err == -EIO ? STEP_DIED : STEP_REFUSED;
}

static noinline enum step step_enter(struct atmos_test_domain *td)
{
	struct atmos_entry entry;
	struct dom_ev_PING *ping;

	ping = (struct dom_ev_PING *)atmos_domain_event(td->dom, DOM_EV_PING, 0);
	if (!ping)
		return STEP_REFUSED;
	ping->cookie = td->dom->entries;
	ping->a = 0;
	ping->b = 0;
	ping->c = 0;
	atmos_test_enter_locked(td, &entry);
	return step_of(&entry);
}

/* Dead when the kill is seen, ready when the call is back. */
static noinline enum step step_kill(struct atmos_test_domain *td)
{
	struct atmos_entry entry;

	atmos_domain_kill(td->dom);
	atmos_test_enter_locked(td, &entry);
	return step_of(&entry);
}

static step_fn loop_step(u32 mode)
{
	switch (mode) {
	case ATMOS_TEST_LOOP_GATE:
		return step_gate;
	case ATMOS_TEST_LOOP_ENTER:
		return step_enter;
	case ATMOS_TEST_LOOP_KILL:
		return step_kill;
	case ATMOS_TEST_LOOP_BASE:
		return step_base;
	default:
		return NULL;
	}
}

/* The caller pins itself: an entry has to be made from process context. */
static bool loop_cpu_ok(s32 cpu)
{
	bool ok;

	if (cpu == -1)
		return true;
	ok = current->nr_cpus_allowed == 1 && get_cpu() == cpu;
	put_cpu();
	return ok;
}

/* Returns false when the loop is to end early. */
static bool loop_batch(struct atmos_test_domain *td, struct atmos_test_loop *loop, step_fn step)
{
	/* What one step counts for. */
	u64 weight = loop->mode == ATMOS_TEST_LOOP_GATE ? LOOP_BATCH : 1;
	u64 count = min_t(u64, DIV_ROUND_UP(loop->count - loop->entered, weight), LOOP_BATCH);
	u64 last, now, min = loop->ns_min, ok = 0, died = 0;
	enum step s = STEP_OK;
	u64 first, i;

	first = ktime_get_raw_ns();
	last = first;
	for (i = 0; i < count; i++) {
		s = step(td);
		now = ktime_get_raw_ns();
		min = min(min, div_u64(now - last, weight));
		last = now;
		if (s == STEP_OK)
			ok += weight;
		else if (s == STEP_DIED)
			died += weight;
		else
			break;
	}
	loop->entered += i * weight + (s == STEP_REFUSED);
	loop->ok += ok;
	loop->died += died;
	loop->ns += last - first;
	loop->ns_min = min;
	return s != STEP_REFUSED;
}

/**
 * atmos_test_loop_run() - carry out ATMOS_TEST_LOOP
 * @td: test domain, its lock held
 * @loop: arguments and results
 *
 * Ends early, with fewer entries than asked for, when the domain refuses.
 *
 * Return: 0; -EINTR with the results up to then; other negative errno.
 */
long atmos_test_loop_run(struct atmos_test_domain *td, struct atmos_test_loop *loop)
{
	step_fn step = loop_step(loop->mode);

	if (!step)
		return -EINVAL;
	if (!loop_cpu_ok(loop->cpu))
		return -EXDEV;
	loop->entered = 0;
	loop->ok = 0;
	loop->died = 0;
	loop->ns = 0;
	loop->ns_min = U64_MAX;
	td->dom->in->nr_slots = 0;

	while (loop->entered < loop->count) {
		if (!loop_batch(td, loop, step))
			break;
		if (signal_pending(current))
			return -EINTR;
		mutex_unlock(&td->lock);
		cond_resched();
		mutex_lock(&td->lock);
		if (!td->dom)
			return -ENOENT;
	}
	td->dom->in->nr_slots = 0;
	return 0;
}
