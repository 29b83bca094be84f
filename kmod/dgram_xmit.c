// SPDX-License-Identifier: GPL-2.0-only
/*
 * UDP: datagrams that wait for the domain, and what becomes of them.
 *
 * SENDTO is said for each that waits, again after a death. XMIT, which was
 * checked to be exactly one of them, takes it out and sends it; ACKED takes
 * out what the domain is done with otherwise.
 *
 * All of it with the socket's lock held, bottom halves off: by conn.c before
 * an entry, by check.c and commit.c after it.
 */
#include <linux/udp.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>

#include "dgram.h"

/**
 * atmos_dgram_events() - SENDTO for what waits
 * @as: socket with a domain
 * @max: most events that there may be
 *
 * Return: how many were placed.
 */
u32 atmos_dgram_events(struct atmos_sock *as, u32 max)
{
	struct sk_buff *skb;
	u32 nr = 0;

	skb_queue_walk(&as->sendq, skb) {
		const struct atmos_dgram_send *d = dgram_send_info(skb);
		struct dom_ev_SENDTO *e;

		if (nr == max)
			break;
		e = (struct dom_ev_SENDTO *)atmos_domain_event(as->dom, DOM_EV_SENDTO, 0);
		if (!e)
			break;
		e->pos = d->pos;
		e->len = d->len;
		e->family = d->family;
		e->flags = d->flags;
		e->dport = d->dport;
		e->tos = d->tos;
		e->ttl = d->ttl;
		e->saddr0 = d->saddr.q[0];
		e->saddr1 = d->saddr.q[1];
		e->daddr0 = d->daddr.q[0];
		e->daddr1 = d->daddr.q[1];
		e->flow_label = d->flow_label;
		e->mtu = d->mtu;
		nr++;
	}
	return nr;
}

static struct sk_buff *dgram_at(struct atmos_sock *as, u64 pos)
{
	struct sk_buff *skb;

	skb_queue_walk(&as->sendq, skb)
		if (dgram_send_info(skb)->pos == pos)
			return skb;
	return NULL;
}

/**
 * atmos_dgram_find() - a datagram that waits
 * @as: socket
 * @pos: its first position; any value is safe
 *
 * Return: the datagram, or NULL.
 */
const struct atmos_dgram_send *atmos_dgram_find(struct atmos_sock *as, u64 pos)
{
	const struct sk_buff *skb = dgram_at(as, pos);

	return skb ? dgram_send_info(skb) : NULL;
}

/* The checksum is left to the device, or to the kernel in front of it. */
static void dgram_checksum(struct sk_buff *skb, u8 family, u32 len)
{
	struct udphdr *uh = udp_hdr(skb);

	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = skb_transport_header(skb) - skb->head;
	skb->csum_offset = offsetof(struct udphdr, check);
	if (family == 4)
		uh->check = ~csum_tcpudp_magic(ip_hdr(skb)->saddr, ip_hdr(skb)->daddr, len,
					       IPPROTO_UDP, 0);
	else
		uh->check = ~csum_ipv6_magic(&ipv6_hdr(skb)->saddr, &ipv6_hdr(skb)->daddr, len,
					     IPPROTO_UDP, 0);
}

/**
 * atmos_dgram_xmit() - commit of XMIT: the datagram goes out
 * @as: socket
 * @cmd: headers, checked; @cmd->pos is of a datagram that waits
 *
 * What the network says at once is left in &atmos_sock.xmit_err. A second XMIT
 * of one datagram in the same entry finds it gone.
 */
void atmos_dgram_xmit(struct atmos_sock *as, const struct dom_cmd_XMIT *cmd)
{
	struct sk_buff *skb = dgram_at(as, cmd->pos);
	u32 hlen = cmd->hdr.inline_len, len;
	u8 family, flags;
	int err;

	if (!skb)
		return;
	__skb_unlink(skb, &as->sendq);
	family = dgram_send_info(skb)->family;
	flags = dgram_send_info(skb)->flags;
	len = skb->len + sizeof(struct udphdr);
	/* Headers come before the payload; what described it is not needed any more. */
	memcpy(skb_push(skb, hlen), (const u8 *)cmd + DOM_SLOT_SIZE, hlen);
	skb_reset_network_header(skb);
	skb_set_transport_header(skb, hlen - sizeof(struct udphdr));
	udp_hdr(skb)->len = htons(len);
	/* Unless the application forbids it, this host fragments what is too large. */
	skb->ignore_df = !(flags & STACK_SENDTO_WHOLE);
	if (family == 4) {
		skb->protocol = htons(ETH_P_IP);
		/*
		 * RFC 6864: who may be fragmented needs an identification
		 * that no other socket uses towards the same host.
		 */
		if (!(ip_hdr(skb)->frag_off & htons(IP_DF)))
			__ip_select_ident(sock_net(skb->sk), ip_hdr(skb), 1);
	} else {
		skb->protocol = htons(ETH_P_IPV6);
	}
	if (!(cmd->flags & STACK_XMIT_CSUM_ZERO) || family == 6)
		dgram_checksum(skb, family, len);
	err = atmos_egress_out(as, skb);
	if (unlikely(err))
		as->xmit_err = err;
}

/**
 * atmos_dgram_acked() - commit of ACKED: these are done, one way or the other
 * @as: socket
 * @upto: position behind the last of them
 */
void atmos_dgram_acked(struct atmos_sock *as, u64 upto)
{
	struct sk_buff *skb;

	while ((skb = skb_peek(&as->sendq)) && dgram_send_info(skb)->pos < upto) {
		__skb_unlink(skb, &as->sendq);
		kfree_skb(skb);
	}
}
