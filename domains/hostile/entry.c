// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attacks by the ways into the kernel, and by exceptions raised on purpose.
 * b is a vector or a selector.
 */
#include "hostile.h"

/* INT n; RET for every n: text cannot be written, so all of them are here. */
extern const u8 int_table[256][3] __attribute__((visibility("hidden")));
asm(".pushsection .text\n"
	".globl int_table\n.hidden int_table\n"
	"int_table:\n"
	".set n, 0\n"
	".rept 256\n"
	".byte 0xcd, n, 0xc3\n"
	".set n, n + 1\n"
	".endr\n"
	".popsection\n");

/*
 * An IRETQ frame that goes on at the label behind it, with one part changed
 * by the caller; @rip 0 means that label.
 */
static void iretq(u64 cs, u64 ss, u64 rip, u64 flags)
{
	u64 resume;

	asm volatile("lea 1f(%%rip), %[resume]\n\t"
		     "test %[rip], %[rip]\n\t"
		     "cmovz %[resume], %[rip]\n\t"
		     "mov %%rsp, %[resume]\n\t"
		     "push %[ss]\n\t"
		     "push %[resume]\n\t"
		     "push %[flags]\n\t"
		     "push %[cs]\n\t"
		     "push %[rip]\n\t"
		     "iretq\n"
		     "1:"
		     : [resume] "=&r"(resume), [rip] "+r"(rip)
		     : [ss] "r"(ss), [flags] "r"(flags), [cs] "r"(cs)
		     : "memory", "cc");
}

static u64 get_cs(void)
{
	u64 sel;

	asm volatile("mov %%cs, %0" : "=r"(sel));
	return sel;
}

static u64 get_ss(void)
{
	u64 sel;

	asm volatile("mov %%ss, %0" : "=r"(sel));
	return sel;
}

struct far_pointer {
	u32 offset;
	u16 selector;
} __attribute__((packed));

static u64 attack(const struct attack *t)
{
	u64 bad = 0x8000000000000000ull;
	u64 cs = get_cs();
	u64 ss = get_ss();
	struct far_pointer far = { .selector = (u16)t->b };

	switch (ATTACK) {
	case ATTACK_syscall:
		/* c picks the call; whatever it is, nobody may take it. */
		asm volatile("syscall" : : "a"(t->c) : "rcx", "r11", "memory");
		break;
	case ATTACK_sysenter:
		asm volatile("sysenter" : : "a"(t->c) : "rcx", "rdx", "memory");
		break;
	case ATTACK_int_n:
		asm volatile("call *%0" : : "r"(int_table[t->b & 255]) : ALL_REGS);
		break;
	case ATTACK_int3:
		asm volatile("int3");
		break;
	case ATTACK_icebp:
		asm volatile(".byte 0xf1");
		break;
	case ATTACK_into:
		asm volatile(".byte 0xce");
		break;
	case ATTACK_ud2:
		asm volatile("ud2");
		break;
	case ATTACK_ud1:
		asm volatile("ud1 (%rax), %eax");
		break;
	case ATTACK_ud0:
		/* With a ModRM byte, as newer CPUs decode it. */
		asm volatile(".byte 0x0f, 0xff, 0xc0");
		break;
	case ATTACK_divide:
		asm volatile("xor %%edx, %%edx; xor %%ecx, %%ecx; mov $1, %%eax; div %%ecx"
			     : : : "rax", "rcx", "rdx", "cc");
		break;
	case ATTACK_divide_overflow:
		asm volatile("mov $1, %%edx; mov $1, %%ecx; xor %%eax, %%eax; idiv %%ecx"
			     : : : "rax", "rcx", "rdx", "cc");
		break;
	case ATTACK_lock_nop:
		asm volatile(".byte 0xf0, 0x90");
		break;
	case ATTACK_too_long:
		asm volatile(".fill 15, 1, 0x66; nop");
		break;
	case ATTACK_iretq_ring0:
		iretq(0x10, 0x18, 0, 0x202);
		break;
	case ATTACK_iretq_bad_rip:
		iretq(cs, ss, bad, 0x202);
		break;
	case ATTACK_iretq_same:
		iretq(cs, ss, 0, 0x202);
		break;
	case ATTACK_iretq_ss_null:
		iretq(cs, 0, 0, 0x202);
		break;
	case ATTACK_iretq_tf:
		iretq(cs, ss, 0, 0x302);
		break;
	case ATTACK_lret_ring0:
		asm volatile("lea 1f(%%rip), %%rax; push $0x10; push %%rax; lretq; 1:"
			     : : : "rax", "memory");
		break;
	case ATTACK_lcall_kernel:
		asm volatile("lcall *%0" : : "m"(far) : "memory");
		break;
	case ATTACK_ljmp_null:
	case ATTACK_ljmp_tss:
		asm volatile("ljmp *%0" : : "m"(far) : "memory");
		break;
	case ATTACK_exit_early:
		exit_now();
	case ATTACK_exit_prefixed:
		reply_early(t);
		asm volatile(".byte 0x2e, 0x66, 0xf2, 0x48; int $15");
		break;
	case ATTACK_bad_jump:
		asm volatile("jmp *%0" : : "r"(bad));
		break;
	case ATTACK_vsyscall:
		/* time() of the vsyscall page, which some kernels have. */
		((u64 (*)(u64))OPAQUE(0xffffffffff600400ull))(0);
		break;
	}
	return 0;
}
