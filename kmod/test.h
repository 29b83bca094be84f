/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inside of the test interface: what test.c, test_loop.c, test_provoke.c and
 * test_inject.c share. Nothing else may include this.
 */
#ifndef _ATMOS_KMOD_TEST_H
#define _ATMOS_KMOD_TEST_H

#include <linux/hrtimer.h>
#include <linux/irq_work.h>
#include <linux/kref.h>
#include <linux/mutex.h>

#include "../uapi/linux/atmos_test.h"
#include "atmos.h"
#include "gate.h"

/**
 * struct atmos_test_domain - a domain that belongs to an open file
 * @ref: one for the file's table, one for each call under way
 * @lock: placing events and entering belong together, so one call at a time
 * @dom: NULL once destroyed; under @lock
 * @remapped: pages that were mapped by ATMOS_TEST_REMAP, by their lru; kept as
 *	long as the domain, so that a stale translation shows the old contents
 *	and not somebody else's; under @lock
 * @nr_commands: slots filled by the last entry; under @lock
 * @command: committed command slots, inline ones included; under @lock
 */
struct atmos_test_domain {
	struct kref ref;
	struct mutex lock;	/* outside of the domain's own */
	struct atmos_domain *dom;
	struct list_head remapped;
	u32 nr_commands;
	struct dom_msg command[DOM_OUT_SLOTS];
};

void atmos_test_enter_locked(struct atmos_test_domain *td, struct atmos_entry *entry);
long atmos_test_loop_run(struct atmos_test_domain *td, struct atmos_test_loop *loop);
long atmos_test_provoke_run(const struct atmos_test_provoke *p);
int atmos_test_provoke_init(void);
void atmos_test_provoke_exit(void);

/* ---- test_inject.c, test_injure.c ---- */

enum inject_state {
	INJECT_FREE,
	INJECT_ORDERED,
	INJECT_UNDER_WAY,	/* in this entry, at an interrupt or behind it */
	INJECT_FIRED,
};

/**
 * struct inject - a fault that was ordered
 * All but @owner, @dom and @id: under the domain's lock, which is also held
 * while the domain is interrupted by @timer or @work.
 * @owner: file that ordered it; NULL: free
 * @dom: where, with a reference
 * @id: its name
 * @state: enum inject_state
 * @order: as it came
 * @nth: entries until then
 * @page: copy of a page of text or data, or what the events' page held
 * @shared: entry of the leaf table that @page stands in for, 0: none
 * @index: of that entry
 * @early: the interrupt of this entry came at its first instruction
 * @hidden: @page is to be copied back to the events' page
 * @restarts: of the domain, when the fault was put in, or ordered
 * @entries: likewise
 * @died_ns: when its next entry failed for the first time
 * @result: for the caller
 * @timer: for interrupts some time into the entry
 * @work: for one at its first instruction
 */
struct inject {
	const void *owner;
	struct atmos_domain *dom;
	u32 id;
	enum inject_state state;
	struct atmos_test_inject order;
	u32 nth;
	struct page *page;
	u64 shared;
	u32 index;
	bool early;
	bool hidden;
	u64 restarts;
	u64 entries;
	u64 died_ns;
	struct atmos_test_injected result;
	struct hrtimer timer;
	struct irq_work work;
};

long atmos_inject_order(const void *owner, struct atmos_test_inject *arg);
long atmos_inject_result(const void *owner, struct atmos_test_injected *arg);
void atmos_inject_release(const void *owner);

bool injure_window(struct inject *inj);
bool injure_events(struct inject *inj);
bool injure_answer(struct inject *inj);
bool injure_inside(struct inject *inj, struct gate *g, struct gate_regs *regs);
void injure_undo_page(struct inject *inj);
void injure_undo_events(struct inject *inj);

#endif /* _ATMOS_KMOD_TEST_H */
