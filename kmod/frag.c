// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fragments that came in: they go to a domain that puts datagrams together,
 * one for each namespace, made when the first one comes and given back when
 * there has been nothing to do for a while. It sees their headers only.
 *
 * What it answers is held to the fragments themselves (frag_join.c). If it dies,
 * or holds on to too much or for too long, all that waits is thrown away, as if
 * it had been lost on the wire. There is no answer (ICMP) to what is incomplete.
 *
 * Called by rx.c in softirq, and by a timer. Locks: &atmos_frag.lock, which is
 * held while the domain runs; nothing but the domain's is taken inside.
 */
#include <linux/jiffies.h>
#include <linux/slab.h>

#include "compat.h"
#include "conn.h"
#include "frag.h"
#include "handles.h"
#include "words.h"

/* As net.ipv4.ipfrag_high_thresh is by default. */
#define FRAG_MEMORY_MAX	(4u << 20)

/* No datagram waits longer, whatever the domain says: RFC 8200 4.5 has 60 s. */
#define FRAG_LIFE	(90 * HZ)

/* The longest sleep of the timer. */
#define FRAG_SLEEP	(60 * HZ)

/* After that the domain is given back. */
#define FRAG_IDLE	(10 * HZ)

/* None for so long after one that died too often. */
#define FRAG_HOLDOFF	(10 * HZ)

/* Of an entry: each may complete a datagram, which takes three slots. */
#define FRAG_BATCH	8

static struct atmos_image *frag_image;

/* ---- the domain ---- */

/* It has begun anew, and knows of nothing. */
static void frag_died(struct atmos_domain *dom, u64 fault_seq)
{
	frag_forget(dom->owner);
}

static const struct atmos_domain_ops frag_ops = {
	.check = frag_check,
	.commit = frag_commit,
	.died = frag_died,
};

static bool frag_wake(struct atmos_frag *fr)
{
	const struct stack_config config = { .kind = STACK_REASM, .mtu = U16_MAX };
	struct atmos_domain *dom;

	if (likely(fr->dom))
		return true;
	if (fr->held_off && time_before(jiffies, fr->holdoff))
		return false;
	fr->held_off = false;
	dom = atmos_domain_create(frag_image, atmos_privilege_default, &frag_ops, fr,
				  GFP_ATOMIC | __GFP_NOWARN);
	if (IS_ERR(dom))
		return false;
	atmos_domain_seed(dom, &config, NULL, 0);
	fr->deadline = 0;
	fr->dom = dom;
	return true;
}

static void frag_sleep(struct atmos_frag *fr)
{
	struct atmos_domain *dom = fr->dom;

	fr->dom = NULL;
	fr->deadline = 0;
	frag_forget(fr);
	if (dom)
		atmos_domain_destroy(dom);
}

/* With what was placed before. Datagrams go to @done. */
static void frag_enter(struct atmos_frag *fr, struct sk_buff_head *done)
{
	struct atmos_entry entry;

	fr->done = done;
	fr->nr = 0;
	fr->nr_gone = 0;
	atmos_domain_enter(fr->dom, &entry);
	fr->done = NULL;
	if (entry.status == ATMOS_ENTRY_REFUSED)
		fr->dom->in->nr_slots = 0;
	if (unlikely(fr->dom->handles->used))
		atmos_domain_reclaim(fr->dom);
	if (entry.status == ATMOS_ENTRY_REFUSED && entry.error == -ECONNABORTED) {
		frag_sleep(fr);
		fr->holdoff = jiffies + FRAG_HOLDOFF;
		fr->held_off = true;
	}
}

/* ---- the timer ---- */

static void frag_arm(struct atmos_frag *fr)
{
	unsigned long sleep = FRAG_SLEEP;

	if (!fr->dom)
		return;
	if (RB_EMPTY_ROOT(&fr->stash)) {
		sleep = FRAG_IDLE;
	} else if (fr->deadline) {
		u64 now = atmos_now_us();
		u64 left = fr->deadline > now ? fr->deadline - now : 0;

		if (left < jiffies_to_usecs(FRAG_SLEEP))
			sleep = usecs_to_jiffies(left) + 1;
	}
	mod_timer(&fr->timer, jiffies + sleep);
}

static bool frag_overdue(const struct atmos_frag *fr)
{
	struct rb_node *node;

	for (node = rb_first(&fr->stash); node; node = rb_next(node))
		if (time_after(jiffies, frag_cb(rb_to_skb(node))->at + FRAG_LIFE))
			return true;
	return false;
}

static void frag_timer(struct timer_list *t)
{
	struct atmos_frag *fr = compat_timer_container_of(fr, t, timer);
	struct sk_buff_head done;

	__skb_queue_head_init(&done);
	spin_lock(&fr->lock);
	if (!fr->dom || RB_EMPTY_ROOT(&fr->stash) || frag_overdue(fr)) {
		frag_sleep(fr);
	} else {
		struct dom_ev_TIMER *e = (struct dom_ev_TIMER *)
			atmos_domain_event(fr->dom, DOM_EV_TIMER, 0);

		if (e)
			e->deadline = fr->deadline;
		frag_enter(fr, &done);
		frag_arm(fr);
	}
	spin_unlock(&fr->lock);
	/* Time completes no datagram; only a domain gone wrong says so. */
	__skb_queue_purge(&done);
}

/* ---- fragments in ---- */

/* One fragment into the queue; false if that has no room for it. */
static bool frag_place(struct atmos_frag *fr, struct sk_buff *skb)
{
	struct atmos_rx_cb *cb = atmos_rx_cb(skb);
	struct dom_ev_RX *e;

	e = (struct dom_ev_RX *)atmos_domain_event(fr->dom, DOM_EV_RX, cb->hlen);
	if (!e)
		return false;
	e->len = skb->len;
	atmos_copy_words((u8 *)e + DOM_SLOT_SIZE, skb->data, cb->hlen);
	e->hdr.handle = atmos_rx_give(fr->dom, skb);
	return true;
}

static void frag_run(struct atmos_frag *fr, struct sk_buff_head *frames, struct sk_buff_head *done)
{
	struct sk_buff *skb;
	u32 n = 0;

	while (n < FRAG_BATCH && (skb = __skb_dequeue(frames))) {
		if (!frag_place(fr, skb)) {
			__skb_queue_head(frames, skb);
			break;
		}
		n++;
	}
	frag_enter(fr, done);
	/* A hoard: whoever it is of, what comes next shall have room. */
	if (fr->memory > FRAG_MEMORY_MAX)
		frag_sleep(fr);
}

/**
 * atmos_frag_rx() - fragments of a batch
 * @fr: the namespace's reassembly
 * @frames: fragments with struct atmos_rx_cb, without padding; empty afterwards
 * @done: datagrams that are complete now, from L3 on, with skb_iif
 *
 * Context: softirq. Fragments that the domain cannot take are dropped.
 */
void atmos_frag_rx(struct atmos_frag *fr, struct sk_buff_head *frames, struct sk_buff_head *done)
{
	spin_lock(&fr->lock);
	while (!skb_queue_empty(frames)) {
		if (!frag_wake(fr)) {
			__skb_queue_purge(frames);
			break;
		}
		frag_run(fr, frames, done);
	}
	frag_arm(fr);
	spin_unlock(&fr->lock);
}

/* ---- life ---- */

/**
 * atmos_frag_create() - a namespace's reassembly; it has no domain yet
 *
 * Context: process. Return: it, or NULL without memory.
 */
struct atmos_frag *atmos_frag_create(void)
{
	struct atmos_frag *fr = kzalloc(sizeof(*fr), GFP_KERNEL);

	if (!fr)
		return NULL;
	spin_lock_init(&fr->lock);
	fr->stash = RB_ROOT;
	timer_setup(&fr->timer, frag_timer, 0);
	return fr;
}

/**
 * atmos_frag_destroy() - end it
 * @fr: reassembly; no frame comes in any more
 *
 * Context: process.
 */
void atmos_frag_destroy(struct atmos_frag *fr)
{
	compat_timer_delete_sync(&fr->timer);
	spin_lock_bh(&fr->lock);
	frag_sleep(fr);
	spin_unlock_bh(&fr->lock);
	kfree(fr);
}

/**
 * atmos_frag_init() - the image that reassembles
 *
 * Return: 0 or -ENOENT.
 */
int atmos_frag_init(void)
{
	frag_image = atmos_image_get("reasm");
	return frag_image ? 0 : -ENOENT;
}

void atmos_frag_exit(void)
{
	atmos_image_put(frag_image);
}
