// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a frame passes between the wire and its socket, as in the native stack:
 * is it addressed to this host and may it come in by this interface (routes),
 * and do the rules of the firewall let it in (netfilter's PRE_ROUTING and
 * LOCAL_IN)?
 *
 * Called by rx.c under rcu_read_lock(), bottom halves off. Netfilter may keep a
 * frame (NFQUEUE) and call back later: then it goes on as a batch of one.
 */
#include <linux/inetdevice.h>
#include <linux/netfilter.h>
#include <net/addrconf.h>
#include <net/dst_metadata.h>
#include <net/ip.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/route.h>

#include "compat.h"
#include "rx.h"

/* ---- routes ---- */

enum rx_route {
	RX_LOCAL,
	RX_MULTICAST,	/* or broadcast, and this host listens */
	RX_ELSEWHERE,	/* to be forwarded */
	RX_INVALID,
};

static enum rx_route route4(struct sk_buff *skb)
{
	const struct iphdr *ip = ip_hdr(skb);
	const struct rtable *rt;

	if (!skb_valid_dst(skb) &&
	    compat_ip_route_input(skb, ip->daddr, ip->saddr, ip->tos, skb->dev))
		return RX_INVALID;
	rt = skb_rtable(skb);
	/* Multicast that is to be forwarded as well has another one. */
	if (rt->dst.input != ip_local_deliver)
		return RX_ELSEWHERE;
	return rt->rt_type == RTN_LOCAL ? RX_LOCAL : RX_MULTICAST;
}

#if IS_ENABLED(CONFIG_IPV6)
static bool member6(const struct net_device *dev, const struct in6_addr *group)
{
	const struct inet6_dev *idev = __in6_dev_get(dev);
	const struct ifmcaddr6 *mc;

	if (!idev)
		return false;
	for (mc = rcu_dereference(idev->mc_list); mc; mc = rcu_dereference(mc->next))
		if (ipv6_addr_equal(&mc->mca_addr, group))
			return true;
	return false;
}

/* RFC 4291 2.5.3, 2.7, RFC 4942 2.2: what the native stack drops at once. */
static bool sane6(const struct sk_buff *skb)
{
	const struct ipv6hdr *ip = ipv6_hdr(skb);

	if (ipv6_addr_is_multicast(&ip->saddr) || ipv6_addr_v4mapped(&ip->saddr) ||
	    ipv6_addr_any(&ip->daddr))
		return false;
	if (skb->dev->flags & IFF_LOOPBACK)
		return true;
	if (ipv6_addr_loopback(&ip->saddr) || ipv6_addr_loopback(&ip->daddr))
		return false;
	return !ipv6_addr_is_multicast(&ip->daddr) || IPV6_ADDR_MC_SCOPE(&ip->daddr) > 1;
}

static enum rx_route route6(struct sk_buff *skb)
{
	const struct rt6_info *rt;

	if (!sane6(skb))
		return RX_INVALID;
	if (!skb_valid_dst(skb))
		compat_ip6_route_input(skb);
	if (!skb_dst(skb) || skb_dst(skb)->error)
		return RX_INVALID;
	if (ipv6_addr_is_multicast(&ipv6_hdr(skb)->daddr))
		return member6(skb->dev, &ipv6_hdr(skb)->daddr) ? RX_MULTICAST : RX_ELSEWHERE;
	rt = (const struct rt6_info *)skb_dst(skb);
	return rt->rt6i_flags & (RTF_LOCAL | RTF_ANYCAST) ? RX_LOCAL : RX_ELSEWHERE;
}
#else
static enum rx_route route6(struct sk_buff *skb)
{
	return RX_INVALID;
}
#endif

static bool route_ok(struct sk_buff *skb, const struct atmos_frame *f)
{
	switch (f->family == 4 ? route4(skb) : route6(skb)) {
	case RX_LOCAL:
		return true;
	case RX_MULTICAST:
		return f->proto == IPPROTO_UDP;
	default:
		return false;
	}
}

/* Changes with every change of addresses and routes; beside it the interface. */
static u64 path_stamp(const struct net *net, const struct sk_buff *skb, u8 family)
{
	u32 generation = family == 4 ? rt_genid_ipv4(net) : rt_genid_ipv6(net);

	return (u64)generation << 32 | (u32)skb->skb_iif;
}

/**
 * atmos_rx_valid() - may this frame have come in here, and is it for this host?
 * @as: whose it is
 * @skb: frame
 * @f: its headers
 *
 * The answer for a connection is remembered, as the native stack does: until
 * routes change, or its frames come in by another interface.
 *
 * Context: rcu_read_lock(), bottom halves off. Return: whether.
 */
bool atmos_rx_valid(struct atmos_sock *as, struct sk_buff *skb, const struct atmos_frame *f)
{
	bool exact = as->key.rport && f->proto != IPPROTO_ICMP && f->proto != IPPROTO_ICMPV6;
	u64 stamp = path_stamp(as->net->net, skb, f->family);

	if (exact && READ_ONCE(as->rx_path) == stamp)
		return true;
	if (!route_ok(skb, f))
		return false;
	if (exact)
		WRITE_ONCE(as->rx_path, stamp);
	return true;
}

/* ---- netfilter ---- */

#ifdef CONFIG_NETFILTER
static bool hooked(const struct net *net, u8 family, unsigned int hook)
{
	return family == 4 ? rcu_access_pointer(net->nf.hooks_ipv4[hook]) :
			     rcu_access_pointer(net->nf.hooks_ipv6[hook]);
}
#else
static bool hooked(const struct net *net, u8 family, unsigned int hook)
{
	return false;
}
#endif

/**
 * atmos_rx_hooked() - has the firewall rules for what comes in?
 * @net: namespace
 * @family: 4 or 6
 *
 * Context: rcu_read_lock(). Return: whether.
 */
bool atmos_rx_hooked(const struct net *net, u8 family)
{
	return hooked(net, family, NF_INET_PRE_ROUTING) || hooked(net, family, NF_INET_LOCAL_IN);
}

/* What the native stack has in skb->cb, and hooks look at. */
static void prepare_cb(struct sk_buff *skb, u8 family)
{
	if (family == 4) {
		memset(IPCB(skb), 0, sizeof(*IPCB(skb)));
		IPCB(skb)->iif = skb->skb_iif;
	} else {
		memset(IP6CB(skb), 0, sizeof(*IP6CB(skb)));
		IP6CB(skb)->iif = skb->skb_iif;
		IP6CB(skb)->nhoff = offsetof(struct ipv6hdr, nexthdr);
	}
}

/* A frame that netfilter had kept: a batch of its own. */
static int resume(struct net *net, struct sk_buff *skb,
		  void (*stage)(struct atmos_rx *rx, struct sk_buff *skb))
{
	struct atmos_rx_group group;
	struct atmos_rx rx = {
		.an = atmos_net(net), .group = &group, .nr_max = 1,
	};

	rcu_read_lock();
	local_bh_disable();
	stage(&rx, skb);
	atmos_rx_flush(&rx);
	local_bh_enable();
	rcu_read_unlock();
	return 0;
}

static int let_in(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	return resume(net, skb, atmos_rx_routed);
}

/* Past PRE_ROUTING: the destination is what it is now. */
static void let_route(struct atmos_rx *rx, struct sk_buff *skb)
{
	struct atmos_frame f;
	u8 pf;

	if (atmos_rx_parse(skb, &f) || f.fragment)
		goto drop;
	pf = f.family == 4 ? NFPROTO_IPV4 : NFPROTO_IPV6;
	switch (f.family == 4 ? route4(skb) : route6(skb)) {
	case RX_LOCAL:
		break;
	case RX_MULTICAST:
		if (f.proto == IPPROTO_UDP)
			break;
		goto drop;
	case RX_ELSEWHERE:
		goto native;
	default:
		goto drop;
	}
	if (!atmos_rx_find(rx, skb, &f))
		goto native;
	if (nf_hook(pf, NF_INET_LOCAL_IN, rx->an->net, NULL, skb, skb->dev, NULL, let_in) == 1)
		atmos_rx_routed(rx, skb);
	return;
native:
	/* Sent somewhere else by the rules: on from here, for hooks count once. */
	this_cpu_inc(rx->an->steer->stats->native);
	skb_set_transport_header(skb, f.l4);
	dst_input(skb);
	return;
drop:
	atmos_rx_drop(rx, skb);
}

static int let_on(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	return resume(net, skb, let_route);
}

/**
 * atmos_rx_hooks() - let the firewall look at a frame that is ours
 * @rx: batch
 * @skb: frame; consumed: let in it comes back by atmos_rx_routed(), now or later
 * @family: 4 or 6
 *
 * Context: rcu_read_lock(), bottom halves off.
 */
void atmos_rx_hooks(struct atmos_rx *rx, struct sk_buff *skb, u8 family)
{
	u8 pf = family == 4 ? NFPROTO_IPV4 : NFPROTO_IPV6;

	prepare_cb(skb, family);
	if (nf_hook(pf, NF_INET_PRE_ROUTING, rx->an->net, NULL, skb, skb->dev, NULL, let_on) == 1)
		let_route(rx, skb);
}
