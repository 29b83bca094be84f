/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inside of the way in: what netdev.c, rx.c, rx_path.c and frag.c share.
 */
#ifndef _ATMOS_RX_H
#define _ATMOS_RX_H

#include <linux/netdevice.h>
#include <linux/skbuff.h>

#include "frame.h"
#include "net.h"
#include "sock.h"
#include "steer.h"

/* Sockets that a batch can be for before it is handed on. */
#define RX_GROUPS	24

/**
 * struct atmos_rx - a batch on its way
 * @an: whose
 * @nr: of @group
 * @nr_max: of @group there is room for
 * @group: frames by socket, in their order; the sockets are held by RCU
 * @frags: fragments, for the end of the batch; NULL: datagrams are complete
 * @dev: last interface looked up, and
 * @ifindex: its number, 0: none yet
 *
 * On the stack of who fills it, under rcu_read_lock(), bottom halves off.
 */
struct atmos_rx {
	struct atmos_net *an;
	u32 nr;
	u32 nr_max;
	struct atmos_rx_group {
		struct atmos_sock *as;
		struct sk_buff_head frames;
	} *group;
	struct sk_buff_head *frags;
	struct net_device *dev;
	int ifindex;
};

/**
 * struct atmos_rx_way - in skb->cb from netdev.c until rx.c looks at the frame
 * @bare: from XDP of an interface without hardware: nothing is known of L4's
 *	checksum, not even whether there is one
 */
struct atmos_rx_way {
	bool bare;
};

static inline struct atmos_rx_way *atmos_rx_way(const struct sk_buff *skb)
{
	return (struct atmos_rx_way *)skb->cb;
}

/* netdev.c */
int atmos_netdev_create(struct atmos_net *an);
void atmos_netdev_destroy(struct atmos_net *an);

/* rx.c */
void atmos_rx_batch(struct atmos_net *an, struct sk_buff_head *frames);
void atmos_rx_routed(struct atmos_rx *rx, struct sk_buff *skb);
void atmos_rx_native(struct atmos_rx *rx, struct sk_buff *skb);
void atmos_rx_drop(struct atmos_rx *rx, struct sk_buff *skb);
void atmos_rx_flush(struct atmos_rx *rx);
struct atmos_sock *atmos_rx_find(struct atmos_rx *rx, const struct sk_buff *skb,
				 const struct atmos_frame *f);
int atmos_rx_parse(struct sk_buff *skb, struct atmos_frame *f);

/* frag.c */
int atmos_frag_init(void);
void atmos_frag_exit(void);
struct atmos_frag *atmos_frag_create(void);
void atmos_frag_destroy(struct atmos_frag *fr);
void atmos_frag_rx(struct atmos_frag *fr, struct sk_buff_head *frames, struct sk_buff_head *done);

/* rx_path.c */
bool atmos_rx_hooked(const struct net *net, u8 family);
void atmos_rx_hooks(struct atmos_rx *rx, struct sk_buff *skb, u8 family);
bool atmos_rx_valid(struct atmos_sock *as, struct sk_buff *skb, const struct atmos_frame *f);

#endif /* _ATMOS_RX_H */
