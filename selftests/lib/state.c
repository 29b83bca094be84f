// SPDX-License-Identifier: GPL-2.0-only
/*
 * The calling program's registers around a system call; see state.h.
 */
#include <cpuid.h>
#include <string.h>
#include <sys/syscall.h>

#include "state.h"

/* x87, SSE, AVX, opmask, upper ZMM, upper 16 ZMM, PKRU. */
#define COMPONENTS 0x2e7ull

#define FLAGS_SET 0x244cd5ull	/* ID AC NT OF DF SF ZF AF PF CF */
#define FLAGS_SEEN 0x244cd5ull

static uint64_t components(void)
{
	uint32_t a, b, c, d;

	__cpuid(1, a, b, c, d);
	if (!(c & bit_OSXSAVE))
		return 0;
	asm volatile("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
	return (((uint64_t)d << 32) | a) & COMPONENTS;
}

bool state_has(unsigned int component)
{
	return components() >> component & 1;
}

/* Where a component lies in the (standard form of the) area. */
static uint32_t component_offset(unsigned int component, uint32_t *size)
{
	uint32_t a, b, c, d;

	__cpuid_count(0xd, component, a, b, c, d);
	*size = a;
	return b;
}

uint32_t state_pkru(const struct state *s)
{
	uint32_t size, pkru = 0;
	uint32_t at = component_offset(STATE_PKRU, &size);

	if (state_has(STATE_PKRU))
		memcpy(&pkru, s->xsave + at, sizeof(pkru));
	return pkru;
}

static uint64_t next_random(uint64_t *x)
{
	*x = *x * 6364136223846793005ull + 1442695040888963407ull;
	return *x ^ *x >> 31;
}

static void fill(uint8_t *bytes, uint32_t len, uint64_t *x)
{
	for (uint32_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)(next_random(x) >> 24);
}

void state_fill(struct state *s, uint64_t seed)
{
	uint64_t have = components();
	uint64_t x = seed;
	uint32_t mxcsr = 0x1f80;
	uint16_t fcw = 0x37f;

	memset(s, 0, sizeof(*s));
	for (unsigned int i = 0; i < sizeof(s->gpr) / 8; i++)
		s->gpr[i] = next_random(&x);

	/* Alignment checks hold for the few accesses here, which are aligned. */
	s->rflags = FLAGS_SET;
	s->gs_base = 0x0000123456789000ull ^ (seed << 12 & 0xfffff000);
	asm volatile("mov %%ds, %0" : "=m"(s->ds));
	asm volatile("mov %%es, %0" : "=m"(s->es));
	asm volatile("mov %%fs, %0" : "=m"(s->fs));
	asm volatile("mov %%gs, %0" : "=m"(s->gs));
	asm volatile("mov %%ss, %0" : "=m"(s->ss));

	if (!have)
		return;
	for (unsigned int i = 2; i < 10; i++) {
		uint32_t size, at;

		if (!(have >> i & 1))
			continue;
		at = component_offset(i, &size);
		if (at + size > STATE_XSAVE_SIZE)
			continue;
		fill(s->xsave + at, size, &x);
		if (i == STATE_PKRU) {
			/* Key 0 open; none of the others is in use here. */
			uint32_t pkru = (uint32_t)next_random(&x) & ~3u;

			memcpy(s->xsave + at, &pkru, sizeof(pkru));
			if (size > 4)
				memset(s->xsave + at + 4, 0, size - 4);
		}
	}
	/* Legacy area: control words sound, eight x87 registers, 16 XMM. */
	memcpy(s->xsave, &fcw, sizeof(fcw));
	memcpy(s->xsave + 24, &mxcsr, sizeof(mxcsr));
	s->xsave[4] = 0xff;	/* abridged tags: all in use */
	for (unsigned int r = 0; r < 8; r++)
		fill(s->xsave + 32 + 16 * r, 10, &x);
	fill(s->xsave + 160, 256, &x);
	memcpy(s->xsave + 512, &have, sizeof(have));
}

/*
 * Offsets are given as immediates, and the two addresses live in memory that
 * needs no register: nothing else is left while all registers are in use.
 */
static struct state *slot_before __attribute__((used));
static struct state *slot_after __attribute__((used));
static uint64_t saved_rsp __attribute__((used));
static uint64_t saved_fs __attribute__((used));
static uint64_t result __attribute__((used));
static uint64_t have_mask __attribute__((used));

#define OFF(member) [member] "i"(offsetof(struct state, member))

__attribute__((noinline)) static void call_with_state(void)
{
	asm volatile(
		"push %%rbp; push %%rbx; push %%r12; push %%r13; push %%r14; push %%r15\n\t"
		"pushfq\n\t"
		"mov %%rsp, saved_rsp(%%rip)\n\t"
		"rdfsbase %%rax; mov %%rax, saved_fs(%%rip)\n\t"

		/* x87 to PKRU */
		"mov slot_before(%%rip), %%rbx\n\t"
		"mov have_mask(%%rip), %%eax; xor %%edx, %%edx\n\t"
		"test %%eax, %%eax; jz 1f\n\t"
		"xrstor64 %c[xsave](%%rbx)\n"
		"1:\n\t"
		/* selectors first: loading one sets its base */
		"mov %c[ds](%%rbx), %%ds\n\t"
		"mov %c[es](%%rbx), %%es\n\t"
		"mov %c[fs](%%rbx), %%fs\n\t"
		"mov %c[gs](%%rbx), %%gs\n\t"
		"mov %c[fs_base](%%rbx), %%rax; wrfsbase %%rax\n\t"
		"mov %c[gs_base](%%rbx), %%rax; wrgsbase %%rax\n\t"
		"mov %c[gpr]+8(%%rbx), %%rbp\n\t"
		"mov %c[gpr]+16(%%rbx), %%r8\n\t"
		"mov %c[gpr]+24(%%rbx), %%r9\n\t"
		"mov %c[gpr]+32(%%rbx), %%r10\n\t"
		"mov %c[gpr]+40(%%rbx), %%r12\n\t"
		"mov %c[gpr]+48(%%rbx), %%r13\n\t"
		"mov %c[gpr]+56(%%rbx), %%r14\n\t"
		"mov %c[gpr]+64(%%rbx), %%r15\n\t"
		"mov %c[gpr]+72(%%rbx), %%rdi\n\t"
		"mov %c[gpr]+80(%%rbx), %%rsi\n\t"
		"mov %c[gpr]+88(%%rbx), %%rdx\n\t"
		"push %c[rflags](%%rbx)\n\t"
		"mov %c[gpr](%%rbx), %%rbx\n\t"
		"mov %[nr], %%eax\n\t"
		"popfq\n\t"
		"syscall\n\t"
		"pushfq\n\t"
		"push $0x202; popfq\n\t"
		"mov %%rax, result(%%rip)\n\t"
		"mov slot_after(%%rip), %%rax\n\t"
		"mov %%rbx, %c[gpr](%%rax)\n\t"
		"mov %%rbp, %c[gpr]+8(%%rax)\n\t"
		"mov %%r8, %c[gpr]+16(%%rax)\n\t"
		"mov %%r9, %c[gpr]+24(%%rax)\n\t"
		"mov %%r10, %c[gpr]+32(%%rax)\n\t"
		"mov %%r12, %c[gpr]+40(%%rax)\n\t"
		"mov %%r13, %c[gpr]+48(%%rax)\n\t"
		"mov %%r14, %c[gpr]+56(%%rax)\n\t"
		"mov %%r15, %c[gpr]+64(%%rax)\n\t"
		"mov %%rdi, %c[gpr]+72(%%rax)\n\t"
		"mov %%rsi, %c[gpr]+80(%%rax)\n\t"
		"mov %%rdx, %c[gpr]+88(%%rax)\n\t"
		"pop %c[rflags](%%rax)\n\t"
		"mov %%rax, %%rbx\n\t"
		"mov %%ds, %c[ds](%%rbx)\n\t"
		"mov %%es, %c[es](%%rbx)\n\t"
		"mov %%fs, %c[fs](%%rbx)\n\t"
		"mov %%gs, %c[gs](%%rbx)\n\t"
		"mov %%ss, %c[ss](%%rbx)\n\t"
		"rdfsbase %%rax; mov %%rax, %c[fs_base](%%rbx)\n\t"
		"rdgsbase %%rax; mov %%rax, %c[gs_base](%%rbx)\n\t"
		"mov have_mask(%%rip), %%eax; xor %%edx, %%edx\n\t"
		"test %%eax, %%eax; jz 2f\n\t"
		"xsave64 %c[xsave](%%rbx)\n"
		"2:\n\t"
		/* C code again */
		"xor %%eax, %%eax; mov %%eax, %%fs; mov %%eax, %%gs\n\t"
		"mov %%eax, %%ds; mov %%eax, %%es\n\t"
		"mov saved_fs(%%rip), %%rax; wrfsbase %%rax\n\t"
		"fninit; push $0x1f80; ldmxcsr (%%rsp); pop %%rax\n\t"
		"mov saved_rsp(%%rip), %%rsp\n\t"
		"popfq\n\t"
		"pop %%r15; pop %%r14; pop %%r13; pop %%r12; pop %%rbx; pop %%rbp"
		: : [nr] "i"(SYS_ioctl), OFF(xsave), OFF(ds), OFF(es), OFF(fs), OFF(gs), OFF(ss),
		    OFF(fs_base), OFF(gs_base), OFF(rflags), OFF(gpr)
		: "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11",
		  "memory", "cc");
}

long state_ioctl(struct state *before, struct state *after, int fd,
		 unsigned long cmd, void *arg)
{
	uint32_t pkru = 0;

	before->gpr[9] = (uint64_t)(unsigned int)fd;
	before->gpr[10] = cmd;
	before->gpr[11] = (uint64_t)arg;
	if (!before->fs_base)
		asm volatile("rdfsbase %0" : "=r"(before->fs_base));
	memset(after, 0, sizeof(*after));
	slot_before = before;
	slot_after = after;
	have_mask = components();

	if (state_has(STATE_PKRU))
		asm volatile(".byte 0x0f, 0x01, 0xee" : "=a"(pkru) : "c"(0) : "rdx");
	call_with_state();
	if (state_has(STATE_PKRU))
		asm volatile(".byte 0x0f, 0x01, 0xef" : : "a"(pkru), "c"(0), "d"(0));
	return (long)result;
}

/*
 * A null selector with a requested privilege level becomes 0 whenever the
 * kernel returns to the program by IRET (SDM volume 2, IRET), as it does after
 * any interrupt: that is no change of ours.
 */
static uint16_t selector(uint16_t value)
{
	return value <= 3 ? 0 : value;
}

const char *state_compare(const struct state *a, const struct state *b)
{
	static const char *const names[] = {
		"rbx", "rbp", "r8", "r9", "r10", "r12", "r13", "r14", "r15",
		"rdi", "rsi", "rdx",
	};
	static const char *const parts[] = {
		"x87", "SSE", "AVX", "bound registers", "bound configuration",
		"mask registers", "upper halves of ZMM", "upper 16 ZMM", "trace",
		"PKRU",
	};
	uint64_t have = components();

	for (unsigned int i = 0; i < 12; i++)
		if (a->gpr[i] != b->gpr[i])
			return names[i];
	if ((a->rflags ^ b->rflags) & FLAGS_SEEN)
		return "rflags";
	if (a->fs_base != b->fs_base)
		return "FS base";
	if (a->gs_base != b->gs_base)
		return "GS base";
	if (selector(a->ds) != selector(b->ds))
		return "DS";
	if (selector(a->es) != selector(b->es))
		return "ES";
	if (selector(a->fs) != selector(b->fs))
		return "FS";
	if (selector(a->gs) != selector(b->gs))
		return "GS";
	if (a->ss != b->ss)
		return "SS";
	if (!have)
		return NULL;
	/* Control and tag words, MXCSR; then registers. */
	if (memcmp(a->xsave, b->xsave, 6) || memcmp(a->xsave + 24, b->xsave + 24, 4))
		return "x87 or SSE control";
	for (unsigned int r = 0; r < 8; r++)
		if (memcmp(a->xsave + 32 + 16 * r, b->xsave + 32 + 16 * r, 10))
			return parts[0];
	if (memcmp(a->xsave + 160, b->xsave + 160, 256))
		return parts[1];
	for (unsigned int i = 2; i < 10; i++) {
		uint32_t size, at = component_offset(i, &size);

		if ((have >> i & 1) && at + size <= STATE_XSAVE_SIZE &&
		    memcmp(a->xsave + at, b->xsave + at, size))
			return parts[i];
	}
	return NULL;
}
