// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attacks on whoever might trust the domain's stack pointer. b is its value.
 */
#include "hostile.h"

static u64 recurse(u64 depth)
{
	volatile u64 here[16];

	here[depth % 16] = depth;
	return OPAQUE(recurse)(depth + 1) + here[depth % 16];
}

/* A frame far larger than the stack, touched at its far end first. */
static u64 big_frame(void)
{
	volatile u8 huge[(DOM_STACK_PAGES_MAX + 1) * DOM_PAGE_SIZE];

	huge[0] = 1;
	return huge[0];
}

/*
 * 128 bytes below rsp hold a pattern while interrupts come and go; the value
 * is how many of the 16 words changed.
 */
static u64 red_zone(u64 loops)
{
	u64 changed = 0;
	u64 pattern = 0x7ed20e7ed20e7ed2ull;

	asm volatile("mov $-16, %%rsi\n"
		     "1: mov %[pattern], (%%rsp,%%rsi,8)\n\t"
		     "inc %%rsi\n\t"
		     "jnz 1b\n"
		     "2: dec %[loops]\n\t"
		     "jnz 2b\n\t"
		     "mov $-16, %%rsi\n"
		     "3: cmp %[pattern], (%%rsp,%%rsi,8)\n\t"
		     "je 4f\n\t"
		     "inc %[changed]\n"
		     "4: inc %%rsi\n\t"
		     "jnz 3b"
		     : [changed] "+r"(changed), [loops] "+r"(loops)
		     : [pattern] "r"(pattern)
		     : "rsi", "memory", "cc");
	return changed;
}

static u64 attack(const struct attack *t)
{
	switch (ATTACK) {
	case ATTACK_recursion:
		return recurse(0);
	case ATTACK_big_frame:
		return big_frame();
	case ATTACK_rsp_push:
		asm volatile("mov %0, %%rsp; push %%rax" : : "r"(t->b) : "memory");
		exit_now();
	case ATTACK_rsp_exit:
		reply_early(t);
		asm volatile("mov %0, %%rsp; int $15" : : "r"(t->b) : "memory");
		exit_now();
	case ATTACK_rsp_loop:
		asm volatile("mov %0, %%rsp; 1: jmp 1b" : : "r"(t->b) : "memory");
		break;
	case ATTACK_rsp_fault:
		asm volatile("mov %0, %%rsp; ud2" : : "r"(t->b) : "memory");
		break;
	case ATTACK_rsp_syscall:
		asm volatile("mov %0, %%rsp; syscall"
			     : : "r"(t->b) : "rcx", "r11", "memory");
		exit_now();
	case ATTACK_red_zone:
		return red_zone(t->b ? t->b : 1);
	}
	return 0;
}
