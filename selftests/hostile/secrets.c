// SPDX-License-Identifier: GPL-2.0-only
/*
 * Nothing leaks into a domain: not into its registers at entry, not into any
 * page of its window, from the core, from the program or from other domains.
 */
#include "kselftest_harness.h"

#include "attack.h"
#include "hostile/regs.h"
#include "state.h"
#include "system.h"

FIXTURE(secrets)
{
	int fd;
	struct at_domain dom;
	struct at_domain other;
	struct atmos_test_info info;
	u8 foreign[DOM_INLINE_MAX];	/* bytes only the other domain has seen */
};

static int plant_foreign(struct at_domain *other, u8 *bytes)
{
	struct dom_msg msg[1 + DOM_INLINE_MAX / DOM_SLOT_SIZE];
	struct at_reply reply;
	int err;

	for (u32 i = 0; i < DOM_INLINE_MAX; i++)
		bytes[i] = (u8)(0x35 + 7 * i + (i >> 3));
	at_ping_event(msg, 1, 0, 0, 0);
	msg[0].hdr.inline_len = DOM_INLINE_MAX;
	memcpy(msg + 1, bytes, DOM_INLINE_MAX);
	err = at_enter(other, msg, sizeof(msg) / sizeof(msg[0]), &reply);
	return err ? err : reply.status != ATMOS_TEST_OK;
}

FIXTURE_SETUP(secrets)
{
	self->fd = at_open();
	ASSERT_GE(self->fd, 0);
	ASSERT_EQ(at_create(self->fd, "echo", ATMOS_TEST_PRIV_USER, &self->other), 0);
	ASSERT_EQ(plant_foreign(&self->other, self->foreign), 0);
	ASSERT_EQ(at_info(&self->other, &self->info), 0);
}

FIXTURE_TEARDOWN(secrets)
{
	EXPECT_EQ(self->dom.leaks, 0);
	EXPECT_EQ(attack_end(&self->dom), 0);
	EXPECT_EQ(at_destroy(&self->other), 0);
	close(self->fd);
}

/* 512 bytes of the window. False if that page is not mapped. */
static bool dump(struct at_domain *dom, u64 offset, u8 *bytes)
{
	const struct dom_cmd_PONG *pong;
	struct at_reply reply;

	if (attack_run(dom, 1, offset, 0, &reply, NULL) != OK)
		return false;
	pong = at_pong(&reply, 0xa77ac6);
	if (!pong || pong->hdr.inline_len != DOM_INLINE_MAX)
		return false;
	memcpy(bytes, at_inline(pong), DOM_INLINE_MAX);
	return true;
}

static bool kernel_pointer(u64 value)
{
	return value >= 0xff00000000000000ull && value < 0xfffffffffffff000ull;
}

TEST_F_TIMEOUT(secrets, whole_window, 300)
{
	/* Pages that a domain must find: image, stack, both mailbox pages. */
	u32 mapped = 0;
	u64 pointers = 0;
	u8 bytes[DOM_INLINE_MAX];

	ASSERT_EQ(attack_create(self->fd, "dump", &self->dom), 0);
	for (u64 page = 0; page < DOM_WINDOW_SIZE; page += DOM_PAGE_SIZE) {
		bool text = page < DOM_STACK_TOP - DOM_STACK_PAGES_MAX * DOM_PAGE_SIZE;

		if (!dump(&self->dom, page, bytes))
			continue;
		mapped++;
		/* The other domain runs in between, so there is what to leak. */
		ASSERT_EQ(plant_foreign(&self->other, self->foreign), 0);
		for (u64 at = 0; at < DOM_PAGE_SIZE; at += DOM_INLINE_MAX) {
			ASSERT_TRUE(dump(&self->dom, page + at, bytes));
			EXPECT_FALSE(at_contains(bytes, sizeof(bytes), self->dom.secret,
						 AT_SECRET_LEN));
			for (u32 i = 0; i + 16 <= DOM_INLINE_MAX; i += 16)
				EXPECT_FALSE(at_contains(bytes, sizeof(bytes),
							 self->foreign + i, 16));
			for (u32 i = 0; !text && i < DOM_INLINE_MAX; i += 8) {
				u64 word;

				memcpy(&word, bytes + i, 8);
				if (!kernel_pointer(word))
					continue;
				TH_LOG("offset %lx: %lx", page + at + i, word);
				pointers++;
			}
		}
	}
	EXPECT_EQ(pointers, 0);
	EXPECT_GE(mapped, 5);
	EXPECT_LE(mapped, 16);
}

/* Addresses of both window halves of the fixed parts, page by page. */
TEST_F_TIMEOUT(secrets, only_what_is_its_own, 300)
{
	u8 bytes[DOM_INLINE_MAX];

	ASSERT_EQ(attack_create(self->fd, "dump", &self->dom), 0);
	EXPECT_FALSE(dump(&self->dom, 0, bytes));
	EXPECT_FALSE(dump(&self->dom, DOM_IMAGE_END, bytes));
	EXPECT_FALSE(dump(&self->dom, DOM_STACK_TOP, bytes));
	EXPECT_TRUE(dump(&self->dom, DOM_STACK_TOP - DOM_PAGE_SIZE, bytes));
	EXPECT_FALSE(dump(&self->dom, DOM_IN_OFFSET - DOM_PAGE_SIZE, bytes));
	EXPECT_TRUE(dump(&self->dom, DOM_IN_OFFSET, bytes));
	EXPECT_FALSE(dump(&self->dom, DOM_IN_OFFSET + DOM_PAGE_SIZE, bytes));
	EXPECT_TRUE(dump(&self->dom, DOM_OUT_OFFSET, bytes));
	EXPECT_FALSE(dump(&self->dom, DOM_OUT_OFFSET + DOM_PAGE_SIZE, bytes));
	EXPECT_FALSE(dump(&self->dom, DOM_WINDOW_SIZE - DOM_PAGE_SIZE, bytes));
}

/* All registers an entry finds are the arguments, or zero, or fixed. */
TEST_F(secrets, registers_at_entry)
{
	static const char *const names[] = {
		"rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp",
		"r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
	};
	static struct state before, after;
	u64 base = self->info.base;

	ASSERT_EQ(attack_create(self->fd, "regs", &self->dom), 0);
	for (u64 round = 0; round < 20; round++) {
		struct at_reply reply = {};
		struct dom_msg ping;
		struct atmos_test_enter enter = {
			.id = self->dom.id,
			.events = (uintptr_t)&ping,
			.commands = (uintptr_t)reply.cmd,
			.nr_events = 1,
			.max_commands = DOM_OUT_SLOTS,
		};
		const struct dom_cmd_PONG *pong;
		struct hostile_regs regs;

		/* The program's own registers are all in use. */
		state_fill(&before, round);
		at_ping_event(&ping, 0xa77ac6, 1, 0, 0);
		ASSERT_EQ(state_ioctl(&before, &after, self->fd, ATMOS_TEST_ENTER, &enter), 0);
		ASSERT_EQ(enter.status, ATMOS_TEST_OK);
		reply.nr = enter.nr_commands;
		pong = at_pong(&reply, 0xa77ac6);
		ASSERT_NE(pong, NULL);
		ASSERT_EQ(pong->hdr.inline_len, sizeof(regs));
		memcpy(&regs, at_inline(pong), sizeof(regs));

		for (u32 i = 0; i < 16; i++) {
			u64 expected = i == 4 ? base + DOM_OUT_OFFSET :
				       i == 5 ? base + DOM_IN_OFFSET :
				       i == 7 ? base + DOM_STACK_TOP : 0;

			EXPECT_EQ(regs.gpr[i], expected) {
				TH_LOG("%s", names[i]);
			}
		}
		EXPECT_EQ(regs.rflags, 0x202);
		EXPECT_EQ(regs.fs_base, 0);
		EXPECT_EQ(regs.gs_base, 0);
		EXPECT_EQ(regs.ds, 0);
		EXPECT_EQ(regs.es, 0);
		EXPECT_EQ(regs.fs, 0);
		EXPECT_EQ(regs.gs, 0);
		EXPECT_EQ(regs.cs & 3, 3);
		EXPECT_EQ(regs.ss & 3, 3);
	}
}

/* The program's PKRU is not to be seen inside. */
TEST_F(secrets, protection_keys)
{
	static struct state before, after;
	struct at_reply reply = {};
	struct dom_msg ping;
	struct atmos_test_enter enter = {
		.events = (uintptr_t)&ping,
		.commands = (uintptr_t)reply.cmd,
		.nr_events = 1,
		.max_commands = DOM_OUT_SLOTS,
	};
	const struct dom_cmd_PONG *pong;

	ASSERT_EQ(attack_create(self->fd, "rdpkru", &self->dom), 0);
	if (!state_has(STATE_PKRU))
		SKIP(return, "no protection keys on this CPU");
	enter.id = self->dom.id;
	for (u64 round = 0; round < 10; round++) {
		state_fill(&before, round);
		at_ping_event(&ping, 0xa77ac6, 1, 0, 0);
		ASSERT_EQ(state_ioctl(&before, &after, self->fd, ATMOS_TEST_ENTER, &enter), 0);
		ASSERT_EQ(enter.status, ATMOS_TEST_OK);
		reply.nr = enter.nr_commands;
		pong = at_pong(&reply, 0xa77ac6);
		ASSERT_NE(pong, NULL);
		EXPECT_EQ(pong->a, 0x55555554);
		EXPECT_NE(pong->a, state_pkru(&before));
		EXPECT_EQ(state_pkru(&before), state_pkru(&after));
	}
}

/* What a dead life wrote anywhere is gone in the next. */
TEST_F(secrets, nothing_left_from_the_life_before)
{
	struct at_reply reply;
	const struct dom_cmd_PONG *pong;

	ASSERT_EQ(attack_create(self->fd, "fill_private", &self->dom), 0);
	for (int round = 0; round < 10; round++) {
		ASSERT_EQ(attack_run(&self->dom, 2, 0, 0, &reply, NULL), OK);
		pong = at_pong(&reply, 0xa77ac6);
		ASSERT_NE(pong, NULL);
		EXPECT_EQ(pong->a, 1);
		ASSERT_EQ(attack_run(&self->dom, 1, 0, 0, &reply, NULL), V(6));
	}
}

/*
 * The memory of an ended domain is used for the next one of its image: what the
 * first had in its data, on its stack and in its mailbox is gone.
 */
TEST_F_TIMEOUT(secrets, nothing_left_from_the_domain_before, 300)
{
	struct dom_msg msg[1 + DOM_INLINE_MAX / DOM_SLOT_SIZE];
	const u64 inline_at = DOM_IN_OFFSET + offsetof(struct dom_in, slot[1]);
	u8 bytes[DOM_INLINE_MAX];
	struct at_reply reply;
	u32 mapped = 0;

	ASSERT_EQ(attack_create(self->fd, "dump", &self->dom), 0);
	at_ping_event(msg, 0xa77ac6, 1, inline_at, 0);
	msg[0].hdr.inline_len = DOM_INLINE_MAX;
	memcpy(msg + 1, self->foreign, DOM_INLINE_MAX);
	ASSERT_EQ(at_enter(&self->dom, msg, sizeof(msg) / sizeof(msg[0]), &reply), 0);
	ASSERT_EQ(reply.status, ATMOS_TEST_OK);
	/* It had them, and said them. */
	ASSERT_EQ(memcmp(at_inline(at_pong(&reply, 0xa77ac6)), self->foreign, DOM_INLINE_MAX), 0);
	ASSERT_EQ(at_destroy(&self->dom), 0);

	ASSERT_EQ(attack_create(self->fd, "dump", &self->dom), 0);
	for (u64 page = 0; page < DOM_WINDOW_SIZE; page += DOM_PAGE_SIZE) {
		if (!dump(&self->dom, page, bytes))
			continue;
		mapped++;
		for (u64 at = 0; at < DOM_PAGE_SIZE; at += DOM_INLINE_MAX) {
			ASSERT_TRUE(dump(&self->dom, page + at, bytes));
			for (u32 i = 0; i + 16 <= DOM_INLINE_MAX; i += 16)
				EXPECT_FALSE(at_contains(bytes, sizeof(bytes),
							 self->foreign + i, 16));
		}
	}
	EXPECT_GE(mapped, 5);
}

TEST_HARNESS_MAIN
