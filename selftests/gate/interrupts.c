// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts and NMIs during crossings: no register of a domain or of the
 * program changes, none is lost, and NMIs hit the gate itself, too.
 */
#include "kselftest_harness.h"

#include <pthread.h>
#include <stdatomic.h>

#include "attack.h"
#include "state.h"
#include "system.h"

/* Sends one kind of event after another to a CPU until told to stop. */
struct sender {
	pthread_t thread;
	int fd;
	u32 what;
	u32 cpu;
	u32 interval_us;
	int from_cpu;
	atomic_bool stop;
	u64 sent;
	int err;
};

static void *send(void *arg)
{
	struct sender *s = arg;

	sys_pin(s->from_cpu);
	while (!atomic_load(&s->stop) && !s->err) {
		s->err = at_provoke(s->fd, s->what, s->cpu, 20, s->interval_us);
		s->sent += 20;
	}
	return NULL;
}

FIXTURE(interrupts)
{
	int fd;
	struct at_domain hold;
	struct at_domain echo;
	struct sender sender;
	struct atmos_test_info before, after;
};

FIXTURE_SETUP(interrupts)
{
	self->fd = at_open();
	ASSERT_GE(self->fd, 0);
	ASSERT_EQ(attack_create(self->fd, "hold", &self->hold), 0);
	ASSERT_EQ(at_create(self->fd, "echo", ATMOS_TEST_PRIV_USER, &self->echo), 0);
	self->sender.fd = self->fd;
	ASSERT_EQ(at_info(&self->hold, &self->before), 0);
	self->after = self->before;
}

FIXTURE_TEARDOWN(interrupts)
{
	EXPECT_EQ(at_healthy(&self->hold), 0);
	EXPECT_EQ(at_healthy(&self->echo), 0);
	EXPECT_EQ(attack_end(&self->hold), 0);
	EXPECT_EQ(at_destroy(&self->echo), 0);
	close(self->fd);
}

static void start(FIXTURE_DATA(interrupts) *self, u32 what, u32 interval_us)
{
	int cpus = sys_nr_cpus();

	/* We are the target; the sender sits on another CPU where there is one. */
	sys_pin(cpus - 1);
	self->sender.what = what;
	self->sender.cpu = (u32)cpus - 1;
	self->sender.from_cpu = 0;
	self->sender.interval_us = interval_us;
	pthread_create(&self->sender.thread, NULL, send, &self->sender);
}

static void stop(struct __test_metadata *_metadata, FIXTURE_DATA(interrupts) *self)
{
	atomic_store(&self->sender.stop, true);
	pthread_join(self->sender.thread, NULL);
	sys_pin(-1);
	EXPECT_EQ(self->sender.err, 0);
	EXPECT_EQ(at_info(&self->hold, &self->after), 0);
}

/* Entries that hold values in all registers while the loop runs down. */
static void hold(struct __test_metadata *_metadata, FIXTURE_DATA(interrupts) *self, u64 rounds,
		 u64 loops)
{
	static struct state before, after;
	static struct dom_msg commands[DOM_OUT_SLOTS];

	for (u64 i = 0; i < rounds; i++) {
		struct at_reply reply = {};
		struct dom_msg ping;
		struct atmos_test_enter enter = {
			.id = self->hold.id,
			.events = (uintptr_t)&ping,
			.commands = (uintptr_t)commands,
			.nr_events = 1,
			.max_commands = DOM_OUT_SLOTS,
		};
		const struct dom_cmd_PONG *pong;
		const char *changed;

		state_fill(&before, i);
		at_ping_event(&ping, i, 1, loops, 0x1122334455667788ull * (i + 1));
		ASSERT_EQ(state_ioctl(&before, &after, self->fd, ATMOS_TEST_ENTER, &enter), 0);
		changed = state_compare(&before, &after);
		ASSERT_EQ(changed, NULL) {
			TH_LOG("changed in the program: %s", changed);
		}
		ASSERT_EQ(enter.status, ATMOS_TEST_OK);
		reply.nr = enter.nr_commands;
		memcpy(reply.cmd, commands, sizeof(commands));
		pong = at_pong(&reply, i);
		ASSERT_NE(pong, NULL);
		ASSERT_EQ(pong->a, 0) {
			TH_LOG("registers changed in the domain: %lx", pong->a);
		}
	}
}

/* Goes on until that counter of INFO tells that there was what to hold against. */
static void hold_until(struct __test_metadata *_metadata, FIXTURE_DATA(interrupts) *self,
		       u64 rounds, u64 loops, const __u64 *counter, u64 wanted)
{
	u64 before = *counter;

	for (int i = 0; i < 100; i++) {
		hold(_metadata, self, rounds, loops);
		ASSERT_EQ(at_info(&self->hold, &self->after), 0);
		if (*counter >= before + wanted)
			break;
	}
	EXPECT_GE(*counter, before + wanted);
}

TEST_F_TIMEOUT(interrupts, ticks, 300)
{
	/* CPU 0 has a tick. */
	sys_pin(0);
	hold_until(_metadata, self, sys_scaled(100, 10), 100000, &self->after.irqs,
		   sys_scaled(20, 3));
	sys_pin(-1);
}

TEST_F_TIMEOUT(interrupts, calls, 300)
{
	start(self, ATMOS_TEST_PROVOKE_IPI, 50);
	hold_until(_metadata, self, sys_scaled(300, 10), 50000, &self->after.irqs, 1);
	stop(_metadata, self);
}

TEST_F_TIMEOUT(interrupts, tlb_flushes, 300)
{
	start(self, ATMOS_TEST_PROVOKE_TLBFLUSH, 200);
	hold_until(_metadata, self, sys_scaled(200, 10), 50000, &self->after.irqs, 1);
	stop(_metadata, self);
}

TEST_F_TIMEOUT(interrupts, nmis, 300)
{
	if (sys_nr_cpus() < 2)
		SKIP(return, "wants two CPUs");
	start(self, ATMOS_TEST_PROVOKE_NMI, 20);
	hold_until(_metadata, self, sys_scaled(500, 10), 50000, &self->after.nmis, 1);
	stop(_metadata, self);
	TH_LOG("%llu NMIs in domains, %llu in the gate", self->after.nmis - self->before.nmis,
	       self->after.nmis_in_gate - self->before.nmis_in_gate);
}

/* Bare crossings, until NMIs have hit the gate's own code often enough. */
TEST_F_TIMEOUT(interrupts, nmis_in_gate, 600)
{
	u64 wanted = sys_scaled(200, 3);
	u64 hits = 0;
	u64 done = 0;

	if (sys_nr_cpus() < 2)
		SKIP(return, "wants two CPUs");
	start(self, ATMOS_TEST_PROVOKE_NMI, 0);
	while (hits < wanted && done < 5000000) {
		struct atmos_test_fault fault;
		struct atmos_test_loop loop;

		ASSERT_EQ(at_loop(&self->echo, ATMOS_TEST_LOOP_GATE, 6400, sys_nr_cpus() - 1,
				  &loop), 0);
		if (loop.ok != 6400 &&
		    !attack_last_fault(self->fd, self->echo.id, &fault))
			TH_LOG("died of: %s", attack_report(&fault));
		ASSERT_EQ(loop.ok, 6400);
		ASSERT_EQ(at_info(&self->echo, &self->after), 0);
		hits = self->after.nmis_in_gate - self->before.nmis_in_gate;
		done += loop.ok;
	}
	stop(_metadata, self);
	TH_LOG("%lu NMIs in the gate in %lu crossings", hits, done);
	EXPECT_GE(hits, wanted);
	EXPECT_EQ(self->after.restarts, 0);
}

/* NMIs while domains tamper with what the NMI's handler relies on. */
TEST_F_TIMEOUT(interrupts, nmis_in_hostile_domains, 600)
{
	static const char *const names[] = {
		"loop_base", "loop_base_switch", "loop_segments", "loop_flags", "loop_nt",
		"loop_ac", "loop_df", "rsp_loop", "loop_mov_ss", "compat_loop", "syscall",
		"mov_ss_tf_exit", "flags_tf_exit", "loop_pkru",
	};

	if (sys_nr_cpus() < 2)
		SKIP(return, "wants two CPUs");
	start(self, ATMOS_TEST_PROVOKE_NMI, 10);
	for (u32 i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct attack_case *attack = attack_find(names[i]);
		/* An endless one uses up the budget. */
		u64 rounds = attack->outcome & BUDGET ? 1 : sys_scaled(300, 2);
		struct at_domain dom;
		u64 b;

		ASSERT_EQ(attack_create(self->fd, names[i], &dom), 0);
		b = attack->b == SECRET ? self->before.secret : attack->b;
		for (u64 r = 0; r < rounds; r++) {
			u64 outcome = attack_run(&dom, 1, b, 0, NULL, NULL);

			/* An NMI may find it where it does not belong: also an end. */
			EXPECT_NE(outcome & (attack->outcome | SEGMENT), 0) {
				TH_LOG("%s: %s", names[i], attack_outcome(outcome));
			}
			EXPECT_EQ(at_healthy(&dom), 0);
		}
		ASSERT_EQ(attack_end(&dom), 0);
	}
	stop(_metadata, self);
	EXPECT_GT(self->after.nmis, self->before.nmis);
}

/*
 * CR4.PGE comes back behind the gate's back: it is seen and turned off again
 * before the next entry. (That a gate which does not is caught is shown in
 * Bochs, by a build without the repair.)
 */
TEST_F_TIMEOUT(interrupts, pge, 300)
{
	u64 count = sys_scaled(500, 20);
	int cpus = sys_nr_cpus();

	for (u64 i = 0; i < count; i++) {
		int cpu = (int)(i % cpus);

		sys_pin(cpu);
		ASSERT_EQ(at_provoke(self->fd, ATMOS_TEST_PROVOKE_PGE, cpu, 1, 0), 0);
		ASSERT_EQ(at_healthy(&self->echo), 0);
		ASSERT_EQ(at_healthy(&self->hold), 0);
	}
	sys_pin(-1);
	ASSERT_EQ(at_info(&self->hold, &self->after), 0);
	EXPECT_GE(self->after.pge_repairs - self->before.pge_repairs, count);
}

/* The same from outside, while a domain is inside. */
TEST_F_TIMEOUT(interrupts, pge_during_entry, 300)
{
	if (sys_nr_cpus() < 2)
		SKIP(return, "wants two CPUs");
	start(self, ATMOS_TEST_PROVOKE_PGE, 30);
	hold_until(_metadata, self, sys_scaled(300, 10), 50000, &self->after.pge_repairs, 1);
	stop(_metadata, self);
}

TEST_HARNESS_MAIN
