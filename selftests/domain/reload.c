// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unloading: refused while a file with domains is open, complete afterwards,
 * again and again without a trace.
 */
#include "kselftest_harness.h"

#include "attack.h"
#include "system.h"

#define MANY 50

/* Only for its time limits. */
FIXTURE(reload)
{
	char unused;
};

FIXTURE_SETUP(reload)
{
}

FIXTURE_TEARDOWN(reload)
{
}

static int work_a_little(void)
{
	static struct at_domain dom[MANY];
	struct at_domain bad;
	struct atmos_test_loop loop;
	int fd = at_open();
	u32 handle;
	int err = 0;

	if (fd < 0)
		return fd;
	for (int i = 0; i < MANY && !err; i++) {
		err = at_create(fd, "echo", ATMOS_TEST_PRIV_USER, &dom[i]);
		if (!err)
			err = at_healthy(&dom[i]);
		if (!err)
			err = at_offer(&dom[i], "left behind", 12, &handle);
	}
	if (!err)
		err = attack_create(fd, "read", &bad);
	for (int i = 0; i < 20 && !err; i++)
		err = attack_run(&bad, 1, 0x1000, 0, NULL, NULL) != V(14);
	if (!err)
		err = at_loop(&dom[0], ATMOS_TEST_LOOP_ENTER, 1000, -1, &loop);
	/* Domains, objects and the image go with the file and the module. */
	close(fd);
	return err;
}

TEST_F(reload, refused_while_in_use)
{
	struct at_domain dom;
	int fd = at_open();

	ASSERT_GE(fd, 0);
	ASSERT_EQ(at_create(fd, "echo", ATMOS_TEST_PRIV_USER, &dom), 0);
	for (int i = 0; i < 10; i++) {
		EXPECT_EQ(sys_module_unload(), -EWOULDBLOCK);
		EXPECT_EQ(at_healthy(&dom), 0);
	}
	close(fd);
	EXPECT_EQ(sys_module_unload(), 0);
	EXPECT_EQ(sys_module_load(SYS_MODULE_ARGS), 0);
}

TEST_F_TIMEOUT(reload, again_and_again, 600)
{
	u64 count = sys_scaled(20, 3);
	struct sys_memory before, after;
	const char *grew = NULL;

	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(work_a_little(), 0);
		ASSERT_EQ(sys_module_unload(), 0);
		ASSERT_EQ(sys_module_load(SYS_MODULE_ARGS), 0);
	}
	ASSERT_EQ(sys_module_unload(), 0);
	/* A leak grows every time, other users' memory does not. */
	for (int round = 0; round < 3; round++) {
		sys_memory(&before);
		for (u64 i = 0; i < count; i++) {
			ASSERT_EQ(sys_module_load(SYS_MODULE_ARGS), 0);
			ASSERT_EQ(work_a_little(), 0);
			ASSERT_EQ(sys_module_unload(), 0);
		}
		grew = sys_memory_grew(&before, 128, &after);
		if (!grew)
			break;
	}
	EXPECT_EQ(grew, NULL);
	TH_LOG("slab %lu -> %lu, vmalloc %lu -> %lu, free %lu -> %lu KiB", before.slab_kb,
	       after.slab_kb, before.vmalloc_kb, after.vmalloc_kb, before.free_kb, after.free_kb);
	ASSERT_EQ(sys_module_load(SYS_MODULE_ARGS), 0);
}

/* With CPUs coming and going in between. */
TEST_F_TIMEOUT(reload, with_hotplug, 600)
{
	int last = sys_last_cpu();

	if (last < 1 || sys_cpu_online(last, true))
		SKIP(return, "no CPU that can be taken offline");
	for (u64 i = 0; i < sys_scaled(8, 2); i++) {
		ASSERT_EQ(sys_module_unload(), 0);
		ASSERT_EQ(sys_cpu_online(last, i % 2), 0);
		ASSERT_EQ(sys_module_load(SYS_MODULE_ARGS), 0);
		ASSERT_EQ(work_a_little(), 0);
		ASSERT_EQ(sys_cpu_online(last, !(i % 2)), 0);
		ASSERT_EQ(work_a_little(), 0);
	}
	ASSERT_EQ(sys_cpu_online(last, true), 0);
	ASSERT_EQ(work_a_little(), 0);
}

TEST_HARNESS_MAIN
