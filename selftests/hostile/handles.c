// SPDX-License-Identifier: GPL-2.0-only
/*
 * Handles of payload objects: forged, stale, foreign, used twice. Each is
 * refused, and what a dead domain owned is reclaimed: the count of objects is
 * back to zero after each test.
 */
#include "kselftest_harness.h"

#include "attack.h"
#include "system.h"

FIXTURE(handles)
{
	int fd;
	struct at_domain dom;
	struct at_domain echo;
};

FIXTURE_SETUP(handles)
{
	self->fd = at_open();
	ASSERT_GE(self->fd, 0);
	ASSERT_EQ(at_create(self->fd, "echo", ATMOS_TEST_PRIV_USER, &self->echo), 0);
}

static u64 objects(const struct at_domain *dom)
{
	struct atmos_test_info info;

	return at_info(dom, &info) ? ~0ull : info.exchange_objects;
}

FIXTURE_TEARDOWN(handles)
{
	if (self->dom.id) {
		EXPECT_EQ(at_healthy(&self->dom), 0);
		EXPECT_EQ(attack_end(&self->dom), 0);
		EXPECT_EQ(objects(&self->echo), 0);
	}
	EXPECT_EQ(at_destroy(&self->echo), 0);
	close(self->fd);
}

/* Offers an object and tells the domain. Return: its handle, 0 on failure. */
static u32 offer(struct at_domain *dom, u32 len, u64 cookie, struct at_reply *reply)
{
	static u8 bytes[4096];
	struct dom_msg msg;
	u32 handle;

	if (at_offer(dom, bytes, len, &handle))
		return 0;
	at_offer_event(&msg, handle, len, cookie);
	if (at_enter(dom, &msg, 1, reply) || reply->status != ATMOS_TEST_OK)
		return 0;
	return handle;
}

TEST_F(handles, given_back_and_kept)
{
	struct at_reply reply;
	const struct dom_cmd_RETURN *ret = (const void *)reply.cmd;
	u32 handle;

	/* Even cookie: RETURN; odd: KEEP. */
	handle = offer(&self->echo, 100, 2, &reply);
	ASSERT_NE(handle, 0);
	ASSERT_EQ(reply.nr, 1);
	EXPECT_EQ(ret->hdr.type, DOM_CMD_RETURN);
	EXPECT_EQ(ret->hdr.handle, handle);
	EXPECT_EQ(ret->cookie, 2);
	EXPECT_EQ(ret->offset, 0);
	EXPECT_EQ(ret->len, 100);
	EXPECT_EQ(objects(&self->echo), 0);

	for (u32 i = 1; i <= 10; i++) {
		handle = offer(&self->echo, 100, 3, &reply);
		ASSERT_NE(handle, 0);
		ASSERT_EQ(reply.nr, 1);
		EXPECT_EQ(reply.cmd[0].hdr.type, DOM_CMD_KEEP);
		EXPECT_EQ(objects(&self->echo), i);
	}
	ASSERT_EQ(at_destroy(&self->echo), 0);
	ASSERT_EQ(at_create(self->fd, "echo", ATMOS_TEST_PRIV_USER, &self->echo), 0);
	EXPECT_EQ(objects(&self->echo), 0);
}

TEST_F(handles, stale)
{
	struct at_reply reply;

	ASSERT_EQ(attack_create(self->fd, "handle_stale", &self->dom), 0);
	ASSERT_NE(offer(&self->dom, 8, 1, &reply), 0);
	EXPECT_EQ(objects(&self->echo), 1);
	EXPECT_EQ(attack_run(&self->dom, 1, 0, 0, &reply, NULL), OK);
	EXPECT_EQ(reply.nr, 2);
	EXPECT_EQ(objects(&self->echo), 0);
	EXPECT_EQ(attack_run(&self->dom, 1, 0, 0, &reply, NULL), CONTRACT);
}

/* The same index, given again, has another generation. */
TEST_F(handles, reused_index)
{
	struct at_reply reply;
	u32 first, second;

	ASSERT_EQ(attack_create(self->fd, "handle_forged", &self->dom), 0);
	first = offer(&self->dom, 8, 1, &reply);
	ASSERT_NE(first, 0);
	EXPECT_EQ(attack_run(&self->dom, 1, first, 0, &reply, NULL), OK);
	for (int i = 0; i < 64; i++) {
		second = offer(&self->dom, 8, 1, &reply);
		ASSERT_NE(second, 0);
		EXPECT_NE(first, second);
		EXPECT_EQ(attack_run(&self->dom, 1, second, 0, &reply, NULL), OK);
	}
	EXPECT_EQ(attack_run(&self->dom, 1, first, 0, &reply, NULL), CONTRACT);
}

TEST_F(handles, of_an_earlier_life)
{
	struct at_reply reply;
	u32 handle;

	ASSERT_EQ(attack_create(self->fd, "handle_forged", &self->dom), 0);
	for (int i = 0; i < 20; i++) {
		handle = offer(&self->dom, 8, 1, &reply);
		ASSERT_NE(handle, 0);
		EXPECT_EQ(objects(&self->echo), 1);
		/* Dies of a forged one; the sound one is reclaimed. */
		EXPECT_EQ(attack_run(&self->dom, 1, handle ^ 0x40000000, 0, &reply, NULL),
			  CONTRACT);
		EXPECT_EQ(objects(&self->echo), 0);
		EXPECT_EQ(attack_run(&self->dom, 1, handle, 0, &reply, NULL), CONTRACT);
	}
}

TEST_F(handles, of_another_domain)
{
	struct at_reply reply;
	u32 foreign;

	ASSERT_EQ(attack_create(self->fd, "handle_forged", &self->dom), 0);
	foreign = offer(&self->echo, 8, 1, &reply);
	ASSERT_NE(foreign, 0);
	EXPECT_EQ(attack_run(&self->dom, 1, foreign, 0, &reply, NULL), CONTRACT);
	EXPECT_EQ(objects(&self->echo), 1);
	ASSERT_EQ(at_destroy(&self->echo), 0);
	ASSERT_EQ(at_create(self->fd, "echo", ATMOS_TEST_PRIV_USER, &self->echo), 0);
}

TEST_F(handles, every_bit)
{
	struct atmos_test_fault fault;
	struct at_reply reply;

	ASSERT_EQ(attack_create(self->fd, "handle_flip", &self->dom), 0);
	for (u64 bit = 0; bit < 32; bit++) {
		ASSERT_NE(offer(&self->dom, 8, 1, &reply), 0);
		EXPECT_EQ(attack_run(&self->dom, 1, bit, 0, &reply, &fault), CONTRACT) {
			TH_LOG("bit %lu", bit);
		}
		EXPECT_EQ(objects(&self->echo), 0);
	}
}

TEST_F(handles, random)
{
	u64 count = sys_scaled(2000, 50);
	u64 x = 88172645463325252ull;
	struct at_reply reply;

	ASSERT_EQ(attack_create(self->fd, "handle_keep", &self->dom), 0);
	for (u64 i = 0; i < count; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		EXPECT_EQ(attack_run(&self->dom, 1, (u32)x >> (x >> 59), 0, &reply, NULL),
			  CONTRACT);
	}
}

/* Nothing of a batch takes effect when a later command is bad. */
TEST_F(handles, all_or_nothing)
{
	struct at_reply reply;

	ASSERT_EQ(attack_create(self->fd, "handle_half", &self->dom), 0);
	ASSERT_NE(offer(&self->dom, 8, 1, &reply), 0);
	EXPECT_EQ(attack_run(&self->dom, 1, 0, 0, &reply, NULL), CONTRACT);
	EXPECT_EQ(reply.nr, 0);
	EXPECT_EQ(objects(&self->echo), 0);
}

/* As many as the table takes, and then a clear error; nothing leaks. */
TEST_F(handles, table_full)
{
	u32 handle, given = 0;
	int err;

	do {
		err = at_offer(&self->echo, "x", 1, &handle);
		given += !err;
	} while (!err && given < 1000000);
	EXPECT_EQ(err, -ENOSPC);
	EXPECT_GE(given, 62);
	EXPECT_EQ(objects(&self->echo), given);
	EXPECT_EQ(at_healthy(&self->echo), 0);
	ASSERT_EQ(at_destroy(&self->echo), 0);
	ASSERT_EQ(at_create(self->fd, "echo", ATMOS_TEST_PRIV_USER, &self->echo), 0);
	EXPECT_EQ(objects(&self->echo), 0);
}

TEST_F(handles, bad_offers)
{
	u32 handle;

	EXPECT_EQ(at_offer(&self->echo, "x", 0, &handle), -EINVAL);
	EXPECT_EQ(at_offer(&self->echo, "x", 4097, &handle), -EINVAL);
	EXPECT_EQ(at_offer(&self->echo, NULL, 1, &handle), -EFAULT);
	EXPECT_EQ(objects(&self->echo), 0);
}

TEST_HARNESS_MAIN
