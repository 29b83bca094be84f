/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Per-CPU state: the gate block, the slots, and the counters.
 *
 * A CPU's state is made by its hotplug callback, on that CPU, and used only
 * there with preemption off; the counters are read from anywhere.
 */
#ifndef _ATMOS_CPU_H
#define _ATMOS_CPU_H

#include <linux/hrtimer.h>
#include <linux/percpu.h>

#include "atmos.h"
#include "gate.h"

#define ATMOS_SLOTS	16	/* top-level tables, and PCIDs, of a CPU */

/**
 * struct atmos_slot - a top-level table that a domain is bound to while hot
 * @pgd: top-level page
 * @pmd: the entry that names the bound domain's leaf table
 * @user_top: the window's top-level entry at CPL3
 * @kernel_top: the same at CPL0; one of both is 0
 * @lower: what such an entry holds
 * @cr3: physical address and PCID
 * @hot_cr3: the same, without flushing
 * @domain: id of the bound domain, 0 for none. An id, not a pointer: ids are
 *	never reused, so the entry of a destroyed domain can match nothing
 * @map_gen: the domain's when its translations were last made consistent
 */
struct atmos_slot {
	u64 *pgd;
	u64 *pmd;
	u64 *user_top;
	u64 *kernel_top;
	u64 lower;
	u64 cr3;
	u64 hot_cr3;
	u64 domain;
	u64 map_gen;
};

/**
 * struct atmos_stats - counters, written by their own CPU only
 * @crossings: entries through the gate, of CPUs that went down; those of
 *	others are in the gate block, like the next two
 * @irqs: interrupts forwarded out of domains
 * @nmis: NMIs likewise
 * @nmis_in_gate: NMIs and machine checks that hit the gate's own code
 * @pge_repairs: CR4.PGE found on
 * @rebinds: slot given to another domain
 * @flushes: entries that flushed their PCID
 */
struct atmos_stats {
	u64 crossings;
	u64 irqs;
	u64 nmis;
	u64 nmis_in_gate;
	u64 pge_repairs;
	u64 rebinds;
	u64 flushes;
};

/**
 * struct atmos_addresses - linear addresses that a domain's table shares with
 * the kernel's on one CPU
 * @idt: interrupt descriptor table
 * @tss: task state segment
 * @gdt: global descriptor table
 * @gate_block: gate block
 */
struct atmos_addresses {
	u64 idt;
	u64 tss;
	u64 gdt;
	u64 gate_block;
};

/**
 * struct atmos_cpu - one CPU's gate
 * @gate: the gate block, GATE_BLOCK_SIZE bytes, aligned to it
 * @tss: the private TSS page
 * @top: top-level entries of the supervisor-only part, shared by all slots
 * @tables: pages of the supervisor-only tables, for freeing
 * @slot: top-level tables
 * @clock_hand: the next slot to be given away
 * @debug_pte: the kernel's entries for the debug store and its buffers
 * @debug_seen: what they held when they were copied
 * @number: of this CPU
 * @hot: the slot entered last, atmos_slot_none when the timer is not running;
 *	only with interrupts off
 * @timer: bounds every entry, with or without a tick
 * @up: cleared before the CPU goes down
 * @addr: where its descriptor tables are
 * @stats: counters
 */
struct atmos_cpu {
	struct gate *gate;
	void *tss;
	u64 *top;
	struct list_head tables;
	struct atmos_slot slot[ATMOS_SLOTS];
	u32 clock_hand;
	pte_t *debug_pte[3];
	u64 debug_seen[3];
	u32 number;
	const struct atmos_slot *hot;
	struct hrtimer timer;
	bool up;
	struct atmos_addresses addr;
	struct atmos_stats stats;
};

DECLARE_PER_CPU(struct atmos_cpu, atmos_cpu);

extern unsigned int atmos_budget_us;

int atmos_cpu_init(void);
void atmos_cpu_exit(void);
int atmos_cpu_enable(gfp_t gfp);
void atmos_cpu_disable(void);
void atmos_cpu_poke(const struct atmos_domain *dom);
void atmos_cpu_stats(struct atmos_stats *sum);

/* aspace.c */
extern const struct atmos_slot atmos_slot_none;

void atmos_aspace_init(void);
int atmos_aspace_cpu_init(struct atmos_cpu *c);
void atmos_aspace_cpu_exit(struct atmos_cpu *c);
u64 atmos_aspace_base(enum atmos_privilege priv);
u64 atmos_aspace_pte(struct page *page, enum atmos_prot prot, enum atmos_privilege priv);
bool atmos_pte_dirty(u64 pte);
u64 atmos_aspace_bind(struct atmos_cpu *c, struct atmos_domain *dom);
void atmos_aspace_debug_sync(struct atmos_cpu *c);

/* gate.c */
enum atmos_entry_status atmos_gate_run(struct atmos_domain *dom, struct gate_fault *f);
int atmos_gate_init(void);
void atmos_gate_exit(void);
const void *atmos_gate_idt(void);

/* domain.c, for test.c: change a warm mapping. NULL unmaps. */
int atmos_domain_remap(struct atmos_domain *dom, u32 offset, struct page *page);
/* domain.c, for test.c and bench: bare crossings */
int atmos_domain_cross(struct atmos_domain *dom, u32 count);

#endif /* _ATMOS_CPU_H */
