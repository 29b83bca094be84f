// SPDX-License-Identifier: GPL-2.0-only
/*
 * Local names: bind(), ports that nobody asked for, getsockname() and its like.
 *
 * The checks and their order are those of Linux's inet_bind() and inet6_bind().
 * Ports themselves, and who may share one, are port.c's.
 *
 * Called in process context; all runs under lock_sock(), and what packets look
 * at (&atmos_sock.key) is changed under &atmos_sock.lock too.
 */
#include <linux/bpf-cgroup.h>
#include <linux/inetdevice.h>
#include <net/addrconf.h>
#include <net/inet_common.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/l3mdev.h>
#include <net/route.h>
#include <net/transp_v6.h>

#include "compat.h"
#include "sock.h"

/**
 * struct bind_to - what bind() asks for
 * @addr: any, or one of the host's
 * @family: 4 or 6, of @addr
 * @group: multicast or broadcast: packets to it are taken, none is sent from it
 * @v6only: the address takes IPv6's packets only
 * @port: host order, 0: any
 */
struct bind_to {
	union atmos_addr addr;
	u8 family;
	bool group;
	bool v6only;
	u16 port;
};

/**
 * atmos_family_decide() - the socket stands in for this family from now on
 * @as: socket, lock_sock() held
 * @family: AF_INET or AF_INET6
 *
 * Return: 0, or -EAFNOSUPPORT if it does for the other one, or without IPv6.
 */
int atmos_family_decide(struct atmos_sock *as, int family)
{
	if (as->ip_family)
		return as->ip_family == family ? 0 : -EAFNOSUPPORT;
	if (family == AF_INET6 && !ipv6_mod_enabled())
		return -EAFNOSUPPORT;
	as->ip_family = family;
	return 0;
}

/**
 * atmos_flow_known() - do packets find the socket?
 * @as: socket
 *
 * A stream whose TIME-WAIT runs is still known although it is closed to its
 * owner. Context: process; takes the socket's lock.
 *
 * Return: the answer.
 */
bool atmos_flow_known(struct atmos_sock *as)
{
	bool known;

	spin_lock_bh(&as->lock);
	known = as->hashed;
	spin_unlock_bh(&as->lock);
	return known;
}

/* ---- names ---- */

/* Tells the kernel's part of the socket what its key says. */
static void bind_show_local(struct atmos_sock *as)
{
	const union atmos_addr *a = &as->key.laddr;
	struct sock *sk = atmos_sock_sk(as);
	struct inet_sock *inet = &as->inet;

	if (as->key.family == 6) {
		sk->sk_v6_rcv_saddr = a->v6;
		sk->sk_rcv_saddr = atmos_addr_any(a) ? 0 : LOOPBACK4_IPV6;
		inet->inet_saddr = sk->sk_rcv_saddr;
		return;
	}
	sk->sk_rcv_saddr = a->v4;
	inet->inet_saddr = as->group ? 0 : a->v4;
	if (as->ip_family == AF_INET6)
		ipv6_addr_set_v4mapped(a->v4, &sk->sk_v6_rcv_saddr);
}

/**
 * atmos_names_show() - complete the kernel's part of a connected socket
 * @as: socket, lock_sock() held; its key is complete
 */
void atmos_names_show(struct atmos_sock *as)
{
	const union atmos_addr *a = &as->key.raddr;
	struct sock *sk = atmos_sock_sk(as);

	bind_show_local(as);
	as->inet.inet_sport = htons(as->key.lport);
	sk->sk_dport = htons(as->key.rport);
	if (as->key.family == 6) {
		sk->sk_v6_daddr = a->v6;
		sk->sk_daddr = LOOPBACK4_IPV6;
		return;
	}
	sk->sk_daddr = a->v4;
	if (as->ip_family == AF_INET6)
		ipv6_addr_set_v4mapped(a->v4, &sk->sk_v6_daddr);
}

/**
 * atmos_names_reset() - no peer any more, and no address that was not asked for
 * @as: socket, lock_sock() held; not in the flow table afterwards
 *
 * Its port is the caller's. As in Linux, getsockname() goes on to tell one that
 * a connection has had.
 */
void atmos_names_reset(struct atmos_sock *as)
{
	struct sock *sk = atmos_sock_sk(as);

	spin_lock_bh(&as->lock);
	if (as->kind == STACK_UDP)
		atmos_conn_renew(as);
	as->key.raddr = (union atmos_addr){};
	as->key.rport = 0;
	if (!as->port)
		as->key.lport = 0;
	if (!(sk->sk_userlocks & SOCK_BINDADDR_LOCK)) {
		as->key.laddr = (union atmos_addr){};
		as->key.family = as->ip_family == AF_INET6 ? 6 : 4;
		as->group = 0;
	}
	spin_unlock_bh(&as->lock);
	sk->sk_daddr = 0;
	sk->sk_v6_daddr = in6addr_any;
	sk->sk_dport = 0;
	if (!(sk->sk_userlocks & SOCK_BINDADDR_LOCK)) {
		sk->sk_rcv_saddr = 0;
		sk->sk_v6_rcv_saddr = in6addr_any;
		as->inet.inet_saddr = 0;
	}
}

static int bind_getname_v4(struct sock *sk, struct sockaddr_in *sin, bool peer)
{
	const struct inet_sock *inet = inet_sk(sk);

	memset(sin, 0, sizeof(*sin));
	sin->sin_family = AF_INET;
	sin->sin_port = peer ? sk->sk_dport : inet->inet_sport;
	sin->sin_addr.s_addr = peer ? sk->sk_daddr : sk->sk_rcv_saddr ?: inet->inet_saddr;
	return sizeof(*sin);
}

static int bind_getname_v6(struct sock *sk, struct sockaddr_in6 *sin6, bool peer)
{
	memset(sin6, 0, sizeof(*sin6));
	sin6->sin6_family = AF_INET6;
	sin6->sin6_port = peer ? sk->sk_dport : inet_sk(sk)->inet_sport;
	sin6->sin6_addr = peer ? sk->sk_v6_daddr : sk->sk_v6_rcv_saddr;
	sin6->sin6_scope_id = ipv6_iface_scope_id(&sin6->sin6_addr, sk->sk_bound_dev_if);
	return sizeof(*sin6);
}

/**
 * atmos_getname() - proto_ops.getname
 * @sock: socket
 * @uaddr: result; room for any address
 * @peer: 0: own name; 1: the peer's; 2: also of one that is gone
 *
 * Return: bytes of the address, or -ENOTCONN.
 */
int atmos_getname(struct socket *sock, struct sockaddr *uaddr, int peer)
{
	struct sock *sk = sock->sk;
	int len = -ENOTCONN;

	lock_sock(sk);
	if (!peer || (sk->sk_dport &&
		      (peer != 1 || (sk->sk_state != TCP_CLOSE && sk->sk_state != TCP_SYN_SENT))))
		len = atmos_sk(sk)->ip_family == AF_INET6 ?
		      bind_getname_v6(sk, (struct sockaddr_in6 *)uaddr, peer) :
		      bind_getname_v4(sk, (struct sockaddr_in *)uaddr, peer);
	release_sock(sk);
	return len;
}

/* ---- what may be bound ---- */

static bool bind_port_ok(struct net *net, u16 port)
{
	return !port || !inet_port_requires_bind_service(net, port) ||
	       ns_capable(net->user_ns, CAP_NET_BIND_SERVICE);
}

/* Only an idle socket without a name may get one. */
static bool bind_idle(struct atmos_sock *as)
{
	return as->inet.sk.sk_state == TCP_CLOSE && !atmos_sock_bound(as) &&
	       !atmos_flow_known(as);
}

/* Is it an address of ours, or may it be a stranger's? Sets @to->group. */
static bool bind_addr_v4(const struct atmos_sock *as, struct bind_to *to,
			 const struct net_device *dev)
{
	struct net *net = sock_net(atmos_sock_sk(as));
	unsigned int type = inet_addr_type_dev_table(net, dev, to->addr.v4);

	to->group = type == RTN_MULTICAST || type == RTN_BROADCAST;
	return to->group || type == RTN_LOCAL || !to->addr.v4 || as->freebind ||
	       READ_ONCE(net->ipv4.sysctl_ip_nonlocal_bind);
}

static int bind_check_v4(struct atmos_sock *as, const struct sockaddr_in *sin, struct bind_to *to)
{
	struct sock *sk = atmos_sock_sk(as);
	struct net *net = sock_net(sk);
	struct net_device *dev;
	bool ok;

	/* As an old habit has it, AF_UNSPEC is taken with the "any" address. */
	if (sin->sin_family != AF_INET &&
	    (sin->sin_family != AF_UNSPEC || sin->sin_addr.s_addr != htonl(INADDR_ANY)))
		return -EAFNOSUPPORT;
	*to = (struct bind_to) {
		.addr.v4 = sin->sin_addr.s_addr, .family = 4, .port = ntohs(sin->sin_port),
	};
	rcu_read_lock();
	dev = sk->sk_bound_dev_if ? dev_get_by_index_rcu(net, sk->sk_bound_dev_if) : NULL;
	ok = bind_addr_v4(as, to, dev);
	rcu_read_unlock();
	if (!ok)
		return -EADDRNOTAVAIL;
	if (!bind_port_ok(net, to->port))
		return -EACCES;
	return bind_idle(as) ? 0 : -EINVAL;
}

/* A v4-mapped address, under RCU. */
static int bind_addr_mapped(const struct atmos_sock *as, struct bind_to *to,
			    const struct in6_addr *addr)
{
	const struct sock *sk = &as->inet.sk;
	struct net_device *dev = NULL;

	if (as->v6only)
		return -EINVAL;
	if (sk->sk_bound_dev_if) {
		dev = dev_get_by_index_rcu(sock_net(sk), sk->sk_bound_dev_if);
		if (!dev)
			return -ENODEV;
	}
	to->family = 4;
	to->addr.v4 = addr->s6_addr32[3];
	return bind_addr_v4(as, to, dev) ? 0 : -EADDRNOTAVAIL;
}

/* An address proper, under RCU. One of a link names the link, too. */
static int bind_addr_v6(struct atmos_sock *as, struct bind_to *to, const struct sockaddr_in6 *sin6,
			int len)
{
	struct sock *sk = atmos_sock_sk(as);
	int type = __ipv6_addr_type(&sin6->sin6_addr);
	struct net *net = sock_net(sk);
	struct net_device *dev = NULL;

	to->addr.v6 = sin6->sin6_addr;
	if (__ipv6_addr_needs_scope_id(type)) {
		if (len >= sizeof(*sin6) && sin6->sin6_scope_id)
			WRITE_ONCE(sk->sk_bound_dev_if, sin6->sin6_scope_id);
		if (!sk->sk_bound_dev_if)
			return -EINVAL;
	}
	if (sk->sk_bound_dev_if) {
		dev = dev_get_by_index_rcu(net, sk->sk_bound_dev_if);
		if (!dev)
			return -ENODEV;
	}
	to->group = type & IPV6_ADDR_MULTICAST;
	to->v6only = true;
	if (to->group || as->freebind || READ_ONCE(net->ipv6.sysctl.ip_nonlocal_bind) ||
	    ipv6_chk_addr(net, &sin6->sin6_addr, dev, 0))
		return 0;
	return -EADDRNOTAVAIL;
}

static int bind_check_v6(struct atmos_sock *as, const struct sockaddr_in6 *sin6, int len,
			 struct bind_to *to)
{
	struct sock *sk = atmos_sock_sk(as);
	int type, err;

	if (sin6->sin6_family != AF_INET6)
		return -EAFNOSUPPORT;
	*to = (struct bind_to) {
		.family = 6, .v6only = as->v6only, .port = ntohs(sin6->sin6_port),
	};
	type = ipv6_addr_type(&sin6->sin6_addr);
	if (type & IPV6_ADDR_MULTICAST && sk->sk_type == SOCK_STREAM)
		return -EINVAL;
	if (!bind_port_ok(sock_net(sk), to->port))
		return -EACCES;
	if (!bind_idle(as))
		return -EINVAL;
	if (type == IPV6_ADDR_ANY)
		return 0;
	rcu_read_lock();
	err = type == IPV6_ADDR_MAPPED ? bind_addr_mapped(as, to, &sin6->sin6_addr) :
					 bind_addr_v6(as, to, sin6, len);
	rcu_read_unlock();
	return err;
}

/* ---- bind ---- */

static void bind_key(struct atmos_sock *as, const union atmos_addr *addr, u8 family)
{
	spin_lock_bh(&as->lock);
	as->key.laddr = *addr;
	as->key.family = family;
	spin_unlock_bh(&as->lock);
}

/* A port, and the way of packets to the socket. */
static int bind_port(struct atmos_sock *as, u16 port)
{
	int err;

	err = atmos_port_get(as, &as->key.laddr, port);
	if (err)
		return err;
	as->explicit_port = port != 0;
	as->inet.inet_sport = htons(as->key.lport);
	if (as->kind != STACK_UDP)
		return 0;
	spin_lock_bh(&as->lock);
	err = atmos_flow_listen(as);
	spin_unlock_bh(&as->lock);
	if (err)
		atmos_unbind_port(as);
	return err;
}

/**
 * atmos_unbind_port() - give the port back
 * @as: socket, lock_sock() held; not in the flow table afterwards
 */
void atmos_unbind_port(struct atmos_sock *as)
{
	spin_lock_bh(&as->lock);
	atmos_conn_renew(as);
	atmos_port_put(as);
	as->key.lport = 0;
	spin_unlock_bh(&as->lock);
	as->explicit_port = 0;
	as->inet.inet_sport = 0;
}

/* What programs of the cgroup say, who see the name. */
static int bind_ask_cgroup(struct sock *sk)
{
	return atmos_sk(sk)->ip_family == AF_INET6 ? BPF_CGROUP_RUN_PROG_INET6_POST_BIND(sk) :
						     BPF_CGROUP_RUN_PROG_INET4_POST_BIND(sk);
}

static int bind_commit(struct atmos_sock *as, const struct bind_to *to)
{
	static const union atmos_addr any;
	struct sock *sk = atmos_sock_sk(as);
	bool v6only = as->v6only;
	int err;

	bind_key(as, &to->addr, to->family);
	as->v6only = to->v6only;
	as->group = to->group;
	bind_show_local(as);
	if (to->port || !as->bind_no_port) {
		err = bind_port(as, to->port);
		if (err)
			goto undo;
		err = bind_ask_cgroup(sk);
		if (err)
			goto unbind;
	}
	if (!atmos_addr_any(&to->addr))
		sk->sk_userlocks |= SOCK_BINDADDR_LOCK;
	if (to->port)
		sk->sk_userlocks |= SOCK_BINDPORT_LOCK;
	sk_dst_reset(sk);
	return 0;
unbind:
	atmos_unbind_port(as);
undo:
	as->v6only = v6only;
	as->group = 0;
	bind_key(as, &any, to->family);
	bind_show_local(as);
	return err;
}

/**
 * atmos_bind() - proto_ops.bind
 * @sock: socket
 * @uaddr: struct sockaddr_in or sockaddr_in6
 * @len: its bytes
 *
 * Return: 0 or as bind(2).
 */
int atmos_bind(struct socket *sock, struct compat_sockaddr *uaddr, int len)
{
	const struct sockaddr *sa = (const struct sockaddr *)uaddr;
	struct sock *sk = sock->sk;
	struct atmos_sock *as = atmos_sk(sk);
	struct bind_to to;
	int family, err;

	lock_sock(sk);
	family = as->ip_family;
	err = -EINVAL;
	if (len < (int)offsetofend(struct sockaddr, sa_family))
		goto out;
	if (!family)
		family = sa->sa_family == AF_INET6 ? AF_INET6 : AF_INET;
	if (len < (family == AF_INET6 ? SIN6_LEN_RFC2133 : (int)sizeof(struct sockaddr_in)))
		goto out;
	err = atmos_family_decide(as, family);
	if (err)
		goto out;
	err = family == AF_INET6 ? bind_check_v6(as, (const struct sockaddr_in6 *)sa, len, &to) :
				   bind_check_v4(as, (const struct sockaddr_in *)sa, &to);
	if (!err)
		err = bind_commit(as, &to);
out:
	release_sock(sk);
	return err;
}

/**
 * atmos_bind_auto() - a port, if the socket has none
 * @as: socket, lock_sock() held; of IPv4 if nothing has decided yet
 *
 * For listen() and the first datagram; connect() has its own way, which may
 * share ports. Return: 0; without a free port -EADDRINUSE, for datagrams
 * -EAGAIN, as inet_autobind().
 */
int atmos_bind_auto(struct atmos_sock *as)
{
	struct sock *sk = atmos_sock_sk(as);
	int err;

	if (atmos_sock_bound(as))
		return 0;
	err = atmos_family_decide(as, as->ip_family ?: AF_INET);
	if (err)
		return err;
	if (!as->key.family)
		bind_key(as, &as->key.laddr, as->ip_family == AF_INET6 ? 6 : 4);
	err = bind_port(as, 0);
	return err && sk->sk_type == SOCK_DGRAM ? -EAGAIN : err;
}
