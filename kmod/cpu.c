// SPDX-License-Identifier: GPL-2.0-only
/*
 * Per-CPU life: gate blocks made and freed by the hotplug callbacks, CR4.PGE
 * off while any domain exists, the timer that bounds entries, the counters.
 */
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/workqueue.h>
#include <asm/fsgsbase.h>
#include <asm/msr.h>
#include <asm/special_insns.h>

#include "compat.h"
#include "cpu.h"
#include "platform.h"

DEFINE_PER_CPU(struct atmos_cpu, atmos_cpu);

unsigned int atmos_budget_us = 2000;
module_param_named(budget_us, atmos_budget_us, uint, 0444);
MODULE_PARM_DESC(budget_us, "longest time a domain may run in one entry, microseconds (default 2000)");

static enum cpuhp_state cpu_hp_state;
static bool cpu_all_up;		/* those that were online at load */

/*
 * CR4.PGE must be off inside a domain: see PGE_OFF in gate_asm.S. How depends
 * on how the kernel flushes its own translations:
 *
 * - With page-table isolation, or without PCIDs, it does not rely on global
 *   entries. PGE is off for as long as domains exist.
 * - With PCIDs and without isolation it does: flush_tlb_one_kernel() is an INVLPG,
 *   which reaches other PCIDs' entries only if they are global. PGE must be on
 *   whenever the kernel runs, so the gate turns it off and on at each crossing
 *   (GATE_TOGGLES_PGE). That flushes everything, twice.
 *
 * Users of domains. PGE goes off before the first and on again after the last,
 * under the mutex; the count itself may be raised from any context while it is
 * not zero.
 */
static DEFINE_MUTEX(cpu_mutex);
static atomic_t cpu_users = ATOMIC_INIT(0);
static bool cpu_pge_is_off;

static void cpu_pge_off(void *unused)
{
#ifndef ATMOS_TEST_PGE_ON
	unsigned long cr4 = __read_cr4();

	/* A change of PGE flushes the whole TLB, global entries too. */
	asm volatile("mov %0, %%cr4" : : "r" (cr4 & ~X86_CR4_PGE) : "memory");
#endif
}

static void cpu_pge_on(void *unused)
{
	unsigned long flags;

	if (!boot_cpu_has(X86_FEATURE_PGE))
		return;
	local_irq_save(flags);
	asm volatile("mov %0, %%cr4" : : "r" (__read_cr4() | X86_CR4_PGE) : "memory");
	local_irq_restore(flags);
}

static void cpu_pge_work(struct work_struct *work)
{
	mutex_lock(&cpu_mutex);
	if (cpu_pge_is_off && !atomic_read(&cpu_users)) {
		cpus_read_lock();
		on_each_cpu(cpu_pge_on, NULL, 1);
		cpu_pge_is_off = false;
		cpus_read_unlock();
	}
	mutex_unlock(&cpu_mutex);
}

static DECLARE_WORK(cpu_pge_restore, cpu_pge_work);

/**
 * atmos_cpu_enable() - take a reference on "domains exist"
 * @gfp: whether the caller may sleep
 *
 * Context: any but hard interrupt; if it may not sleep, another user must
 * exist, else -EAGAIN: turning PGE off on all CPUs needs to wait for them.
 * Return: 0 or -EAGAIN.
 */
int atmos_cpu_enable(gfp_t gfp)
{
	if (atomic_inc_not_zero(&cpu_users))
		return 0;
	if (!gfpflags_allow_blocking(gfp))
		return -EAGAIN;
	mutex_lock(&cpu_mutex);
	if (!cpu_pge_is_off && !atmos_platform_toggles_pge()) {
		cpus_read_lock();
		cpu_pge_is_off = true;
		on_each_cpu(cpu_pge_off, NULL, 1);
		cpus_read_unlock();
	}
	atomic_inc(&cpu_users);
	mutex_unlock(&cpu_mutex);
	return 0;
}

/**
 * atmos_cpu_disable() - drop a reference of atmos_cpu_enable()
 *
 * Context: any. The last one turns PGE on again, later, from a work item.
 */
void atmos_cpu_disable(void)
{
	if (atomic_dec_and_test(&cpu_users))
		schedule_work(&cpu_pge_restore);
}

static enum hrtimer_restart cpu_timer(struct hrtimer *timer)
{
	struct atmos_cpu *c = container_of(timer, struct atmos_cpu, timer);
	struct gate *g = c->gate;

	/*
	 * The first in an entry may come at once, the second comes a whole
	 * budget later and ends it. Counting interrupts, not time, spares a
	 * domain whose virtual CPU was not scheduled.
	 */
	if (g->forwarding) {
		g->over_budget = g->timer_seen == g->crossings;
		g->timer_seen = g->crossings;
		hrtimer_forward_now(timer, ns_to_ktime((u64)atmos_budget_us * NSEC_PER_USEC));
		return HRTIMER_RESTART;
	}
	c->hot = &atmos_slot_none;
	return HRTIMER_NORESTART;
}

static void cpu_free(struct atmos_cpu *c)
{
	atmos_aspace_cpu_exit(c);
	free_page((u64)c->tss & PAGE_MASK);
	free_pages((unsigned long)c->gate, GATE_BLOCK_ORDER);
	c->tss = NULL;
	c->gate = NULL;
}

static int cpu_gate_up(unsigned int cpu)
{
	struct atmos_cpu *c = per_cpu_ptr(&atmos_cpu, cpu);
	struct page *block;
	int err = -ENOMEM;

	INIT_LIST_HEAD(&c->tables);
	block = alloc_pages_node(cpu_to_node(cpu), GFP_KERNEL | __GFP_ZERO, GATE_BLOCK_ORDER);
	c->tss = (void *)get_zeroed_page(GFP_KERNEL);
	if (!block || !c->tss)
		goto out;
	c->number = cpu;
	c->gate = page_address(block);
	c->gate->timer_seen = U64_MAX;
	c->gate->frame = (void *)c->gate + GATE_FRAME;
	c->gate->kernel_gs = rdgsbase();
	c->gate->cr3_noflush = __read_cr4() & X86_CR4_PCIDE ? BIT_ULL(63) : 0;
	atmos_platform_gate_features(c->gate);

	err = atmos_aspace_cpu_init(c);
	if (err)
		goto out;
	compat_hrtimer_setup(&c->timer, cpu_timer);
	if (READ_ONCE(cpu_pge_is_off)) {
		local_irq_disable();
		cpu_pge_off(NULL);
		local_irq_enable();
	}
	WRITE_ONCE(c->up, true);
	return 0;
out:
	if (!c->gate && block)
		__free_pages(block, GATE_BLOCK_ORDER);
	cpu_free(c);
	pr_err("CPU %u cannot enter domains (%d)\n", cpu, err);
	/* That is no reason to keep a CPU down that comes up later. */
	return cpu_all_up ? 0 : err;
}

static int cpu_gate_down(unsigned int cpu)
{
	struct atmos_cpu *c = per_cpu_ptr(&atmos_cpu, cpu);

	if (!c->up)
		return 0;
	/* On the CPU itself, so no entry is under way; and none begins from here. */
	WRITE_ONCE(c->up, false);
	local_irq_disable();
	c->hot = &atmos_slot_none;
	local_irq_enable();
	hrtimer_cancel(&c->timer);
	c->stats.crossings += c->gate->crossings;
	c->stats.pge_repairs += c->gate->pge_repairs;
	c->stats.nmis_in_gate += c->gate->nmis_in_gate;
	c->stats.irqs += c->gate->irqs;
	c->stats.nmis += c->gate->nmis;
	cpu_free(c);
	return 0;
}

/**
 * atmos_cpu_stats() - sum of all CPUs' counters
 * @sum: result
 *
 * Context: process (holds off CPU hotplug). Exact only while nothing runs.
 */
void atmos_cpu_stats(struct atmos_stats *sum)
{
	unsigned int cpu;

	memset(sum, 0, sizeof(*sum));
	cpus_read_lock();
	for_each_possible_cpu(cpu) {
		const struct atmos_cpu *c = per_cpu_ptr(&atmos_cpu, cpu);

		sum->crossings += READ_ONCE(c->stats.crossings);
		sum->rebinds += READ_ONCE(c->stats.rebinds);
		sum->flushes += READ_ONCE(c->stats.flushes);
		sum->irqs += READ_ONCE(c->stats.irqs);
		sum->nmis += READ_ONCE(c->stats.nmis);
		sum->nmis_in_gate += READ_ONCE(c->stats.nmis_in_gate);
		sum->pge_repairs += READ_ONCE(c->stats.pge_repairs);
		if (!READ_ONCE(c->up))
			continue;
		sum->crossings += READ_ONCE(c->gate->crossings);
		sum->irqs += READ_ONCE(c->gate->irqs);
		sum->nmis += READ_ONCE(c->gate->nmis);
		sum->nmis_in_gate += READ_ONCE(c->gate->nmis_in_gate);
		sum->pge_repairs += READ_ONCE(c->gate->pge_repairs);
	}
	cpus_read_unlock();
}

static void cpu_poke(void *unused)
{
}

/**
 * atmos_cpu_poke() - interrupt the CPU that runs a domain, if one does
 * @dom: domain, with its stop flag set
 *
 * Context: process.
 */
void atmos_cpu_poke(const struct atmos_domain *dom)
{
	unsigned int cpu;

	cpus_read_lock();
	for_each_online_cpu(cpu) {
		const struct atmos_cpu *c = per_cpu_ptr(&atmos_cpu, cpu);

		/* The domain it entered last: a poke too many does no harm. */
		if (READ_ONCE(c->up) && READ_ONCE(c->gate->dom) == dom)
			smp_call_function_single(cpu, cpu_poke, NULL, 0);
	}
	cpus_read_unlock();
}

/**
 * atmos_cpu_init() - make the gate of every CPU, now and when one comes up
 *
 * Context: process, at load. Return: 0 or a negative errno, nothing left behind.
 */
int atmos_cpu_init(void)
{
	int ret;

	if (atmos_budget_us < 100 || atmos_budget_us > 1000000) {
		pr_err("budget_us=%u is not between 100 and 1000000\n", atmos_budget_us);
		return -EINVAL;
	}
	atmos_aspace_init();
	ret = atmos_gate_init();
	if (ret)
		return ret;
	ret = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "net/atmos:online", cpu_gate_up,
				cpu_gate_down);
	if (ret < 0) {
		atmos_gate_exit();
		return ret;
	}
	cpu_hp_state = ret;
	cpu_all_up = true;
	return 0;
}

/**
 * atmos_cpu_exit() - undo atmos_cpu_init()
 *
 * Context: process, at unload, no domain exists.
 */
void atmos_cpu_exit(void)
{
	flush_work(&cpu_pge_restore);
	cpuhp_remove_state(cpu_hp_state);
	atmos_gate_exit();
}
