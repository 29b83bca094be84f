// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attacks by privileged instructions, one each.
 *
 * b is the operand where there is one to choose. What the assembler in use
 * may not know is written as bytes.
 */
#include "hostile.h"

static u8 area[4096] __attribute__((aligned(4096)));

/* One instruction, registers as given; should it return, all is clobbered. */
#define RUN(insn)							\
	asm volatile(insn : : "a"(t->b), "c"(t->b), "d"(t->b), "D"(area) \
		     : "rbx", "rsi", "r8", "memory", "cc")

static u64 attack(const struct attack *t)
{
	u64 value = 0;

	switch (ATTACK) {
	case ATTACK_cli:	RUN("cli"); break;
	case ATTACK_sti:	RUN("sti"); break;
	case ATTACK_hlt:	RUN("hlt"); break;
	case ATTACK_read_cr0:	asm volatile("mov %%cr0, %0" : "=r"(value)); break;
	case ATTACK_read_cr2:	asm volatile("mov %%cr2, %0" : "=r"(value)); break;
	case ATTACK_read_cr3:	asm volatile("mov %%cr3, %0" : "=r"(value)); break;
	case ATTACK_read_cr4:	asm volatile("mov %%cr4, %0" : "=r"(value)); break;
	case ATTACK_read_cr8:	asm volatile("mov %%cr8, %0" : "=r"(value)); break;
	case ATTACK_write_cr0:	RUN("mov %%rax, %%cr0"); break;
	case ATTACK_write_cr2:	RUN("mov %%rax, %%cr2"); break;
	case ATTACK_write_cr3:	RUN("mov %%rax, %%cr3"); break;
	case ATTACK_write_cr4:	RUN("mov %%rax, %%cr4"); break;
	case ATTACK_write_cr8:	RUN("mov %%rax, %%cr8"); break;
	case ATTACK_read_dr0:	asm volatile("mov %%dr0, %0" : "=r"(value)); break;
	case ATTACK_read_dr6:	asm volatile("mov %%dr6, %0" : "=r"(value)); break;
	case ATTACK_read_dr7:	asm volatile("mov %%dr7, %0" : "=r"(value)); break;
	case ATTACK_write_dr0:	RUN("mov %%rax, %%dr0"); break;
	case ATTACK_write_dr6:	RUN("mov %%rax, %%dr6"); break;
	case ATTACK_write_dr7:	RUN("mov %%rax, %%dr7"); break;
	case ATTACK_lgdt:	RUN("lgdt (%%rdi)"); break;
	case ATTACK_lidt:	RUN("lidt (%%rdi)"); break;
	case ATTACK_lldt:	RUN("lldt %%ax"); break;
	case ATTACK_ltr:	RUN("ltr %%ax"); break;
	case ATTACK_invd:	RUN("invd"); break;
	case ATTACK_wbinvd:	RUN("wbinvd"); break;
	case ATTACK_wbnoinvd:	RUN(".byte 0xf3, 0x0f, 0x09"); break;
	case ATTACK_invlpg:	RUN("invlpg (%%rdi)"); break;
	case ATTACK_invpcid:	RUN("mov $2, %%eax; invpcid (%%rdi), %%rax"); break;
	case ATTACK_rdmsr:	RUN("rdmsr"); break;
	case ATTACK_wrmsr:	RUN("wrmsr"); break;
	case ATTACK_rdpmc:	RUN("rdpmc"); break;
	case ATTACK_swapgs:	RUN("swapgs"); break;
	case ATTACK_clts:	RUN("clts"); break;
	case ATTACK_lmsw:	RUN("lmsw %%ax"); break;
	case ATTACK_sysret:	RUN("lea 1f(%%rip), %%rcx; sysretq; 1:"); break;
	case ATTACK_sysexit:	RUN("mov %%rsp, %%rcx; lea 1f(%%rip), %%rdx; sysexitq; 1:"); break;
	case ATTACK_xsetbv:	RUN("xor %%ecx, %%ecx; mov $7, %%eax; xor %%edx, %%edx; xsetbv"); break;
	case ATTACK_xsaves:	RUN("xsaves64 (%%rdi)"); break;
	case ATTACK_xrstors:	RUN("xrstors64 (%%rdi)"); break;
	case ATTACK_in8:	RUN("in %%dx, %%al"); break;
	case ATTACK_in16:	RUN("in %%dx, %%ax"); break;
	case ATTACK_in32:	RUN("in %%dx, %%eax"); break;
	case ATTACK_in8_imm:	RUN("in $0x60, %%al"); break;
	case ATTACK_out8:	RUN("out %%al, %%dx"); break;
	case ATTACK_out16:	RUN("out %%ax, %%dx"); break;
	case ATTACK_out32:	RUN("out %%eax, %%dx"); break;
	case ATTACK_out8_imm:	RUN("out %%al, $0x80"); break;
	case ATTACK_ins8:	asm volatile("insb" : : "d"(t->b), "D"(area) : "memory"); break;
	case ATTACK_rep_ins32:	asm volatile("rep insl" : : "d"(t->b), "D"(area), "c"(4) : "memory"); break;
	case ATTACK_outs8:	asm volatile("outsb" : : "d"(t->b), "S"(area) : "memory"); break;
	case ATTACK_rep_outs16:	asm volatile("rep outsw" : : "d"(t->b), "S"(area), "c"(4) : "memory"); break;
	case ATTACK_monitor:	RUN("mov %%rdi, %%rax; xor %%ecx, %%ecx; xor %%edx, %%edx; monitor"); break;
	case ATTACK_mwait:	RUN("xor %%ecx, %%ecx; xor %%eax, %%eax; mwait"); break;
	case ATTACK_vmcall:	RUN(".byte 0x0f, 0x01, 0xc1"); break;
	case ATTACK_vmmcall:	RUN(".byte 0x0f, 0x01, 0xd9"); break;
	case ATTACK_vmxon:	RUN("vmxon (%%rdi)"); break;
	case ATTACK_vmxoff:	RUN("vmxoff"); break;
	case ATTACK_vmlaunch:	RUN("vmlaunch"); break;
	case ATTACK_vmptrld:	RUN("vmptrld (%%rdi)"); break;
	case ATTACK_vmread:	RUN("vmread %%rax, %%rbx"); break;
	case ATTACK_vmwrite:	RUN("vmwrite %%rax, %%rcx"); break;
	case ATTACK_vmclear:	RUN("vmclear (%%rdi)"); break;
	case ATTACK_invept:	RUN("invept (%%rdi), %%rax"); break;
	case ATTACK_invvpid:	RUN("invvpid (%%rdi), %%rax"); break;
	case ATTACK_vmfunc:	RUN("vmfunc"); break;
	case ATTACK_vmrun:	RUN(".byte 0x0f, 0x01, 0xd8"); break;
	case ATTACK_vmload:	RUN(".byte 0x0f, 0x01, 0xda"); break;
	case ATTACK_vmsave:	RUN(".byte 0x0f, 0x01, 0xdb"); break;
	case ATTACK_clgi:	RUN(".byte 0x0f, 0x01, 0xdd"); break;
	case ATTACK_stgi:	RUN(".byte 0x0f, 0x01, 0xdc"); break;
	case ATTACK_skinit:	RUN(".byte 0x0f, 0x01, 0xde"); break;
	case ATTACK_invlpga:	RUN(".byte 0x0f, 0x01, 0xdf"); break;
	case ATTACK_invlpgb:	RUN(".byte 0x0f, 0x01, 0xfe"); break;
	case ATTACK_tlbsync:	RUN(".byte 0x0f, 0x01, 0xff"); break;
	case ATTACK_encls:	RUN(".byte 0x0f, 0x01, 0xcf"); break;
	case ATTACK_enclu:	RUN(".byte 0x0f, 0x01, 0xd7"); break;
	case ATTACK_enclv:	RUN(".byte 0x0f, 0x01, 0xc0"); break;
	case ATTACK_getsec:	RUN("getsec"); break;
	case ATTACK_rsm:	RUN("rsm"); break;
	case ATTACK_wrssq:	RUN("wrssq %%rax, (%%rdi)"); break;
	case ATTACK_wrussq:	RUN("wrussq %%rax, (%%rdi)"); break;
	case ATTACK_setssbsy:	RUN("setssbsy"); break;
	case ATTACK_clrssbsy:	RUN("clrssbsy (%%rdi)"); break;
	case ATTACK_rstorssp:	RUN("rstorssp (%%rdi)"); break;
	case ATTACK_incsspq:	RUN("incsspq %%rax"); break;
	case ATTACK_pconfig:	RUN("pconfig"); break;
	case ATTACK_hreset:	RUN("hreset $0"); break;
	case ATTACK_stui:	RUN("stui"); break;
	case ATTACK_senduipi:	RUN("senduipi %%rax"); break;
	case ATTACK_uiret:	RUN("uiret"); break;
	case ATTACK_enqcmds:	RUN("enqcmds (%%rdi), %%rax"); break;
	case ATTACK_rdmsrlist:	RUN(".byte 0xf2, 0x0f, 0x01, 0xc6"); break;
	case ATTACK_wrmsrns:	RUN(".byte 0x0f, 0x01, 0xc6"); break;
	case ATTACK_psmash:	RUN(".byte 0xf3, 0x0f, 0x01, 0xff"); break;
	case ATTACK_rmpadjust:	RUN(".byte 0xf3, 0x0f, 0x01, 0xfe"); break;
	}
	return value;
}
