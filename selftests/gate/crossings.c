// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many crossings while everything around them moves: every one is counted
 * once, everywhere it is counted, and none dies.
 *
 *	caller		LOOP's entered and ok
 *	core		crossings in INFO
 *	domain		PINGs in the echo image's record
 */
#include "kselftest_harness.h"

#include <pthread.h>
#include <stdatomic.h>

#include "attack.h"
#include "echo/echo.h"
#include "system.h"

#define WORKERS 2

struct worker {
	pthread_t thread;
	const struct at_domain *dom;
	u32 mode;
	u64 count;
	int cpu;		/* to be pinned to, or -1 */
	atomic_int tid;
	u64 entered, ok, died, calls;
	int err;
};

static void *work(void *arg)
{
	struct worker *w = arg;
	struct atmos_test_loop loop;

	sys_pin(w->cpu);
	atomic_store(&w->tid, gettid());
	/* A CPU on its way out refuses: that ends a loop early, and is no loss. */
	while (w->ok + w->died < w->count && w->calls++ < 1000000) {
		w->err = at_loop(w->dom, w->mode, w->count - w->ok, w->cpu, &loop);
		w->entered += loop.entered;
		w->ok += loop.ok;
		w->died += loop.died;
		if (w->err)
			break;
	}
	return NULL;
}

static u64 crossings(const struct at_domain *dom)
{
	struct atmos_test_info info;

	return at_info(dom, &info) ? ~0ull : info.crossings;
}

static u64 restarts(const struct at_domain *dom)
{
	struct atmos_test_info info;

	return at_info(dom, &info) ? ~0ull : info.restarts;
}

/* PINGs that the domain's record counts, this one not. */
static u64 pings(struct at_domain *dom)
{
	const struct dom_cmd_PONG *pong;
	struct at_reply reply;

	if (at_ping(dom, ECHO_QUERY, 0, 0, 0, &reply) || reply.status != ATMOS_TEST_OK)
		return ~0ull;
	pong = at_pong(&reply, ECHO_QUERY);
	return pong ? pong->a - 1 : ~0ull;
}

FIXTURE(crossings)
{
	int fd;
	struct at_domain dom[WORKERS];
	struct worker worker[WORKERS];
};

FIXTURE_SETUP(crossings)
{
	self->fd = at_open();
	ASSERT_GE(self->fd, 0);
	for (int i = 0; i < WORKERS; i++) {
		ASSERT_EQ(at_create(self->fd, "echo", ATMOS_TEST_PRIV_USER, &self->dom[i]), 0);
		self->worker[i] = (struct worker){
			.dom = &self->dom[i],
			.mode = ATMOS_TEST_LOOP_ENTER,
			.cpu = -1,
		};
	}
}

FIXTURE_TEARDOWN(crossings)
{
	for (int i = 0; i < WORKERS; i++) {
		EXPECT_EQ(at_healthy(&self->dom[i]), 0);
		EXPECT_EQ(restarts(&self->dom[i]), 0);
		EXPECT_EQ(at_destroy(&self->dom[i]), 0);
	}
	close(self->fd);
}

static void start(FIXTURE_DATA(crossings) *self, u64 count)
{
	for (int i = 0; i < WORKERS; i++) {
		self->worker[i].count = count;
		pthread_create(&self->worker[i].thread, NULL, work, &self->worker[i]);
	}
}

static bool running(FIXTURE_DATA(crossings) *self)
{
	bool any = false;

	for (int i = 0; i < WORKERS; i++) {
		if (!self->worker[i].thread)
			continue;
		if (pthread_tryjoin_np(self->worker[i].thread, NULL))
			any = true;
		else
			self->worker[i].thread = 0;
	}
	return any;
}

static void finish(FIXTURE_DATA(crossings) *self)
{
	for (int i = 0; i < WORKERS; i++)
		if (self->worker[i].thread)
			pthread_join(self->worker[i].thread, NULL);
}

/* Why one died that should not have. */
static void told(struct __test_metadata *_metadata, const struct at_domain *dom)
{
	struct atmos_test_fault fault;

	if (restarts(dom) && !attack_last_fault(dom->fd, dom->id, &fault))
		TH_LOG("died of: %s", attack_report(&fault));
}

/* With a domain for each worker. */
static void check_own(struct __test_metadata *_metadata, FIXTURE_DATA(crossings) *self, u64 count)
{
	for (int i = 0; i < WORKERS; i++) {
		const struct worker *w = &self->worker[i];

		EXPECT_EQ(w->err, 0);
		EXPECT_EQ(w->ok, count);
		EXPECT_EQ(w->died, 0);
		told(_metadata, &self->dom[i]);
		if (w->mode == ATMOS_TEST_LOOP_ENTER)
			EXPECT_EQ(pings(&self->dom[i]), count);
		/* The query was one more, where there was one. */
		EXPECT_EQ(crossings(&self->dom[i]),
			  count + (w->mode == ATMOS_TEST_LOOP_ENTER));
	}
}

TEST_F_TIMEOUT(crossings, each_cpu_busy, 300)
{
	u64 count = sys_scaled(100000, 1000);

	for (int i = 0; i < WORKERS; i++)
		self->worker[i].cpu = i % sys_nr_cpus();
	start(self, count);
	finish(self);
	check_own(_metadata, self, count);
}

TEST_F_TIMEOUT(crossings, bare_gate, 300)
{
	/* Bare crossings are made 64 at a time. */
	u64 count = sys_scaled(100000, 1000) / 64 * 64;

	for (int i = 0; i < WORKERS; i++) {
		self->worker[i].cpu = i % sys_nr_cpus();
		self->worker[i].mode = ATMOS_TEST_LOOP_GATE;
	}
	start(self, count);
	finish(self);
	check_own(_metadata, self, count);
}

/* Both on one domain: its lock serialises, the sum is exact. */
TEST_F_TIMEOUT(crossings, one_domain_shared, 300)
{
	u64 count = sys_scaled(50000, 1000);
	u64 sum = 0;

	for (int i = 0; i < WORKERS; i++)
		self->worker[i].dom = &self->dom[0];
	start(self, count);
	finish(self);
	for (int i = 0; i < WORKERS; i++) {
		EXPECT_EQ(self->worker[i].died, 0);
		sum += self->worker[i].ok;
	}
	EXPECT_EQ(sum, WORKERS * count);
	EXPECT_EQ(pings(&self->dom[0]), sum);
	EXPECT_EQ(crossings(&self->dom[0]), sum + 1);
}

/* Another thread sends the workers from CPU to CPU. */
TEST_F_TIMEOUT(crossings, migration, 600)
{
	u64 count = sys_scaled(200000, 1000);
	int cpus = sys_nr_cpus();
	u64 moves = 0;

	if (cpus < 2)
		SKIP(return, "wants two CPUs");
	start(self, count);
	while (running(self)) {
		for (int i = 0; i < WORKERS; i++) {
			int tid = atomic_load(&self->worker[i].tid);
			cpu_set_t set;

			CPU_ZERO(&set);
			CPU_SET((int)(moves + i) % cpus, &set);
			if (tid && !sched_setaffinity(tid, sizeof(set), &set))
				moves++;
		}
		usleep(700);
	}
	finish(self);
	EXPECT_GE(moves, 10);
	check_own(_metadata, self, count);
}

/* CPUs go and come while a million crossings are under way. */
TEST_F_TIMEOUT(crossings, hotplug, 800)
{
	u64 count = sys_scaled(500000, 1000);
	int last = sys_last_cpu();
	u64 cycles = 0;

	if (last < 1 || sys_cpu_online(last, true))
		SKIP(return, "no CPU that can be taken offline");
	start(self, count);
	while (running(self)) {
		int off = sys_cpu_online(last, false);

		usleep(2000);
		ASSERT_EQ(off, 0);
		ASSERT_EQ(sys_cpu_online(last, true), 0);
		cycles++;
		/* Its workers do not come back by themselves. */
		for (int i = 0; i < WORKERS; i++) {
			int tid = atomic_load(&self->worker[i].tid);
			cpu_set_t set;

			CPU_ZERO(&set);
			CPU_SET(i % (last + 1), &set);
			if (tid)
				sched_setaffinity(tid, sizeof(set), &set);
		}
		usleep(2000);
		for (int i = 0; i < WORKERS; i++) {
			int tid = atomic_load(&self->worker[i].tid);
			cpu_set_t set;

			CPU_ZERO(&set);
			for (int c = 0; c <= last; c++)
				CPU_SET(c, &set);
			if (tid)
				sched_setaffinity(tid, sizeof(set), &set);
		}
	}
	finish(self);
	EXPECT_GE(cycles, 1);
	TH_LOG("%lu times off and on", cycles);
	check_own(_metadata, self, count);
}

TEST_HARNESS_MAIN
