/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What frames carry in skb->cb on their way in: from rx.c to a domain, and from
 * there to the reader or the stash.
 */
#ifndef _ATMOS_RX_CB_H
#define _ATMOS_RX_CB_H

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/skbuff.h>

#include "../domains/abi/record.h"
#include "addr.h"
#include "atmos.h"

/**
 * struct atmos_rx_cb - in skb->cb from rx.c until the frame's command is committed
 * @obj: the payload object that it is; only @obj.len is used (bytes from L3 on)
 * @hlen: bytes of L3 and L4 headers, from L3 on; fragments: L3 only
 * @l4: offset of L4 from L3
 * @seg_size: coalesced: payload of each segment, else 0
 * @flags: STACK_RX_*
 * @family: 4 or 6
 * @proto: L4 protocol
 *
 * skb->data is at L3, skb->skb_iif tells the interface that it came in by. Frames
 * are linear at least for @hlen bytes. Coalesced UDP was cut apart before.
 */
struct atmos_rx_cb {
	struct atmos_object obj;
	u16 hlen;
	u16 l4;
	u16 seg_size;
	u16 flags;
	u8 family;
	u8 proto;
};

static_assert(sizeof(struct atmos_rx_cb) <= sizeof_field(struct sk_buff, cb), "skb->cb");

static inline struct atmos_rx_cb *atmos_rx_cb(const struct sk_buff *skb)
{
	return (struct atmos_rx_cb *)skb->cb;
}

static inline struct sk_buff *atmos_rx_skb(struct atmos_object *obj)
{
	return container_of((void *)obj, struct sk_buff, cb);
}

/* conn_events.c */
u32 atmos_rx_give(struct atmos_domain *dom, struct sk_buff *skb);

/* Whose a frame is: its flow as seen from here. TCP and UDP only. */
static inline void atmos_rx_key(const struct sk_buff *skb, struct atmos_flow_key *key)
{
	const struct atmos_rx_cb *cb = atmos_rx_cb(skb);
	const __be16 *ports = (const __be16 *)(skb->data + cb->l4);

	*key = (struct atmos_flow_key) {
		.lport = ntohs(ports[1]),
		.rport = ntohs(ports[0]),
		.family = cb->family,
		.proto = cb->proto,
	};
	if (cb->family == 4) {
		const struct iphdr *ip = (const struct iphdr *)skb->data;

		key->laddr.v4 = ip->daddr;
		key->raddr.v4 = ip->saddr;
	} else {
		const struct ipv6hdr *ip6 = (const struct ipv6hdr *)skb->data;

		key->laddr.v6 = ip6->daddr;
		key->raddr.v6 = ip6->saddr;
	}
}

#endif /* _ATMOS_RX_CB_H */
