// SPDX-License-Identifier: GPL-2.0-only
/*
 * Native sockets that only hold a port.
 *
 * TCP's are bound and never listen, so that the native stack answers for the
 * port as if nobody had it. UDP's answer in the same way what they get: none of
 * our sockets wants it, or it came in by a way that nobody attached Atmos to.
 * They are kernel sockets, which do not keep their network namespace alive.
 *
 * Process context, may sleep; port.c serialises.
 */
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/net.h>
#include <linux/udp.h>
#include <net/icmp.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/sock.h>
#include <net/udp_tunnel.h>

#include "compat.h"
#include "port_native.h"

/* Keeps the static branch of encapsulation taken: it is costly to switch. */
static struct socket *native_udp;

/* udp_sock.encap_rcv: a datagram whose checksum is right. */
static int native_refuse(struct sock *sk, struct sk_buff *skb)
{
	if (ip_hdr(skb)->version == 4)
		icmp_send(skb, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0);
	else
		icmpv6_send(skb, ICMPV6_DEST_UNREACH, ICMPV6_PORT_UNREACH, 0);
	kfree_skb(skb);
	return 0;
}

static int native_create(struct net *net, u8 proto, u8 family, struct socket **res)
{
	int type = proto == IPPROTO_TCP ? SOCK_STREAM : SOCK_DGRAM;
	struct sock *sk;
	int err;

	err = sock_create_kern(net, family == 4 ? PF_INET : PF_INET6, type, proto, res);
	if (err)
		return err;
	sk = (*res)->sk;
	/* Nobody's: see port.c. Some kernels look at one of them, some at the other. */
	SOCK_INODE(*res)->i_uid = INVALID_UID;
	sk->sk_uid = INVALID_UID;
	if (proto == IPPROTO_UDP) {
		WRITE_ONCE(udp_sk(sk)->encap_rcv, native_refuse);
		WRITE_ONCE(udp_sk(sk)->encap_type, 1);
		udp_tunnel_encap_enable(sk);
	}
	return 0;
}

static int native_bind_at(struct socket *sock, const struct atmos_binding *where, u16 num)
{
	struct sockaddr_in in = {
		.sin_family = AF_INET,
		.sin_port = htons(num),
		.sin_addr.s_addr = where->addr.v4,
	};
	struct sockaddr_in6 in6 = {
		.sin6_family = AF_INET6,
		.sin6_port = htons(num),
		.sin6_addr = where->addr.v6,
		.sin6_scope_id = where->dev,
	};

	if (where->family == 4)
		return compat_kernel_bind(sock, &in, sizeof(in));
	return compat_kernel_bind(sock, &in6, sizeof(in6));
}

/**
 * atmos_native_bind() - hold a port
 * @net: namespace
 * @proto: IPPROTO_TCP or IPPROTO_UDP
 * @where: which part of the port's packets; whether the address is local was
 *	judged before
 * @num: port, or 0: one is chosen; out: which
 * @share: there are others of that port
 * @res: the socket
 *
 * Privileged ports are a matter of the caller's rights.
 * Return: 0; -EADDRINUSE, -EACCES, -ENOMEM and the like.
 */
int atmos_native_bind(struct net *net, u8 proto, const struct atmos_binding *where, u16 *num,
		      bool share, struct socket **res)
{
	struct socket *sock;
	int err;

	err = native_create(net, proto, where->family, &sock);
	if (err)
		return err;
	sock->sk->sk_ipv6only = where->v6only;
	if (where->dev) {
		err = sock_bindtoindex(sock->sk, where->dev, true);
		if (err)
			goto release;
	}
	ip_sock_set_freebind(sock->sk);
	if (share)
		atmos_native_share(sock);
	err = native_bind_at(sock, where, *num);
	if (err)
		goto release;
	*num = inet_sk(sock->sk)->inet_num;
	*res = sock;
	return 0;
release:
	atmos_native_release(sock);
	return err;
}

/**
 * atmos_native_share() - let others of ours overlap with it
 * @sock: socket that holds a port, or will
 *
 * UDP's would each get a list of members if they had this from the beginning.
 */
void atmos_native_share(struct socket *sock)
{
	lock_sock(sock->sk);
	sock->sk->sk_reuseport = 1;
	release_sock(sock->sk);
}

/**
 * atmos_native_release() - give a port back
 * @sock: that holds it
 */
void atmos_native_release(struct socket *sock)
{
	sock_release(sock);
}

/**
 * atmos_native_init() - once
 *
 * Return: 0 or a negative errno.
 */
int atmos_native_init(void)
{
	return native_create(&init_net, IPPROTO_UDP, ipv6_mod_enabled() ? 6 : 4, &native_udp);
}

void atmos_native_exit(void)
{
	atmos_native_release(native_udp);
}
