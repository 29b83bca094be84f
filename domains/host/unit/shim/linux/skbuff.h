/* SPDX-License-Identifier: GPL-2.0-only */
/* Of a packet, what kmod/stash.c uses. */
#ifndef _SHIM_SKBUFF_H
#define _SHIM_SKBUFF_H

#include "rbtree.h"

struct sk_buff {
	union {
		struct {
			struct sk_buff *next;
			struct sk_buff *prev;
			void *dev;
		};
		struct rb_node rbnode;
	};
	char cb[48] __attribute__((aligned(8)));
};

#define rb_to_skb(rb)	rb_entry(rb, struct sk_buff, rbnode)

void kfree_skb(struct sk_buff *skb);

#endif /* _SHIM_SKBUFF_H */
