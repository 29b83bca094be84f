// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page tables: the supervisor-only part that all domains of a CPU share, and
 * the slots that a domain's leaf table is linked into.
 *
 * A slot is a top-level table with a PCID of its own. The lower half (CPL3) or
 * one unused entry of the upper half (CPL0) leads to the 2 MiB window of the
 * bound domain; the rest of the upper half to what the CPU needs to leave it.
 * Built for 4 or 5 levels at run time. No entry is ever global.
 *
 * Called by cpu.c (hotplug callbacks, on the CPU itself) and by gate.c
 * (interrupts off). A slot is only ever touched by its own CPU.
 */
#include <linux/io.h>
#include <linux/mem_encrypt.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <asm/cpu_entry_area.h>
#include <asm/desc.h>
#include <asm/intel_ds.h>
#include <asm/pgtable.h>

#include "cpu.h"
#include "platform.h"

/*
 * PCIDs. Linux numbers its own from 1 up, at most 2046, and with page-table
 * isolation uses the same plus bit 11 (user_pcid()). The dynamic ones end at
 * 6; with INVLPGB (AMD, from 6.14) any below 2047 may be in use. So bit 11
 * with a high number is free, but where INVLPGB comes with isolation, or with a
 * kernel built without it; platform.c then goes without PCIDs.
 */
#define ASPACE_PCID_BASE	0xf00
static_assert(ASPACE_PCID_BASE + ATMOS_SLOTS <= 0x1000);

/*
 * The window. 0x400000000000 is far from where Linux puts programs (a return
 * predictor filled by a domain names addresses there); the upper one is in
 * the hole that Linux leaves below its direct map (Documentation/arch/x86/
 * x86_64/mm.rst), with the same lower indices.
 */
#define ASPACE_USER_BASE	0x0000400000000000ull
#define ASPACE_KERNEL_BASE_4	0xffff800000000000ull
#define ASPACE_KERNEL_BASE_5	0xff00400000000000ull

#define ASPACE_TABLE		(_PAGE_PRESENT | _PAGE_RW | _PAGE_ACCESSED)
#define ASPACE_NOFLUSH		BIT_ULL(63)

/* Bound to no domain: ids begin at 1. */
const struct atmos_slot atmos_slot_none;

static int aspace_levels;
static bool aspace_pcid;

static u64 aspace_entry(const void *table, u64 flags)
{
	return __sme_set(__pa(table)) | flags;
}

static void *aspace_table(u64 entry)
{
	return __va(__sme_clr(entry) & PTE_PFN_MASK);
}

static unsigned int aspace_index(u64 address, int level)
{
	return address >> (PAGE_SHIFT + 9 * (level - 1)) & 511;
}

/* A zeroed page that goes with the CPU's other tables. */
static void *aspace_alloc(struct list_head *tables, gfp_t gfp)
{
	struct page *page = alloc_page(gfp | __GFP_ZERO);

	if (!page)
		return NULL;
	list_add(&page->lru, tables);
	return page_address(page);
}

/* The leaf entry for an address in the tables under @top, made if @gfp is not 0. */
static u64 *aspace_leaf(struct atmos_cpu *c, u64 address, gfp_t gfp)
{
	u64 *table = c->top;
	int level;

	for (level = aspace_levels; level > 1; level--) {
		u64 *e = &table[aspace_index(address, level)];

		if (!*e) {
			void *next = gfp ? aspace_alloc(&c->tables, gfp) : NULL;

			if (!next)
				return NULL;
			WRITE_ONCE(*e, aspace_entry(next, ASPACE_TABLE));
		}
		table = aspace_table(*e);
	}
	return &table[aspace_index(address, 1)];
}

/* Map one supervisor page at its kernel address. */
static int aspace_map(struct atmos_cpu *c, u64 address, phys_addr_t phys, u64 flags)
{
	u64 *leaf = aspace_leaf(c, address, GFP_KERNEL);

	if (!leaf)
		return -ENOMEM;
	WRITE_ONCE(*leaf, __sme_set(phys) | flags | _PAGE_PRESENT | _PAGE_ACCESSED);
	return 0;
}

/* Map @len bytes of the kernel's address space as the kernel has them. */
static int aspace_share(struct atmos_cpu *c, const void *start, size_t len, u64 flags)
{
	u64 address = (u64)start & PAGE_MASK;
	u64 end = (u64)start + len;
	int err;

	for (; address < end; address += PAGE_SIZE) {
		err = aspace_map(c, address, slow_virt_to_phys((void *)address), flags);
		if (err)
			return err;
	}
	return 0;
}

static struct x86_hw_tss *aspace_tss(struct atmos_cpu *c)
{
	struct x86_hw_tss *tss = c->tss;
	u64 block = (u64)c->gate;

	tss->sp0 = block + GATE_MAIN_TOP;
	tss->ist[GATE_IST_MAIN - 1] = block + GATE_MAIN_TOP;
	tss->ist[GATE_IST_NMI - 1] = block + GATE_NMI_TOP;
	tss->ist[GATE_IST_DB - 1] = block + GATE_DB_TOP;
	tss->ist[GATE_IST_MC - 1] = block + GATE_MC_TOP;
	tss->ist[GATE_IST_DF - 1] = block + GATE_DF_TOP;
	/* Beyond the segment's limit: no port is open (SDM volume 1, 19.5.2). */
	tss->io_bitmap_base = 0xffff;
	return tss;
}

/* Where this CPU's descriptor tables are. On that CPU. */
static void aspace_read_addresses(struct atmos_cpu *c)
{
	const struct ldttss_desc *d;
	struct desc_ptr ptr;
	unsigned long tr;

	store_idt(&ptr);
	c->addr.idt = ptr.address;
	native_store_gdt(&ptr);
	c->addr.gdt = ptr.address;
	asm volatile("str %0" : "=r" (tr));
	d = (const void *)(ptr.address + (tr & 0xfff8));
	c->addr.tss = d->base0 | (u64)d->base1 << 16 | (u64)d->base2 << 24 | (u64)d->base3 << 32;
	c->addr.gate_block = (u64)c->gate;
}

/* Where PEBS and BTS write on this CPU, if its user is ever made. */
static void aspace_debug_area(struct atmos_cpu *c, u64 *start, u64 *end)
{
	struct cpu_entry_area *cea;

	cea = container_of((struct x86_hw_tss *)c->addr.tss, struct cpu_entry_area, tss.x86_tss);
	*start = (u64)&cea->cpu_debug_store;
	*end = (u64)(&cea->cpu_debug_buffers + 1);
}

/* Tables without leaves: where those are set, nothing can be allocated. */
static int aspace_debug_tables(struct atmos_cpu *c)
{
	struct cpu_entry_area *cea;
	u64 address, end;
	unsigned int level;

	cea = container_of((struct x86_hw_tss *)c->addr.tss, struct cpu_entry_area, tss.x86_tss);
	c->debug_pte[0] = lookup_address((u64)&cea->cpu_debug_store, &level);
	c->debug_pte[1] = lookup_address((u64)&cea->cpu_debug_buffers.bts_buffer, &level);
	c->debug_pte[2] = lookup_address((u64)&cea->cpu_debug_buffers.pebs_buffer, &level);
	memset(c->debug_seen, 0, sizeof(c->debug_seen));
	aspace_debug_area(c, &address, &end);
	for (; address < end; address = (address | ~PMD_MASK) + 1)
		if (!aspace_leaf(c, address, GFP_KERNEL))
			return -ENOMEM;
	return 0;
}

static int aspace_shared_init(struct atmos_cpu *c)
{
	u64 nx = _PAGE_NX | _PAGE_DIRTY;
	int err;

	aspace_read_addresses(c);
	/* The hardware TSS must not straddle: only its page is replaced. */
	if (c->addr.idt & ~PAGE_MASK ||
	    (c->addr.tss & ~PAGE_MASK) + sizeof(struct x86_hw_tss) > PAGE_SIZE) {
		pr_err("descriptor tables at unexpected addresses: IDT %llx TSS %llx\n",
		       c->addr.idt, c->addr.tss);
		return -EOPNOTSUPP;
	}
	/* The TSS sits in the page as the kernel's does in its own. */
	c->tss += c->addr.tss & ~PAGE_MASK;
	aspace_tss(c);

	err = aspace_share(c, atmos_gate_text, atmos_gate_text_end - atmos_gate_text, 0);
	if (!err)
		err = aspace_share(c, c->gate, GATE_BLOCK_SIZE, nx | _PAGE_RW);
	if (!err)
		err = aspace_share(c, (void *)c->addr.gdt, PAGE_SIZE, nx);
	if (!err)
		err = aspace_map(c, c->addr.idt, __pa(atmos_gate_idt()), nx);
	if (!err)
		err = aspace_map(c, c->addr.tss & PAGE_MASK,
				 __pa((u64)c->tss & PAGE_MASK), nx | _PAGE_RW);
	if (!err)
		err = aspace_debug_tables(c);
	return err;
}

/* A slot's own tables: the top level and a chain down to the window's leaf. */
static int aspace_slot_init(struct atmos_cpu *c, struct atmos_slot *s, unsigned int index)
{
	int user_top = aspace_index(ASPACE_USER_BASE, aspace_levels);
	int kernel_top = aspace_index(atmos_aspace_base(ATMOS_PRIV_KERNEL), aspace_levels);
	u64 flags = ASPACE_TABLE | _PAGE_USER;
	u64 *table, *next;
	int level;

	s->pgd = aspace_alloc(&c->tables, GFP_KERNEL);
	if (!s->pgd)
		return -ENOMEM;
	memcpy(s->pgd + 256, c->top + 256, 256 * sizeof(u64));
	s->user_top = &s->pgd[user_top];
	s->kernel_top = &s->pgd[kernel_top];

	table = aspace_alloc(&c->tables, GFP_KERNEL);
	if (!table)
		return -ENOMEM;
	s->lower = aspace_entry(table, flags);
	for (level = aspace_levels - 1; level > 2; level--) {
		next = aspace_alloc(&c->tables, GFP_KERNEL);
		if (!next)
			return -ENOMEM;
		table[aspace_index(ASPACE_USER_BASE, level)] = aspace_entry(next, flags);
		table = next;
	}
	s->pmd = &table[aspace_index(ASPACE_USER_BASE, 2)];
	s->cr3 = __sme_set(__pa(s->pgd));
	if (aspace_pcid)
		s->cr3 |= ASPACE_PCID_BASE + index;
	s->hot_cr3 = s->cr3 | (aspace_pcid ? ASPACE_NOFLUSH : 0);
	return 0;
}

/**
 * atmos_aspace_cpu_init() - build a CPU's tables
 * @c: that CPU's state, its gate block and TSS page allocated
 *
 * Context: process, on that CPU (hotplug callback). May sleep.
 * Return: 0, -ENOMEM, or -EOPNOTSUPP when the CPU's descriptor tables are not
 * laid out as every known kernel has them; call atmos_aspace_cpu_exit() then too.
 */
int atmos_aspace_cpu_init(struct atmos_cpu *c)
{
	unsigned int i;
	int err;

	INIT_LIST_HEAD(&c->tables);
	c->top = aspace_alloc(&c->tables, GFP_KERNEL);
	if (!c->top)
		return -ENOMEM;
	err = aspace_shared_init(c);
	c->hot = &atmos_slot_none;
	for (i = 0; !err && i < ATMOS_SLOTS; i++)
		err = aspace_slot_init(c, &c->slot[i], i);
	return err;
}

void atmos_aspace_cpu_exit(struct atmos_cpu *c)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, &c->tables, lru) {
		list_del(&page->lru);
		__free_page(page);
	}
	memset(c->slot, 0, sizeof(c->slot));
	c->top = NULL;
}

/**
 * atmos_aspace_base() - where a domain's window begins
 * @priv: its privilege
 */
u64 atmos_aspace_base(enum atmos_privilege priv)
{
	if (priv == ATMOS_PRIV_USER)
		return ASPACE_USER_BASE;
	return aspace_levels == 5 ? ASPACE_KERNEL_BASE_5 : ASPACE_KERNEL_BASE_4;
}

/**
 * atmos_aspace_pte() - leaf entry for a page of a domain's window
 * @page: what to map
 * @prot: how; writable pages start clean, so that a restart copies only those
 *	that were written
 * @priv: the domain's privilege
 */
u64 atmos_aspace_pte(struct page *page, enum atmos_prot prot, enum atmos_privilege priv)
{
	u64 pte = __sme_set(page_to_phys(page)) | _PAGE_PRESENT | _PAGE_ACCESSED;

	if (priv == ATMOS_PRIV_USER)
		pte |= _PAGE_USER;
	if (prot == ATMOS_PROT_RW)
		pte |= _PAGE_RW;
	if (prot != ATMOS_PROT_RX)
		pte |= _PAGE_NX;
	return pte;
}

bool atmos_pte_dirty(u64 pte)
{
	return pte & _PAGE_DIRTY;
}

static struct atmos_slot *aspace_find(struct atmos_cpu *c, u64 id)
{
	unsigned int i;

	for (i = 0; i < ATMOS_SLOTS; i++)
		if (c->slot[i].domain == id)
			return &c->slot[i];
	return NULL;
}

/**
 * atmos_aspace_bind() - the CR3 value with which to enter a domain
 * @c: this CPU's state
 * @dom: domain, its lock held
 *
 * The no-flush bit is set only if this CPU's slot still belongs to the domain
 * and no translation was taken away since it was last made consistent.
 * Nothing else is needed against stale translations: a domain never runs while
 * its mappings change, and a CPU walks only the table in its CR3.
 *
 * Context: interrupts off. Return: the CR3 value; @c->hot is the slot.
 */
u64 atmos_aspace_bind(struct atmos_cpu *c, struct atmos_domain *dom)
{
	struct atmos_slot *s = aspace_find(c, dom->id);

	if (!s) {
		s = &c->slot[c->clock_hand++ % ATMOS_SLOTS];
		WRITE_ONCE(*s->pmd, aspace_entry(dom->leaf, ASPACE_TABLE | _PAGE_USER));
		WRITE_ONCE(*s->user_top, dom->privilege == ATMOS_PRIV_USER ? s->lower : 0);
		WRITE_ONCE(*s->kernel_top, dom->privilege == ATMOS_PRIV_KERNEL ? s->lower : 0);
		s->domain = dom->id;
		s->map_gen = 0;		/* no domain's */
		c->stats.rebinds++;
	}
	c->hot = s;
	if (s->map_gen == dom->map_gen)
		return s->hot_cr3;
	s->map_gen = dom->map_gen;
	c->stats.flushes++;
	return s->cr3;
}

/*
 * PEBS writes its records through the current page table, also while the gate
 * runs on a domain's, where a fault would be fatal. So map what the kernel has
 * there: it makes the buffers with the first such event and frees them with the
 * last, each time told by an entry that changes.
 */
static void aspace_debug_copy(struct atmos_cpu *c)
{
	unsigned int level, i;
	u64 address, end;

	aspace_debug_area(c, &address, &end);
	for (; address < end; address += PAGE_SIZE) {
		const pte_t *pte = lookup_address(address, &level);
		u64 *leaf = aspace_leaf(c, address, 0);
		u64 entry = 0;

		if (pte && level == PG_LEVEL_4K && pte_present(*pte))
			entry = __sme_set((u64)pte_pfn(*pte) << PAGE_SHIFT) | _PAGE_PRESENT |
				_PAGE_ACCESSED | _PAGE_DIRTY | _PAGE_RW | _PAGE_NX;
		if (leaf)
			WRITE_ONCE(*leaf, entry);
	}
	for (i = 0; i < ATMOS_SLOTS; i++)
		c->slot[i].map_gen = 0;		/* no domain's: flush */
}

/**
 * atmos_aspace_debug_sync() - follow the kernel's mappings of its debug store
 * @c: this CPU's state
 *
 * Context: interrupts off, on the way into a domain, after it was bound.
 */
void atmos_aspace_debug_sync(struct atmos_cpu *c)
{
	bool changed = false;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(c->debug_pte); i++) {
		u64 now = c->debug_pte[i] ? pte_val(READ_ONCE(*c->debug_pte[i])) : 0;

		/* The CPU sets accessed and dirty bits as it likes. */
		now &= ~(u64)(_PAGE_ACCESSED | _PAGE_DIRTY);
		changed = changed || now != c->debug_seen[i];
		c->debug_seen[i] = now;
	}
	if (changed) {
		aspace_debug_copy(c);
		c->gate->domain_cr3 = c->hot->cr3;
	}
}

/**
 * atmos_aspace_init() - learn how this machine pages
 *
 * Context: process, before any other call here.
 */
void atmos_aspace_init(void)
{
	aspace_levels = __read_cr4() & X86_CR4_LA57 ? 5 : 4;
	aspace_pcid = atmos_platform_pcid();
}
