// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commands that keep to no contract, in all their variety: whatever a domain
 * leaves in its mailbox, either it is sound or none of it takes effect.
 */
#include "kselftest_harness.h"

#include "attack.h"
#include "system.h"

FIXTURE(commands)
{
	int fd;
	struct at_domain dom;
};

FIXTURE_SETUP(commands)
{
	self->fd = at_open();
	ASSERT_GE(self->fd, 0);
}

FIXTURE_TEARDOWN(commands)
{
	EXPECT_EQ(at_healthy(&self->dom), 0);
	EXPECT_EQ(self->dom.leaks, 0);
	EXPECT_EQ(attack_end(&self->dom), 0);
	close(self->fd);
}

TEST_F_TIMEOUT(commands, random_pages, 300)
{
	u64 count = sys_scaled(3000, 100);
	struct at_reply reply;

	ASSERT_EQ(attack_create(self->fd, "cmd_random", &self->dom), 0);
	for (u64 seed = 0; seed < count; seed++)
		ASSERT_EQ(attack_run(&self->dom, 1, seed, 0, &reply, NULL), CONTRACT);
}

TEST_F_TIMEOUT(commands, random_slots, 300)
{
	u64 count = sys_scaled(3000, 100);
	struct at_reply reply;

	ASSERT_EQ(attack_create(self->fd, "cmd_random_slots", &self->dom), 0);
	for (u64 seed = 0; seed < count; seed++)
		ASSERT_EQ(attack_run(&self->dom, 1, seed, 0, &reply, NULL), CONTRACT);
}

TEST_F(commands, every_flag)
{
	struct at_reply reply;

	ASSERT_EQ(attack_create(self->fd, "cmd_out_flags", &self->dom), 0);
	for (u32 bit = 0; bit < 32; bit++) {
		u64 flag = 1ull << bit;

		EXPECT_EQ(attack_run(&self->dom, 1, 0, flag, &reply, NULL),
			  flag & DOM_OUT_FLAGS ? OK : CONTRACT);
	}
}

TEST_F(commands, every_reserved_byte)
{
	struct at_reply reply;

	ASSERT_EQ(attack_create(self->fd, "cmd_out_reserved", &self->dom), 0);
	for (u64 at = 0; at < sizeof(((struct dom_out *)0)->reserved); at++)
		EXPECT_EQ(attack_run(&self->dom, 1, 0, at, &reply, NULL), CONTRACT);
}

TEST_F(commands, none_of_a_bad_batch)
{
	struct at_reply reply;

	ASSERT_EQ(attack_create(self->fd, "cmd_half", &self->dom), 0);
	EXPECT_EQ(attack_run(&self->dom, 1, 0, 0, &reply, NULL), CONTRACT);
	EXPECT_EQ(reply.nr, 0);
}

TEST_F(commands, all_of_a_full_queue)
{
	struct at_reply reply;

	ASSERT_EQ(attack_create(self->fd, "cmd_full", &self->dom), 0);
	EXPECT_EQ(attack_run(&self->dom, 1, 0, 0, &reply, NULL), OK);
	ASSERT_EQ(reply.nr, DOM_OUT_SLOTS);
	for (u32 i = 0; i < reply.nr; i++)
		EXPECT_EQ(((struct dom_cmd_PONG *)&reply.cmd[i])->a, i + 1);
}

/* The record: committed entries count in it, dead ones do not. */
static u64 committed(struct at_domain *dom)
{
	const struct dom_cmd_PONG *pong;
	struct at_reply reply;

	if (at_ping(dom, 1, 0, 0, 0, &reply) || reply.status != ATMOS_TEST_OK)
		return ~0ull;
	pong = at_pong(&reply, 1);
	return pong ? pong->c : ~0ull;
}

TEST_F(commands, record_of_a_dead_entry)
{
	struct at_reply reply;

	ASSERT_EQ(attack_create(self->fd, "record_die", &self->dom), 0);
	for (u64 i = 1; i <= 20; i++) {
		ASSERT_EQ(committed(&self->dom), i);
		ASSERT_EQ(attack_run(&self->dom, 1, i, 0, &reply, NULL), V(6));
		ASSERT_EQ(reply.nr, 0);
	}
}

TEST_F(commands, record_of_garbage)
{
	struct at_reply reply;
	u64 before, after;

	ASSERT_EQ(attack_create(self->fd, "record_garbage", &self->dom), 0);
	ASSERT_EQ(committed(&self->dom), 1);
	ASSERT_EQ(attack_run(&self->dom, 1, 5, 0, &reply, NULL), OK);
	before = committed(&self->dom);
	after = committed(&self->dom);
	EXPECT_NE(before, 3);
	EXPECT_EQ(after, before + 1);
}

/* Bytes behind the record do not come back after a death. */
TEST_F(commands, bytes_behind_the_record)
{
	struct at_reply reply;

	ASSERT_EQ(attack_create(self->fd, "record_beyond", &self->dom), 0);
	ASSERT_EQ(committed(&self->dom), 1);
	EXPECT_EQ(attack_run(&self->dom, 1, 5, 0, &reply, NULL), OK);
	EXPECT_EQ(committed(&self->dom), 3);
}

/* What a test may put into the other queue is the domain's affair. */
TEST_F_TIMEOUT(commands, random_events, 300)
{
	static struct dom_msg events[DOM_IN_SLOTS];
	u64 count = sys_scaled(1000, 50);
	u64 x = 0x9e3779b97f4a7c15ull;
	struct at_reply reply;

	ASSERT_EQ(attack_create(self->fd, "cmd_none", &self->dom), 0);
	for (u64 round = 0; round < count; round++) {
		for (u32 i = 0; i < sizeof(events) / 8; i++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			((u64 *)events)[i] = x;
		}
		/* Types and lengths near to sense, contents not. */
		for (u32 i = 0; i < DOM_IN_SLOTS; i++) {
			events[i].hdr.type %= 4;
			events[i].hdr.inline_len %= 1 + (x & 1023);
		}
		ASSERT_EQ(at_enter(&self->dom, events, 1 + x % DOM_IN_SLOTS, &reply), 0);
		ASSERT_NE(reply.status, ATMOS_TEST_REFUSED);
	}
	EXPECT_EQ(at_enter(&self->dom, events, DOM_IN_SLOTS + 1, &reply), -EINVAL);
}

TEST_HARNESS_MAIN
