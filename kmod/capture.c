// SPDX-License-Identifier: GPL-2.0-only
/*
 * Captures: the events, commands and records of a socket's entries, for
 * atmos-trace, which shows them and runs them again on the host. Off unless the
 * administrator asks for one; memory is bounded, the oldest entries go first.
 *
 * Payload is not in it, for it does not go through domains; headers are. Entries
 * are added with the socket's lock held, in any context but hard interrupt; a
 * capture outlives its socket until it is ended.
 */
#include <linux/mutex.h>
#include <linux/slab.h>

#include "capture.h"
#include "sock.h"

static LIST_HEAD(capture_list);
static DEFINE_MUTEX(capture_mutex);
static u32 capture_id;
static u32 capture_nr;

static void capture_free(struct kref *ref)
{
	struct atmos_capture *cap = container_of(ref, struct atmos_capture, ref);
	struct atmos_capture_run *run, *next;

	list_for_each_entry_safe(run, next, &cap->runs, node)
		kfree(run);
	kvfree(cap);
}

/* Context: any but hard interrupt. */
void atmos_capture_put(struct atmos_capture *cap)
{
	kref_put(&cap->ref, capture_free);
}

/**
 * atmos_capture_start() - begin to capture a socket's entries
 * @as: socket
 * @max: bytes of memory
 * @on_death: stop with the first death
 *
 * Context: process. Return: the capture with a reference; or ERR_PTR: -EBUSY if the
 * socket has one, -ENOSPC if there are too many, -ENOMEM.
 */
struct atmos_capture *atmos_capture_start(struct atmos_sock *as, u32 max, bool on_death)
{
	struct atmos_capture *cap = kvzalloc(sizeof(*cap), GFP_KERNEL);
	int err = 0;

	if (!cap)
		return ERR_PTR(-ENOMEM);
	kref_init(&cap->ref);
	spin_lock_init(&cap->lock);
	INIT_LIST_HEAD(&cap->runs);
	cap->max = max;
	cap->on_death = on_death;
	mutex_lock(&capture_mutex);
	spin_lock_bh(&as->lock);
	if (as->capture && READ_ONCE(as->capture->stopped))
		capture_drop(as);
	if (as->capture) {
		err = -EBUSY;
	} else if (capture_nr >= ATMOS_CAPTURES_MAX) {
		err = -ENOSPC;
	} else {
		kref_get(&cap->ref);
		as->capture = cap;
	}
	spin_unlock_bh(&as->lock);
	if (!err) {
		kref_get(&cap->ref);
		cap->id = ++capture_id;
		capture_nr++;
		list_add_tail(&cap->node, &capture_list);
	}
	mutex_unlock(&capture_mutex);
	if (!err)
		return cap;
	atmos_capture_put(cap);
	return ERR_PTR(err);
}

/**
 * atmos_capture_next() - the first capture from a number on
 * @id: that number
 *
 * Context: process. Return: it with a reference, or NULL.
 */
struct atmos_capture *atmos_capture_next(u32 id)
{
	struct atmos_capture *cap, *found = NULL;

	mutex_lock(&capture_mutex);
	list_for_each_entry(cap, &capture_list, node) {
		if (cap->id >= id) {
			kref_get(&cap->ref);
			found = cap;
			break;
		}
	}
	mutex_unlock(&capture_mutex);
	return found;
}

/* That of the number, with a reference, or NULL. Context: process. */
struct atmos_capture *atmos_capture_get(u32 id)
{
	struct atmos_capture *cap = atmos_capture_next(id);

	if (!cap || cap->id == id)
		return cap;
	atmos_capture_put(cap);
	return NULL;
}

/* No entries any more. Context: any but hard interrupt. */
void atmos_capture_stop(struct atmos_capture *cap)
{
	spin_lock_bh(&cap->lock);
	WRITE_ONCE(cap->stopped, true);
	spin_unlock_bh(&cap->lock);
}

/* Forget it: what is kept is freed with the last reference. Context: process. */
void atmos_capture_end(struct atmos_capture *cap)
{
	bool listed;

	atmos_capture_stop(cap);
	mutex_lock(&capture_mutex);
	listed = !list_empty(&cap->node);
	if (listed) {
		list_del_init(&cap->node);
		capture_nr--;
	}
	mutex_unlock(&capture_mutex);
	if (listed)
		atmos_capture_put(cap);
}

/* The module goes: no socket is left, and nobody asks any more. */
void atmos_capture_exit(void)
{
	struct atmos_capture *cap;

	while ((cap = atmos_capture_next(0))) {
		atmos_capture_end(cap);
		atmos_capture_put(cap);
	}
}

/**
 * atmos_capture_read() - a part of the entries
 * @cap: capture that has stopped
 * @pos: byte of all entries, one behind the other
 * @to: buffer
 * @len: its bytes
 *
 * Context: process. Return: bytes copied, 0 at the end, -EBUSY if it has not stopped.
 */
int atmos_capture_read(struct atmos_capture *cap, u64 pos, void *to, u32 len)
{
	struct atmos_capture_run *run;
	u32 done = 0, n;

	spin_lock_bh(&cap->lock);
	if (!cap->stopped) {
		spin_unlock_bh(&cap->lock);
		return -EBUSY;
	}
	list_for_each_entry(run, &cap->runs, node) {
		if (pos >= run->len) {
			pos -= run->len;
			continue;
		}
		n = min_t(u32, run->len - pos, len - done);
		memcpy(to + done, run->data + pos, n);
		done += n;
		pos = 0;
		if (done == len)
			break;
	}
	spin_unlock_bh(&cap->lock);
	return done;
}

/* ---- entries ---- */

/* Bytes up to the last that is not zero. */
static u16 capture_used(const u8 *record, u32 len)
{
	while (len && !record[len - 1])
		len--;
	return len;
}

/* The domain is about to be entered. */
void capture_before(struct atmos_sock *as)
{
	struct atmos_capture *cap = as->capture;
	const struct atmos_domain *dom = as->dom;
	const struct dom_in *in = dom->in;

	if (READ_ONCE(cap->stopped)) {
		capture_drop(as);
		return;
	}
	cap->head = (struct trace_entry) {
		.magic = TRACE_ENTRY_MAGIC,
		.id = dom->id,
		.nr_in = in->nr_slots,
		.before_len = capture_used(dom->shadow, dom->shadow_used),
	};
	memcpy(cap->head.config, in->config, sizeof(cap->head.config));
	memcpy(cap->before, dom->shadow, cap->head.before_len);
	memcpy(cap->in, in->slot, in->nr_slots * sizeof(in->slot[0]));
}

static struct atmos_capture_run *capture_run(struct atmos_capture *cap, const struct dom_out *out)
{
	const struct trace_entry *h = &cap->head;
	u32 len = sizeof(*h) + h->before_len + (h->nr_in + h->nr_out) * DOM_SLOT_SIZE +
		  h->after_len;
	struct atmos_capture_run *run = kmalloc(struct_size(run, data, len),
						GFP_ATOMIC | __GFP_NOWARN);
	u8 *to;

	if (!run)
		return NULL;
	run->len = len;
	to = run->data;
	memcpy(to, h, sizeof(*h));
	to += sizeof(*h);
	memcpy(to, cap->before, h->before_len);
	to += h->before_len;
	memcpy(to, cap->in, h->nr_in * DOM_SLOT_SIZE);
	to += h->nr_in * DOM_SLOT_SIZE;
	memcpy(to, out->slot, h->nr_out * DOM_SLOT_SIZE);
	to += h->nr_out * DOM_SLOT_SIZE;
	memcpy(to, out->record, h->after_len);
	return run;
}

static void capture_add(struct atmos_capture *cap, struct atmos_capture_run *run)
{
	struct atmos_capture_run *old;

	spin_lock_bh(&cap->lock);
	if (!run || cap->stopped) {
		cap->lost++;
		kfree(run);
		goto out;
	}
	list_add_tail(&run->node, &cap->runs);
	cap->bytes += run->len;
	cap->nr++;
	while (cap->bytes > cap->max) {
		old = list_first_entry(&cap->runs, struct atmos_capture_run, node);
		list_del(&old->node);
		cap->bytes -= old->len;
		cap->nr--;
		cap->lost++;
		kfree(old);
	}
out:
	spin_unlock_bh(&cap->lock);
}

/* The entry is over. What a domain that died has left is gone. */
void capture_after(struct atmos_sock *as, const struct atmos_entry *entry)
{
	struct atmos_capture *cap = as->capture;
	const struct atmos_domain *dom = as->dom;
	const struct dom_out *out = dom->out;

	if (entry->status == ATMOS_ENTRY_REFUSED)
		return;
	cap->head.now_us = dom->in->now_us;
	if (entry->status == ATMOS_ENTRY_OK) {
		cap->head.nr_out = out->nr_slots;
		cap->head.out_flags = out->flags;
		cap->head.after_len = capture_used(out->record, dom->shadow_used);
	} else {
		cap->head.flags = TRACE_DIED;
	}
	capture_add(cap, capture_run(cap, out));
	if (entry->status == ATMOS_ENTRY_DIED && cap->on_death) {
		atmos_capture_stop(cap);
		capture_drop(as);
	}
}

/* The socket has no part in it any more. */
void capture_drop(struct atmos_sock *as)
{
	if (!as->capture)
		return;
	atmos_capture_stop(as->capture);
	atmos_capture_put(as->capture);
	as->capture = NULL;
}
