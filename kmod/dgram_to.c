// SPDX-License-Identifier: GPL-2.0-only
/*
 * UDP: to whom and with what a datagram goes: the socket's own addresses and
 * options, and what sendmsg() says. The errors are those of Linux's UDP.
 *
 * Called by sendmsg(). Takes the socket's lock for a moment.
 */
#include <linux/in.h>
#include <linux/in6.h>
#include <net/ipv6.h>

#include "dgram.h"

/* ---- to whom ---- */

static int dgram_to_v4(const struct atmos_sock *as, const struct sockaddr_in *sin, int len,
		       struct atmos_flow_key *key)
{
	if (len < sizeof(*sin))
		return -EINVAL;
	if (sin->sin_family != AF_INET && sin->sin_family != AF_UNSPEC)
		return -EAFNOSUPPORT;
	key->raddr.v4 = sin->sin_addr.s_addr;
	key->rport = ntohs(sin->sin_port);
	key->family = 4;
	return 0;
}

static int dgram_to_v6(const struct atmos_sock *as, const struct sockaddr_in6 *sin6, int len,
		       struct atmos_flow_key *key, struct dgram_ctl *c)
{
	const struct in6_addr *addr = &sin6->sin6_addr;
	/* bound or connected to a v4-mapped address: key is the socket's still */
	bool mapped = as->ip_family == AF_INET6 && key->family == 4;

	if (len < SIN6_LEN_RFC2133)
		return -EINVAL;
	key->rport = ntohs(sin6->sin6_port);
	if (ipv6_addr_v4mapped(addr)) {
		key->raddr.v4 = addr->s6_addr32[3];
		key->family = 4;
		return 0;
	}
	if (mapped) {
		if (!ipv6_addr_any(addr))
			return -EAFNOSUPPORT;
		key->raddr.v4 = htonl(INADDR_LOOPBACK);
		return 0;
	}
	key->family = 6;
	/* as in BSD, "any" means this host */
	key->raddr.v6 = ipv6_addr_any(addr) ? in6addr_loopback : *addr;
	if (len >= sizeof(*sin6) && sin6->sin6_scope_id &&
	    __ipv6_addr_needs_scope_id(__ipv6_addr_type(addr)))
		c->path.oif = sin6->sin6_scope_id;
	return 0;
}

/* Of the address' own family; what the socket's is worth is checked after. */
static int dgram_to_name(const struct atmos_sock *as, const struct msghdr *msg,
			 struct atmos_flow_key *key, struct dgram_ctl *c)
{
	const struct sockaddr *name = msg->msg_name;
	u8 family = as->ip_family;
	int err;

	if (msg->msg_namelen < offsetofend(struct sockaddr, sa_family))
		return -EINVAL;
	if (!family)
		family = name->sa_family == AF_INET6 ? AF_INET6 : AF_INET;
	if (family == AF_INET || name->sa_family == AF_INET)
		err = dgram_to_v4(as, msg->msg_name, msg->msg_namelen, key);
	else if (name->sa_family == AF_INET6)
		err = dgram_to_v6(as, msg->msg_name, msg->msg_namelen, key, c);
	else
		err = -EINVAL;
	if (err)
		return err;
	if (!key->rport)
		return -EINVAL;
	return family == AF_INET6 && key->family == 4 && as->v6only ? -ENETUNREACH : 0;
}

/**
 * dgram_to() - the flow of a datagram
 * @as: socket
 * @msg: with a name, or none on a connected socket
 * @key: result: the socket's own ends, and those that @msg names
 * @c: a name may have a scope, which is an interface
 *
 * Context: process. Return: 0, -EDESTADDRREQ, -EINVAL, -EAFNOSUPPORT,
 * -ENETUNREACH for an address that this socket cannot reach.
 */
int dgram_to(struct atmos_sock *as, const struct msghdr *msg, struct atmos_flow_key *key,
	     struct dgram_ctl *c)
{
	struct sock *sk = atmos_sock_sk(as);
	union atmos_addr laddr;
	bool connected, named;
	u8 family;
	int err;

	spin_lock_bh(&as->lock);
	*key = as->key;
	connected = sk->sk_state == TCP_ESTABLISHED;
	spin_unlock_bh(&as->lock);
	named = msg->msg_name &&
		!(as->ip_family == AF_INET6 &&
		  msg->msg_namelen >= offsetofend(struct sockaddr, sa_family) &&
		  ((const struct sockaddr *)msg->msg_name)->sa_family == AF_UNSPEC);
	if (!named)
		return connected ? 0 : -EDESTADDRREQ;
	laddr = key->laddr;
	family = key->family;
	if (as->group)	/* nothing is sent from there */
		key->laddr = (union atmos_addr){};
	key->raddr = (union atmos_addr){};
	err = dgram_to_name(as, msg, key, c);
	if (err)
		return err;
	/* bound to an address of the other family */
	if (family && family != key->family && (laddr.q[0] | laddr.q[1]))
		return -ENETUNREACH;
	return 0;
}

/* ---- with what ---- */

/**
 * dgram_ctl_init() - before the ancillary data is looked at
 * @as: socket
 * @msg: its flags count
 * @c: result
 */
void dgram_ctl_init(struct atmos_sock *as, const struct msghdr *msg, struct dgram_ctl *c)
{
	struct sock *sk = atmos_sock_sk(as);

	memset(c, 0, sizeof(*c));
	sockcm_init(&c->sockc, sk);
	c->sockc.mark = READ_ONCE(sk->sk_mark);
	c->priority = READ_ONCE(sk->sk_priority);
	c->path.oif = READ_ONCE(sk->sk_bound_dev_if);
	c->path.onlink = msg->msg_flags & MSG_DONTROUTE || sock_flag(sk, SOCK_LOCALROUTE);
	c->ttl = -1;
	c->tos = -1;
	c->dontfrag = as->dontfrag;
}

/**
 * dgram_ctl_finish() - what the socket's options say where ancillary data did not
 * @as: socket
 * @key: the source may be said in ancillary data, or by an option
 * @c: to complete; a TTL of -1 is left to the route
 */
void dgram_ctl_finish(const struct atmos_sock *as, struct atmos_flow_key *key,
		      struct dgram_ctl *c)
{
	const struct inet_sock *inet = &as->inet;

	c->path.mark = c->sockc.mark;
	if (c->saddr.q[0] | c->saddr.q[1])
		key->laddr = c->saddr;
	if (key->family == 4) {
		if (c->tos < 0)
			c->tos = READ_ONCE(inet->tos);
		if (ipv4_is_multicast(key->raddr.v4)) {
			if (!c->path.oif)
				c->path.oif = READ_ONCE(inet->mc_index);
			if (!key->laddr.v4)
				key->laddr.v4 = READ_ONCE(inet->mc_addr);
			if (c->ttl < 0)
				c->ttl = READ_ONCE(inet->mc_ttl);
		} else {
			if (!c->path.oif)
				c->path.oif = READ_ONCE(inet->uc_index);
			if (c->ttl < 0)
				c->ttl = READ_ONCE(inet->uc_ttl);
		}
	} else {
		bool mc = ipv6_addr_is_multicast(&key->raddr.v6);

		if (c->tos < 0)
			c->tos = as->tclass;
		c->tos |= ntohl(c->flowinfo & IPV6_TCLASS_MASK) >> 20;
		if (c->ttl < 0)
			c->ttl = mc ? as->mc_hops : as->hop_limit;
		if (!c->path.oif)
			c->path.oif = mc ? READ_ONCE(as->mc_oif) : READ_ONCE(as->uc_oif);
	}
	c->path.tos = c->tos;
}
