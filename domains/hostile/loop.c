// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attacks on time: loops without end, in every state that an interrupt may
 * find; and two loops with an end, which show that interrupts do no harm.
 */
#include "hostile.h"

#define FLAG_IF (1ull << 9)
#define FLAG_DF (1ull << 10)
#define FLAG_NT (1ull << 14)
#define FLAG_AC (1ull << 18)
#define FLAG_ID (1ull << 21)

static u8 area[32768] __attribute__((aligned(64)));

/* Change flags, then loop. */
#define LOOP_WITH(set, clear)						\
	asm volatile("pushfq; pop %%rax; or %0, %%rax; and %1, %%rax\n\t" \
		     "push %%rax; popfq; 1: jmp 1b"			\
		     : : "r"((u64)(set)), "r"(~(u64)(clear)) : "rax", "memory", "cc")

/*
 * All registers but rsp hold values made from c while a counter in memory
 * runs down; the value is how many of them changed, bit by bit in the result.
 */
static u64 hold(u64 loops, u64 seed)
{
	static u64 counter, wrong;

	counter = loops ? loops : 1;
	wrong = 0;
	asm volatile("push %%rbp\n\t"
		     "mov %[seed], %%rax\n\t"
		     "lea 1(%%rax), %%rbx\n\t"
		     "lea 2(%%rax), %%rcx\n\t"
		     "lea 3(%%rax), %%rdx\n\t"
		     "lea 4(%%rax), %%rsi\n\t"
		     "lea 5(%%rax), %%rdi\n\t"
		     "lea 6(%%rax), %%rbp\n\t"
		     "lea 7(%%rax), %%r8\n\t"
		     "lea 8(%%rax), %%r9\n\t"
		     "lea 9(%%rax), %%r10\n\t"
		     "lea 10(%%rax), %%r11\n\t"
		     "lea 11(%%rax), %%r12\n\t"
		     "lea 12(%%rax), %%r13\n\t"
		     "lea 13(%%rax), %%r14\n\t"
		     "lea 14(%%rax), %%r15\n"
		     "1: decq %[counter]\n\t"
		     "jnz 1b\n\t"
		     "sub $1, %%rbx; cmp %%rax, %%rbx; je 2f; orq $0x1, %[wrong]; 2:\n\t"
		     "sub $2, %%rcx; cmp %%rax, %%rcx; je 2f; orq $0x2, %[wrong]; 2:\n\t"
		     "sub $3, %%rdx; cmp %%rax, %%rdx; je 2f; orq $0x4, %[wrong]; 2:\n\t"
		     "sub $4, %%rsi; cmp %%rax, %%rsi; je 2f; orq $0x8, %[wrong]; 2:\n\t"
		     "sub $5, %%rdi; cmp %%rax, %%rdi; je 2f; orq $0x10, %[wrong]; 2:\n\t"
		     "sub $6, %%rbp; cmp %%rax, %%rbp; je 2f; orq $0x20, %[wrong]; 2:\n\t"
		     "sub $7, %%r8; cmp %%rax, %%r8; je 2f; orq $0x40, %[wrong]; 2:\n\t"
		     "sub $8, %%r9; cmp %%rax, %%r9; je 2f; orq $0x80, %[wrong]; 2:\n\t"
		     "sub $9, %%r10; cmp %%rax, %%r10; je 2f; orq $0x100, %[wrong]; 2:\n\t"
		     "sub $10, %%r11; cmp %%rax, %%r11; je 2f; orq $0x200, %[wrong]; 2:\n\t"
		     "sub $11, %%r12; cmp %%rax, %%r12; je 2f; orq $0x400, %[wrong]; 2:\n\t"
		     "sub $12, %%r13; cmp %%rax, %%r13; je 2f; orq $0x800, %[wrong]; 2:\n\t"
		     "sub $13, %%r14; cmp %%rax, %%r14; je 2f; orq $0x1000, %[wrong]; 2:\n\t"
		     "sub $14, %%r15; cmp %%rax, %%r15; je 2f; orq $0x2000, %[wrong]; 2:\n\t"
		     "pop %%rbp"
		     : [counter] "+m"(counter), [wrong] "+m"(wrong)
		     : [seed] "m"(seed)
		     : ALL_REGS);
	return wrong;
}

static u64 attack(const struct attack *t)
{
	switch (ATTACK) {
	case ATTACK_loop:
		asm volatile("1: jmp 1b");
		break;
	case ATTACK_loop_pause:
		asm volatile("1: pause; jmp 1b");
		break;
	case ATTACK_loop_cpuid:
		asm volatile("1: xor %%eax, %%eax; cpuid; jmp 1b" : : : ALL_REGS);
		break;
	case ATTACK_loop_rdtsc:
		asm volatile("1: rdtsc; jmp 1b" : : : ALL_REGS);
		break;
	case ATTACK_loop_lock:
		asm volatile("1: lock incq %0; jmp 1b" : "+m"(area) : : "cc");
		break;
	case ATTACK_loop_string:
		asm volatile("cld; 1: mov %0, %%rdi; mov %1, %%rcx; rep stosb; jmp 1b"
			     : : "r"(area), "r"(sizeof(area))
			     : "rcx", "rdi", "memory");
		break;
	case ATTACK_loop_calls:
		asm volatile("1: call 2f; int3; 2: lea 8(%%rsp), %%rsp; jmp 1b"
			     : : : "memory");
		break;
	case ATTACK_loop_df:
		LOOP_WITH(FLAG_DF, 0);
		break;
	case ATTACK_loop_ac:
		LOOP_WITH(FLAG_AC, 0);
		break;
	case ATTACK_loop_nt:
		LOOP_WITH(FLAG_NT, 0);
		break;
	case ATTACK_loop_id:
		LOOP_WITH(FLAG_ID, 0);
		break;
	case ATTACK_loop_if:
		LOOP_WITH(0, FLAG_IF);
		break;
	case ATTACK_loop_mov_ss:
		asm volatile("mov %%ss, %%eax; 1: mov %%eax, %%ss; mov %%eax, %%ss; jmp 1b"
			     : : : "rax");
		break;
	case ATTACK_loop_base:
		asm volatile("wrgsbase %0; wrfsbase %0; 1: jmp 1b" : : "r"(t->b));
		break;
	case ATTACK_loop_base_switch:
		asm volatile("xor %%eax, %%eax\n"
			     "1: wrgsbase %0; wrfsbase %0\n\t"
			     "wrgsbase %%rax; wrfsbase %%rax; jmp 1b"
			     : : "r"(t->b) : "rax", "cc");
		break;
	case ATTACK_loop_segments:
		asm volatile("mov $0x2b, %%ecx; xor %%eax, %%eax\n"
			     "1: mov %%ecx, %%ds; mov %%ecx, %%es\n\t"
			     "mov %%ecx, %%fs; mov %%ecx, %%gs\n\t"
			     "mov %%eax, %%gs; mov %%eax, %%fs; jmp 1b"
			     : : : "rax", "rcx");
		break;
	case ATTACK_loop_flags:
		/* All that POPF lets through but TF: AC, NT, DF, ID and the rest. */
		asm volatile("1: push $0x244ed7; popfq; push $0x2; popfq; jmp 1b"
			     : : : "memory", "cc");
		break;
	case ATTACK_loop_write_out:
		for (;;) {
			memset(t->out, 0xff, sizeof(*t->out));
			asm volatile("" : : : "memory");
		}
		break;
	case ATTACK_loop_pkru:
		asm volatile("1: mov %k0, %%eax; xor %%ecx, %%ecx; xor %%edx, %%edx\n\t"
			     ".byte 0x0f, 0x01, 0xef; xor %%eax, %%eax\n\t"
			     ".byte 0x0f, 0x01, 0xef; jmp 1b"
			     : : "r"(t->b & ~3ull) : "rax", "rcx", "rdx", "memory", "cc");
		break;
	case ATTACK_spin:
		for (u64 i = 0; i < t->b; i++)
			asm volatile("" : : : "memory");
		return t->b;
	case ATTACK_hold:
		return hold(t->b, t->c);
	}
	return 0;
}
