// SPDX-License-Identifier: GPL-2.0-only
/*
 * The gate's C part: one entry from set-up to result, and what happens when
 * an interrupt or an exception arrives in a domain.
 *
 * Called from domain.c with bottom halves off. Everything between the switch
 * of interrupts off and the result is noinstr: no tracing, no probes, no
 * sanitizer may run while the program's state is put away.
 */
#include <linux/bottom_half.h>
#include <linux/kernel.h>
#include <linux/panic.h>
#include <linux/preempt.h>
#include <linux/smp.h>
#include <asm/cpufeature.h>
#include <asm/debugreg.h>
#include <asm/desc_defs.h>
#include <asm/fsgsbase.h>
#include <asm/msr.h>
#include <asm/segment.h>
#include <asm/special_insns.h>
#include <asm/trapnr.h>

#include "compat.h"
#include "cpu.h"
#include "platform.h"

static_assert(GATE_EXIT_VECTOR == DOM_EXIT_VECTOR);
static_assert(offsetof(struct gate, kernel_sp) == G_KERNEL_SP);
static_assert(offsetof(struct gate, kernel_cr3) == G_KERNEL_CR3);
static_assert(offsetof(struct gate, cr3_noflush) == G_CR3_NOFLUSH);
static_assert(offsetof(struct gate, domain_cr3) == G_DOMAIN_CR3);
static_assert(offsetof(struct gate, arg) == G_ARG0);
static_assert(offsetof(struct gate, arg[1]) == G_ARG1);
static_assert(offsetof(struct gate, user_fs) == G_USER_FS);
static_assert(offsetof(struct gate, user_gs) == G_USER_GS);
static_assert(offsetof(struct gate, kernel_gs) == G_KERNEL_GS);
static_assert(offsetof(struct gate, selectors) == G_SELECTORS);
static_assert(offsetof(struct gate, user_pkru) == G_USER_PKRU);
static_assert(offsetof(struct gate, features) == G_FEATURES);
static_assert(offsetof(struct gate, verw_sel) == G_VERW_SEL);
static_assert(offsetof(struct gate, pge_repairs) == G_PGE_REPAIRS);
static_assert(offsetof(struct gate, nmis_in_gate) == G_NMIS_IN_GATE);
static_assert(offsetof(struct gate, frame) == G_FRAME_PTR);
static_assert(offsetof(struct gate, spec_ctrl) == G_SPEC_CTRL);
static_assert(offsetof(struct gate, hidden) == G_HIDDEN);
static_assert(offsetof(struct gate_regs, vector) == GATE_REGS_VECTOR);
static_assert(offsetof(struct gate_regs, rip) == GATE_REGS_RIP);
static_assert(offsetof(struct gate_regs, cs) == GATE_REGS_CS);
static_assert(offsetof(struct gate_regs, rsp) == GATE_REGS_RSP);
static_assert(sizeof(struct gate_regs) == GATE_REGS_WORDS * 8);
static_assert(sizeof(struct gate) < GATE_FRAME - 1024);

/* What atmos_gate_event() tells gate.S. */
#define GATE_RESUME	0
#define GATE_DIED	1
static_assert(GATE_RESUME == ATMOS_ENTRY_OK && GATE_DIED == ATMOS_ENTRY_DIED);

typedef void (*gate_raise_fn)(void);

static gate_desc *gate_idt;

static __always_inline void gate_write_dr7(unsigned long value)
{
	asm volatile("mov %0, %%db7" : : "r" (value) : "memory");
}

/*
 * On a host of virtual machines KVM leaves the guest's LSTAR in the CPU until
 * it returns to user mode. A guest could thus choose where a "syscall" of a
 * domain goes, at CPL0: not to code that is mapped, the gate's or the domain's.
 */
static __always_inline bool gate_lstar_is_mapped(const struct gate *g, u64 lstar)
{
	return lstar - (u64)atmos_gate_text < (u64)(atmos_gate_text_end - atmos_gate_text) ||
	       lstar - g->dom->base < DOM_WINDOW_SIZE;
}

/* What some CPUs have that may differ from entry to entry. */
static noinstr void gate_hide_special(struct gate *g)
{
	if (atmos_platform_has_ds())
		atmos_aspace_debug_sync(this_cpu_ptr(&atmos_cpu));
	if (atmos_platform_has_vmx()) {
		u64 lstar = compat_rdmsr(MSR_LSTAR);

		if (unlikely(gate_lstar_is_mapped(g, lstar))) {
			g->lstar = lstar;
			compat_wrmsr(MSR_LSTAR, 0);
			g->hidden |= GATE_HID_RARE;
		}
	}
	if (g->features & GATE_NEEDS_IBRS)
		g->spec_ctrl = compat_rdmsr(MSR_IA32_SPEC_CTRL);
	if (atmos_platform_has_user_cet()) {
		g->u_cet = compat_rdmsr(MSR_IA32_U_CET);
		if (g->u_cet) {
			compat_wrmsr(MSR_IA32_U_CET, 0);
			g->hidden |= GATE_HID_RARE;
		}
	}
}

/*
 * State that no CR3 switch concerns and that only some programs have:
 * hardware breakpoints, whose addresses could be a domain's, and the shadow
 * stack, which a domain must not push to.
 */
static __always_inline void gate_hide_rare(struct gate *g)
{
	if (unlikely(hw_breakpoint_active())) {
		gate_write_dr7(0);
		g->hidden |= GATE_HID_RARE;
	}
	if (atmos_platform_is_special())
		gate_hide_special(g);
}

/*
 * The reverse, and the selectors that the gate left null: they are loaded here
 * because a selector whose descriptor has gone meanwhile must fault into the
 * kernel's exception table. The kernel's cpu_dr7 is the truth: an interrupt
 * may have changed it.
 */
static noinstr void gate_show_hidden(struct gate *g)
{
	if (g->hidden & GATE_HID_SELECTORS) {
		loadsegment(ds, g->selectors[0]);
		loadsegment(es, g->selectors[1]);
		loadsegment(fs, g->selectors[2]);
		wrfsbase(g->user_fs);
		asm_load_gs_index(g->selectors[3]);	/* load_gs_index() traces */
		native_swapgs();
		wrgsbase(g->user_gs);
		native_swapgs();
	}
	if (g->hidden & GATE_HID_RARE) {
		if (g->u_cet)
			compat_wrmsr(MSR_IA32_U_CET, g->u_cet);
		if (g->lstar)
			compat_wrmsr(MSR_LSTAR, g->lstar);
		g->u_cet = 0;
		g->lstar = 0;
		if (hw_breakpoint_active())
			gate_write_dr7(this_cpu_read(cpu_dr7));
	}
	g->hidden = 0;
}

/*
 * May the domain go on where it was interrupted? Its segments must be those
 * it was entered with (it may load others: 32-bit code, say), and its next
 * instruction in its window: then iretq cannot fault. This also ends a domain
 * that an NMI caught between a "syscall" and the fault on its target.
 */
static __always_inline u32 gate_may_resume(struct gate *g, const struct gate_regs *r)
{
	bool over_budget = g->over_budget;

	g->over_budget = false;
	if (r->cs != g->frame->cs || r->ss != g->frame->ss ||
	    r->rip - g->dom->base >= DOM_WINDOW_SIZE)
		return ATMOS_FAULT_SEGMENT;
	if (READ_ONCE(g->dom->stop))
		return ATMOS_FAULT_KILLED;
	return over_budget ? ATMOS_FAULT_BUDGET : 0;
}

static __always_inline void gate_fault_fill(struct gate *g, const struct gate_regs *r, u32 kind)
{
	struct gate_fault *f = g->fault;

	f->kind = kind;
	f->vector = r->vector & 0xff;
	f->error_code = r->error_code;
	f->address = 0;
	f->regs = *r;
}

/**
 * atmos_gate_event() - an interrupt or exception arrived in a domain
 * @g: this CPU's gate
 * @regs: the domain's registers, on the gate's stack
 *
 * Context: called by gate.S on the kernel's CR3 and stack, interrupts off. An
 * interrupt, NMI or machine check is given to the kernel; anything else ends
 * the entry.
 *
 * Return: GATE_RESUME to go back into the domain, GATE_DIED to leave it, with
 * @g->fault filled in.
 */
noinstr u32 atmos_gate_event(struct gate *g, struct gate_regs *regs)
{
	u8 vector = regs->vector;
	bool external = vector >= 32 || vector == X86_TRAP_NMI || vector == X86_TRAP_MC;
	u32 kind = ATMOS_FAULT_EXCEPTION;

	if (g->hidden)
		gate_show_hidden(g);
	if (external) {
		gate_raise_fn raise = (void *)(atmos_gate_raise + vector * GATE_STUB_SIZE);

		if (vector == X86_TRAP_NMI)
			g->nmis++;
		else
			g->irqs++;
		g->forwarding = true;
		raise();
		g->forwarding = false;
		kind = gate_may_resume(g, regs);
		if (!kind) {
			gate_hide_rare(g);
			return GATE_RESUME;
		}
		gate_fault_fill(g, regs, kind);
		return GATE_DIED;
	}

	gate_fault_fill(g, regs, kind);
	if (vector == X86_TRAP_PF) {
		g->fault->address = native_read_cr2();
		if (atmos_platform_async_pf()) {
			kind = gate_may_resume(g, regs);
			if (!kind) {
				gate_hide_rare(g);
				return GATE_RESUME;
			}
			g->fault->kind = kind;
		}
	} else if (vector == X86_TRAP_DB) {
		/* DR6 would confuse the next reader. */
		asm volatile("mov %0, %%db6" : : "r" ((unsigned long)DR6_RESERVED));
	}
	return GATE_DIED;
}

/**
 * atmos_gate_bug() - the gate itself faulted, or the CPU reported #DF
 * @g: this CPU's gate
 * @regs: where
 *
 * Context: called by gate.S on the kernel's CR3. Trusted code is wrong: stop
 * the machine with a message that says where, rather than go on or loop.
 */
void atmos_gate_bug(struct gate *g, struct gate_regs *regs)
{
	bool fatal = true;

	/* objtool takes a global function that cannot return only by its own list. */
	OPTIMIZER_HIDE_VAR(fatal);
	if (fatal)
		panic("atmos: exception %u (error code %llx) in the gate at %pS, sp %llx, cr2 %lx, domain window %llx\n",
		      (u8)regs->vector, regs->error_code, (void *)regs->rip, regs->rsp,
		      native_read_cr2(), g->dom->base);
}

/* What is the same for every entry of a domain, when another was entered last. */
static void gate_set_up(struct atmos_cpu *c, struct atmos_domain *dom)
{
	bool user = dom->privilege == ATMOS_PRIV_USER;
	struct gate *g = c->gate;

	g->dom = dom;
	g->arg[0] = dom->base + DOM_IN_OFFSET;
	g->arg[1] = dom->base + DOM_OUT_OFFSET;
	*g->frame = (struct gate_frame) {
		.rip = dom->base + dom->image->entry,
		.cs = user ? __USER_CS : __KERNEL_CS,
		.rflags = X86_EFLAGS_IF | X86_EFLAGS_FIXED,
		.rsp = dom->base + DOM_STACK_TOP,
		.ss = user ? __USER_DS : __KERNEL_DS,
	};
	WRITE_ONCE(dom->last_cpu, c->number + 1);
	if (atmos_ibpb && c->hot->domain != dom->id)
		atmos_platform_barrier();
}

/*
 * Another domain than the last, or its mappings changed, or the timer that
 * bounds entries is not running. The timer is lazy: once armed it runs for a
 * whole budget whether or not a domain is inside, so the cost is one arming
 * per budget, not per entry. Returns 0 when this CPU may not enter domains.
 */
static noinline u64 gate_bind_cold(struct atmos_cpu *c, struct atmos_domain *dom)
{
	if (c->hot == &atmos_slot_none) {
		if (!READ_ONCE(c->up))
			return 0;
		hrtimer_start(&c->timer, ns_to_ktime((u64)atmos_budget_us * NSEC_PER_USEC),
			      HRTIMER_MODE_REL_PINNED_HARD);
	}
	gate_set_up(c, dom);
	return atmos_aspace_bind(c, dom);
}

static __always_inline enum atmos_entry_status gate_run(struct gate *g)
{
	enum atmos_entry_status status;

	/* Nothing but the gate block is needed after it: no register is saved. */
	asm volatile("call atmos_gate_enter"
		     : "=a" (status), "+D" (g), ASM_CALL_CONSTRAINT
		     :
		     : "rbx", "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "r12", "r13",
		       "r14", "r15", "memory", "cc");
	if (unlikely(g->hidden))
		gate_show_hidden(g);
	g->crossings++;
	return status;
}

/**
 * atmos_gate_run() - enter a domain and come back
 * @dom: domain, its lock held
 * @f: filled in when it died
 *
 * Context: process or softirq, bottom halves off, interrupts on; never hard
 * interrupt or NMI. Does not sleep. The domain's mailbox must be set up.
 *
 * Return: how the entry ended; ATMOS_ENTRY_REFUSED when this CPU cannot enter
 * domains (it is coming up or going down).
 */
noinstr enum atmos_entry_status atmos_gate_run(struct atmos_domain *dom, struct gate_fault *f)
{
	enum atmos_entry_status status = ATMOS_ENTRY_REFUSED;
	const struct atmos_slot *s;
	struct atmos_cpu *c;
	struct gate *g;
	u64 cr3;

	/*
	 * Rescheduling in forwarded interrupts is held off by the caller's
	 * local_bh_disable(), but not on PREEMPT_RT.
	 */
	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		preempt_disable_notrace();
	native_irq_disable();
	c = this_cpu_ptr(&atmos_cpu);
	/*
	 * The slot entered last is that of the domain entered last, so one
	 * comparison tells that the gate block, the slot and the timer are all
	 * as they should be.
	 */
	s = c->hot;
	cr3 = s->hot_cr3;
	if (unlikely(s->domain != dom->id || s->map_gen != dom->map_gen)) {
		cr3 = gate_bind_cold(c, dom);
		if (!cr3)
			goto out;
	}
	g = c->gate;
	g->domain_cr3 = cr3;
	g->fault = f;
	gate_hide_rare(g);
	status = gate_run(g);
out:
	native_irq_enable();
	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		preempt_enable_notrace();
	return status;
}

/**
 * atmos_gate_init() - build the IDT that all domains share
 *
 * Context: process. Return: 0 or -ENOMEM.
 */
int atmos_gate_init(void)
{
	int i;

	gate_idt = (gate_desc *)get_zeroed_page(GFP_KERNEL);
	if (!gate_idt)
		return -ENOMEM;
	for (i = 0; i < 256; i++) {
		unsigned long stub = (unsigned long)atmos_gate_stubs + i * GATE_STUB_SIZE;
		unsigned int ist = GATE_IST_MAIN;

		if (i == X86_TRAP_NMI)
			ist = GATE_IST_NMI;
		else if (i == X86_TRAP_DB)
			ist = GATE_IST_DB;
		else if (i == X86_TRAP_MC)
			ist = GATE_IST_MC;
		else if (i == X86_TRAP_DF)
			ist = GATE_IST_DF;
		gate_idt[i] = (gate_desc) {
			.offset_low = stub,
			.segment = __KERNEL_CS,
			.bits = {
				.ist = ist,
				.type = GATE_INTERRUPT,
				.dpl = i == GATE_EXIT_VECTOR ? 3 : 0,
				.p = 1,
			},
			.offset_middle = stub >> 16,
			.offset_high = stub >> 32,
		};
	}
	return 0;
}

void atmos_gate_exit(void)
{
	free_page((unsigned long)gate_idt);
}

const void *atmos_gate_idt(void)
{
	return gate_idt;
}
