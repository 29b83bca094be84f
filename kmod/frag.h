/* SPDX-License-Identifier: GPL-2.0-only */
/* What frag.c and frag_join.c share: a namespace's reassembly. */
#ifndef _ATMOS_FRAG_H
#define _ATMOS_FRAG_H

#include <linux/skbuff.h>
#include <linux/spinlock.h>
#include <linux/timer.h>

#include "rx.h"
#include "stash.h"

/**
 * struct frag_view - a fragment, as its own header tells it
 * @pos: of its first byte in the datagram's fragmented part
 * @len: of its bytes
 * @id: identification
 * @offset: of its bytes in the frame
 * @hlen: of the header before the fragmented part
 * @prev: IPv6: offset of the byte that names the fragment header
 * @saddr: offset of the source address; the destination's follows
 * @family: 4 or 6
 * @proto: IPv4: protocol; IPv6: what the fragment header names
 * @more: fragments follow
 */
struct frag_view {
	u32 pos;
	u32 len;
	u32 id;
	u16 offset;
	u16 hlen;
	u16 prev;
	u16 saddr;
	u8 family;
	u8 proto;
	bool more;
};

/**
 * struct frag_cb - in skb->cb of a stashed fragment
 * @data: for the stash
 * @at: jiffies, when it was stashed
 */
struct frag_cb {
	struct atmos_data_cb data;
	unsigned long at;
};

static_assert(sizeof(struct frag_cb) <= sizeof_field(struct sk_buff, cb), "skb->cb");

static inline struct frag_cb *frag_cb(const struct sk_buff *skb)
{
	return (struct frag_cb *)skb->cb;
}

/**
 * struct atmos_frag - reassembly in a namespace
 * @lock: all below; bottom halves off
 * @dom: the domain, or NULL
 * @stash: fragments that wait, by the domain's number of their datagram
 * @memory: that they take
 * @deadline: microseconds, when the domain wants to be entered, 0: never
 * @holdoff: jiffies until which there is none after it was given up
 * @held_off: @holdoff counts
 * @timer: for the deadline; or to give the domain back
 * @done: where datagrams go while the domain is entered
 * @nr: of @piece
 * @piece: fragments that this entry has stashed
 * @nr_gone: of @gone
 * @gone: datagrams that this entry has assembled or abandoned
 */
struct atmos_frag {
	/* of BH context */
	spinlock_t lock;
	struct atmos_domain *dom;
	struct rb_root stash;
	u32 memory;
	u64 deadline;
	unsigned long holdoff;
	bool held_off;
	struct timer_list timer;
	struct sk_buff_head *done;
	u32 nr;
	struct frag_piece {
		u32 id;
		struct frag_view view;
		const struct sk_buff *skb;
	} piece[STACK_RX_BATCH];
	u32 nr_gone;
	u32 gone[DOM_OUT_SLOTS];
};

/* frag_join.c */
int frag_check(struct atmos_domain *dom, const struct dom_msg *msg, const char **why);
void frag_commit(struct atmos_domain *dom, const struct dom_msg *msg, struct atmos_object *obj);
void frag_forget(struct atmos_frag *fr);

#endif /* _ATMOS_FRAG_H */
