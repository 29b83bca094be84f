// SPDX-License-Identifier: GPL-2.0-only
/*
 * No stale translation: after a mapping was changed or taken away, after a
 * slot went to another domain, after a move to another CPU, a domain reads
 * what its page table says now. QEMU flushes on every CR3 write and Bochs does
 * not tag what it keeps with PCIDs, so neither would show a flush that is missing
 * behind the no-flush bit: every_change_flushes looks at the decision itself.
 */
#include "kselftest_harness.h"

#include "attack.h"
#include "system.h"

/* A page of the window that no part of a domain uses. */
#define SPARE 0x1e8000ull

/* More domains than a CPU has slots. */
#define MANY 40

FIXTURE(stale)
{
	int fd;
	struct at_domain dom[MANY];
	int nr;
	struct atmos_test_info before;
};

FIXTURE_SETUP(stale)
{
	self->fd = at_open();
	ASSERT_GE(self->fd, 0);
	for (self->nr = 0; self->nr < MANY; self->nr++)
		ASSERT_EQ(attack_create(self->fd, "dump", &self->dom[self->nr]), 0);
	ASSERT_EQ(at_info(&self->dom[0], &self->before), 0);
	sys_pin(0);
}

FIXTURE_TEARDOWN(stale)
{
	sys_pin(-1);
	for (int i = 0; i < MANY; i++) {
		EXPECT_EQ(at_healthy(&self->dom[i]), 0);
		EXPECT_EQ(at_destroy(&self->dom[i]), 0);
	}
	EXPECT_EQ(at_forget(self->fd, "hostile-dump"), 0);
	close(self->fd);
}

#define UNMAPPED 0xdeaddeaddeaddeadull

/* First word of a page as the domain sees it; UNMAPPED if it dies of it. */
static u64 look(struct at_domain *dom, u64 offset)
{
	const struct dom_cmd_PONG *pong;
	struct at_reply reply;
	u64 outcome = attack_run(dom, 1, offset, 0, &reply, NULL);
	u64 word;

	if (outcome == V(14))
		return UNMAPPED;
	pong = outcome == OK ? at_pong(&reply, 0xa77ac6) : NULL;
	if (!pong || pong->hdr.inline_len != DOM_INLINE_MAX)
		return 0;
	memcpy(&word, at_inline(pong), sizeof(word));
	return word;
}

TEST_F_TIMEOUT(stale, page_changed, 120)
{
	struct at_domain *dom = &self->dom[0];

	EXPECT_EQ(look(dom, SPARE), UNMAPPED);
	for (u64 i = 1; i <= sys_scaled(200, 10); i++) {
		ASSERT_EQ(at_remap(dom, SPARE, ATMOS_TEST_REMAP_FILL, i), 0);
		ASSERT_EQ(look(dom, SPARE), i);
		ASSERT_EQ(look(dom, SPARE), i);
	}
}

TEST_F_TIMEOUT(stale, page_taken_away, 120)
{
	struct at_domain *dom = &self->dom[0];

	for (u64 i = 1; i <= sys_scaled(200, 10); i++) {
		ASSERT_EQ(at_remap(dom, SPARE, ATMOS_TEST_REMAP_FILL, i), 0);
		ASSERT_EQ(look(dom, SPARE), i);
		ASSERT_EQ(at_remap(dom, SPARE, ATMOS_TEST_REMAP_UNMAP, 0), 0);
		ASSERT_EQ(look(dom, SPARE), UNMAPPED);
	}
}

/* All at the same address, each with its own contents, in a changing order. */
TEST_F_TIMEOUT(stale, many_domains, 120)
{
	struct atmos_test_info after;

	for (u64 i = 0; i < MANY; i++)
		ASSERT_EQ(at_remap(&self->dom[i], SPARE, ATMOS_TEST_REMAP_FILL, 1000 + i), 0);
	for (u64 round = 0; round < sys_scaled(50, 5); round++) {
		for (u64 i = 0; i < MANY; i++) {
			u64 at = (i * (2 * round + 1) + round) % MANY;

			ASSERT_EQ(look(&self->dom[at], SPARE), 1000 + at);
		}
	}
	ASSERT_EQ(at_info(&self->dom[0], &after), 0);
	EXPECT_GT(after.rebinds, self->before.rebinds + MANY);
}

/* Changed while its slot belongs to others, and while they use its PCID. */
TEST_F_TIMEOUT(stale, changed_while_unbound, 120)
{
	for (u64 round = 1; round <= sys_scaled(20, 3); round++) {
		for (u64 i = 0; i < MANY; i++)
			ASSERT_EQ(at_remap(&self->dom[i], SPARE, ATMOS_TEST_REMAP_FILL,
					   round << 32 | i), 0);
		for (u64 i = 0; i < MANY; i++)
			ASSERT_EQ(look(&self->dom[i], SPARE), round << 32 | i);
		for (u64 i = 0; i < MANY; i += 2)
			ASSERT_EQ(at_remap(&self->dom[i], SPARE, ATMOS_TEST_REMAP_UNMAP, 0), 0);
		for (u64 i = 0; i < MANY; i++)
			ASSERT_EQ(look(&self->dom[i], SPARE), i % 2 ? round << 32 | i : UNMAPPED);
	}
}

/* Warm on both CPUs, changed from one of them. */
TEST_F_TIMEOUT(stale, other_cpu, 120)
{
	struct at_domain *dom = &self->dom[0];

	if (sys_nr_cpus() < 2)
		SKIP(return, "wants two CPUs");
	for (u64 i = 1; i <= sys_scaled(200, 10); i++) {
		int here = i % 2, there = !here;

		sys_pin(here);
		ASSERT_EQ(at_remap(dom, SPARE, ATMOS_TEST_REMAP_FILL, i), 0);
		ASSERT_EQ(look(dom, SPARE), i);
		sys_pin(there);
		ASSERT_EQ(look(dom, SPARE), i);
		ASSERT_EQ(at_remap(dom, SPARE, ATMOS_TEST_REMAP_FILL, ~i), 0);
		ASSERT_EQ(look(dom, SPARE), ~i);
		sys_pin(here);
		ASSERT_EQ(look(dom, SPARE), ~i);
		ASSERT_EQ(at_remap(dom, SPARE, ATMOS_TEST_REMAP_UNMAP, 0), 0);
		sys_pin(there);
		ASSERT_EQ(look(dom, SPARE), UNMAPPED);
	}
}

/*
 * A restart copies back the pages that the CPU marked as written. A stale
 * translation with the mark already set would hide a write.
 */
TEST_F_TIMEOUT(stale, written_pages, 120)
{
	struct at_domain fill;

	ASSERT_EQ(attack_create(self->fd, "fill_private", &fill), 0);
	for (u64 i = 0; i < sys_scaled(100, 6); i++) {
		const struct dom_cmd_PONG *pong;
		struct at_reply reply;

		sys_pin((int)(i % sys_nr_cpus()));
		ASSERT_EQ(attack_run(&fill, 1, 0, 0, &reply, NULL), V(6));
		if (i % 3 == 0)
			sys_pin((int)((i + 1) % sys_nr_cpus()));
		ASSERT_EQ(attack_run(&fill, 2, 0, 0, &reply, NULL), OK);
		pong = at_pong(&reply, 0xa77ac6);
		ASSERT_NE(pong, NULL);
		ASSERT_EQ(pong->a, 1);
	}
	ASSERT_EQ(attack_end(&fill), 0);
}

/* Hot domains enter without a flush: the no-flush way is the one tested. */
TEST_F_TIMEOUT(stale, warm_entries_do_not_flush, 120)
{
	struct atmos_test_info before, after;
	struct atmos_test_loop loop;
	u64 count = sys_scaled(20000, 640) / 64 * 64;
	static char text[1 << 20];

	ASSERT_TRUE(sys_read_file("/proc/cpuinfo", text, sizeof(text)));
	ASSERT_EQ(at_healthy(&self->dom[0]), 0);
	ASSERT_EQ(at_info(&self->dom[0], &before), 0);
	ASSERT_EQ(at_loop(&self->dom[0], ATMOS_TEST_LOOP_GATE, count, 0, &loop), 0);
	EXPECT_EQ(loop.ok, count);
	ASSERT_EQ(at_info(&self->dom[0], &after), 0);
	EXPECT_EQ(after.rebinds, before.rebinds);
	if (strstr(text, " pcid")) {
		EXPECT_LT(after.flushes - before.flushes, count / 10);
	}
}

/* The next entry after any change is one that flushes, on each CPU. */
TEST_F_TIMEOUT(stale, every_change_flushes, 120)
{
	struct at_domain *dom = &self->dom[0];
	struct atmos_test_info before, after;
	struct at_reply reply;

	for (u64 i = 0; i < sys_scaled(400, 40); i++) {
		/* Warm where the change will be seen first. */
		ASSERT_EQ(at_healthy(dom), 0);
		switch (i % 4) {
		case 0:
			ASSERT_EQ(at_remap(dom, SPARE, ATMOS_TEST_REMAP_FILL, i), 0);
			break;
		case 1:
			ASSERT_EQ(at_remap(dom, SPARE, ATMOS_TEST_REMAP_UNMAP, 0), 0);
			break;
		case 2: /* a death takes dirty bits away */
			ASSERT_EQ(attack_run(dom, 1, SPARE, 0, &reply, NULL), V(14));
			break;
		case 3: /* a change that this CPU's slot has not seen */
			sys_pin(sys_last_cpu());
			ASSERT_EQ(at_healthy(dom), 0);
			ASSERT_EQ(at_remap(dom, SPARE, ATMOS_TEST_REMAP_UNMAP, 0), 0);
			ASSERT_EQ(at_healthy(dom), 0);
			sys_pin(0);
			break;
		}
		ASSERT_EQ(at_info(dom, &before), 0);
		ASSERT_EQ(at_healthy(dom), 0);
		ASSERT_EQ(at_info(dom, &after), 0);
		/* With one CPU the last case was flushed for already. */
		if (i % 4 < 3 || sys_last_cpu()) {
			EXPECT_GT(after.flushes, before.flushes) {
				TH_LOG("change %d was not flushed for", (int)(i % 4));
			}
		}
	}
}

TEST_F(stale, bad_remaps)
{
	struct at_domain *dom = &self->dom[0];

	EXPECT_EQ(at_remap(dom, SPARE + 1, ATMOS_TEST_REMAP_FILL, 0), -EINVAL);
	EXPECT_EQ(at_remap(dom, DOM_WINDOW_SIZE, ATMOS_TEST_REMAP_FILL, 0), -EINVAL);
	EXPECT_EQ(at_remap(dom, SPARE, 9, 0), -EINVAL);
}

TEST_HARNESS_MAIN
