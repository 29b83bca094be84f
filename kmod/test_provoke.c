// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events that tests cannot cause from user space: NMIs, function-call
 * interrupts, CR4.PGE turned on behind the gate's back, kernel TLB flushes.
 * Called by test.c in process context.
 *
 * Locks: provoke_lock, one call at a time, so that an NMI has one sender.
 */
#include <linux/cpu.h>
#include <linux/delay.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/sched/signal.h>
#include <linux/smp.h>
#include <linux/vmalloc.h>

#include <asm/apic.h>
#include <asm/msr.h>
#include <asm/nmi.h>
#include <asm/processor-flags.h>

#include "test.h"

#define NMI_NAME	"atmos-test"

/* An emulated CPU may be scheduled out by its host for a while. */
#define NMI_WAIT_NS	(2 * NSEC_PER_SEC)

static DEFINE_MUTEX(provoke_lock);

/* CPU + 1 that an NMI is under way to, 0 when none is. */
static atomic_t nmi_target;

static int test_nmi(unsigned int type, struct pt_regs *regs)
{
	int mine = raw_smp_processor_id() + 1;

	/* Claims only what was sent: others have their own handlers. */
	if (atomic_cmpxchg(&nmi_target, mine, 0) != mine)
		return NMI_DONE;
	return NMI_HANDLED;
}

/*
 * The interrupt command register is written directly: the kernel's functions
 * for it are not exported, and differ between versions.
 */
static bool x2apic_on(void)
{
	return native_read_msr(MSR_IA32_APICBASE) & X2APIC_ENABLE;
}

static void apic_id_get(void *arg)
{
	u32 *id = arg;

	if (x2apic_on())
		*id = native_read_msr(APIC_BASE_MSR + (APIC_ID >> 4));
	else
		*id = native_apic_mem_read(APIC_ID) >> 24;
}

static void nmi_send(u32 apic_id)
{
	unsigned long flags;

	if (x2apic_on()) {
		/* Unlike the MMIO write this one does not order what was before. */
		mb();
		wrmsr(APIC_BASE_MSR + (APIC_ICR >> 4), APIC_DM_NMI, apic_id);
		return;
	}
	/* Two writes, between which no interrupt may send something else. */
	local_irq_save(flags);
	while (native_apic_mem_read(APIC_ICR) & APIC_ICR_BUSY)
		cpu_relax();
	native_apic_mem_write(APIC_ICR2, apic_id << 24);
	native_apic_mem_write(APIC_ICR, APIC_DM_NMI);
	local_irq_restore(flags);
}

/* Two pending NMIs merge into one, so each is waited for. */
static int provoke_nmi(u32 cpu)
{
	u64 end = ktime_get_ns() + NMI_WAIT_NS;
	u32 apic_id = 0;
	int err;

	err = smp_call_function_single(cpu, apic_id_get, &apic_id, 1);
	if (err)
		return err;
	atomic_set(&nmi_target, cpu + 1);
	preempt_disable();
	nmi_send(apic_id);
	preempt_enable();
	while (atomic_read(&nmi_target)) {
		if (ktime_get_ns() > end) {
			atomic_set(&nmi_target, 0);
			return -ETIMEDOUT;
		}
		cpu_relax();
	}
	return 0;
}

static void do_nothing(void *arg)
{
}

/* The kernel's cached CR4 still has PGE, so this is what it may do any time. */
static void pge_on(void *arg)
{
	unsigned long cr4;

	asm volatile("mov %%cr4, %0" : "=r" (cr4));
	asm volatile("mov %0, %%cr4" : : "r" (cr4 | X86_CR4_PGE) : "memory");
}

static int provoke_tlb_flush(void)
{
	struct page *page = alloc_page(GFP_KERNEL);
	void *area;

	if (!page)
		return -ENOMEM;
	area = vmap(&page, 1, VM_MAP, PAGE_KERNEL);
	if (!area) {
		__free_page(page);
		return -ENOMEM;
	}
	vunmap(area);
	/* Unmapping is lazy; this is when all CPUs flush. */
	vm_unmap_aliases();
	__free_page(page);
	return 0;
}

static int provoke_once(const struct atmos_test_provoke *p)
{
	switch (p->what) {
	case ATMOS_TEST_PROVOKE_NMI:
		return provoke_nmi(p->cpu);
	case ATMOS_TEST_PROVOKE_IPI:
		return smp_call_function_single(p->cpu, do_nothing, NULL, 1);
	case ATMOS_TEST_PROVOKE_PGE:
		return smp_call_function_single(p->cpu, pge_on, NULL, 1);
	case ATMOS_TEST_PROVOKE_TLBFLUSH:
		return provoke_tlb_flush();
	default:
		return -EINVAL;
	}
}

static void pause_us(u32 us)
{
	if (us >= 10)
		usleep_range(us, us + us / 4);
	else
		udelay(us);
}

/**
 * atmos_test_provoke_run() - carry out ATMOS_TEST_PROVOKE
 * @p: arguments
 *
 * Return: 0; -ETIMEDOUT when an NMI was not seen by the kernel; -ENXIO when
 * the CPU is not online; -EINTR; other negative errno.
 */
long atmos_test_provoke_run(const struct atmos_test_provoke *p)
{
	u64 i;
	int err = 0;

	if (p->reserved || p->interval_us > USEC_PER_SEC)
		return -EINVAL;
	if (p->cpu >= nr_cpu_ids)
		return -ENXIO;

	if (mutex_lock_interruptible(&provoke_lock))
		return -EINTR;
	for (i = 0; i < p->count && !err; i++) {
		if (i && p->interval_us)
			pause_us(p->interval_us);
		/* The CPU may come and go between two, not while one is sent. */
		cpus_read_lock();
		err = cpu_online(p->cpu) ? provoke_once(p) : -ENXIO;
		cpus_read_unlock();
		if (!err && signal_pending(current))
			err = -EINTR;
		cond_resched();
	}
	mutex_unlock(&provoke_lock);
	return err;
}

/**
 * atmos_test_provoke_init() - be ready for NMIs
 *
 * Return: 0 or a negative errno.
 */
int atmos_test_provoke_init(void)
{
	return register_nmi_handler(NMI_LOCAL, test_nmi, 0, NMI_NAME);
}

/**
 * atmos_test_provoke_exit() - undo atmos_test_provoke_init()
 */
void atmos_test_provoke_exit(void)
{
	unregister_nmi_handler(NMI_LOCAL, NMI_NAME);
}
