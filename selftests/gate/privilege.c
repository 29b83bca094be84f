// SPDX-License-Identifier: GPL-2.0-only
/*
 * privilege=kernel: the same images at CPL0. It stops accidents only, so only
 * accidents are tried: they end in a report there, too, and the kernel goes on.
 */
#include "kselftest_harness.h"

#include "attack.h"
#include "system.h"

FIXTURE(privilege)
{
	int fd;
	struct at_domain dom;
	bool unsupported;
};

FIXTURE_SETUP(privilege)
{
	int err;

	self->fd = at_open();
	ASSERT_GE(self->fd, 0);
	err = at_create(self->fd, "echo", ATMOS_TEST_PRIV_KERNEL, &self->dom);
	self->unsupported = err == -EOPNOTSUPP;
	if (self->unsupported)
		SKIP(return, "this CPU cannot run domains at CPL0");
	ASSERT_EQ(err, 0);
}

FIXTURE_TEARDOWN(privilege)
{
	if (!self->unsupported) {
		EXPECT_EQ(at_healthy(&self->dom), 0);
		EXPECT_EQ(at_destroy(&self->dom), 0);
	}
	close(self->fd);
}

TEST_F_TIMEOUT(privilege, crossings, 300)
{
	u64 count = sys_scaled(50000, 640) / 64 * 64;
	struct atmos_test_loop loop;

	if (self->unsupported)
		return;
	ASSERT_EQ(at_healthy(&self->dom), 0);
	for (u32 mode = ATMOS_TEST_LOOP_GATE; mode <= ATMOS_TEST_LOOP_ENTER; mode++) {
		ASSERT_EQ(at_loop(&self->dom, mode, count, -1, &loop), 0);
		EXPECT_EQ(loop.ok, count);
		EXPECT_EQ(loop.died, 0);
	}
}

TEST_F(privilege, accidents)
{
	static const char *const names[] = {
		"read", "write", "jump", "write_text", "write_rodata", "write_in",
		"below_stack", "above_out", "exec_data", "exec_stack", "ud2", "divide",
		"recursion", "big_frame", "loop", "loop_pause", "cmd_unknown",
		"cmd_random", "handle_none", "red_zone", "hold", "spin", "x87", "sse",
	};

	if (self->unsupported)
		return;
	for (u32 i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct attack_case *attack = attack_find(names[i]);
		struct at_domain dom;
		char image[32];
		u64 outcome;

		ASSERT_NE(attack, NULL);
		snprintf(image, sizeof(image), "hostile-%s", names[i]);
		ASSERT_EQ(at_create(self->fd, image, ATMOS_TEST_PRIV_KERNEL, &dom), 0);
		ASSERT_EQ(at_healthy(&dom), 0);
		/* No secret as an address here: what faults is any unmapped one. */
		outcome = attack_run(&dom, 1, attack->b == SECRET ? 0x123456789000ull : attack->b,
				     0, NULL, NULL);
		EXPECT_NE(outcome & attack->outcome, 0) {
			TH_LOG("%s: %s", names[i], attack_outcome(outcome));
		}
		EXPECT_EQ(at_healthy(&dom), 0);
		ASSERT_EQ(attack_end(&dom), 0);
	}
}

TEST_F(privilege, both_side_by_side)
{
	struct at_domain user;

	if (self->unsupported)
		return;
	ASSERT_EQ(at_create(self->fd, "echo", ATMOS_TEST_PRIV_USER, &user), 0);
	for (int i = 0; i < 200; i++) {
		EXPECT_EQ(at_healthy(&self->dom), 0);
		EXPECT_EQ(at_healthy(&user), 0);
	}
	EXPECT_EQ(at_destroy(&user), 0);
}

TEST_HARNESS_MAIN
