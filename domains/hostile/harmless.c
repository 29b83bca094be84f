// SPDX-License-Identifier: GPL-2.0-only
/*
 * Instructions that user mode may execute, or that UMIP may refuse: they must
 * do no harm, and what they tell is listed for the test to look through.
 */
#include "hostile.h"

static u8 area[256] __attribute__((aligned(64)));

/* Pointers, for the loader to relocate; 1 if all are right. */
static int targets[1024];
static int *pointers[] = {
	&targets[0], &targets[1], &targets[2], &targets[3], &targets[4], &targets[5],
	&targets[6], &targets[7], &targets[8], &targets[9], &targets[10], &targets[11],
};

static int *const constants[] = {
	&targets[1000], &targets[1001], &targets[1002], &targets[1003], &targets[1004],
	&targets[1005], &targets[1006], &targets[1007], &targets[1008], &targets[1009],
	&targets[1010], &targets[1011],
};

static u64 relocated(void)
{
	for (u32 i = 0; i < 12; i++)
		if (OPAQUE(&pointers[0])[i] != &targets[i] ||
		    OPAQUE(&constants[0])[i] != &targets[1000 + i])
			return 0;
	return 1;
}

static void cpuid_all(void)
{
	for (u32 leaf = 0; leaf < 0x20; leaf++) {
		u32 a = leaf, b, c = 0, d;

		asm volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
		result_add((u64)b << 32 | a);
		result_add((u64)d << 32 | c);
	}
}

/* Selectors of both tables and all privilege levels; tells the GDT's user part. */
static void segment_scan(void)
{
	for (u32 sel = 0; sel < 0x10000; sel++) {
		u32 rights = 0, limit = 0;

		asm volatile("lar %2, %0\n\tlsl %2, %1\n\tverr %w2\n\tverw %w2"
			     : "+r"(rights), "+r"(limit) : "r"(sel) : "cc");
		if (sel < 0x80 && (sel & 7) == 3) {
			result_add(rights);
			result_add(limit);
		}
		/* Descriptor tables: no LDT of the program, GDT only. */
		if (sel == 0x87)
			sel = 0xff00;
	}
}

static u64 attack(const struct attack *t)
{
	u64 value = 0;
	u32 lo = 0, hi = 0;

	switch (ATTACK) {
	case ATTACK_cpuid:
		cpuid_all();
		break;
	case ATTACK_rdtsc:
		asm volatile("rdtsc" : "=a"(lo), "=d"(hi));
		value = (u64)hi << 32 | lo;
		break;
	case ATTACK_rdtscp:
		asm volatile("rdtscp" : "=a"(lo), "=d"(hi) : : "rcx");
		value = (u64)hi << 32 | lo;
		break;
	case ATTACK_rdpid:
		asm volatile("rdpid %0" : "=r"(value));
		break;
	case ATTACK_xgetbv:
		asm volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
		value = (u64)hi << 32 | lo;
		break;
	case ATTACK_sgdt:
		asm volatile("sgdt %0" : "=m"(result_bytes));
		result_len = 10;
		break;
	case ATTACK_sidt:
		asm volatile("sidt %0" : "=m"(result_bytes));
		result_len = 10;
		break;
	case ATTACK_sldt:
		asm volatile("sldt %0" : "=r"(value));
		break;
	case ATTACK_str:
		asm volatile("str %0" : "=r"(value));
		break;
	case ATTACK_smsw:
		asm volatile("smsw %0" : "=r"(value));
		break;
	case ATTACK_segment_scan:
		segment_scan();
		break;
	case ATTACK_rdrand:
		asm volatile("rdrand %0" : "=r"(value) : : "cc");
		break;
	case ATTACK_xbegin:
		/* Inside a transaction the exit aborts it: lands at 1 again. */
		asm volatile("xbegin 1f; xend; 1:" : : : ALL_REGS);
		break;
	case ATTACK_umwait:
		asm volatile("umonitor %%rdi; umwait %%ecx"
			     : : "D"(area), "c"(0), "a"(-1), "d"(-1) : "memory", "cc");
		break;
	case ATTACK_mwaitx:
		asm volatile("monitorx %%rax, %%ecx, %%edx\n\t"
			     "xor %%eax, %%eax\n\t"
			     "mwaitx %%eax, %%ecx, %%ebx"
			     : : "a"(area), "b"(1000), "c"(0), "d"(0) : "memory");
		break;
	case ATTACK_clflushopt:
		asm volatile("clflushopt %0; sfence" : "+m"(area));
		break;
	case ATTACK_nops:
		asm volatile("pause; endbr64; .byte 0x0f, 0x1f, 0x00\n\t"
			     ".byte 0xf3, 0x0f, 0x1e, 0xc8\n\t"
			     "lfence; mfence; sfence; xlatb" : "+a"(value), "+b"(t) : : "memory");
		value = 0;
		break;
	case ATTACK_serialize:
		asm volatile(".byte 0x0f, 0x01, 0xe8" : : : "memory");
		break;
	case ATTACK_movdir64b:
		asm volatile("movdir64b (%0), %1"
			     : : "r"(area + 64), "r"(area) : "memory");
		break;
	case ATTACK_rdpkru:
		asm volatile(".byte 0x0f, 0x01, 0xee" : "=a"(value) : "c"(0) : "rdx");
		break;
	case ATTACK_wrpkru:
		/* Own pages have key 0; leave that one open. */
		asm volatile(".byte 0x0f, 0x01, 0xef"
			     : : "a"(t->b & ~3ull), "c"(0), "d"(0) : "memory");
		break;
	case ATTACK_wrpkru_lock_out:
		asm volatile(".byte 0x0f, 0x01, 0xef"
			     : : "a"(t->b), "c"(0), "d"(0) : "memory");
		break;
	case ATTACK_rdsspq:
		asm volatile("rdsspq %0" : "+r"(value));
		break;
	case ATTACK_relocated:
		value = relocated();
		break;
	case ATTACK_ptwrite:
		asm volatile("ptwrite %0" : : "r"(t->b));
		break;
	}
	return value;
}
