// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attacks that have a parameter, over all or many of its values: vectors,
 * selectors, stack pointers, ports, MSRs, bases.
 */
#include "kselftest_harness.h"

#include "attack.h"
#include "system.h"

FIXTURE(sweeps)
{
	int fd;
	struct at_domain dom;
	struct atmos_test_info info;
};

FIXTURE_SETUP(sweeps)
{
	self->fd = at_open();
	ASSERT_GE(self->fd, 0);
}

FIXTURE_TEARDOWN(sweeps)
{
	close(self->fd);
}

static void begin(struct __test_metadata *_metadata, FIXTURE_DATA(sweeps) *self, const char *name)
{
	ASSERT_EQ(attack_create(self->fd, name, &self->dom), 0);
	ASSERT_EQ(at_info(&self->dom, &self->info), 0);
}

static void end(struct __test_metadata *_metadata, FIXTURE_DATA(sweeps) *self)
{
	EXPECT_EQ(at_healthy(&self->dom), 0);
	EXPECT_EQ(self->dom.leaks, 0);
	ASSERT_EQ(attack_end(&self->dom), 0);
}

/* Every vector: only the exit vector is the domain's to raise. */
TEST_F(sweeps, all_vectors)
{
	struct atmos_test_fault fault;
	struct at_reply reply;

	begin(_metadata, self, "int_n");
	for (u64 n = 0; n < 256; n++) {
		u64 outcome = attack_run(&self->dom, 1, n, 0, &reply, &fault);

		if (n == DOM_EXIT_VECTOR) {
			EXPECT_EQ(outcome, OK);
			EXPECT_EQ(reply.nr, 0);
			continue;
		}
		EXPECT_EQ(outcome, V(13)) {
			TH_LOG("int %lu: %s", n, attack_outcome(outcome));
		}
		/*
		 * Of the IDT, this entry; not from outside (SDM volume 3, 6.13).
		 * QEMU gives the entry's offset in the table instead.
		 */
		EXPECT_TRUE(fault.error_code == (n << 3 | 2) ||
			    (attack_on_tcg() && fault.error_code == (n << 4 | 2)));
	}
	end(_metadata, self);
}

/* Whatever is in RAX: no call is answered. */
TEST_F(sweeps, system_calls)
{
	static const char *const names[] = { "syscall", "sysenter" };

	for (u32 i = 0; i < 2; i++) {
		u64 allowed = attack_find(names[i])->outcome;

		begin(_metadata, self, names[i]);
		for (u64 nr = 0; nr < 600; nr += i ? 37 : 1)
			EXPECT_NE(attack_run(&self->dom, 1, 0, nr, NULL, NULL) & allowed, 0);
		EXPECT_NE(attack_run(&self->dom, 1, 0, ~0ull, NULL, NULL) & allowed, 0);
		end(_metadata, self);
	}
}

/* Every selector of the GDT and LDT; it loads, or it is refused. */
TEST_F(sweeps, all_selectors)
{
	u64 loaded = 0;

	begin(_metadata, self, "seg_load");
	for (u64 sel = 0; sel < 0x10000; sel += sel < 0x100 ? 1 : 0x3b) {
		u64 outcome = attack_run(&self->dom, 1, sel, 0, NULL, NULL);

		EXPECT_NE(outcome & (OK | V(13) | V(14) | V(11)), 0) {
			TH_LOG("selector %lx: %s", sel, attack_outcome(outcome));
		}
		/* Nothing with more privilege, and nothing of an LDT. */
		if (sel < 0x100 && sel > 3 && sel & 4)
			EXPECT_NE(outcome, OK);
		loaded += outcome == OK;
	}
	/* The four null ones and the user's data and code segments at least. */
	EXPECT_GE(loaded, 6);
	end(_metadata, self);
}

TEST_F_TIMEOUT(sweeps, all_stack_pointers, 120)
{
	static const char *const names[] = {
		"rsp_exit", "rsp_fault", "rsp_push", "rsp_syscall", "rsp_loop",
	};

	for (u32 i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct attack_deviation *deviation = attack_deviation(names[i]);
		u64 allowed = attack_find(names[i])->outcome |
			      (deviation ? deviation->outcome : 0);

		begin(_metadata, self, names[i]);
		const struct atmos_test_info *f = &self->info;
		const u64 values[] = {
			0, 1, 7, 8, 0x1000, f->base, f->base + DOM_IN_OFFSET + 64,
			f->base + DOM_WINDOW_SIZE, 0x800000000000ull, 0x7fffffffffffull,
			0x8000000000000000ull, 0xffff800000000000ull, ~0ull, ~7ull,
			f->secret, f->secret_vmalloc, f->gate_text, f->gate_block,
			f->gate_block + 64, f->gate_block + f->gate_block_len / 2,
			f->gate_block + f->gate_block_len, f->idt, f->idt + 0x100, f->tss,
			f->gdt, f->module_text, f->kernel_text,
		};

		for (u32 v = 0; v < sizeof(values) / sizeof(values[0]); v++) {
			u64 outcome = attack_run(&self->dom, 1, values[v], 0, NULL, NULL);

			EXPECT_NE(outcome & allowed, 0) {
				TH_LOG("%s at %lx: %s", names[i], values[v],
				       attack_outcome(outcome));
			}
			ASSERT_EQ(at_healthy(&self->dom), 0);
			/* Each of these uses up the budget. */
			if (allowed == BUDGET)
				v += 3;
		}
		end(_metadata, self);
	}
}

TEST_F(sweeps, ports)
{
	static const char *const names[] = { "in8", "in32", "out8", "out16", "ins8", "rep_outs16" };

	for (u32 i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		begin(_metadata, self, names[i]);
		for (u64 port = 0; port < 0x10000; port += port < 0x100 ? 1 : 0x1f7)
			EXPECT_EQ(attack_run(&self->dom, 1, port, 0, NULL, NULL), V(13));
		end(_metadata, self);
	}
}

TEST_F(sweeps, model_specific_registers)
{
	static const char *const names[] = { "rdmsr", "wrmsr" };
	static const u64 ranges[] = { 0, 0x40, 0x170, 0x1d9, 0x400, 0x600, 0x800, 0x6a0,
				      0x40000000, 0x4b564d00, 0xc0000080, 0xc0000100, 0xc0010000 };

	for (u32 i = 0; i < 2; i++) {
		begin(_metadata, self, names[i]);
		for (u32 r = 0; r < sizeof(ranges) / sizeof(ranges[0]); r++)
			for (u64 n = 0; n < 16; n++)
				EXPECT_EQ(attack_run(&self->dom, 1, ranges[r] + n, 0, NULL, NULL),
					  V(13));
		end(_metadata, self);
	}
}

/* Far calls and jumps to all selectors: never to more privilege. */
TEST_F(sweeps, far_transfers)
{
	static const char *const names[] = { "lcall_kernel", "ljmp_null" };

	for (u32 i = 0; i < 2; i++) {
		begin(_metadata, self, names[i]);
		for (u64 sel = 0; sel < 0x100; sel++) {
			u64 outcome = attack_run(&self->dom, 1, sel, 0, NULL, NULL);
			u64 allowed = V(13) | V(14) | V(11) | SEGMENT;

			EXPECT_NE(outcome & allowed, 0) {
				TH_LOG("%s %lx: %s", names[i], sel, attack_outcome(outcome));
			}
		}
		end(_metadata, self);
	}
}

/* Bases point anywhere; an access through them goes nowhere. */
TEST_F(sweeps, bases)
{
	begin(_metadata, self, "gs_read");
	const struct atmos_test_info *f = &self->info;
	const u64 values[] = {
		0, 0x1000, f->base - 4096, f->base + DOM_WINDOW_SIZE, f->secret,
		f->secret_vmalloc, f->gate_text, f->gate_block, f->idt, f->tss, f->gdt,
		f->module_text, f->kernel_text, 0xffff800000000000ull, ~0xfffull,
	};

	for (u32 v = 0; v < sizeof(values) / sizeof(values[0]); v++) {
		EXPECT_EQ(attack_run(&self->dom, 1, values[v], 0, NULL, NULL), V(14)) {
			TH_LOG("base %lx", values[v]);
		}
		EXPECT_EQ(at_healthy(&self->dom), 0);
	}
	/* Its own memory it may reach so. */
	EXPECT_EQ(attack_run(&self->dom, 1, f->base + DOM_OUT_OFFSET, 0, NULL, NULL), OK);
	end(_metadata, self);
}

/* Patterns in all registers, at the exit and at a fault. */
TEST_F(sweeps, garbage)
{
	static const char *const names[] = { "garbage_exit", "garbage_fault" };

	for (u32 i = 0; i < 2; i++) {
		u64 allowed = attack_find(names[i])->outcome;

		begin(_metadata, self, names[i]);
		const u64 values[] = {
			0, ~0ull, self->info.secret, self->info.gate_block, self->info.gate_text,
			1ull << 63, 0x8000000080000000ull, 0x5555555555555555ull,
		};

		for (u32 v = 0; v < sizeof(values) / sizeof(values[0]); v++)
			EXPECT_EQ(attack_run(&self->dom, 1, values[v], 0, NULL, NULL), allowed);
		end(_metadata, self);
	}
}

TEST_HARNESS_MAIN
