// SPDX-License-Identifier: GPL-2.0-only
/*
 * Routes: which way packets go, from which address, how large they may be.
 *
 * A connection keeps its route in sk->sk_dst_cache, as native sockets do, and
 * asks the route itself for each packet whether it still holds; only then is it
 * looked up again. UDP sockets and listeners, whose peers change, remember the
 * last one in &atmos_sock.route. Both are under &atmos_sock.lock once the
 * socket is known to others.
 *
 * The functions of IPv6 are never given one of our sockets: they look for an
 * inet6_sock's part, which it does not have.
 */
#include <linux/ipv6.h>
#include <net/addrconf.h>
#include <net/inet_dscp.h>
#include <net/ip6_route.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/route.h>

#include "sock.h"

/**
 * struct atmos_route - the last route that was looked up for a destination
 * @dst: with a reference, or NULL
 * @cookie: of @dst, for IPv6
 * @key: for what, as it was asked
 * @path: likewise
 * @laddr: the answer: source address
 * @raddr: the answer: destination; differs from @key only where that is any
 */
struct atmos_route {
	struct dst_entry *dst;
	u32 cookie;
	struct atmos_flow_key key;
	struct atmos_path path;
	union atmos_addr laddr;
	union atmos_addr raddr;
};

/* ---- look-ups ---- */

static struct dst_entry *route_v4(struct atmos_sock *as, struct atmos_flow_key *key,
				  const struct atmos_path *path)
{
	struct sock *sk = atmos_sock_sk(as);
	struct net *net = sock_net(sk);
	struct flowi4 fl4;
	struct rtable *rt;

	flowi4_init_output(&fl4, path->oif, path->mark, path->tos & INET_DSCP_MASK,
			   path->onlink ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE, key->proto,
			   inet_sk_flowi_flags(sk), key->raddr.v4, key->laddr.v4,
			   htons(key->rport), htons(key->lport), sock_net_uid(net, sk));
	security_sk_classify_flow(sk, flowi4_to_flowi_common(&fl4));
	rt = ip_route_output_flow(net, &fl4, sk);
	if (IS_ERR(rt)) {
		if (PTR_ERR(rt) == -ENETUNREACH)
			IP_INC_STATS(net, IPSTATS_MIB_OUTNOROUTES);
		return ERR_CAST(rt);
	}
	key->laddr.v4 = fl4.saddr;
	key->raddr.v4 = fl4.daddr;
	return &rt->dst;
}

static struct dst_entry *route_v6(struct atmos_sock *as, struct atmos_flow_key *key,
				  const struct atmos_path *path)
{
	struct sock *sk = atmos_sock_sk(as);
	struct net *net = sock_net(sk);
	struct dst_entry *dst;
	struct flowi6 fl6 = {
		.flowi6_oif = path->oif,
		.flowi6_mark = path->mark,
		.flowi6_proto = key->proto,
		.flowi6_flags = inet_sk_flowi_flags(sk),
		.flowi6_uid = sock_net_uid(net, sk),
		.daddr = key->raddr.v6,
		.saddr = key->laddr.v6,
		.flowlabel = ip6_make_flowinfo(path->tos & INET_DSCP_MASK, 0),
		.fl6_dport = htons(key->rport),
		.fl6_sport = htons(key->lport),
	};

	if (!ipv6_mod_enabled())
		return ERR_PTR(-EAFNOSUPPORT);
	/* To nowhere is to oneself, as in BSD. */
	if (ipv6_addr_any(&fl6.daddr))
		fl6.daddr = in6addr_loopback;
	security_sk_classify_flow(sk, flowi6_to_flowi_common(&fl6));
	dst = ip6_dst_lookup_flow(net, NULL, &fl6, NULL);
	if (IS_ERR(dst))
		return dst;
	key->laddr.v6 = fl6.saddr;
	key->raddr.v6 = fl6.daddr;
	return dst;
}

static struct dst_entry *route_look_up(struct atmos_sock *as, struct atmos_flow_key *key,
				       const struct atmos_path *path)
{
	return key->family == 4 ? route_v4(as, key, path) : route_v6(as, key, path);
}

/* IPv4's routes tell by themselves whether they hold. */
static u32 route_cookie(const struct dst_entry *dst, u8 family)
{
	return family == 6 ? rt6_get_cookie(container_of(dst, const struct rt6_info, dst)) : 0;
}

static unsigned int route_flags(const struct dst_entry *dst)
{
	return container_of(dst, const struct rtable, dst)->rt_flags;
}

/* The path of a socket's packets when nothing else is asked for. */
static struct atmos_path route_path(const struct atmos_sock *as)
{
	const struct sock *sk = atmos_sock_sk(as);

	return (struct atmos_path) {
		.oif = READ_ONCE(sk->sk_bound_dev_if),
		.mark = READ_ONCE(sk->sk_mark),
		.tos = as->opts.tos,
		.onlink = sock_flag(sk, SOCK_LOCALROUTE),
	};
}

/* IP_PMTUDISC_PROBE believes the device only. */
static u32 route_mtu(const struct atmos_sock *as, const struct dst_entry *dst)
{
	if (unlikely(as->opts.flags & STACK_SO_PROBE_DF))
		return min_t(u32, READ_ONCE(READ_ONCE(dst->dev)->mtu), IP_MAX_MTU);
	return dst_mtu(dst);
}

/* ---- connections ---- */

/* RFC 6437; the same as the host's own for sockets that ask for nothing. */
static u32 route_flow_label(const struct sock *sk)
{
	const struct netns_sysctl_ipv6 *sysctl = &sock_net(sk)->ipv6.sysctl;
	u32 label;

	if (sysctl->auto_flowlabels != IP6_AUTO_FLOW_LABEL_OPTOUT &&
	    sysctl->auto_flowlabels != IP6_AUTO_FLOW_LABEL_FORCED)
		return 0;
	label = rol32(sk->sk_txhash, 16) & ntohl(IPV6_FLOWLABEL_MASK);
	if (sysctl->flowlabel_state_ranges)
		label |= ntohl(IPV6_FLOWLABEL_STATELESS_FLAG);
	return label;
}

/* Takes the reference to @dst. */
static void route_store(struct atmos_sock *as, struct dst_entry *dst)
{
	struct sock *sk = atmos_sock_sk(as);

	sk->sk_gso_type = as->key.family == 4 ? SKB_GSO_TCPV4 : SKB_GSO_TCPV6;
	sk_setup_caps(sk, dst);
	as->dst_cookie = route_cookie(dst, as->key.family);
}

/* What the domain is told for life of the route that it begins with. */
static void route_begin(struct atmos_sock *as, struct dst_entry *dst)
{
	struct sock *sk = atmos_sock_sk(as);
	struct stack_config *cfg = &as->config;

	route_store(as, dst);
	as->dst_mtu = route_mtu(as, dst);
	cfg->mtu = as->dst_mtu;
	cfg->max_gso = 0;
	/* Lengths are 16 bits; what headers take is not worth counting exactly. */
	if (sk_can_gso(sk))
		cfg->max_gso = min_t(u32, sk->sk_gso_max_size, U16_MAX - STACK_TX_INLINE);
	sk_set_txhash(sk);
	if (as->key.family == 6 && !cfg->flow_label)
		cfg->flow_label = route_flow_label(sk);
}

static bool route_unicast(const struct atmos_flow_key *key, const struct dst_entry *dst)
{
	if (key->family == 6)
		return !ipv6_addr_is_multicast(&key->raddr.v6);
	return !(route_flags(dst) & (RTCF_MULTICAST | RTCF_BROADCAST));
}

static int route_connect_tcp(struct atmos_sock *as)
{
	struct atmos_path path = route_path(as);
	struct dst_entry *dst;

	dst = route_look_up(as, &as->key, &path);
	if (IS_ERR(dst))
		return PTR_ERR(dst);
	if (!route_unicast(&as->key, dst)) {
		dst_release(dst);
		return -ENETUNREACH;
	}
	route_begin(as, dst);
	return 0;
}

static int route_connect_udp(struct atmos_sock *as)
{
	struct atmos_path path = route_path(as);
	struct dst_entry *dst;

	dst = atmos_egress_route(as, &as->key, &path);
	if (IS_ERR(dst))
		return PTR_ERR(dst);
	as->config.mtu = route_mtu(as, dst);
	sk_set_txhash(atmos_sock_sk(as));
	dst_release(dst);
	return 0;
}

/**
 * atmos_egress_connect() - the route of a new connection, or connected UDP socket
 * @as: its key's raddr, rport, family and proto are set, laddr or any. Fills in
 *	laddr if any, and raddr if any (this host), and of config the MTU, the
 *	largest offloaded packet and the flow label
 *
 * Context: process, lock_sock() held, without as->lock for UDP; or softirq for
 * a child that nobody knows yet.
 * Return: 0; -ENETUNREACH, -EHOSTUNREACH, -EACCES (broadcast), -EINVAL and the
 * like as connect() of native sockets.
 */
int atmos_egress_connect(struct atmos_sock *as)
{
	return as->kind == STACK_UDP ? route_connect_udp(as) : route_connect_tcp(as);
}

/**
 * atmos_egress_rebind() - the port was chosen after the route
 * @as: connection that nobody knows yet, routed, its key complete
 *
 * Another look-up, where rules or IPsec policies may ask for ports.
 * Context: process, lock_sock() held. Return: 0 or as atmos_egress_connect().
 */
int atmos_egress_rebind(struct atmos_sock *as)
{
	struct net *net = sock_net(atmos_sock_sk(as));
	bool ports = as->key.family == 4 ? net->ipv4.fib_has_custom_rules :
					   net->ipv6.fib6_has_custom_rules;

#ifdef CONFIG_XFRM
	ports |= net->xfrm.policy_count[XFRM_POLICY_OUT] > 0;
#endif
	return ports ? route_connect_tcp(as) : 0;
}

/* The route holds no longer, or there was none. */
static struct dst_entry *route_again(struct atmos_sock *as)
{
	struct atmos_path path = route_path(as);
	struct atmos_flow_key key = as->key;
	struct dst_entry *dst;

	dst = route_look_up(as, &key, &path);
	if (!IS_ERR(dst))
		route_store(as, dst);
	return dst;
}

/**
 * atmos_egress_dst() - the route of a connection's next packet
 * @as: connection, its lock held
 * @mtu: bytes that it takes. If that has changed, the engine will be told
 *
 * Context: softirq or process, bottom halves off, RCU read side.
 * Return: the route, for as long as RCU is held; or ERR_PTR as of
 * atmos_egress_connect().
 */
struct dst_entry *atmos_egress_dst(struct atmos_sock *as, u32 *mtu)
{
	struct dst_entry *dst = __sk_dst_check(atmos_sock_sk(as), as->dst_cookie);

	if (unlikely(!dst)) {
		dst = route_again(as);
		if (IS_ERR(dst))
			return dst;
	}
	*mtu = route_mtu(as, dst);
	if (unlikely(*mtu != as->dst_mtu)) {
		as->dst_mtu = *mtu;
		as->pmtu = *mtu;
		as->pending |= ATMOS_EV_PMTU;
	}
	return dst;
}

/* ---- the last one of a UDP socket or listener ---- */

static bool route_is_for(const struct atmos_route *r, const struct atmos_flow_key *key,
			 const struct atmos_path *path)
{
	return r->dst && atmos_flow_equal(&r->key, key) && r->path.oif == path->oif &&
	       r->path.mark == path->mark && r->path.tos == path->tos &&
	       r->path.onlink == path->onlink;
}

/* From memory, if it is for that and still holds. A reference, or NULL. */
static struct dst_entry *route_recall(struct atmos_sock *as, struct atmos_flow_key *key,
				      const struct atmos_path *path)
{
	struct atmos_route *r = as->route;

	if (!r || !route_is_for(r, key, path))
		return NULL;
	if (!dst_check(r->dst, r->cookie)) {
		dst_release(r->dst);
		r->dst = NULL;
		return NULL;
	}
	key->laddr = r->laddr;
	key->raddr = r->raddr;
	return dst_clone(r->dst);
}

/* Remember a route; without memory it is looked up the next time. */
static void route_learn(struct atmos_sock *as, const struct atmos_flow_key *asked,
			const struct atmos_path *path, const struct atmos_flow_key *answer,
			struct dst_entry *dst)
{
	struct atmos_route *r = as->route;

	if (!r) {
		r = kzalloc(sizeof(*r), GFP_ATOMIC | __GFP_NOWARN);
		if (!r)
			return;
		as->route = r;
	}
	dst_release(r->dst);
	r->dst = dst_clone(dst);
	r->cookie = route_cookie(dst, answer->family);
	r->key = *asked;
	r->path = *path;
	r->laddr = answer->laddr;
	r->raddr = answer->raddr;
}

/* The permission may have gone since the route was learned. */
static bool route_broadcast_ok(const struct atmos_sock *as, const struct atmos_flow_key *key,
			       const struct dst_entry *dst)
{
	return key->family == 6 || !(route_flags(dst) & RTCF_BROADCAST) ||
	       sock_flag(atmos_sock_sk(as), SOCK_BROADCAST);
}

/**
 * atmos_egress_route() - the route of a datagram
 * @as: UDP socket
 * @key: raddr, rport, family: to where; laddr: from where, or any, which is
 *	filled in; as raddr is if any: to this host
 * @path: the rest of what it depends on
 *
 * The last route is remembered for the next datagram to the same place.
 * Context: process, as->lock not held.
 * Return: the route with a reference, or ERR_PTR of what sendto() says:
 * -ENETUNREACH, -EHOSTUNREACH, -EACCES (broadcast), -EINVAL and the like.
 */
struct dst_entry *atmos_egress_route(struct atmos_sock *as, struct atmos_flow_key *key,
				     const struct atmos_path *path)
{
	struct atmos_flow_key asked = *key;
	struct dst_entry *dst;

	spin_lock_bh(&as->lock);
	dst = route_recall(as, key, path);
	spin_unlock_bh(&as->lock);
	if (!dst) {
		dst = route_look_up(as, key, path);
		if (IS_ERR(dst))
			return dst;
		spin_lock_bh(&as->lock);
		route_learn(as, &asked, path, key, dst);
		spin_unlock_bh(&as->lock);
	}
	if (!route_broadcast_ok(as, key, dst)) {
		dst_release(dst);
		return ERR_PTR(-EACCES);
	}
	return dst;
}

/**
 * atmos_egress_peer_mtu() - how large may packets to the peer be? (IP_MTU)
 * @as: socket, lock_sock() held
 *
 * Context: process, as->lock not held. Return: bytes, or -ENOTCONN.
 */
int atmos_egress_peer_mtu(struct atmos_sock *as)
{
	struct sock *sk = atmos_sock_sk(as);
	struct atmos_flow_key key = as->key;
	struct atmos_path path = route_path(as);
	struct dst_entry *dst;
	int mtu;

	if (as->kind != STACK_UDP)
		dst = sk_dst_get(sk);
	else
		dst = sk->sk_state == TCP_ESTABLISHED ? atmos_egress_route(as, &key, &path) : NULL;
	if (IS_ERR_OR_NULL(dst))
		return -ENOTCONN;
	mtu = dst_mtu(dst);
	dst_release(dst);
	return mtu;
}

/*
 * Is the source this host's, or one that it answers for (anycast, local routes)?
 * A listener on any address names it, and IPv6's routes, unlike IPv4's, do not
 * ask.
 */
static bool route_source_ours(const struct atmos_sock *as, const struct atmos_flow_key *key)
{
	struct net *net = sock_net(&as->inet.sk);
	struct rt6_info *rt;
	bool ours = false;

	if (key->family == 4 || ipv6_chk_addr(net, &key->laddr.v6, NULL, 0))
		return true;
	rt = rt6_lookup(net, &key->laddr.v6, NULL, 0, NULL, 0);
	if (rt) {
		ours = rt->rt6i_flags & (RTF_LOCAL | RTF_ANYCAST);
		ip6_rt_put(rt);
	}
	return ours;
}

/**
 * atmos_egress_reply() - the route of a listener's packet
 * @as: listener, its lock held
 * @key: of the packet, complete
 *
 * Context: softirq or process, bottom halves off.
 * Return: the route with a reference, or ERR_PTR.
 */
struct dst_entry *atmos_egress_reply(struct atmos_sock *as, const struct atmos_flow_key *key)
{
	struct atmos_path path = route_path(as);
	struct atmos_flow_key answer = *key;
	struct dst_entry *dst;

	dst = route_recall(as, &answer, &path);
	if (dst)
		return dst;
	if (!route_source_ours(as, key))
		return ERR_PTR(-EADDRNOTAVAIL);
	dst = route_look_up(as, &answer, &path);
	if (!IS_ERR(dst))
		route_learn(as, key, &path, &answer, dst);
	return dst;
}

/**
 * atmos_egress_mtu() - how large may a listener's packets to a peer be?
 * @as: listener, its lock held
 * @key: of packets to there, complete
 * @mtu: bytes
 *
 * The route is remembered, for the answer that follows.
 * Context: softirq or process, bottom halves off.
 * Return: 0, or as atmos_egress_connect().
 */
int atmos_egress_mtu(struct atmos_sock *as, const struct atmos_flow_key *key, u32 *mtu)
{
	struct dst_entry *dst = atmos_egress_reply(as, key);

	if (IS_ERR(dst))
		return PTR_ERR(dst);
	*mtu = route_mtu(as, dst);
	dst_release(dst);
	return 0;
}

/**
 * atmos_egress_accept() - the route of a connection that a listener has opened
 * @child: connection that nobody knows yet, its key complete
 * @listener: its lock held; has just answered, so it remembers the route
 *
 * Context: softirq or process, bottom halves off. Return: 0, or as
 * atmos_egress_connect().
 */
int atmos_egress_accept(struct atmos_sock *child, struct atmos_sock *listener)
{
	struct dst_entry *dst = atmos_egress_reply(listener, &child->key);

	if (IS_ERR(dst))
		return PTR_ERR(dst);
	if (!route_unicast(&child->key, dst)) {
		dst_release(dst);
		return -ENETUNREACH;
	}
	route_begin(child, dst);
	return 0;
}

/**
 * atmos_egress_release() - forget all routes
 * @as: socket, its lock held or known to nobody any more
 *
 * Context: any.
 */
void atmos_egress_release(struct atmos_sock *as)
{
	sk_dst_reset(atmos_sock_sk(as));
	if (as->route)
		dst_release(as->route->dst);
	kfree(as->route);
	as->route = NULL;
}
