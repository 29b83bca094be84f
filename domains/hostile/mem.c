// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attacks on memory: reads, writes and jumps to where nothing is to be had.
 * b is an address where the table does not say otherwise.
 */
#include "hostile.h"

static const u64 constant[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
static u64 data[64] = { 1 };
static u8 zeroed[64];

static void store(u64 address)
{
	*(volatile u64 *)OPAQUE(address) = 0x5a5a5a5a5a5a5a5aull;
}

static u64 load(u64 address)
{
	return *(volatile u64 *)OPAQUE(address);
}

/* A RET, to return at once should the page be executable after all. */
static void run(void *code, bool write)
{
	if (write)
		*(volatile u8 *)code = 0xc3;
	((void (*)(void))OPAQUE((u64)code))();
}

/* Own bytes from the last page of the window's image part on, upwards. */
static u64 sweep(u64 address)
{
	u64 sum = 0;

	for (;; address += 8)
		sum += load(address);
	return sum;
}

/* Everything private that this image can find, stack included. */
static void fill_private(const struct attack *t)
{
	u64 here = (u64)__builtin_frame_address(0);
	u64 top = window_base(t) + DOM_STACK_TOP;

	memset(data, 0xee, sizeof(data));
	memset(zeroed, 0xee, sizeof(zeroed));
	memset(result_bytes, 0xee, sizeof(result_bytes));
	own_handle = 0xeeeeeeee;
	asm volatile("cld; rep stosb; ud2"
		     : : "D"(here), "c"(top - here), "a"(0xee) : "memory");
}

/* A walk over bit patterns: single bits, runs of ones, and their sums with b. */
static void wild_pointers(const struct attack *t)
{
	u64 base = window_base(t);

	for (u32 i = 63; i > 21; i--) {
		u64 address = ((u64)1 << i) ^ (t->b << 12);

		if ((address ^ base) >> 21)
			store(address);
	}
}

static u64 attack(const struct attack *t)
{
	u64 base = window_base(t);
	u64 out = (u64)t->out;

	switch (ATTACK) {
	case ATTACK_read:
		return load(t->b);
	case ATTACK_write:
		store(t->b);
		break;
	case ATTACK_jump:
		((void (*)(void))OPAQUE(t->b))();
		break;
	case ATTACK_write_text:
		store((u64)dom_main);
		break;
	case ATTACK_write_rodata:
		store((u64)constant);
		break;
	case ATTACK_exec_data:
		run(data, true);
		break;
	case ATTACK_exec_bss:
		run(zeroed, true);
		break;
	case ATTACK_exec_stack:
		run((u8[16]) {}, true);
		break;
	case ATTACK_exec_rodata:
		run((void *)constant, false);
		break;
	case ATTACK_exec_in:
		run((void *)t->in, false);
		break;
	case ATTACK_exec_out:
		run(t->out->record + 512, true);
		break;
	case ATTACK_write_in:
		store((u64)t->in + 8 * (t->b % 512));
		break;
	case ATTACK_locked_in:
		asm volatile("lock orq $0, %0" : "+m"(*(u64 *)t->in));
		break;
	case ATTACK_below_stack:
		store(base + DOM_STACK_TOP -
		      dom_manifest.stack_pages * DOM_PAGE_SIZE - 8);
		break;
	case ATTACK_above_stack:
		return load(base + DOM_STACK_TOP);
	case ATTACK_below_in:
		return load(base + DOM_IN_OFFSET - 8);
	case ATTACK_above_out:
		return load(out + DOM_PAGE_SIZE);
	case ATTACK_window_start:
		return load(base);
	case ATTACK_below_window:
		return load(base - 8);
	case ATTACK_above_window:
		return load(base + DOM_WINDOW_SIZE);
	case ATTACK_sweep:
		return sweep(out);
	case ATTACK_straddle:
		return load(out + DOM_PAGE_SIZE - 4);
	case ATTACK_prefetch:
		asm volatile("prefetcht0 (%0); prefetchnta (%0); prefetchw (%0)"
			     : : "r"(t->b));
		break;
	case ATTACK_clflush:
		asm volatile("clflush (%0)" : : "r"(t->b));
		break;
	case ATTACK_dump:
		/* 512 bytes, b is an offset into the window. */
		memcpy(result_bytes, (void *)(base + t->b % DOM_WINDOW_SIZE),
		       DOM_INLINE_MAX);
		result_len = DOM_INLINE_MAX;
		break;
	case ATTACK_fill_private:
		/* a == 2: are they as the image has them? */
		if (t->a == 2)
			return data[0] == 1 && data[63] == 0 && zeroed[0] == 0 &&
			       zeroed[63] == 0 && own_handle == 0;
		fill_private(t);
		break;
	case ATTACK_wild_pointers:
		wild_pointers(t);
		break;
	case ATTACK_cmpxchg16b:
		asm volatile("lock cmpxchg16b (%0)"
			     : : "r"(t->b & ~15ull) : "rax", "rdx", "memory", "cc");
		break;
	case ATTACK_stos:
		asm volatile("cld; rep stosq"
			     : : "D"(t->b), "c"(512), "a"(0) : "memory");
		break;
	case ATTACK_movs_kernel:
		asm volatile("cld; rep movsb"
			     : : "S"(t->b), "D"(result_bytes), "c"(16) : "memory");
		result_len = 16;
		break;
	}
	return 0;
}
