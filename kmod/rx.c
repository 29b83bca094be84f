// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frames in: whose are they? At the end of a batch each socket is entered once.
 *
 * A frame comes from netdev.c, in softirq; or is a datagram that frag.c has put
 * together. It is looked at here before it is anybody's: what is not
 * ours, not sound or not for this host goes on in the native stack, by the
 * interface that it came in by, as if it had never been steered, and is
 * answered, forwarded or counted there. So steering is but a hint, whatever
 * its programs do, and whoever else sends to the device.
 *
 * Runs under rcu_read_lock(), bottom halves off; the sockets found are held by
 * that alone. Takes no locks but, for fragments, that of their reassembly.
 */
#include <linux/if_vlan.h>
#include <linux/ip.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/checksum.h>
#include <net/ip6_checksum.h>
#include <net/ip.h>
#include <net/sock.h>
#include <net/udp.h>
#include <net/xfrm.h>

#include "compat.h"
#include "rx.h"

/**
 * atmos_rx_drop() - a frame ends here
 * @rx: batch
 * @skb: frame; consumed
 *
 * Context: bottom halves off.
 */
void atmos_rx_drop(struct atmos_rx *rx, struct sk_buff *skb)
{
	this_cpu_inc(rx->an->steer->stats->dropped);
	kfree_skb(skb);
}

/**
 * atmos_rx_native() - give a frame to the native stack
 * @rx: batch
 * @skb: frame, as it came in; consumed
 *
 * Context: rcu_read_lock(), bottom halves off.
 */
void atmos_rx_native(struct atmos_rx *rx, struct sk_buff *skb)
{
	this_cpu_inc(rx->an->steer->stats->native);
	netif_receive_skb(skb);
}

/**
 * atmos_rx_parse() - find a frame's headers and make them linear
 * @skb: frame
 * @f: result
 *
 * Context: any. Return: 0, or negative if it is nothing for Atmos.
 */
int atmos_rx_parse(struct sk_buff *skb, struct atmos_frame *f)
{
	int need;

	while ((need = atmos_frame_parse(skb->data, skb_headlen(skb), skb->len, f)) > 0)
		if (!pskb_may_pull(skb, need))
			return -ENOMEM;
	return need;
}

/* ---- the interface ---- */

static struct net_device *device(struct atmos_rx *rx, int ifindex)
{
	if (rx->ifindex != ifindex) {
		rx->dev = dev_get_by_index_rcu(rx->an->net, ifindex);
		rx->ifindex = ifindex;
	}
	return rx->dev;
}

/*
 * A tagged frame has come in by the VLAN's interface, if it is here: in this
 * namespace, and up. Returns the frame, or NULL if it was lost.
 */
static struct sk_buff *untag(struct atmos_rx *rx, struct sk_buff *skb)
{
	struct net_device *vlan;

	if (eth_type_vlan(skb->protocol))
		skb = skb_vlan_untag(skb);
	if (!skb || !skb_vlan_tag_present(skb))
		return skb;
	if (skb_vlan_tag_get_id(skb)) {
		vlan = __vlan_find_dev_deep_rcu(skb->dev, skb->vlan_proto,
						skb_vlan_tag_get_id(skb));
		if (!vlan || !(vlan->flags & IFF_UP) || !net_eq(dev_net(vlan), rx->an->net))
			return skb;
		skb->dev = vlan;
		skb->skb_iif = vlan->ifindex;
	}
	__vlan_hwaccel_clear_tag(skb);
	return skb;
}

/* ---- checksums ---- */

static __wsum pseudo(const struct sk_buff *skb, const struct atmos_frame *f)
{
	const u8 *h = skb->data;
	__be32 saddr, daddr;

	if (f->proto == IPPROTO_ICMP)
		return 0;
	if (f->family == 6)
		return ~csum_unfold(csum_ipv6_magic((const struct in6_addr *)(h + f->saddr),
						    (const struct in6_addr *)(h + f->daddr),
						    f->csum_len, f->proto, 0));
	memcpy(&saddr, h + f->saddr, sizeof(saddr));
	memcpy(&daddr, h + f->daddr, sizeof(daddr));
	return csum_tcpudp_nofold(saddr, daddr, f->csum_len, f->proto, 0);
}

/* RFC 768, RFC 6935: a UDP checksum of zero is none; the domain decides. */
static bool csum_none(const struct sk_buff *skb, const struct atmos_frame *f)
{
	return f->proto == IPPROTO_UDP && !skb->data[f->l4 + 6] && !skb->data[f->l4 + 7];
}

/*
 * Between virtual interfaces checksums are left to hardware that is not there,
 * and XDP forgets who has left it: where the sum is just that of the pseudo
 * header, it is so. A frame that was broken before it came to the sender has
 * this sum by chance as often as the right one.
 */
static void csum_recall(struct sk_buff *skb, const struct atmos_frame *f)
{
	u16 off = f->proto == IPPROTO_TCP ? offsetof(struct tcphdr, check) :
					    offsetof(struct udphdr, check);
	__sum16 sum;

	if (f->fragment || (f->proto != IPPROTO_TCP && f->proto != IPPROTO_UDP))
		return;
	memcpy(&sum, skb->data + f->l4 + off, sizeof(sum));
	if (sum == (__force __sum16)~csum_fold(pseudo(skb, f)))
		skb_partial_csum_set(skb, f->l4, off);
}

static bool csum_right(struct sk_buff *skb, const struct atmos_frame *f)
{
	__wsum sum;

	if (f->proto != IPPROTO_ICMP && skb_csum_unnecessary(skb))
		return true;
	sum = pseudo(skb, f);
	/* The hardware has summed all from L3 on. */
	if (skb->ip_summed == CHECKSUM_COMPLETE && f->l4 + f->csum_len == skb->len &&
	    !csum_fold(csum_add(sum, csum_sub(skb->csum, csum_partial(skb->data, f->l4, 0)))))
		goto right;
	if (csum_fold(csum_add(sum, skb_checksum(skb, f->l4, f->csum_len, 0))))
		return false;
right:
	if (f->proto == IPPROTO_TCP || f->proto == IPPROTO_UDP) {
		skb->ip_summed = CHECKSUM_UNNECESSARY;
		skb->csum_level = 0;
	}
	return true;
}

/* ---- look-up ---- */

static void key_of(struct atmos_flow_key *key, const u8 *h, const struct atmos_frame *f)
{
	u32 len = f->family == 4 ? 4 : 16;

	memset(key, 0, sizeof(*key));
	memcpy(&key->laddr, h + f->daddr, len);
	memcpy(&key->raddr, h + f->saddr, len);
	key->lport = f->dport;
	key->rport = f->sport;
	key->family = f->family;
	key->proto = f->proto;
}

/* How much of what an ICMP error quotes the domain sees. */
static u32 quote_len(const struct atmos_frame *f)
{
	return min_t(u32, f->len - f->hlen, STACK_RX_INLINE);
}

/* The datagram that an error quotes was ours: turn it round. */
static bool key_of_quote(struct atmos_flow_key *key, const struct sk_buff *skb,
			 const struct atmos_frame *f)
{
	const u8 *quote = skb->data + f->hlen;
	struct atmos_frame q;

	if (atmos_frame_quote(quote, quote_len(f), &q) || q.family != f->family)
		return false;
	key_of(key, quote, &q);
	swap(key->laddr, key->raddr);
	swap(key->lport, key->rport);
	return true;
}

/**
 * atmos_rx_find() - whose is this frame?
 * @rx: batch
 * @skb: frame, its headers linear; of an ICMP error, what it quotes, too
 * @f: its headers
 *
 * Context: rcu_read_lock(). Return: the socket, held by RCU, or NULL.
 */
struct atmos_sock *atmos_rx_find(struct atmos_rx *rx, const struct sk_buff *skb,
				 const struct atmos_frame *f)
{
	struct atmos_flow_key key;

	if (f->proto == IPPROTO_TCP || f->proto == IPPROTO_UDP)
		key_of(&key, skb->data, f);
	else if (!atmos_frame_is_error(f) || !key_of_quote(&key, skb, f))
		return NULL;
	return atmos_flow_find(rx->an, &key, skb->skb_iif);
}

/* ---- to the sockets ---- */

/**
 * atmos_rx_flush() - hand the frames of a batch to their sockets
 * @rx: batch; empty afterwards
 *
 * Context: rcu_read_lock(), bottom halves off.
 */
void atmos_rx_flush(struct atmos_rx *rx)
{
	u32 i;

	for (i = 0; i < rx->nr; i++)
		atmos_conn_rx(rx->group[i].as, &rx->group[i].frames);
	rx->nr = 0;
}

static void group_add(struct atmos_rx *rx, struct atmos_sock *as, struct sk_buff *skb)
{
	struct atmos_rx_group *g;
	u32 i;

	/* The last one first: frames come in trains. */
	for (i = rx->nr; i-- > 0;)
		if (rx->group[i].as == as)
			goto found;
	if (rx->nr == rx->nr_max)
		atmos_rx_flush(rx);
	i = rx->nr++;
	g = &rx->group[i];
	g->as = as;
	__skb_queue_head_init(&g->frames);
found:
	__skb_queue_tail(&rx->group[i].frames, skb);
}

static void deliver_icmp(struct atmos_rx *rx, struct atmos_sock *as, struct sk_buff *skb,
			 const struct atmos_frame *f)
{
	const u8 *h = skb->data;
	struct atmos_icmp icmp = {
		.info = get_unaligned_be32(h + f->l4 + 4),
		.family = f->family,
		.type = f->type,
		.code = f->code,
		.ttl = h[f->family == 4 ? offsetof(struct iphdr, ttl) :
					  offsetof(struct ipv6hdr, hop_limit)],
		.len = quote_len(f),
		.ifindex = skb->skb_iif,
	};

	memcpy(&icmp.from, h + f->saddr, f->family == 4 ? 4 : 16);
	memcpy(icmp.quote, h + f->hlen, icmp.len);
	/* What came before it, before it. */
	atmos_rx_flush(rx);
	atmos_conn_icmp(as, &icmp);
	consume_skb(skb);
}

/*
 * SO_ATTACH_FILTER and security modules look at it from L4 on. Datagrams are
 * looked at when they are delivered: a filter may cut them.
 */
static int filter(struct atmos_sock *as, struct sk_buff *skb, const struct atmos_frame *f)
{
	int err;

	__skb_pull(skb, f->l4);
	err = sk_filter_trim_cap(atmos_sock_sk(as), skb, f->hlen - f->l4);
	__skb_push(skb, f->l4);
	return err;
}

static void deliver_one(struct atmos_rx *rx, struct atmos_sock *as, struct sk_buff *skb,
			const struct atmos_frame *f)
{
	struct atmos_rx_cb *cb = atmos_rx_cb(skb);

	skb_set_transport_header(skb, f->l4);
	/* Longer headers, and routes chosen by the sender, are for nobody. */
	if (f->hlen > STACK_RX_INLINE || f->source_route ||
	    !xfrm_policy_check(atmos_sock_sk(as), XFRM_POLICY_IN, skb,
			       f->family == 4 ? AF_INET : AF_INET6)) {
		atmos_rx_drop(rx, skb);
		return;
	}
	nf_reset_ct(skb);
	skb_dst_drop(skb);
	if (f->proto != IPPROTO_TCP && f->proto != IPPROTO_UDP) {
		deliver_icmp(rx, as, skb, f);
		return;
	}
	if (f->proto == IPPROTO_TCP && filter(as, skb, f)) {
		atmos_rx_drop(rx, skb);
		return;
	}
	skb->dev = NULL;	/* may be gone before the frame is */
	memset(cb, 0, sizeof(*cb));
	cb->obj.len = skb->len;
	cb->hlen = f->hlen;
	cb->l4 = f->l4;
	cb->family = f->family;
	cb->proto = f->proto;
	cb->flags = csum_none(skb, f) ? STACK_RX_CSUM_NONE : STACK_RX_CSUM_OK;
	if (skb_is_gso(skb) && skb_shinfo(skb)->gso_type & (SKB_GSO_TCPV4 | SKB_GSO_TCPV6))
		cb->seg_size = skb_shinfo(skb)->gso_size;
	group_add(rx, as, skb);
}

/* Coalesced datagrams are cut apart again, for a socket wants each by itself. */
static void deliver_datagrams(struct atmos_rx *rx, struct atmos_sock *as, struct sk_buff *skb)
{
	/* Checksums as good as done: nobody computes them anew. */
	const netdev_features_t features = NETIF_F_SG | NETIF_F_IP_CSUM | NETIF_F_IPV6_CSUM;
	struct sk_buff *segs, *next;
	struct atmos_frame f;

	skb_reset_mac_header(skb);
	skb_reset_mac_len(skb);
	segs = __skb_gso_segment(skb, features, false);
	if (IS_ERR_OR_NULL(segs)) {
		atmos_rx_drop(rx, skb);
		return;
	}
	consume_skb(skb);
	skb_list_walk_safe(segs, skb, next) {
		skb_mark_not_on_list(skb);
		if (atmos_rx_parse(skb, &f) || f.fragment)
			atmos_rx_drop(rx, skb);
		else
			deliver_one(rx, as, skb, &f);
	}
}

static void deliver_whole(struct atmos_rx *rx, struct atmos_sock *as, struct sk_buff *skb,
			  const struct atmos_frame *f)
{
	if (f->proto == IPPROTO_UDP && skb_is_gso(skb))
		deliver_datagrams(rx, as, skb);
	else
		deliver_one(rx, as, skb, f);
}

/* Multicast, or a broadcast of any kind? */
static bool to_many(const struct sk_buff *skb, const struct atmos_frame *f)
{
	if (skb->pkt_type == PACKET_BROADCAST || skb->pkt_type == PACKET_MULTICAST)
		return true;
	if (f->family == 4)
		return ipv4_is_multicast(ip_hdr(skb)->daddr) || ipv4_is_lbcast(ip_hdr(skb)->daddr);
	return ipv6_addr_is_multicast(&ipv6_hdr(skb)->daddr);
}

struct copies {
	struct atmos_rx *rx;
	struct sk_buff *skb;
	const struct atmos_frame *f;
	const struct atmos_sock *last;
};

static void deliver_copy(struct atmos_sock *as, void *arg)
{
	const struct copies *c = arg;
	struct sk_buff *skb;

	if (as == c->last)
		return;
	skb = skb_clone(c->skb, GFP_ATOMIC | __GFP_NOWARN);
	if (skb)
		deliver_whole(c->rx, as, skb, c->f);
	else
		compat_drops_inc(atmos_sock_sk(as));
}

/* @as is one of those who get it; a datagram to many has copies for the others. */
static void deliver(struct atmos_rx *rx, struct atmos_sock *as, struct sk_buff *skb,
		    const struct atmos_frame *f)
{
	if (unlikely(f->proto == IPPROTO_UDP && to_many(skb, f))) {
		struct copies c = { rx, skb, f, as };
		struct atmos_flow_key key;

		key_of(&key, skb->data, f);
		atmos_flow_each(rx->an, &key, skb->skb_iif, deliver_copy, &c);
	}
	deliver_whole(rx, as, skb, f);
}

/**
 * atmos_rx_routed() - a frame that the firewall has let in
 * @rx: batch
 * @skb: frame; consumed
 *
 * Rules may have changed its addresses, and time may have passed.
 *
 * Context: rcu_read_lock(), bottom halves off.
 */
void atmos_rx_routed(struct atmos_rx *rx, struct sk_buff *skb)
{
	struct atmos_sock *as = NULL;
	struct atmos_frame f;

	if (!atmos_rx_parse(skb, &f) && !f.fragment)
		as = atmos_rx_find(rx, skb, &f);
	if (as)
		deliver(rx, as, skb, &f);
	else
		atmos_rx_drop(rx, skb);
}

/* ---- frames in ---- */

/* Link and L3 as the native stack wants them; else it is for that. */
static bool sound(struct sk_buff *skb, struct atmos_frame *f)
{
	if (skb->pkt_type == PACKET_OTHERHOST || skb_vlan_tag_present(skb))
		return false;
	if (atmos_rx_parse(skb, f))
		return false;
	if (skb->protocol != (f->family == 4 ? htons(ETH_P_IP) : htons(ETH_P_IPV6)))
		return false;
	if (f->family == 4 && ip_fast_csum(skb->data, ip_hdr(skb)->ihl))
		return false;
	if (f->proto == IPPROTO_TCP && skb->pkt_type != PACKET_HOST)
		return false;
	if (f->proto == IPPROTO_ICMP || f->proto == IPPROTO_ICMPV6)
		return atmos_frame_is_error(f) && pskb_may_pull(skb, f->hlen + quote_len(f));
	return true;
}

/* For the end of the batch; what was put together is no part of anything. */
static void fragment_in(struct atmos_rx *rx, struct sk_buff *skb, const struct atmos_frame *f)
{
	struct atmos_rx_cb *cb = atmos_rx_cb(skb);

	if (!rx->frags || f->hlen > STACK_RX_INLINE || f->source_route ||
	    (skb->len > f->len && pskb_trim_rcsum(skb, f->len))) {
		atmos_rx_drop(rx, skb);
		return;
	}
	memset(cb, 0, sizeof(*cb));
	cb->hlen = f->hlen;
	__skb_queue_tail(rx->frags, skb);
}

static void frame_in(struct atmos_rx *rx, struct sk_buff *skb)
{
	bool bare = atmos_rx_way(skb)->bare;
	struct atmos_sock *as;
	struct atmos_frame f;

	skb->dev = device(rx, skb->skb_iif);
	if (unlikely(!skb->dev)) {
		atmos_rx_drop(rx, skb);
		return;
	}
	if (unlikely(eth_type_vlan(skb->protocol) || skb_vlan_tag_present(skb))) {
		skb = untag(rx, skb);
		if (!skb) {
			this_cpu_inc(rx->an->steer->stats->dropped);
			return;
		}
	}
	skb_reset_network_header(skb);
	if (unlikely(!sound(skb, &f)))
		goto native;
	if (bare)
		csum_recall(skb, &f);
	if (unlikely(f.fragment)) {
		fragment_in(rx, skb, &f);
		return;
	}
	as = atmos_rx_find(rx, skb, &f);
	if (!as)
		goto native;
	if (unlikely(skb->len > f.len) && pskb_trim_rcsum(skb, f.len))
		goto drop;
	if (unlikely(!csum_none(skb, &f) && !csum_right(skb, &f))) {
		this_cpu_inc(rx->an->steer->stats->csum);
		goto drop;
	}
	if (atmos_rx_hooked(rx->an->net, f.family)) {
		atmos_rx_hooks(rx, skb, f.family);
		return;
	}
	if (!atmos_rx_valid(as, skb, &f))
		goto native;
	deliver(rx, as, skb, &f);
	return;
native:
	atmos_rx_native(rx, skb);
	return;
drop:
	atmos_rx_drop(rx, skb);
}

/**
 * atmos_rx_batch() - frames that came in
 * @an: namespace
 * @frames: with skb_iif set, from L3 on; empty afterwards
 *
 * Context: softirq.
 */
void atmos_rx_batch(struct atmos_net *an, struct sk_buff_head *frames)
{
	struct atmos_rx_group group[RX_GROUPS] compat_uninit;
	struct sk_buff_head frags, whole;
	struct atmos_rx rx = {
		.an = an, .group = group, .nr_max = RX_GROUPS, .frags = &frags,
	};
	struct sk_buff *skb;

	__skb_queue_head_init(&frags);
	rcu_read_lock();
	while ((skb = __skb_dequeue(frames))) {
		skb = skb_share_check(skb, GFP_ATOMIC);
		if (skb)
			frame_in(&rx, skb);
	}
	if (unlikely(!skb_queue_empty(&frags))) {
		__skb_queue_head_init(&whole);
		atmos_frag_rx(an->steer->frag, &frags, &whole);
		rx.frags = NULL;
		while ((skb = __skb_dequeue(&whole))) {
			atmos_rx_way(skb)->bare = false;
			frame_in(&rx, skb);
		}
	}
	atmos_rx_flush(&rx);
	rcu_read_unlock();
}

/**
 * atmos_rx_again() - look frames up that a listener gave back
 * @an: namespace
 * @frames: as they were delivered (struct atmos_rx_cb); empty afterwards
 *
 * By now they may have a connection. If they have not, the listener gets them
 * once more, told so (STACK_RX_RECHECK); if that is gone, the native stack
 * answers.
 *
 * Context: process or softirq, no lock of a socket held.
 */
void atmos_rx_again(struct atmos_net *an, struct sk_buff_head *frames)
{
	struct atmos_rx_group group;
	struct atmos_rx rx = {
		.an = an, .group = &group, .nr_max = 1,
	};
	struct atmos_flow_key key;
	struct atmos_sock *as;
	struct sk_buff *skb;

	local_bh_disable();
	rcu_read_lock();
	while ((skb = __skb_dequeue(frames))) {
		atmos_rx_key(skb, &key);
		as = atmos_flow_find(an, &key, skb->skb_iif);
		if (as) {
			atmos_rx_cb(skb)->flags |= STACK_RX_RECHECK;
			group_add(&rx, as, skb);
			continue;
		}
		skb->dev = device(&rx, skb->skb_iif);
		if (skb->dev)
			atmos_rx_native(&rx, skb);
		else
			atmos_rx_drop(&rx, skb);
	}
	atmos_rx_flush(&rx);
	rcu_read_unlock();
	local_bh_enable();
}
