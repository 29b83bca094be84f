/* SPDX-License-Identifier: GPL-2.0-only */
/* Frames kept out of order (stash.c); also built on the host. */
#ifndef _ATMOS_STASH_H
#define _ATMOS_STASH_H

#include <linux/rbtree.h>
#include <linux/skbuff.h>

#include "../domains/abi/types.h"

/**
 * struct atmos_data_cb - in skb->cb of received stream data: queued or stashed
 * @pos: of the first byte in the stream
 * @offset: of that byte in the skb, from skb->data on
 * @len: bytes that count
 * @id: reassembly: of the datagram
 */
struct atmos_data_cb {
	u64 pos;
	u32 offset;
	u32 len;
	u32 id;
};

static inline struct atmos_data_cb *atmos_data_cb(const struct sk_buff *skb)
{
	return (struct atmos_data_cb *)skb->cb;
}

bool atmos_stash_add(struct rb_root *root, struct sk_buff *skb);
struct sk_buff *atmos_stash_find(const struct rb_root *root, u64 pos, u32 id);
struct sk_buff *atmos_stash_any(const struct rb_root *root, u32 id);
void atmos_stash_remove(struct rb_root *root, struct sk_buff *skb);
bool atmos_stash_overlaps(const struct rb_root *root, u64 pos, u64 end, u32 id);
u32 atmos_stash_purge(struct rb_root *root);

#endif /* _ATMOS_STASH_H */
