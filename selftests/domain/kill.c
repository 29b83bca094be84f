// SPDX-License-Identifier: GPL-2.0-only
/*
 * The administrator ends entries and keeps domains shut while they are in use.
 * The budget is the longest there is, so what ends an entry here is the kill,
 * and reports say so. The module is loaded anew for that.
 */
#include "kselftest_harness.h"

#include <pthread.h>
#include <stdatomic.h>

#include "admin.h"
#include "attack.h"
#include "system.h"

#define ARGS "test_interface=1 allow_unsigned=1 budget_us=1000000 giveup_deaths=3 giveup_ms=600000"

FIXTURE(killing)
{
	int fd;
	struct at_domain dom;
};

FIXTURE_SETUP(killing)
{
	ASSERT_EQ(sys_module_unload(), 0);
	ASSERT_EQ(sys_module_load(ARGS), 0);
	self->fd = at_open();
	ASSERT_GE(self->fd, 0);
}

FIXTURE_TEARDOWN(killing)
{
	if (self->dom.id) {
		EXPECT_EQ(at_healthy(&self->dom), 0);
		EXPECT_EQ(at_destroy(&self->dom), 0);
	}
	close(self->fd);
	EXPECT_EQ(sys_module_unload(), 0);
	EXPECT_EQ(sys_module_load(SYS_MODULE_ARGS), 0);
}

struct guest {
	pthread_t thread;
	struct at_domain *dom;
	int cpu;
	u64 a;
	u64 count;
	atomic_int entering;
	u64 outcomes[3];	/* committed, killed, else */
};

static void *enter(void *arg)
{
	struct guest *g = arg;

	sys_pin(g->cpu);
	for (u64 i = 0; i < g->count; i++) {
		struct atmos_test_fault fault;
		struct at_reply reply;
		u64 outcome;

		atomic_fetch_add(&g->entering, 1);
		outcome = attack_run(g->dom, g->a, 100000, 0, &reply, &fault);
		g->outcomes[outcome == OK ? 0 : outcome == KILLED ? 1 : 2]++;
	}
	return NULL;
}

/* An endless loop ends with the kill, far before the budget. */
TEST_F_TIMEOUT(killing, inside_a_loop, 120)
{
	u64 rounds = sys_scaled(20, 3);

	if (sys_nr_cpus() < 2)
		SKIP(return, "wants two CPUs");
	ASSERT_EQ(attack_create(self->fd, "loop", &self->dom), 0);
	for (u64 i = 0; i < rounds; i++) {
		struct guest g = { .dom = &self->dom, .a = 1, .count = 1 };

		g.cpu = sys_nr_cpus() - 1;
		pthread_create(&g.thread, NULL, enter, &g);
		while (!atomic_load(&g.entering))
			usleep(100);
		usleep(2000);
		/* It may not have come as far as the entry: then the entry dies. */
		ASSERT_EQ(admin_kill(self->dom.id), 0);
		pthread_join(g.thread, NULL);
		EXPECT_EQ(g.outcomes[1], 1);
	}
}

/* Kills at any moment of short entries: each costs one entry at most. */
TEST_F_TIMEOUT(killing, at_any_moment, 120)
{
	struct guest g = { .dom = &self->dom, .a = 1, .count = sys_scaled(3000, 100) };
	struct atmos_test_info info;
	u64 kills = 0;

	ASSERT_EQ(attack_create(self->fd, "spin", &self->dom), 0);
	g.cpu = sys_nr_cpus() - 1;
	pthread_create(&g.thread, NULL, enter, &g);
	while (pthread_tryjoin_np(g.thread, NULL)) {
		ASSERT_EQ(admin_kill(self->dom.id), 0);
		kills++;
		usleep((useconds_t)(kills * 37 % 1500));
	}
	/* The last kill may still wait for an entry. */
	g.outcomes[1] += attack_run(&self->dom, 1, 1, 0, NULL, NULL) == KILLED;
	ASSERT_EQ(at_info(&self->dom, &info), 0);
	EXPECT_EQ(g.outcomes[2], 0);
	EXPECT_EQ(info.restarts, g.outcomes[1]);
	EXPECT_LE(g.outcomes[1], kills);
	EXPECT_GT(g.outcomes[1], 0);
	/* More deaths than the limit, but not by its own fault. */
	EXPECT_EQ(at_healthy(&self->dom), 0);
}

TEST_F(killing, quarantine)
{
	struct at_reply reply;

	ASSERT_EQ(at_create(self->fd, "echo", ATMOS_TEST_PRIV_USER, &self->dom), 0);
	for (int i = 0; i < 10; i++) {
		ASSERT_EQ(admin_quarantine(self->dom.id, true), 0);
		ASSERT_EQ(at_ping(&self->dom, 1, 0, 0, 0, &reply), 0);
		EXPECT_EQ(reply.status, ATMOS_TEST_REFUSED);
		ASSERT_EQ(admin_quarantine(self->dom.id, false), 0);
		EXPECT_EQ(at_healthy(&self->dom), 0);
	}
}

TEST_F(killing, nobody)
{
	EXPECT_EQ(admin_kill(1ull << 60), -ENOENT);
	EXPECT_EQ(admin_quarantine(1ull << 60, true), -ENOENT);
}

TEST_HARNESS_MAIN
