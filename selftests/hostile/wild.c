// SPDX-License-Identifier: GPL-2.0-only
/*
 * Wild reads, writes and jumps over the whole address space: each ends in the
 * right exception at the right address, and nothing but the gate's own pages
 * is even mapped there (the error code's P bit tells).
 */
#include "kselftest_harness.h"

#include "attack.h"
#include "system.h"

#define PF_P 1u		/* the page was there */
#define PF_W 2u
#define PF_U 4u
#define PF_I 16u

FIXTURE(wild)
{
	int fd;
	int levels;
	struct at_domain dom[3];	/* read, write, jump */
	struct atmos_test_info info;
	u64 wrong;
};

FIXTURE_SETUP(wild)
{
	static const char *const names[] = { "read", "write", "jump" };
	static char text[1 << 20];

	self->fd = at_open();
	ASSERT_GE(self->fd, 0);
	for (int i = 0; i < 3; i++)
		ASSERT_EQ(attack_create(self->fd, names[i], &self->dom[i]), 0);
	ASSERT_EQ(at_info(&self->dom[0], &self->info), 0);
	/* The flag is there only when the kernel uses it. */
	ASSERT_TRUE(sys_read_file("/proc/cpuinfo", text, sizeof(text)));
	self->levels = strstr(text, " la57") ? 5 : 4;
}

FIXTURE_TEARDOWN(wild)
{
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(at_healthy(&self->dom[i]), 0);
		EXPECT_EQ(self->dom[i].leaks, 0);
		EXPECT_EQ(attack_end(&self->dom[i]), 0);
	}
	EXPECT_EQ(self->wrong, 0);
	close(self->fd);
}

static bool canonical(int levels, u64 address)
{
	int shift = levels == 5 ? 7 : 16;

	return (u64)((s64)(address << shift) >> shift) == address;
}

static bool in_window(const FIXTURE_DATA(wild) *self, u64 address)
{
	return address - self->info.base < DOM_WINDOW_SIZE;
}

/* What a domain's page table maps supervisor-only. */
static bool in_gate(const FIXTURE_DATA(wild) *self, u64 address)
{
	const struct atmos_test_info *i = &self->info;

	return address - i->gate_text < i->gate_text_len ||
	       address - i->gate_block < i->gate_block_len ||
	       (address ^ i->idt) < DOM_PAGE_SIZE || (address ^ i->tss) < DOM_PAGE_SIZE ||
	       (address ^ i->gdt) < DOM_PAGE_SIZE;
}

/* One access of kind @how (0 read, 1 write, 2 jump). True if it ended well. */
static bool one(FIXTURE_DATA(wild) *self, int how, u64 address)
{
	static const u32 bits[] = { PF_U, PF_U | PF_W, PF_U | PF_I };
	struct atmos_test_fault f;
	u64 outcome = attack_run(&self->dom[how], 1, address, 0, NULL, &f);

	/* An interrupt came between the jump and the fetch. */
	if (how == 2 && outcome == SEGMENT)
		return f.rip == address;
	if (!canonical(self->levels, address))
		return outcome == V(13);
	/* Eight bytes from the last canonical ones reach beyond. */
	if (how < 2 && !canonical(self->levels, address + 7))
		return outcome == V(13) || outcome == V(14);
	if (outcome != V(14) || (f.error_code & ~(u64)PF_P) != bits[how])
		return false;
	/* An access across two pages may fault on the second. */
	if (f.address != address && (how == 2 || f.address != ((address + 7) & ~4095ull)))
		return false;
	if (how == 2 && f.rip != address)
		return false;
	return !(f.error_code & PF_P) || in_gate(self, f.address);
}

static void all(struct __test_metadata *_metadata, FIXTURE_DATA(wild) *self, u64 address)
{
	static const char *const words[] = { "read", "write", "jump" };

	if (in_window(self, address) || in_window(self, address + 7))
		return;
	for (int how = 0; how < 3; how++) {
		if (one(self, how, address))
			continue;
		if (self->wrong++ < 10)
			TH_LOG("%s at %lx did not end as it should", words[how], address);
	}
}

/* An address, its neighbours, and those of its page. */
static void around(struct __test_metadata *_metadata, FIXTURE_DATA(wild) *self, u64 address)
{
	static const s64 near[] = { -4096, -8, -1, 0, 1, 8, 4095, 4096 };

	for (unsigned int i = 0; i < sizeof(near) / sizeof(near[0]); i++)
		all(_metadata, self, address + (u64)near[i]);
}

static u64 sign_extend(int levels, u64 address)
{
	int shift = levels == 5 ? 7 : 16;

	return (u64)((s64)(address << shift) >> shift);
}

/* Every entry of the top-level table, and with five levels of the next one. */
TEST_F_TIMEOUT(wild, every_top_level_entry, 300)
{
	int shift = self->levels == 5 ? 48 : 39;

	for (u64 i = 0; i < 512; i++) {
		all(_metadata, self, sign_extend(self->levels, i << shift));
		all(_metadata, self, sign_extend(self->levels, (i << shift) + 0x7ffff8));
	}
	if (self->levels < 5)
		return;
	for (u64 i = 0; i < 512; i++) {
		all(_metadata, self, i << 39);
		all(_metadata, self, sign_extend(5, 511ull << 48 | i << 39));
	}
}

TEST_F_TIMEOUT(wild, boundaries, 300)
{
	static const u64 edges[] = {
		0, 0x1000, 0x10000, 1ull << 32, 1ull << 47, 1ull << 48,
		1ull << 56, 1ull << 57, 1ull << 63,
		0x00007fffffffe000ull,		/* end of user space, 4 levels */
		0x00fffffffffff000ull,		/* 5 levels */
		0xff00000000000000ull, 0xff11000000000000ull, /* 5 levels */
		0xffff800000000000ull, 0xffff888000000000ull, 0xffffc88000000000ull,
		0xffffc90000000000ull, 0xffffe90000000000ull, 0xffffea0000000000ull,
		0xffffec0000000000ull, 0xfffffc0000000000ull, 0xfffffe0000000000ull,
		0xfffffe8000000000ull, 0xffffff0000000000ull, 0xffffffef00000000ull,
		0xffffffff80000000ull, 0xffffffffa0000000ull, 0xffffffffc0000000ull,
		0xffffffffff000000ull, 0xffffffffff600000ull, 0xfffffffffffff000ull,
	};

	for (unsigned int i = 0; i < sizeof(edges) / sizeof(edges[0]); i++)
		around(_metadata, self, edges[i]);
	around(_metadata, self, self->info.base);
	around(_metadata, self, self->info.base + DOM_WINDOW_SIZE);
}

/* The gate's own pages: mapped, and out of reach. */
TEST_F_TIMEOUT(wild, gate, 300)
{
	const struct atmos_test_info *i = &self->info;

	around(_metadata, self, i->gate_text);
	around(_metadata, self, i->gate_text + i->gate_text_len);
	around(_metadata, self, i->gate_block);
	around(_metadata, self, i->gate_block + i->gate_block_len);
	for (u64 at = 0; at < i->gate_block_len; at += 64)
		all(_metadata, self, i->gate_block + at);
	around(_metadata, self, i->idt);
	around(_metadata, self, i->tss);
	around(_metadata, self, i->gdt);
}

TEST_F_TIMEOUT(wild, kernel, 300)
{
	const struct atmos_test_info *i = &self->info;

	around(_metadata, self, i->secret);
	around(_metadata, self, i->secret_vmalloc);
	around(_metadata, self, i->module_text);
	around(_metadata, self, i->kernel_text);
	/* Pages of the direct map: the kernel's, other domains', the test's. */
	for (u64 page = 0; page < sys_scaled(256, 16); page++) {
		all(_metadata, self, (i->secret & ~4095ull) + page * 4096);
		all(_metadata, self, (i->secret & ~4095ull) - page * 4096);
		all(_metadata, self, (i->kernel_text & ~4095ull) + page * 4096);
	}
}

TEST_F_TIMEOUT(wild, random, 300)
{
	u64 x = 0x2545f4914f6cdd1dull;
	u64 count = sys_scaled(3000, 100);

	for (u64 i = 0; i < count; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		/* All magnitudes, both halves, and what is not canonical. */
		all(_metadata, self, x >> (x & 63));
		all(_metadata, self, sign_extend(self->levels, x));
	}
}

TEST_HARNESS_MAIN
