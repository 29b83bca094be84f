// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attacks by RFLAGS: what is set at the moment the domain leaves must mean
 * nothing to the gate and to the interrupted program.
 */
#include "hostile.h"

#define FLAG_CF (1ull << 0)
#define FLAG_TF (1ull << 8)
#define FLAG_IF (1ull << 9)
#define FLAG_DF (1ull << 10)
#define FLAG_IOPL (3ull << 12)
#define FLAG_NT (1ull << 14)
#define FLAG_RF (1ull << 16)
#define FLAG_AC (1ull << 18)
#define FLAG_ID (1ull << 21)

/* Set flags, then at once the instructions given. */
#define WITH_FLAGS(set, insns)						\
	asm volatile("pushfq; or %0, (%%rsp); popfq\n\t" insns		\
		     : : "r"((u64)(set)) : "rax", "rcx", "r11", "memory", "cc")

/* The same, and MOV SS holds back the single-step trap for one instruction. */
#define WITH_TF_AND_MOV_SS(insns)					\
	asm volatile("mov %%ss, %%ecx; pushfq; orq $0x100, (%%rsp); popfq\n\t" \
		     "mov %%ecx, %%ss\n\t" insns			\
		     : : : "rax", "rcx", "r11", "memory", "cc")

/* Every register but rsp holds the pattern at the last instruction. */
#define WITH_GARBAGE(pattern, insn)					\
	asm volatile("mov %%rax, %%rbx; mov %%rax, %%rcx; mov %%rax, %%rdx\n\t" \
		     "mov %%rax, %%rsi; mov %%rax, %%rdi; mov %%rax, %%rbp\n\t" \
		     "mov %%rax, %%r8; mov %%rax, %%r9; mov %%rax, %%r10\n\t" \
		     "mov %%rax, %%r11; mov %%rax, %%r12; mov %%rax, %%r13\n\t" \
		     "mov %%rax, %%r14; mov %%rax, %%r15; " insn	\
		     : : "a"(pattern) : "memory")

static u64 misaligned(void)
{
	static u64 words[2];
	u64 value;

	asm volatile("pushfq; orq %2, (%%rsp); popfq\n\t"
		     "mov %1, %0"
		     : "=r"(value)
		     : "m"(*(u64 *)((u8 *)words + 1)), "i"(FLAG_AC) : "cc");
	return value;
}

static void iretq_with(u64 flags)
{
	asm volatile("mov %%rsp, %%rcx; mov %%ss, %%eax; push %%rax; push %%rcx\n\t"
		     "push %0; mov %%cs, %%eax; push %%rax\n\t"
		     "lea 1f(%%rip), %%rax; push %%rax; iretq; 1: int $15"
		     : : "r"(flags) : "rax", "rcx", "memory", "cc");
}

static u64 attack(const struct attack *t)
{
	u64 value = 0;

	switch (ATTACK) {
	case ATTACK_flags_all:
		reply_early(t);
		WITH_FLAGS(0x3f7fd7 & ~(FLAG_TF | FLAG_RF), "int $15");
		break;
	case ATTACK_flags_tf:
		WITH_FLAGS(FLAG_TF, "nop; nop; nop");
		break;
	case ATTACK_flags_tf_exit:
		reply_early(t);
		WITH_FLAGS(FLAG_TF, "int $15");
		break;
	case ATTACK_mov_ss_tf_exit:
		reply_early(t);
		WITH_TF_AND_MOV_SS("int $15");
		break;
	case ATTACK_mov_ss_exit:
		reply_early(t);
		asm volatile("mov %%ss, %%eax; mov %%eax, %%ss; int $15" : : : "rax");
		break;
	case ATTACK_mov_ss_tf_syscall:
		WITH_TF_AND_MOV_SS("syscall");
		break;
	case ATTACK_mov_ss_tf_ud2:
		WITH_TF_AND_MOV_SS("ud2");
		break;
	case ATTACK_mov_ss_tf_icebp:
		WITH_TF_AND_MOV_SS(".byte 0xf1");
		break;
	case ATTACK_flags_ac_access:
		value = misaligned();
		break;
	case ATTACK_flags_ac_exit:
		reply_early(t);
		WITH_FLAGS(FLAG_AC, "int $15");
		break;
	case ATTACK_flags_df_exit:
		reply_early(t);
		WITH_FLAGS(FLAG_DF, "int $15");
		break;
	case ATTACK_flags_nt_exit:
		reply_early(t);
		WITH_FLAGS(FLAG_NT, "int $15");
		break;
	case ATTACK_flags_nt_iretq:
		/* NT in RFLAGS at the time of IRETQ; the frame itself is sound. */
		WITH_FLAGS(FLAG_NT, "mov %%rsp, %%rcx; mov %%ss, %%eax\n\t"
			   "push %%rax; push %%rcx; push $0x202\n\t"
			   "mov %%cs, %%eax; push %%rax\n\t"
			   "lea 1f(%%rip), %%rax; push %%rax; iretq; 1:");
		break;
	case ATTACK_flags_iopl:
		WITH_FLAGS(FLAG_IOPL, "cli");
		break;
	case ATTACK_flags_tf_syscall:
		WITH_FLAGS(FLAG_TF, "syscall");
		break;
	case ATTACK_flags_rf_exit:
		reply_early(t);
		iretq_with(FLAG_RF | FLAG_IF | FLAG_CF | 2);
		break;
	case ATTACK_flags_ac_fault:
		WITH_FLAGS(FLAG_AC | FLAG_DF | FLAG_NT | FLAG_ID, "ud2");
		break;
	case ATTACK_garbage_exit:
		reply_early(t);
		WITH_GARBAGE(t->b, "int $15");
		break;
	case ATTACK_garbage_fault:
		WITH_GARBAGE(t->b, "ud2");
		break;
	}
	return value;
}
