// SPDX-License-Identifier: GPL-2.0-only
/*
 * A hundred thousand deaths and restarts on two CPUs, under interrupts and
 * NMIs: nothing leaks, no domain is lost, every death has its report.
 */
#include "kselftest_harness.h"

#include <pthread.h>
#include <stdatomic.h>

#include "attack.h"
#include "system.h"

#define WORKERS 2

/* What may differ: the test itself and the kernel's own caches. */
#define SLACK_KB 1024

struct worker {
	pthread_t thread;
	int fd;
	int cpu;
	const char *attack;
	u64 count;
	u64 deaths, unhealthy, wrong;
	u64 restarts;
	int err;
};

static void *die(void *arg)
{
	struct worker *w = arg;
	const struct attack_case *attack = attack_find(w->attack);
	struct atmos_test_info info;
	struct at_domain dom;
	struct dom_msg ping;

	sys_pin(w->cpu);
	w->err = attack_create(w->fd, w->attack, &dom);
	if (w->err)
		return NULL;
	w->err = at_info(&dom, &info);
	at_ping_event(&ping, 1, 1, attack->b == SECRET ? info.secret : attack->b, 0);
	for (u64 i = 0; i < w->count && !w->err; i++) {
		struct at_reply reply;

		w->err = at_enter(&dom, &ping, 1, &reply);
		if (reply.status == ATMOS_TEST_DIED && reply.fault)
			w->deaths++;
		else
			w->wrong++;
		if (i % 100 == 0)
			w->unhealthy += at_healthy(&dom) != 0;
	}
	if (!w->err && !at_info(&dom, &info))
		w->restarts = info.restarts;
	if (at_destroy(&dom))
		w->wrong++;
	return NULL;
}

FIXTURE(deaths)
{
	int fd;
	struct worker worker[WORKERS];
};

FIXTURE_SETUP(deaths)
{
	self->fd = at_open();
	ASSERT_GE(self->fd, 0);
}

FIXTURE_TEARDOWN(deaths)
{
	close(self->fd);
}

static void run(FIXTURE_DATA(deaths) *self, const char *const *attacks, u64 count)
{
	for (int i = 0; i < WORKERS; i++) {
		struct worker *w = &self->worker[i];

		*w = (struct worker){
			.fd = self->fd,
			.cpu = i % sys_nr_cpus(),
			.attack = attacks[i],
			.count = count,
		};
		pthread_create(&w->thread, NULL, die, w);
	}
	for (int i = 0; i < WORKERS; i++)
		pthread_join(self->worker[i].thread, NULL);
	for (int i = 0; i < WORKERS; i++) {
		char image[32];

		snprintf(image, sizeof(image), "hostile-%s", attacks[i]);
		at_forget(self->fd, image);
	}
}

static void check(struct __test_metadata *_metadata, FIXTURE_DATA(deaths) *self, u64 count)
{
	for (int i = 0; i < WORKERS; i++) {
		EXPECT_EQ(self->worker[i].err, 0);
		EXPECT_EQ(self->worker[i].deaths, count);
		EXPECT_EQ(self->worker[i].restarts, count);
		EXPECT_EQ(self->worker[i].unhealthy, 0);
		EXPECT_EQ(self->worker[i].wrong, 0);
	}
}

static void same_memory(struct __test_metadata *_metadata, const struct sys_memory *before)
{
	struct sys_memory after;
	const char *grew = sys_memory_grew(before, SLACK_KB, &after);

	EXPECT_EQ(grew, NULL) {
		TH_LOG("%s grew", grew);
		TH_LOG("slab %lu -> %lu KiB", before->slab_kb, after.slab_kb);
		TH_LOG("page tables %lu -> %lu KiB", before->page_tables_kb, after.page_tables_kb);
		TH_LOG("vmalloc %lu -> %lu KiB", before->vmalloc_kb, after.vmalloc_kb);
		TH_LOG("free %lu -> %lu KiB", before->free_kb, after.free_kb);
	}
}

struct sender {
	pthread_t thread;
	int fd;
	u32 what;
	atomic_bool stop;
	u64 sent;
	int err;
};

static void *send(void *arg)
{
	struct sender *s = arg;

	while (!atomic_load(&s->stop) && !s->err) {
		for (int cpu = 0; cpu < sys_nr_cpus() && !s->err; cpu++)
			s->err = at_provoke(s->fd, s->what, (u32)cpu, 10, 100);
		s->sent += 10;
	}
	return NULL;
}

static void under_load(struct __test_metadata *_metadata, FIXTURE_DATA(deaths) *self,
		       const char *const *attacks, u32 what, u64 count)
{
	struct sender sender = { .fd = self->fd, .what = what };
	struct sys_memory before;

	/* Once small, so that what is kept for good is there. */
	run(self, attacks, sys_scaled(500, 20));
	sys_memory(&before);
	pthread_create(&sender.thread, NULL, send, &sender);
	run(self, attacks, count);
	atomic_store(&sender.stop, true);
	pthread_join(sender.thread, NULL);

	EXPECT_EQ(sender.err, 0);
	EXPECT_GT(sender.sent, 0);
	check(_metadata, self, count);
	same_memory(_metadata, &before);
}

TEST_F_TIMEOUT(deaths, under_interrupts, 600)
{
	static const char *const attacks[WORKERS] = { "ud2", "read" };

	under_load(_metadata, self, attacks, ATMOS_TEST_PROVOKE_IPI, sys_scaled(50000, 200));
}

TEST_F_TIMEOUT(deaths, under_nmis, 600)
{
	static const char *const attacks[WORKERS] = { "fill_private", "syscall" };

	under_load(_metadata, self, attacks, ATMOS_TEST_PROVOKE_NMI, sys_scaled(50000, 200));
}

TEST_F_TIMEOUT(deaths, under_tlb_flushes, 600)
{
	static const char *const attacks[WORKERS] = { "cmd_unknown", "handle_forged" };

	under_load(_metadata, self, attacks, ATMOS_TEST_PROVOKE_TLBFLUSH, sys_scaled(5000, 100));
}

/* Killed by the administrator, in a row. */
TEST_F_TIMEOUT(deaths, killed, 600)
{
	struct sys_memory before;
	u64 count = sys_scaled(50000, 200);
	struct atmos_test_loop loop;
	struct at_domain dom;

	ASSERT_EQ(at_create(self->fd, "echo", ATMOS_TEST_PRIV_USER, &dom), 0);
	ASSERT_EQ(at_loop(&dom, ATMOS_TEST_LOOP_KILL, 500, -1, &loop), 0);
	sys_memory(&before);
	ASSERT_EQ(at_loop(&dom, ATMOS_TEST_LOOP_KILL, count, -1, &loop), 0);
	EXPECT_EQ(loop.died, count);
	EXPECT_EQ(at_healthy(&dom), 0);
	same_memory(_metadata, &before);
	ASSERT_EQ(at_destroy(&dom), 0);
}

/* Made and destroyed, with objects that they own, some of them dead. */
TEST_F_TIMEOUT(deaths, born_and_buried, 600)
{
	struct sys_memory before;
	u64 count = sys_scaled(3000, 50);
	struct at_domain keep;

	ASSERT_EQ(at_create(self->fd, "echo", ATMOS_TEST_PRIV_USER, &keep), 0);
	sys_memory(&before);
	for (u64 i = 0; i < count; i++) {
		struct atmos_test_loop loop;
		struct at_domain dom;
		u32 handle;

		ASSERT_EQ(at_create(self->fd, "echo", ATMOS_TEST_PRIV_USER, &dom), 0);
		ASSERT_EQ(at_healthy(&dom), 0);
		for (u64 o = 0; o < i % 4; o++)
			ASSERT_EQ(at_offer(&dom, "object", 7, &handle), 0);
		if (i % 3 == 0)
			ASSERT_EQ(at_loop(&dom, ATMOS_TEST_LOOP_KILL, 1, -1, &loop), 0);
		ASSERT_EQ(at_destroy(&dom), 0);
	}
	same_memory(_metadata, &before);
	ASSERT_EQ(at_destroy(&keep), 0);
}

TEST_HARNESS_MAIN
