// SPDX-License-Identifier: GPL-2.0-only
/*
 * Limits: on domains, on their memory, on deaths; each is told clearly, holds
 * exactly, and leaves everything in order. Each test loads the module anew
 * with the limit it is about.
 */
#include "kselftest_harness.h"

#include "attack.h"
#include "system.h"

#define ARGS "test_interface=1 allow_unsigned=1 budget_us=100000 "

FIXTURE(limits)
{
	int fd;
};

FIXTURE_SETUP(limits)
{
	self->fd = -1;
	ASSERT_EQ(sys_module_unload(), 0);
}

FIXTURE_TEARDOWN(limits)
{
	if (self->fd >= 0)
		close(self->fd);
	sys_module_unload();
	EXPECT_EQ(sys_module_load(SYS_MODULE_ARGS), 0);
}

static void load(struct __test_metadata *_metadata, FIXTURE_DATA(limits) *self, const char *args)
{
	ASSERT_EQ(sys_module_load(args), 0);
	self->fd = at_open();
	ASSERT_GE(self->fd, 0);
}

/* As many as there can be. Return: their number; the error in @err. */
static u32 fill(FIXTURE_DATA(limits) *self, struct at_domain *dom, u32 most, int *err)
{
	u32 nr = 0;

	do {
		*err = at_create(self->fd, "echo", ATMOS_TEST_PRIV_USER, &dom[nr]);
		nr += !*err;
	} while (!*err && nr < most);
	return nr;
}

TEST_F(limits, domains)
{
	static struct at_domain dom[20];
	int err;

	load(_metadata, self, ARGS "max_domains=10");
	for (int round = 0; round < 3; round++) {
		EXPECT_EQ(fill(self, dom, 20, &err), 10);
		EXPECT_EQ(err, -ENOSPC);
		for (int i = 0; i < 10; i++)
			EXPECT_EQ(at_healthy(&dom[i]), 0);
		/* One goes, one comes. */
		ASSERT_EQ(at_destroy(&dom[4]), 0);
		ASSERT_EQ(at_create(self->fd, "echo", ATMOS_TEST_PRIV_USER, &dom[4]), 0);
		EXPECT_EQ(at_create(self->fd, "echo", ATMOS_TEST_PRIV_USER, &dom[10]), -ENOSPC);
		for (int i = 0; i < 10; i++)
			ASSERT_EQ(at_destroy(&dom[i]), 0);
	}
}

TEST_F(limits, pages)
{
	static struct at_domain dom[100];
	u32 first;
	int err;

	load(_metadata, self, ARGS "max_pages=100");
	first = fill(self, dom, 100, &err);
	EXPECT_EQ(err, -ENOSPC);
	/* A domain has two mailbox pages, a stack, a leaf table at least. */
	EXPECT_GE(first, 5);
	EXPECT_LE(first, 25);
	for (u32 i = 0; i < first; i++) {
		EXPECT_EQ(at_healthy(&dom[i]), 0);
		ASSERT_EQ(at_destroy(&dom[i]), 0);
	}
	/* What is given back can be had again, to the page. */
	EXPECT_EQ(fill(self, dom, 100, &err), first);
}

TEST_F_TIMEOUT(limits, thousands, 300)
{
	static struct at_domain dom[4000];
	u32 count = (u32)sys_scaled(4000, 100);
	int err;

	load(_metadata, self, ARGS "max_domains=100000");
	ASSERT_EQ(fill(self, dom, count, &err), count);
	for (u32 i = 0; i < count; i++)
		ASSERT_EQ(at_healthy(&dom[i]), 0);
	/* All go with the file. */
}

/* Too many deaths in too short a time: given up, and only that domain. */
TEST_F_TIMEOUT(limits, given_up, 120)
{
	struct at_domain bad, good;
	struct at_reply reply;

	load(_metadata, self, ARGS "giveup_deaths=8 giveup_ms=600000");
	ASSERT_EQ(attack_create(self->fd, "ud2", &bad), 0);
	ASSERT_EQ(attack_create(self->fd, "cli", &good), 0);
	for (int i = 0; i < 8; i++) {
		ASSERT_EQ(attack_run(&bad, 1, 0, 0, NULL, NULL), V(6));
		ASSERT_EQ(at_healthy(&bad), 0);
	}
	ASSERT_EQ(attack_run(&bad, 1, 0, 0, NULL, NULL), V(6));
	/* An error at once from now on, and no death more. */
	for (int i = 0; i < 10; i++) {
		ASSERT_EQ(at_ping(&bad, 1, 0, 0, 0, &reply), 0);
		EXPECT_EQ(reply.status, ATMOS_TEST_REFUSED);
		EXPECT_EQ(reply.nr, 0);
		EXPECT_EQ(reply.fault, 0);
	}
	EXPECT_EQ(at_healthy(&good), 0);
	ASSERT_EQ(attack_end(&bad), 0);
	ASSERT_EQ(attack_end(&good), 0);
}

/* Deaths further apart are forgiven. */
TEST_F_TIMEOUT(limits, not_given_up, 120)
{
	struct at_domain dom;

	load(_metadata, self, ARGS "giveup_deaths=3 giveup_ms=50");
	ASSERT_EQ(attack_create(self->fd, "ud2", &dom), 0);
	for (int i = 0; i < 8; i++) {
		ASSERT_EQ(attack_run(&dom, 1, 0, 0, NULL, NULL), V(6));
		usleep(80000);
	}
	EXPECT_EQ(at_healthy(&dom), 0);
	ASSERT_EQ(attack_end(&dom), 0);
}

/* Nobody's hands but root's, and only when asked for. */
TEST_F(limits, no_test_interface)
{
	ASSERT_EQ(sys_module_load("allow_unsigned=1"), 0);
	EXPECT_EQ(at_open(), -ENOENT);
}

TEST_HARNESS_MAIN
