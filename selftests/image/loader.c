// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loading of images: sound ones work, the list of them is kept in order, and
 * without a signature nothing is loaded unless a parameter says so.
 */
#include "kselftest_harness.h"

#include <sys/ioctl.h>

#include "attack.h"
#include "file.h"
#include "system.h"

static struct file file;

FIXTURE(loader)
{
	int fd;
};

FIXTURE_SETUP(loader)
{
	ASSERT_EQ(file_setup(), 0);
	self->fd = at_open();
	ASSERT_GE(self->fd, 0);
	ASSERT_EQ(file_read(&file, "hostile-relocated"), 0);
}

FIXTURE_TEARDOWN(loader)
{
	if (self->fd >= 0)
		close(self->fd);
	file_done();
}

TEST_F(loader, sound_files)
{
	static const char *const images[] = {
		"echo", "hostile-relocated", "hostile-regs", "hostile-int_n", "hostile-recursion",
	};
	bool died;

	for (u32 i = 0; i < sizeof(images) / sizeof(images[0]); i++) {
		ASSERT_EQ(file_read(&file, images[i]), 0);
		for (int round = 0; round < 5; round++) {
			EXPECT_EQ(file_load(&file, self->fd, &died), 0);
			EXPECT_FALSE(died);
		}
	}
}

/* Pointers in data and constants are right, at both privileges. */
TEST_F(loader, relocations)
{
	static const u32 privileges[] = { ATMOS_TEST_PRIV_USER, ATMOS_TEST_PRIV_KERNEL };

	ASSERT_EQ(file_write(&file, FILE_NAME), 0);
	for (u32 i = 0; i < 2; i++) {
		const struct dom_cmd_PONG *pong;
		struct at_domain dom;
		struct at_reply reply;
		int err = at_create(self->fd, FILE_NAME, privileges[i], &dom);

		if (err == -EOPNOTSUPP)
			continue;
		ASSERT_EQ(err, 0);
		ASSERT_EQ(attack_run(&dom, 1, 0, 0, &reply, NULL), OK);
		pong = at_pong(&reply, 0xa77ac6);
		ASSERT_NE(pong, NULL);
		EXPECT_EQ(pong->a, 1);
		ASSERT_EQ(at_destroy(&dom), 0);
	}
	EXPECT_EQ(at_forget(self->fd, FILE_NAME), 0);
}

TEST_F(loader, forget)
{
	struct at_domain a, b;

	EXPECT_EQ(at_forget(self->fd, "echo"), -EPERM);
	EXPECT_EQ(at_forget(self->fd, "never_loaded"), -ENOENT);
	ASSERT_EQ(file_write(&file, FILE_NAME), 0);
	ASSERT_EQ(at_create(self->fd, FILE_NAME, ATMOS_TEST_PRIV_USER, &a), 0);
	ASSERT_EQ(at_create(self->fd, FILE_NAME, ATMOS_TEST_PRIV_USER, &b), 0);
	EXPECT_EQ(at_forget(self->fd, FILE_NAME), -EBUSY);
	ASSERT_EQ(at_destroy(&a), 0);
	EXPECT_EQ(at_forget(self->fd, FILE_NAME), -EBUSY);
	EXPECT_EQ(at_healthy(&b), 0);
	ASSERT_EQ(at_destroy(&b), 0);
	EXPECT_EQ(at_forget(self->fd, FILE_NAME), 0);
	EXPECT_EQ(at_forget(self->fd, FILE_NAME), -ENOENT);
}

TEST_F(loader, names)
{
	static const char *const bad[] = {
		"", ".", "..", "/", "a/b", "../echo", "a b", "a.b", "a\n", "\xff", "%s", "a,b",
	};
	char longest[32] = {};
	struct at_domain dom;

	for (u32 i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		EXPECT_EQ(at_create(self->fd, bad[i], ATMOS_TEST_PRIV_USER, &dom), -EINVAL) {
			TH_LOG("name '%s'", bad[i]);
		}
	}
	memset(longest, 'x', 31);
	EXPECT_EQ(at_create(self->fd, longest, ATMOS_TEST_PRIV_USER, &dom), -ENOENT);

	/* No end at all. */
	struct atmos_test_create arg = { .privilege = ATMOS_TEST_PRIV_USER };

	memset(arg.image, 'x', sizeof(arg.image));
	EXPECT_EQ(ioctl(self->fd, ATMOS_TEST_CREATE, &arg), -1);
	EXPECT_EQ(errno, EINVAL);

	/* A file may not pass for another image. */
	ASSERT_EQ(file_write(&file, "other_name"), 0);
	EXPECT_EQ(at_create(self->fd, "other_name", ATMOS_TEST_PRIV_USER, &dom), -ENOEXEC);
	EXPECT_EQ(at_forget(self->fd, FILE_NAME), -ENOENT);
}

/* As many images as the list takes, then a clear error. */
TEST_F_TIMEOUT(loader, list_full, 300)
{
	static struct at_domain dom;
	struct atmos_test_fault fault;
	char name[32];
	u32 nr = 0;
	int err;

	do {
		snprintf(name, sizeof(name), "list-%u", nr);
		strcpy(file_manifest(&file)->name, name);
		ASSERT_EQ(file_write(&file, name), 0);
		err = at_create(self->fd, name, ATMOS_TEST_PRIV_USER, &dom);
		if (!err) {
			u64 outcome = attack_run(&dom, 0, 0, 0, NULL, &fault);

			ASSERT_EQ(outcome, OK) {
				TH_LOG("image %u: %s at %llx", nr, attack_outcome(outcome),
				       fault.rip);
			}
			ASSERT_EQ(at_destroy(&dom), 0);
			nr++;
		}
	} while (!err && nr < 5000);
	EXPECT_EQ(err, -ENOSPC);
	EXPECT_GE(nr, 100);
	TH_LOG("%u images", nr);
	for (u32 i = 0; i < nr; i++) {
		snprintf(name, sizeof(name), "list-%u", i);
		ASSERT_EQ(at_forget(self->fd, name), 0);
	}
	ASSERT_EQ(file_read(&file, "hostile-relocated"), 0);
	EXPECT_EQ(file_load(&file, self->fd, NULL), 0);
}

/* No key signed it: refused, while what the module brought along works. */
TEST_F(loader, unsigned_refused)
{
	struct at_domain dom;
	int err;

	close(self->fd);
	self->fd = -1;
	ASSERT_EQ(sys_module_unload(), 0);
	ASSERT_EQ(sys_module_load("test_interface=1"), 0);
	self->fd = at_open();
	ASSERT_GE(self->fd, 0);

	err = file_load(&file, self->fd, NULL);
	EXPECT_TRUE(err == -ENODATA || err == -ENOKEY || err == -EKEYREJECTED ||
		    err == -EBADMSG || err == -ENOPKG) {
		TH_LOG("error %d", err);
	}
	/* Something that looks like a signature, of nobody. */
	static const char magic[] = "~Module signature appended~\n";

	memset(file.bytes + file.len, 0xaa, 500);
	memcpy(file.bytes + file.len + 500, magic, sizeof(magic) - 1);
	file.len += 500 + sizeof(magic) - 1;
	err = file_load(&file, self->fd, NULL);
	EXPECT_LT(err, 0);
	EXPECT_NE(err, -EPROTO);

	ASSERT_EQ(at_create(self->fd, "echo", ATMOS_TEST_PRIV_USER, &dom), 0);
	EXPECT_EQ(at_healthy(&dom), 0);
	close(self->fd);
	self->fd = -1;
	ASSERT_EQ(sys_module_unload(), 0);
	ASSERT_EQ(sys_module_load(SYS_MODULE_ARGS), 0);
}

TEST_HARNESS_MAIN
