// SPDX-License-Identifier: GPL-2.0-only
/*
 * The address family: sockets are made here, and their calls find their way.
 *
 * Called by the socket layer in process context, with no lock held; a
 * connection that came in is made in softirq (atmos_sock_clone).
 */
#include <linux/bpf-cgroup.h>
#include <linux/module.h>
#include <linux/net.h>
#include <linux/sockios.h>
#include <net/inet_common.h>
#include <net/ipv6.h>
#include <net/tcp.h>
#include <asm/ioctls.h>

#include "../uapi/linux/atmos_socket.h"
#include "compat.h"
#include "cpu.h"
#include "sock.h"

unsigned int atmos_family __ro_after_init = ATMOS_FAMILY_DEFAULT;
module_param_named(family, atmos_family, uint, 0444);
MODULE_PARM_DESC(family, "number of the address family, one that the kernel does not implement (default 18)");

/* ---- beginning and end of a socket ---- */

/**
 * atmos_sock_custom() - let us see all options of a socket
 * @sock: has just got a socket of ours
 */
void atmos_sock_custom(struct socket *sock)
{
	compat_custom_sockopt(sock);
}

/* The last reference is gone, and with it all packets. */
static void family_destruct(struct sock *sk)
{
	struct atmos_sock *as = atmos_sk(sk);

	atmos_port_put(as);
	atmos_egress_release(as);
	if (sk->sk_type == SOCK_STREAM)
		sk_sockets_allocated_dec(sk);
	sk->sk_state = TCP_CLOSE;
	inet_sock_destruct(sk);
	atmos_cpu_disable();
	atmos_timewait_return(as);
}

static void family_init_inet(struct sock *sk)
{
	struct inet_sock *inet = inet_sk(sk);
	struct net *net = sock_net(sk);

	inet->uc_ttl = -1;
	inet->mc_ttl = 1;
	inet->pmtudisc = READ_ONCE(net->ipv4.sysctl_ip_no_pmtu_disc) ?
			 IP_PMTUDISC_DONT : IP_PMTUDISC_WANT;
}

static void family_init_stream(struct sock *sk)
{
	struct net *net = sock_net(sk);

	sk->sk_write_space = atmos_stream_write_space;
	/* A packet that has gone is no news to who waits: what is acknowledged is. */
	sock_set_flag(sk, SOCK_USE_WRITE_QUEUE);
	WRITE_ONCE(sk->sk_sndbuf, READ_ONCE(net->ipv4.sysctl_tcp_wmem[1]));
	WRITE_ONCE(sk->sk_rcvbuf, READ_ONCE(net->ipv4.sysctl_tcp_rmem[1]));
	sk_sockets_allocated_inc(sk);
}

static void family_init_sock(struct sock *sk)
{
	struct atmos_sock *as = atmos_sk(sk);
	struct net *net = sock_net(sk);

	sk->sk_destruct = family_destruct;
	sock_set_flag(sk, SOCK_RCU_FREE);
	family_init_inet(sk);
	as->net = atmos_net(net);
	as->kind = sk->sk_type == SOCK_STREAM ? STACK_TCP : STACK_UDP;
	as->key.proto = sk->sk_protocol;
	as->v6only = READ_ONCE(net->ipv6.sysctl.bindv6only);
	atmos_opt_init(as);
	atmos_conn_init_sock(as);
	if (sk->sk_type == SOCK_STREAM)
		family_init_stream(sk);
}

static struct proto_ops family_stream_ops __ro_after_init;
static struct proto_ops family_dgram_ops __ro_after_init;

static int family_create(struct net *net, struct socket *sock, int protocol, int kern)
{
	struct proto *prot;
	struct sock *sk;
	int err;

	if (protocol < 0 || protocol >= IPPROTO_MAX)
		return -EINVAL;
	switch (sock->type) {
	case SOCK_STREAM:
		if (protocol && protocol != IPPROTO_TCP)
			return -EPROTONOSUPPORT;
		protocol = IPPROTO_TCP;
		prot = &atmos_tcp_prot;
		sock->ops = &family_stream_ops;
		break;
	case SOCK_DGRAM:
		if (protocol && protocol != IPPROTO_UDP)
			return -EPROTONOSUPPORT;
		protocol = IPPROTO_UDP;
		prot = &atmos_udp_prot;
		sock->ops = &family_dgram_ops;
		break;
	default:
		return -ESOCKTNOSUPPORT;
	}
	/* Packets may need the first domain, and cannot wait for CPUs to be ready. */
	err = atmos_cpu_enable(GFP_KERNEL);
	if (err)
		return err;
	sk = sk_alloc(net, atmos_family, GFP_KERNEL, prot, kern);
	if (!sk) {
		atmos_cpu_disable();
		return -ENOMEM;
	}
	sock->state = SS_UNCONNECTED;
	sock_init_data(sock, sk);
	sk->sk_protocol = protocol;
	family_init_sock(sk);
	atmos_sock_custom(sock);
	err = kern ? 0 : BPF_CGROUP_RUN_PROG_INET_SOCK(sk);
	if (err) {
		sock_orphan(sk);
		sock->sk = NULL;
		sock_put(sk);
	}
	return err;
}

/* What a connection has from its listener: all else begins anew. */
static void family_inherit(struct atmos_sock *as, const struct atmos_sock *from)
{
	as->net = from->net;
	as->ip_family = from->ip_family;
	as->v6only = from->v6only;
	as->freebind = from->freebind;
	as->recverr = from->recverr;
	as->recverr6 = from->recverr6;
	as->inq = from->inq;
	as->report = from->report;
	as->notsent_lowat = from->notsent_lowat;
	as->cmsg_flags = from->cmsg_flags;
	as->opts = from->opts;
	as->tclass = from->tclass;
	as->pmtudisc6 = from->pmtudisc6;
	as->hop_limit = from->hop_limit;
	as->mc_hops = from->mc_hops;
	as->uc_oif = from->uc_oif;
	as->mc_oif = from->mc_oif;
}

/**
 * atmos_sock_clone() - a socket for a new connection
 * @listener: its listener, the lock of its struct atmos_sock held
 *
 * Context: softirq or process, bottom halves off.
 * Return: the socket, unbound, with one reference and no struct socket yet; or
 * NULL without memory.
 */
struct sock *atmos_sock_clone(struct sock *listener)
{
	struct sock *sk = sk_clone_lock(listener, GFP_ATOMIC | __GFP_NOWARN);
	struct atmos_sock *as;

	if (!sk)
		return NULL;
	as = atmos_sk(sk);
	atmos_cpu_enable(GFP_ATOMIC);	/* never the first: the listener is there */
	RCU_INIT_POINTER(as->inet.inet_opt, NULL);
	RCU_INIT_POINTER(as->inet.mc_list, NULL);
	RCU_INIT_POINTER(sk->sk_rx_dst, NULL);
	memset((u8 *)as + offsetof(struct atmos_sock, lock), 0,
	       sizeof(*as) - offsetof(struct atmos_sock, lock));
	family_inherit(as, atmos_sk(listener));
	as->kind = STACK_TCP;
	atmos_conn_init_sock(as);
	__acquire(&sk->sk_lock.slock);	/* for sparse: sk_clone_lock() did */
	bh_unlock_sock(sk);
	/* Of the two references that the kernel gives, one would be a hash table's. */
	sock_put(sk);
	return sk;
}

static int family_release(struct socket *sock)
{
	struct sock *sk = sock->sk;
	int err;

	if (!sk)
		return 0;
	if (!sk->sk_kern_sock)
		BPF_CGROUP_RUN_PROG_INET_SOCK_RELEASE(sk);
	/* It keeps the namespace until the port is free natively, too. */
	sock_hold(sk);
	err = sk->sk_type == SOCK_STREAM ? atmos_stream_release(sock) :
					   atmos_dgram_release(sock);
	atmos_port_settle(atmos_sk(sk)->net);
	sock_put(sk);
	return err;
}

/* ---- calls that differ between kernels, or serve both types ---- */

static int family_accept(struct socket *sock, struct socket *newsock, COMPAT_ACCEPT_PARAMS)
{
	return atmos_listen_accept(sock->sk, newsock, COMPAT_ACCEPT_FLAGS & O_NONBLOCK);
}

/* Interfaces and routes, which have nothing to do with the socket, after its own. */
static int family_ioctl(struct socket *sock, unsigned int cmd, unsigned long arg)
{
	struct sock *sk = sock->sk;
	int err;

	err = sk->sk_type == SOCK_STREAM ? atmos_stream_ioctl(sock, cmd, arg) :
					   atmos_dgram_ioctl(sock, cmd, arg);
	if (err != -ENOIOCTLCMD)
		return err;
	if (IS_ENABLED(CONFIG_IPV6) && atmos_sk(sk)->ip_family == AF_INET6)
		return inet6_ioctl(sock, cmd, arg);
	return inet_ioctl(sock, cmd, arg);
}

#ifdef CONFIG_COMPAT
/* Those of ours have no layout; the kernel translates all others. */
static int family_compat_ioctl(struct socket *sock, unsigned int cmd, unsigned long arg)
{
	switch (cmd) {
	case SIOCINQ:
	case SIOCOUTQ:
	case SIOCOUTQNSD:
	case SIOCATMARK:
		return family_ioctl(sock, cmd, (unsigned long)compat_ptr(arg));
	default:
		return -ENOIOCTLCMD;
	}
}
#endif

/* What MSG_MORE held back goes when the file that is sent has ended. */
static void __maybe_unused family_splice_eof(struct socket *sock)
{
	struct sock *sk = sock->sk;
	struct atmos_sock *as = atmos_sk(sk);

	lock_sock(sk);
	if (sk->sk_type == SOCK_DGRAM) {
		if (!as->corked)
			atmos_dgram_cork(as, false);
	} else {
		spin_lock_bh(&as->lock);
		if (as->send_flags & STACK_SEND_MORE && !as->defunct) {
			as->send_flags &= ~STACK_SEND_MORE;
			atmos_conn_post(as, ATMOS_EV_SEND);
		}
		spin_unlock_bh(&as->lock);
	}
	release_sock(sk);
}

static struct proto_ops family_stream_ops __ro_after_init = {
	.owner		= THIS_MODULE,
	.release	= family_release,
	.bind		= atmos_bind,
	.connect	= atmos_stream_connect,
	.socketpair	= sock_no_socketpair,
	.accept		= family_accept,
	.getname	= atmos_getname,
	.poll		= atmos_stream_poll,
	.ioctl		= family_ioctl,
#ifdef CONFIG_COMPAT
	.compat_ioctl	= family_compat_ioctl,
#endif
	.gettstamp	= sock_gettstamp,
	.listen		= atmos_stream_listen,
	.shutdown	= atmos_stream_shutdown,
	.setsockopt	= atmos_setsockopt,
	.getsockopt	= atmos_getsockopt,
	.sendmsg	= atmos_stream_sendmsg,
	.recvmsg	= atmos_stream_recvmsg,
	.mmap		= sock_no_mmap,
	.set_rcvlowat	= atmos_stream_set_rcvlowat,
	COMPAT_SENDPAGE(family_splice_eof)
};

static struct proto_ops family_dgram_ops __ro_after_init = {
	.owner		= THIS_MODULE,
	.release	= family_release,
	.bind		= atmos_bind,
	.connect	= atmos_dgram_connect,
	.socketpair	= sock_no_socketpair,
	.accept		= sock_no_accept,
	.getname	= atmos_getname,
	.poll		= atmos_dgram_poll,
	.ioctl		= family_ioctl,
#ifdef CONFIG_COMPAT
	.compat_ioctl	= family_compat_ioctl,
#endif
	.gettstamp	= sock_gettstamp,
	.listen		= sock_no_listen,
	.shutdown	= atmos_dgram_shutdown,
	.setsockopt	= atmos_setsockopt,
	.getsockopt	= atmos_getsockopt,
	.sendmsg	= atmos_dgram_sendmsg,
	.recvmsg	= atmos_dgram_recvmsg,
	.mmap		= sock_no_mmap,
	.set_peek_off	= sk_set_peek_off,
	COMPAT_SENDPAGE(family_splice_eof)
};

static struct net_proto_family family_ops __ro_after_init = {
	.create	= family_create,
	.owner	= THIS_MODULE,
};

/**
 * atmos_family_init() - let programs make sockets; all else works already
 *
 * Return: 0, -EINVAL for a number that no family can have, -EEXIST for one that
 * is taken, or as of atmos_proto_init().
 */
int __init atmos_family_init(void)
{
	int err;

	if (!atmos_family || atmos_family >= AF_MAX) {
		pr_err("family=%u is not a number from 1 to %u\n", atmos_family, AF_MAX - 1);
		return -EINVAL;
	}
	err = atmos_proto_init();
	if (err)
		return err;
	family_stream_ops.family = atmos_family;
	family_dgram_ops.family = atmos_family;
	family_ops.family = atmos_family;
	err = sock_register(&family_ops);
	if (err) {
		pr_err("address family %u is taken, choose another one by family=\n",
		       atmos_family);
		atmos_proto_exit();
	}
	return err;
}

void atmos_family_exit(void)
{
	sock_unregister(atmos_family);
	atmos_timewait_exit();
	atmos_proto_exit();
}
