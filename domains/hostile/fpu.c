// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attacks on the floating-point, vector and tile registers, which inside a
 * domain still hold what the interrupted program left in them.
 */
#include "hostile.h"

static u8 area[4096] __attribute__((aligned(64)));

#define RUN(insn) asm volatile(insn : : "D"(area), "a"(-1), "d"(-1) : "memory", "cc")

static u64 attack(const struct attack *t)
{
	u64 value = t->b;

	switch (ATTACK) {
	case ATTACK_x87:	RUN("fld1"); break;
	case ATTACK_fninit:	RUN("fninit"); break;
	case ATTACK_fwait:	RUN("fwait"); break;
	case ATTACK_fnstcw:	RUN("fnstcw (%%rdi)"); break;
	case ATTACK_fldcw:	RUN("fldcw (%%rdi)"); break;
	case ATTACK_fnsave:	RUN("fnsave (%%rdi)"); break;
	case ATTACK_frstor:	RUN("frstor (%%rdi)"); break;
	case ATTACK_mmx:	RUN("movq %%rax, %%mm0"); break;
	case ATTACK_emms:	RUN("emms"); break;
	case ATTACK_sse:	RUN("pxor %%xmm0, %%xmm0"); break;
	case ATTACK_sse_store:	RUN("movups %%xmm0, (%%rdi)"); break;
	case ATTACK_sse_convert: RUN("cvtsi2sd %%rax, %%xmm0"); break;
	case ATTACK_stmxcsr:	RUN("stmxcsr (%%rdi)"); break;
	case ATTACK_ldmxcsr:	RUN("ldmxcsr (%%rdi)"); break;
	case ATTACK_fxsave:	RUN("fxsave64 (%%rdi)"); break;
	case ATTACK_fxrstor:	RUN("fxrstor64 (%%rdi)"); break;
	case ATTACK_xsave:	RUN("xsave64 (%%rdi)"); break;
	case ATTACK_xsavec:	RUN("xsavec64 (%%rdi)"); break;
	case ATTACK_xsaveopt:	RUN("xsaveopt64 (%%rdi)"); break;
	case ATTACK_xrstor:	RUN("xrstor64 (%%rdi)"); break;
	case ATTACK_avx:	RUN("vpxor %%ymm0, %%ymm0, %%ymm0"); break;
	case ATTACK_avx_store:	RUN("vmovdqu %%ymm0, (%%rdi)"); break;
	case ATTACK_vzeroall:	RUN("vzeroall"); break;
	case ATTACK_avx512:	RUN("vpxord %%zmm0, %%zmm0, %%zmm0"); break;
	case ATTACK_kmov:	RUN("kmovw %%eax, %%k1"); break;
	case ATTACK_ldtilecfg:	RUN("ldtilecfg (%%rdi)"); break;
	case ATTACK_tilezero:	RUN("tilezero %%tmm0"); break;
	case ATTACK_aesenc:	RUN("aesenc %%xmm0, %%xmm0"); break;
	case ATTACK_movnti:	RUN("movnti %%rax, (%%rdi); sfence"); break;
	case ATTACK_crc32:
		asm volatile("crc32q %0, %0" : "+r"(value));
		break;
	}
	return value;
}
