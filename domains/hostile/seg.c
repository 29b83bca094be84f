// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attacks by segments: selectors, bases, and 32-bit code. b is a selector or
 * a base.
 */
#include "hostile.h"

#define USER32_CS 0x23

/*
 * 32-bit code. It runs only where the window lies below 4 GiB; elsewhere the
 * jump itself ends in a fault, which is as good.
 */
extern const u8 code32_loop[], code32_exit[], code32_int80[], code32_syscall[],
	code32_sysenter[], code32_into[], code32_bound[]
	__attribute__((visibility("hidden")));
asm(".pushsection .text\n"
	".hidden code32_loop, code32_exit, code32_int80, code32_syscall\n"
	".hidden code32_sysenter, code32_into, code32_bound\n"
	".globl code32_loop, code32_exit, code32_int80, code32_syscall\n"
	".globl code32_sysenter, code32_into, code32_bound\n"
	".code32\n"
	"code32_loop: jmp code32_loop\n"
	"code32_exit: int $15\n jmp code32_loop\n"
	"code32_int80: mov $1, %eax\n int $0x80\n jmp code32_loop\n"
	"code32_syscall: mov $1, %eax\n syscall\n jmp code32_loop\n"
	"code32_sysenter: mov $1, %eax\n sysenter\n jmp code32_loop\n"
	"code32_into: mov $0x7fffffff, %eax\n inc %eax\n into\n jmp code32_loop\n"
	"code32_bound: mov $5, %eax\n .byte 0x62, 0x04, 0x24\n jmp code32_loop\n"
	".code64\n"
	".popsection\n");

struct far_pointer {
	u32 offset;
	u16 selector;
} __attribute__((packed));

static void jump32(const u8 *code)
{
	static struct far_pointer far;

	far = (struct far_pointer){
		.offset = (u32)(u64)code,
		.selector = USER32_CS,
	};
	/* BOUND wants two words at esp. */
	asm volatile("push $0; push $0; ljmp *(%0)" : : "r"(&far) : "memory");
}

static void iretq32(const u8 *code)
{
	asm volatile("mov %%ss, %%eax; push %%rax; push %%rsp; pushfq\n\t"
		     "push %1; push %0; iretq"
		     : : "r"((u64)(u32)(u64)code), "i"(USER32_CS) : "rax", "memory");
}

static void load_segments(u16 sel)
{
	asm volatile("mov %0, %%ds; mov %0, %%es; mov %0, %%fs; mov %0, %%gs"
		     : : "r"((u32)sel));
}

static u64 read_base(bool gs)
{
	u64 base;

	if (gs)
		asm volatile("rdgsbase %0" : "=r"(base));
	else
		asm volatile("rdfsbase %0" : "=r"(base));
	return base;
}

static u64 attack(const struct attack *t)
{
	u64 value = 0;

	switch (ATTACK) {
	case ATTACK_seg_load:
	case ATTACK_seg_null:
	case ATTACK_seg_code:
	case ATTACK_seg_kernel:
	case ATTACK_seg_ldt:
	case ATTACK_seg_beyond:
		load_segments((u16)t->b);
		break;
	case ATTACK_ss_user:
	case ATTACK_ss_null:
	case ATTACK_ss_kernel:
		asm volatile("mov %0, %%ss" : : "r"((u32)t->b));
		break;
	case ATTACK_fsgs_base:
	case ATTACK_fsgs_base_kernel:
		asm volatile("wrfsbase %0; wrgsbase %0" : : "r"(t->b));
		/* c: loops, for an interrupt to come in between. */
		for (u64 i = 0; i < t->c; i++)
			asm volatile("");
		value = read_base(false) == t->b && read_base(true) == t->b;
		break;
	case ATTACK_gs_base_bad:
		asm volatile("wrgsbase %0" : : "r"(0x8000000000000000ull));
		break;
	case ATTACK_gs_read:
		asm volatile("wrgsbase %1; mov %%gs:0, %0" : "=r"(value) : "r"(t->b));
		break;
	case ATTACK_compat_loop:
		jump32(code32_loop);
		break;
	case ATTACK_compat_exit:
		reply_early(t);
		jump32(code32_exit);
		break;
	case ATTACK_compat_int80:
		jump32(code32_int80);
		break;
	case ATTACK_compat_syscall:
		jump32(code32_syscall);
		break;
	case ATTACK_compat_sysenter:
		jump32(code32_sysenter);
		break;
	case ATTACK_compat_into:
		jump32(code32_into);
		break;
	case ATTACK_compat_bound:
		jump32(code32_bound);
		break;
	case ATTACK_iretq_compat:
		iretq32(code32_loop);
		break;
	}
	return value;
}
