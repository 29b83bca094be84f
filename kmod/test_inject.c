// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults on order: one fault for one domain, whoever owns it, at one of its
 * next entries; what was done and what became of the domain is told afterwards.
 * For tools/faultinject.
 *
 * Orders come from user space (test.c). An entry (entry.c) calls
 * atmos_inject_before() and atmos_inject_after() around the gate, the domain's
 * lock held and bottom halves off. Faults inside of a domain are put in by an
 * interrupt of this CPU that the gate forwards: a timer, or for the first
 * instruction one that is pending when the domain is entered.
 *
 * Locks: a domain's lock, then inject_lock: the table of orders. An order
 * that was found under the domain's lock stays as long as that is held.
 */
#include <linux/irqflags.h>
#include <linux/mm.h>
#include <linux/timekeeping.h>

#include "compat.h"
#include "cpu.h"
#include "inject.h"
#include "test.h"

#define INJECTS		64
#define DELAY_MAX_NS	NSEC_PER_MSEC

/*
 * A timer takes its time to come, in an emulator more than an entry lasts. So
 * the entry waits for most of that; how much is learnt from those that came
 * too early, at the first instruction, and too late.
 */
#define LEAD_NS		((s64)100 * (s64)NSEC_PER_USEC)
#define STEP_NS		1000

static s64 inject_late_ns = 20 * NSEC_PER_USEC;

DEFINE_STATIC_KEY_FALSE(atmos_inject_key);

static struct inject injects[INJECTS];
static u32 inject_ids;
static DEFINE_SPINLOCK(inject_lock);

/* ---- interrupts inside ---- */

static void inject_learn(s64 by)
{
	s64 late = READ_ONCE(inject_late_ns) + by;

	/* Two CPUs may do this at once: no harm. */
	WRITE_ONCE(inject_late_ns, clamp_t(s64, late, -LEAD_NS, LEAD_NS - STEP_NS));
}

/* Did this interrupt come while the domain of the order was inside, and is it time? */
static void inject_interrupted(struct inject *inj)
{
	const struct atmos_cpu *c = this_cpu_ptr(&atmos_cpu);
	struct gate *g = c->gate;
	struct gate_regs *regs;

	if (!g || !g->forwarding || g->dom != inj->dom || inj->state != INJECT_UNDER_WAY)
		return;
	regs = (void *)g + GATE_MAIN_TOP - sizeof(*regs);
	if (inj->order.kind != ATMOS_TEST_INJECT_START &&
	    regs->rip == inj->dom->base + inj->dom->image->entry) {
		inject_learn(-STEP_NS);
		inj->early = true;
		return;
	}
	if (injure_inside(inj, g, regs))
		inj->state = INJECT_FIRED;
}

static enum hrtimer_restart inject_timer(struct hrtimer *timer)
{
	inject_interrupted(container_of(timer, struct inject, timer));
	return HRTIMER_NORESTART;
}

static void inject_work(struct irq_work *work)
{
	inject_interrupted(container_of(work, struct inject, work));
}

/* ---- around an entry ---- */

static struct inject *inject_find(const struct atmos_domain *dom)
{
	struct inject *inj, *found = NULL;

	spin_lock(&inject_lock);
	for (inj = injects; inj < injects + INJECTS && !found; inj++)
		if (inj->dom == dom)
			found = inj;
	spin_unlock(&inject_lock);
	return found;
}

/* The fault is in: what follows counts from here. */
static void inject_fired(struct inject *inj)
{
	inj->state = INJECT_FIRED;
	inj->result.fired = 1;
	inj->entries = inj->dom->entries;
	inj->restarts = inj->dom->restarts;
}

/* Did it die since? The first death is told; it ends what was done to shared pages. */
static void inject_look(struct inject *inj)
{
	struct atmos_domain *dom = inj->dom;

	inj->result.deaths = dom->restarts - inj->restarts;
	inj->result.given_up = dom->state == ATMOS_DOM_GIVEN_UP;
	if (!inj->result.deaths) {
		inj->result.entries = dom->entries - inj->entries;
		return;
	}
	if (!inj->result.fault) {
		inj->result.fault = dom->last_fault;
		inj->result.entries = dom->entries - inj->entries;
		injure_undo_page(inj);
	}
}

static bool inject_due(struct inject *inj)
{
	if (inj->state != INJECT_ORDERED || inj->order.kind == ATMOS_TEST_INJECT_NONE)
		return false;
	if (inj->nth > 1) {
		inj->nth--;
		return false;
	}
	return true;
}

/* Lets the timer come about so long after the entry; leaves interrupts off. */
static void inject_lead(struct inject *inj)
{
	u64 begin = ktime_get_mono_fast_ns();

	native_irq_disable();
	inj->early = false;
	hrtimer_start(&inj->timer,
		      ns_to_ktime(LEAD_NS - READ_ONCE(inject_late_ns) + inj->order.delay_ns),
		      HRTIMER_MODE_REL_PINNED_HARD);
	while (ktime_get_mono_fast_ns() - begin < LEAD_NS)
		cpu_relax();
}

/**
 * atmos_inject_before() - a domain is about to be entered
 * @dom: domain, its lock held
 */
void atmos_inject_before(struct atmos_domain *dom)
{
	struct inject *inj = inject_find(dom);

	if (!inj)
		return;
	inject_look(inj);
	if (inj->result.deaths && !inj->result.ready_ns)
		inj->result.ready_ns = ktime_get_mono_fast_ns() - inj->died_ns;
	if (!inject_due(inj))
		return;
	switch (inj->order.kind) {
	case ATMOS_TEST_INJECT_TEXT:
	case ATMOS_TEST_INJECT_DATA:
		if (injure_window(inj))
			inject_fired(inj);
		break;
	case ATMOS_TEST_INJECT_EVENT:
	case ATMOS_TEST_INJECT_HEAD:
	case ATMOS_TEST_INJECT_LOSE:
	case ATMOS_TEST_INJECT_TWICE:
		if (injure_events(inj))
			inject_fired(inj);
		break;
	case ATMOS_TEST_INJECT_KILL:
	case ATMOS_TEST_INJECT_START:
		if (inj->order.kind == ATMOS_TEST_INJECT_START) {
			inj->state = INJECT_UNDER_WAY;
		} else {
			WRITE_ONCE(dom->stop, 1);
			inject_fired(inj);
		}
		/* Pending until the domain runs; the gate turns them on again. */
		native_irq_disable();
		irq_work_queue(&inj->work);
		break;
	case ATMOS_TEST_INJECT_COMMAND:
	case ATMOS_TEST_INJECT_RECORD:
		inj->state = INJECT_UNDER_WAY;
		break;
	default:
		inj->state = INJECT_UNDER_WAY;
		inject_lead(inj);
	}
}

/* Not in this entry: in the next. */
static void inject_missed(struct inject *inj)
{
	u32 kind = inj->order.kind;

	inj->state = INJECT_ORDERED;
	if (kind == ATMOS_TEST_INJECT_REGS || kind == ATMOS_TEST_INJECT_STACK ||
	    kind == ATMOS_TEST_INJECT_CODE || kind == ATMOS_TEST_INJECT_STATE)
		inject_learn(inj->early ? 0 : STEP_NS);
}

/**
 * atmos_inject_after() - a domain was entered, or refused
 * @dom: domain, its lock held
 * @status: how that ended; nothing was looked at yet
 */
void atmos_inject_after(struct atmos_domain *dom, enum atmos_entry_status status)
{
	struct inject *inj = inject_find(dom);

	if (!inj)
		return;
	/* The other interrupt came as soon as interrupts were on. */
	hrtimer_cancel(&inj->timer);
	injure_undo_events(inj);
	/* What an interrupt has put in is counted from this entry. */
	if (inj->state == INJECT_FIRED && !inj->result.fired)
		inject_fired(inj);
	if (inj->state == INJECT_UNDER_WAY) {
		if ((inj->order.kind == ATMOS_TEST_INJECT_COMMAND ||
		     inj->order.kind == ATMOS_TEST_INJECT_RECORD) &&
		    status == ATMOS_ENTRY_OK && injure_answer(inj))
			inject_fired(inj);
		else
			inject_missed(inj);
	}
	/* Until it is told otherwise: if this entry ends in a death, then now. */
	if (inj->result.fired && !inj->result.deaths)
		inj->died_ns = ktime_get_mono_fast_ns();
}

/* ---- orders ---- */

static bool inject_wants_page(u32 kind)
{
	switch (kind) {
	case ATMOS_TEST_INJECT_TEXT:
	case ATMOS_TEST_INJECT_DATA:
	case ATMOS_TEST_INJECT_CODE:
	case ATMOS_TEST_INJECT_EVENT:
	case ATMOS_TEST_INJECT_HEAD:
	case ATMOS_TEST_INJECT_LOSE:
	case ATMOS_TEST_INJECT_TWICE:
		return true;
	}
	return false;
}

/* A free place in the table, of which the caller is the owner from now on. */
static struct inject *inject_claim(const void *owner, const struct atmos_domain *dom)
{
	struct inject *inj, *found = NULL;

	spin_lock_bh(&inject_lock);
	for (inj = injects; inj < injects + INJECTS; inj++) {
		if (inj->dom == dom) {
			found = NULL;
			break;
		}
		if (!inj->owner && !found)
			found = inj;
	}
	if (found) {
		memset(found, 0, sizeof(*found));
		found->owner = owner;
		found->id = ++inject_ids;
	}
	spin_unlock_bh(&inject_lock);
	return found;
}

static void inject_free(struct inject *inj)
{
	irq_work_sync(&inj->work);
	if (inj->page)
		__free_page(inj->page);
	spin_lock_bh(&inject_lock);
	inj->owner = NULL;
	spin_unlock_bh(&inject_lock);
}

/**
 * atmos_inject_order() - carry out ATMOS_TEST_INJECT
 * @owner: the open file
 * @arg: order; @arg->id is filled in
 *
 * Context: process. Return: 0; -EINVAL; -ENOENT: no such domain; -EBUSY;
 * -ENOMEM.
 */
long atmos_inject_order(const void *owner, struct atmos_test_inject *arg)
{
	struct atmos_domain *dom;
	struct inject *inj;

	if (arg->reserved || arg->id || arg->kind >= ATMOS_TEST_INJECT_NR || arg->word > 1 ||
	    arg->delay_ns > DELAY_MAX_NS)
		return -EINVAL;
	dom = atmos_domain_get(arg->domain);
	if (!dom)
		return -ENOENT;
	inj = inject_claim(owner, dom);
	if (!inj) {
		atmos_domain_put(dom);
		return -EBUSY;
	}
	compat_hrtimer_setup(&inj->timer, inject_timer);
	inj->work = IRQ_WORK_INIT_HARD(inject_work);
	if (inject_wants_page(arg->kind)) {
		inj->page = alloc_page(GFP_KERNEL);
		if (!inj->page) {
			inject_free(inj);
			atmos_domain_put(dom);
			return -ENOMEM;
		}
	}
	inj->order = *arg;
	inj->nth = arg->nth;
	inj->state = INJECT_ORDERED;
	static_branch_enable(&atmos_inject_key);

	spin_lock_bh(&dom->lock);
	inj->restarts = dom->restarts;
	inj->entries = dom->entries;
	arg->id = inj->id;
	spin_lock(&inject_lock);
	inj->dom = dom;		/* from here on entries find it */
	spin_unlock(&inject_lock);
	spin_unlock_bh(&dom->lock);
	return 0;
}

/* No entry finds it any more, and the domain is whole again. */
static void inject_end(struct inject *inj)
{
	struct atmos_domain *dom = inj->dom;

	spin_lock_bh(&dom->lock);
	inject_look(inj);
	injure_undo_page(inj);
	spin_lock(&inject_lock);
	inj->dom = NULL;
	spin_unlock(&inject_lock);
	spin_unlock_bh(&dom->lock);
	atmos_domain_put(dom);
}

/* The caller's order of that name, or its next one for 0. */
static struct inject *inject_of(const void *owner, u32 id)
{
	struct inject *inj, *found = NULL;

	spin_lock_bh(&inject_lock);
	for (inj = injects; inj < injects + INJECTS && !found; inj++)
		if (inj->owner == owner && inj->dom && (!id || inj->id == id))
			found = inj;
	spin_unlock_bh(&inject_lock);
	return found;
}

/**
 * atmos_inject_result() - carry out ATMOS_TEST_INJECTED
 * @owner: the open file
 * @arg: which order; what became of it
 *
 * One call at a time for an order, which the caller sees to.
 *
 * Context: process. Return: 0, -EINVAL, or -ENOENT: no such order.
 */
long atmos_inject_result(const void *owner, struct atmos_test_injected *arg)
{
	struct inject *inj;
	u32 id = arg->id;

	if (arg->reserved || !id)
		return -EINVAL;
	inj = inject_of(owner, id);
	if (!inj)
		return -ENOENT;
	inject_end(inj);
	*arg = inj->result;
	arg->id = id;
	inject_free(inj);
	return 0;
}

/**
 * atmos_inject_release() - a file is closed
 * @owner: it
 *
 * Context: process.
 */
void atmos_inject_release(const void *owner)
{
	struct inject *inj;

	while ((inj = inject_of(owner, 0))) {
		inject_end(inj);
		inject_free(inj);
	}
}
