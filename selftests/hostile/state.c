// SPDX-License-Identifier: GPL-2.0-only
/*
 * The interrupted program keeps its registers, whatever they are: selectors
 * of its own LDT, bases that look like the kernel's, memory keys, hardware
 * breakpoints. One domain after the other tampers with each of them.
 */
#include "kselftest_harness.h"

#include <asm/ldt.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>

#include "attack.h"
#include "state.h"
#include "system.h"

static const char *const tamperers[] = {
	"exit_early", "seg_load", "seg_null", "seg_code", "ss_user", "seg_kernel",
	"seg_ldt", "fsgs_base", "fsgs_base_kernel", "gs_read", "loop_base",
	"loop_base_switch", "loop_segments", "loop_flags", "loop_ac", "loop_df",
	"loop_nt", "flags_all", "flags_tf_exit", "mov_ss_tf_exit", "flags_ac_exit",
	"flags_df_exit", "flags_nt_exit", "flags_ac_fault", "garbage_exit",
	"garbage_fault", "wrpkru", "wrpkru_lock_out", "loop_pkru", "sse", "avx",
	"x87", "ldmxcsr", "syscall", "sysenter", "compat_loop", "cpuid",
};

FIXTURE(state)
{
	int fd;
	struct at_domain dom[sizeof(tamperers) / sizeof(tamperers[0])];
	u64 b[sizeof(tamperers) / sizeof(tamperers[0])];
	bool endless[sizeof(tamperers) / sizeof(tamperers[0])];
	u32 rounds;
};

FIXTURE_SETUP(state)
{
	self->fd = at_open();
	ASSERT_GE(self->fd, 0);
	for (u32 i = 0; i < sizeof(tamperers) / sizeof(tamperers[0]); i++) {
		const struct attack_case *attack = attack_find(tamperers[i]);
		struct atmos_test_info info;

		ASSERT_NE(attack, NULL);
		ASSERT_EQ(attack_create(self->fd, tamperers[i], &self->dom[i]), 0);
		ASSERT_EQ(at_info(&self->dom[i], &info), 0);
		self->b[i] = attack->b == SECRET ? info.secret : attack->b;
		self->endless[i] = attack->outcome & BUDGET;
	}
}

FIXTURE_TEARDOWN(state)
{
	for (u32 i = 0; i < sizeof(tamperers) / sizeof(tamperers[0]); i++)
		EXPECT_EQ(attack_end(&self->dom[i]), 0);
	close(self->fd);
}

/* All tamperers with the program's state as given. */
static void tamper(struct __test_metadata *_metadata, FIXTURE_DATA(state) *self,
		   struct state *before)
{
	static struct state after;
	bool patient = self->rounds++ % 3 == 0;

	for (u32 i = 0; i < sizeof(tamperers) / sizeof(tamperers[0]); i++) {
		static struct dom_msg commands[DOM_OUT_SLOTS];
		struct dom_msg ping;
		struct atmos_test_enter enter = {
			.id = self->dom[i].id,
			.events = (uintptr_t)&ping,
			.commands = (uintptr_t)commands,
			.nr_events = 1,
			.max_commands = DOM_OUT_SLOTS,
		};
		const char *changed;

		/* These use up the whole budget. */
		if (self->endless[i] && !patient)
			continue;
		at_ping_event(&ping, 1, 1, self->b[i], 1000);
		ASSERT_EQ(state_ioctl(before, &after, self->fd, ATMOS_TEST_ENTER, &enter), 0);
		EXPECT_NE(enter.status, ATMOS_TEST_REFUSED);
		changed = state_compare(before, &after);
		EXPECT_EQ(changed, NULL) {
			TH_LOG("%s changed %s", tamperers[i], changed);
		}
	}
}

TEST_F(state, plain)
{
	static struct state before;

	for (u64 seed = 0; seed < sys_scaled(10, 2); seed++) {
		state_fill(&before, seed);
		tamper(_metadata, self, &before);
	}
}

/* A data segment in the program's LDT, and selectors of it. */
static int make_ldt(void)
{
	struct user_desc desc = {
		.entry_number = 0,
		.limit = 0xfffff,
		.limit_in_pages = 1,
		.seg_32bit = 1,
		.useable = 1,
	};

	return (int)syscall(SYS_modify_ldt, 1, &desc, sizeof(desc));
}

TEST_F(state, selectors)
{
	static const u16 selectors[][4] = {	/* ds, es, fs, gs */
		{ 0x2b, 0, 0, 0 }, { 0, 0x2b, 0, 0 }, { 0, 0, 0x2b, 0 }, { 0, 0, 0, 0x2b },
		{ 0x2b, 0x2b, 0x2b, 0x2b }, { 0x33, 0x33, 0x33, 0x33 }, { 3, 2, 1, 3 },
		{ 7, 0, 0, 0 }, { 0, 0, 0, 7 }, { 7, 7, 7, 7 },
	};
	static struct state before;
	int err = make_ldt();

	if (err)
		TH_LOG("no LDT (%d): its selectors are left out", errno);
	for (u32 i = 0; i < sizeof(selectors) / sizeof(selectors[0]); i++) {
		bool ldt = false;

		for (u32 s = 0; s < 4; s++)
			ldt = ldt || (selectors[i][s] & 4);
		if (ldt && err)
			continue;
		state_fill(&before, i);
		before.ds = selectors[i][0];
		before.es = selectors[i][1];
		before.fs = selectors[i][2];
		before.gs = selectors[i][3];
		tamper(_metadata, self, &before);
	}
}

/* User mode may set these: what looks like the kernel's must not confuse. */
TEST_F(state, kernel_like_bases)
{
	static struct state before;
	struct atmos_test_info info;

	ASSERT_EQ(at_info(&self->dom[0], &info), 0);
	u64 bases[] = {
		0, 1, info.secret, info.gate_block, 0xffffffff80000000ull,
		0xffff888000000000ull, ~0ull, self->dom[0].id,
	};

	for (u32 i = 0; i < sizeof(bases) / sizeof(bases[0]); i++) {
		state_fill(&before, i);
		before.gs_base = bases[i];
		tamper(_metadata, self, &before);
		before.fs_base = bases[i] ? bases[i] : 0x1000;
		tamper(_metadata, self, &before);
	}
}

/* The child enters domains; the parent set breakpoints on its thread. */
static void breakpoint_child(FIXTURE_DATA(state) *self, volatile u64 *watched)
{
	struct at_reply reply;

	ptrace(PTRACE_TRACEME, 0, 0, 0);
	raise(SIGSTOP);
	for (u32 i = 0; i < sizeof(tamperers) / sizeof(tamperers[0]); i++) {
		if (at_healthy(&self->dom[i]))
			_exit(10 + (int)i);
		if (at_ping(&self->dom[i], 1, 1, self->b[i], 0, &reply))
			_exit(2);
	}
	/* This one is the program's own: it must fire. */
	*watched = 1;
	_exit(0);
}

static bool poke_dr(pid_t pid, int nr, u64 value)
{
	size_t at = offsetof(struct user, u_debugreg) + (size_t)nr * 8;

	return ptrace(PTRACE_POKEUSER, pid, at, value) == 0;
}

TEST_F(state, breakpoints)
{
	static volatile u64 watched __attribute__((aligned(8)));
	struct atmos_test_info info;
	u64 entry_page, traps = 0;
	pid_t pid;
	int status;

	ASSERT_EQ(at_info(&self->dom[0], &info), 0);
	/* The first instruction of hostile images: their second page. */
	entry_page = info.base + 0x2000;
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid)
		breakpoint_child(self, &watched);
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	ASSERT_TRUE(WIFSTOPPED(status));

	/* Execution of the domain's code, writes to its mailbox and stack. */
	ASSERT_TRUE(poke_dr(pid, 0, entry_page));
	ASSERT_TRUE(poke_dr(pid, 1, info.base + DOM_OUT_OFFSET));
	ASSERT_TRUE(poke_dr(pid, 2, info.base + DOM_STACK_TOP - 8));
	ASSERT_TRUE(poke_dr(pid, 3, (u64)&watched));
	/* G and L enables; types: 0 execute, 1 write, with length 8 (2). */
	ASSERT_TRUE(poke_dr(pid, 7, 0x55 | 0x99900000ull));

	for (;;) {
		ASSERT_EQ(ptrace(PTRACE_CONT, pid, 0, 0), 0);
		ASSERT_EQ(waitpid(pid, &status, 0), pid);
		if (!WIFSTOPPED(status))
			break;
		EXPECT_EQ(WSTOPSIG(status), SIGTRAP);
		if (++traps > 10)
			kill(pid, SIGKILL);
	}
	EXPECT_TRUE(WIFEXITED(status));
	EXPECT_EQ(WEXITSTATUS(status), 0);
	EXPECT_EQ(traps, 1);
}

TEST_HARNESS_MAIN
