// SPDX-License-Identifier: GPL-2.0-only
/*
 * An entry into a domain, as a transaction: events in, commands out; all of
 * them are checked, then all take effect, or none does and the domain is as
 * after its last commit.
 *
 * Called by the domain's owner with bottom halves off and interrupts on.
 */
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/timekeeping.h>
#include <asm/msr.h>
#include <asm/tsc.h>

#include "compat.h"
#include "contract.h"
#include "cpu.h"
#include "domain.h"
#include "inject.h"
#include "trace.h"
#include "words.h"

static unsigned int giveup_deaths = 8;
module_param(giveup_deaths, uint, 0644);
MODULE_PARM_DESC(giveup_deaths, "give a domain up after this many deaths within giveup_ms (default 8, 0: never)");

static unsigned int giveup_ms = 10000;
module_param(giveup_ms, uint, 0644);
MODULE_PARM_DESC(giveup_ms, "see giveup_deaths (default 10000)");

/**
 * atmos_domain_event() - room for one event of the next entry
 * @dom: domain; the caller serialises placing events and entering
 * @type: enum dom_event
 * @inline_len: bytes that the caller puts into the following slots
 *
 * Context: any. Return: the zeroed message with its header set, or NULL if the
 * queue is full: enter first.
 */
struct dom_msg *atmos_domain_event(struct atmos_domain *dom, u16 type, u32 inline_len)
{
	u32 slots = dom_msg_slots(inline_len);
	struct dom_in *in = dom->in;
	struct dom_msg *msg;

	if (inline_len > DOM_INLINE_MAX || in->nr_slots + slots > DOM_IN_SLOTS)
		return NULL;
	msg = &in->slot[in->nr_slots];
	in->nr_slots += slots;
	atmos_zero_words(msg, slots * DOM_SLOT_SIZE);
	msg->hdr.type = type;
	msg->hdr.inline_len = inline_len;
	return msg;
}

/* Types of the batch's first events, for the report. */
static void entry_events(const struct dom_in *in, struct atmos_fault *r)
{
	u32 i = 0;

	while (i < in->nr_slots) {
		if (r->nr_events < ATMOS_FAULT_EVENTS)
			r->events[r->nr_events] = in->slot[i].hdr.type;
		r->nr_events++;
		i += dom_msg_slots(in->slot[i].hdr.inline_len);
	}
}

static void entry_report_regs(struct atmos_domain *dom, struct atmos_fault *r,
			      const struct gate_regs *g)
{
	const u64 regs[ATMOS_FAULT_REGS] = {
		g->rax, g->rbx, g->rcx, g->rdx, g->rsi, g->rdi, g->rbp, g->rsp,
		g->r8, g->r9, g->r10, g->r11, g->r12, g->r13, g->r14, g->r15,
	};
	u64 offset = g->rip - dom->base;
	const char *name;
	u32 delta;

	memcpy(r->regs, regs, sizeof(regs));
	r->rflags = g->rflags;
	r->rip = g->rip;
	if (offset >= DOM_WINDOW_SIZE)
		return;
	r->rip = offset;
	r->rip_in_window = true;
	name = atmos_image_symbol(dom->image, offset, &delta);
	if (name)
		snprintf(r->symbol, sizeof(r->symbol), "%.36s+0x%x", name, delta);
}

/* Deaths by the administrator's hand do not count. */
static bool entry_give_up(struct atmos_domain *dom, u32 kind)
{
	u64 now = get_jiffies_64();

	if (kind == ATMOS_FAULT_KILLED)
		return false;
	if (now - dom->death_window_start > msecs_to_jiffies(giveup_ms)) {
		dom->death_window_start = now;
		dom->deaths_in_window = 0;
	}
	return ++dom->deaths_in_window > giveup_deaths && giveup_deaths;
}

/* Nothing took effect; tell, and make the domain as after its last commit. */
static void entry_die(struct atmos_domain *dom, struct atmos_entry *entry, struct atmos_fault *r)
{
	r->domain = dom->id;
	strscpy(r->image, dom->image->manifest.name, sizeof(r->image));
	memcpy(r->build_id, dom->image->manifest.build_id, sizeof(r->build_id));
	entry_events(dom->in, r);
	entry->status = ATMOS_ENTRY_DIED;
	entry->fault = atmos_report_add(r);
	dom->last_fault = entry->fault;
	domain_restart(dom);
	trace_atmos_restart(dom);
	if (entry_give_up(dom, r->kind))
		dom->state = ATMOS_DOM_GIVEN_UP;
	atmos_netlink_domain(dom, dom->state == ATMOS_DOM_READY ? ATMOS_NOTICE_RESTARTED :
			     ATMOS_NOTICE_GIVEN_UP);
	if (dom->ops->died)
		dom->ops->died(dom, entry->fault);
}

static noinline void entry_die_gate(struct atmos_domain *dom, struct atmos_entry *entry,
				    const struct gate_fault *f)
{
	struct atmos_fault r = {
		.kind = f->kind,
		.vector = f->vector,
		.error_code = f->error_code,
		.address = f->address,
	};

	entry_report_regs(dom, &r, &f->regs);
	entry_die(dom, entry, &r);
}

static noinline void entry_die_contract(struct atmos_domain *dom, struct atmos_entry *entry,
					const struct atmos_violation *v)
{
	struct atmos_fault r = {
		.kind = ATMOS_FAULT_CONTRACT,
		.error_code = EBADMSG,
		.address = v->slot,
		.why = v->why,
	};

	entry_die(dom, entry, &r);
}

/*
 * Is everything the domain left behind acceptable? Changes nothing that a
 * restart does not undo. Returns the bytes of the record that count, or a
 * negative errno.
 */
static int entry_decode(struct atmos_domain *dom, struct atmos_violation *v)
{
	const struct dom_out *out = dom->out;
	u32 class = dom->image->manifest.image_class;
	u32 i = 0;
	int n;

	n = atmos_contract_queue(out, v);
	if (n)
		return n;
	while (i < out->nr_slots) {
		v->slot = i;
		n = atmos_contract_message(&out->slot[i], out->nr_slots - i, class,
					   dom->handles, &v->why);
		if (n < 0)
			return n;
		if (dom->ops->check) {
			int err = dom->ops->check(dom, &out->slot[i], &v->why);

			if (err)
				return err;
		}
		i += n;
	}
	v->slot = DOM_OUT_SLOTS;
	if (!dom->ops->check_record)
		return dom->shadow_len;
	return dom->ops->check_record(dom, out->record, &v->why);
}

/* The point of no return: nothing from here on can fail. */
static void entry_commit(struct atmos_domain *dom, u32 record_used)
{
	const struct dom_out *out = dom->out;
	u32 i;

	trace_atmos_commit(dom, out->nr_slots);
	atmos_copy_words(dom->shadow, out->record, record_used);
	if (record_used < dom->shadow_used)
		memset(dom->shadow + record_used, 0, dom->shadow_used - record_used);
	dom->shadow_used = record_used;
	dom->in->record_len = dom->shadow_len;
	for (i = 0; i < out->nr_slots; i += dom_msg_slots(out->slot[i].hdr.inline_len)) {
		const struct dom_msg *msg = &out->slot[i];
		struct atmos_object *obj = NULL;

		if (msg->hdr.handle != DOM_NO_HANDLE && atmos_contract_takes(msg->hdr.type))
			obj = atmos_handle_take(dom->handles, msg->hdr.handle);
		dom->ops->commit(dom, msg, obj);
	}
}

/* In, and out again; the caller holds the lock. */
static enum atmos_entry_status entry_cross(struct atmos_domain *dom, struct gate_fault *f)
{
	enum atmos_entry_status status;

	dom->in->now_us = atmos_now_us();
	dom->out->nr_slots = 0;
	dom->out->flags = 0;
	inject_before(dom);
	status = atmos_gate_run(dom, f);
	inject_after(dom, status);
	return status;
}

/**
 * atmos_domain_enter() - one transaction
 * @dom: domain, with the events placed by atmos_domain_event()
 * @entry: result
 *
 * Context: process or softirq with bottom halves off, interrupts on; takes the
 * domain's lock. The events are used up unless the entry was refused.
 */
void atmos_domain_enter(struct atmos_domain *dom, struct atmos_entry *entry)
{
	struct atmos_violation v = { .why = "refused by its owner" };
	struct gate_fault f compat_uninit;
	u64 start;
	int used;

	*entry = (struct atmos_entry) { .status = ATMOS_ENTRY_REFUSED };
	if (unlikely(in_hardirq() || in_nmi() || irqs_disabled())) {
		entry->error = -EWOULDBLOCK;
		return;
	}
	spin_lock(&dom->lock);
	if (unlikely(dom->state != ATMOS_DOM_READY)) {
		entry->error = dom->state == ATMOS_DOM_QUARANTINED ? -EHOSTDOWN : -ECONNABORTED;
		goto out;
	}
	if (unlikely(READ_ONCE(dom->stop))) {
		struct atmos_fault r = { .kind = ATMOS_FAULT_KILLED };

		entry_die(dom, entry, &r);
		goto out;
	}
	start = rdtsc();
	switch (entry_cross(dom, &f)) {
	case ATMOS_ENTRY_OK:
		dom->crossings++;
		used = entry_decode(dom, &v);
		if (used < 0) {
			entry_die_contract(dom, entry, &v);
			break;
		}
		entry->more = dom->out->flags & DOM_OUT_MORE;
		entry_commit(dom, used);
		dom->in->nr_slots = 0;
		dom->entries++;
		entry->status = ATMOS_ENTRY_OK;
		break;
	case ATMOS_ENTRY_DIED:
		dom->crossings++;
		entry_die_gate(dom, entry, &f);
		break;
	default:
		entry->error = -EAGAIN;
	}
	entry->cycles = rdtsc() - start;
	dom->cycles += entry->cycles;
	trace_atmos_entry(dom, entry);
out:
	spin_unlock(&dom->lock);
}

/**
 * atmos_domain_cross() - bare crossings, nothing in the mailbox; for the benchmark
 * @dom: domain
 * @count: how many
 *
 * Context: process. Return: 0, -EIO if it died (it is
 * restarted), -EAGAIN if it could not be entered.
 */
int atmos_domain_cross(struct atmos_domain *dom, u32 count)
{
	enum atmos_entry_status status = ATMOS_ENTRY_REFUSED;
	struct atmos_entry entry;
	struct gate_fault f;

	spin_lock_bh(&dom->lock);
	dom->in->nr_slots = 0;
	if (dom->state != ATMOS_DOM_READY)
		count = 0;
	while (count--) {
		status = atmos_gate_run(dom, &f);
		if (unlikely(status != ATMOS_ENTRY_OK))
			break;
		dom->crossings++;
	}
	if (status == ATMOS_ENTRY_DIED)
		entry_die_gate(dom, &entry, &f);
	spin_unlock_bh(&dom->lock);
	if (status == ATMOS_ENTRY_OK)
		return 0;
	return status == ATMOS_ENTRY_DIED ? -EIO : -EAGAIN;
}
