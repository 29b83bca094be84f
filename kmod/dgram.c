// SPDX-License-Identifier: GPL-2.0-only
/*
 * UDP: sendmsg(), and the calls that are neither sending nor receiving.
 *
 * A datagram becomes a packet at once: its payload is copied into an skb with
 * room for headers, the route is looked up and goes along, and the skb waits
 * in &atmos_sock.sendq until the domain has said what its headers are
 * (dgram_xmit.c). So the kernel's own accounting of the send buffer applies.
 *
 * System calls only. No lock_sock() but for corked datagrams and for choosing
 * a port: like Linux's UDP, threads may send side by side.
 */
#include <linux/jhash.h>
#include <linux/sockios.h>
#include <linux/udp.h>
#include <net/ip6_route.h>
#include <net/netns/hash.h>
#include <net/route.h>
#include <asm/ioctls.h>

#include "compat.h"
#include "dgram.h"

/* Largest payload that goes into the skb's head instead of pages. */
#define DGRAM_LINEAR	2048u

/* Payload length that the length field can say; whether IP can is the engine's to know. */
#define DGRAM_MAX	65535u

/* ---- the packet ---- */

/* A port, where nobody has asked for one; the first address decides the family. */
static int dgram_bind(struct atmos_sock *as, const struct msghdr *msg)
{
	const struct sockaddr *name = msg->msg_name;
	struct sock *sk = atmos_sock_sk(as);
	int err = 0;

	lock_sock(sk);
	if (!as->ip_family)
		as->ip_family = name && name->sa_family == AF_INET6 ? AF_INET6 : AF_INET;
	if (!atmos_sock_bound(as))
		err = atmos_bind_auto(as);
	release_sock(sk);
	return err;
}

/* RFC 6437 3: the same for a flow, another for others. */
static u32 dgram_flow_label(const struct atmos_sock *as, const struct atmos_flow_key *key,
			    const struct dgram_ctl *c)
{
	struct net *net = sock_net(atmos_sock_sk(as));
	u32 label = ntohl(c->flowinfo & IPV6_FLOWLABEL_MASK);

	if (key->family == 4 || label || !ip6_default_np_autolabel(net))
		return label;
	return jhash2((const u32 *)key, sizeof(*key) / sizeof(u32), net_hash_mix(net)) & 0xfffff;
}

static u8 dgram_ttl(const struct atmos_flow_key *key, struct dst_entry *dst, int ttl)
{
	if (ttl >= 0)
		return ttl;
	return key->family == 4 ? ip4_dst_hoplimit(dst) : ip6_dst_hoplimit(dst);
}

/*
 * An skb with room for headers and @size bytes of payload, which is empty yet.
 * Waits for room in the send buffer unless told not to.
 */
static struct sk_buff *dgram_alloc(struct sock *sk, const struct dst_entry *dst, size_t size,
				   bool noblock, int *err)
{
	size_t reserve = LL_RESERVED_SPACE(dst->dev) + dst->header_len + DGRAM_HEADERS;
	size_t linear = size <= DGRAM_LINEAR ? size : 0;
	struct sk_buff *skb;

	reserve = max(reserve, sizeof(struct atmos_dgram_send));
	skb = sock_alloc_send_pskb(sk, reserve + linear, size - linear, noblock, err,
				   PAGE_ALLOC_COSTLY_ORDER);
	if (!skb)
		return NULL;
	skb_reserve(skb, reserve);
	skb_put(skb, linear);
	skb->data_len = size - linear;
	skb->len += size - linear;
	return skb;
}

static int dgram_copy(struct sk_buff *skb, u32 offset, struct msghdr *msg, size_t len)
{
	if (!skb_is_nonlinear(skb))
		return copy_from_iter_full(skb->data + offset, len, &msg->msg_iter) ? 0 : -EFAULT;
	return skb_copy_datagram_from_iter(skb, offset, &msg->msg_iter, len);
}

/* How Linux's IP_MTU_DISCOVER, the same in both families, is put to the engine. */
static u8 dgram_flags(unsigned int discover, bool dontfrag)
{
	u8 flags = dontfrag ? STACK_SENDTO_WHOLE : 0;

	if (discover == IP_PMTUDISC_DONT || discover >= IP_PMTUDISC_INTERFACE)
		flags |= STACK_SENDTO_NO_DF;
	if (discover >= IP_PMTUDISC_DO && discover <= IP_PMTUDISC_INTERFACE)
		flags |= STACK_SENDTO_WHOLE;
	return flags;
}

/* Everything but position and length. The reference to @dst becomes the skb's. */
static void dgram_describe(struct atmos_sock *as, struct sk_buff *skb, struct dst_entry *dst,
			   const struct atmos_flow_key *key, const struct dgram_ctl *c)
{
	unsigned int discover = key->family == 4 ? READ_ONCE(as->inet.pmtudisc) : as->pmtudisc6;
	struct atmos_dgram_send *d = dgram_send_info(skb);

	*d = (struct atmos_dgram_send) {
		.saddr = key->laddr,
		.daddr = key->raddr,
		.mtu = discover >= IP_PMTUDISC_PROBE ? READ_ONCE(dst->dev->mtu) : dst_mtu(dst),
		.flow_label = dgram_flow_label(as, key, c),
		.dport = key->rport,
		.tos = c->tos,
		.ttl = dgram_ttl(key, dst, c->ttl),
		.family = key->family,
		.flags = dgram_flags(discover, c->dontfrag),
	};
	skb->priority = c->priority;
	skb->mark = c->path.mark;
	compat_setup_tx_timestamp(skb, &c->sockc);
	skb_dst_set(skb, dst);
}

/* A datagram that the domain did not take: too large, as a rule. */
static int dgram_failed(struct atmos_sock *as, const struct atmos_flow_key *key, u32 mtu, int err)
{
	if (err == -EMSGSIZE)
		atmos_error_local(as, EMSGSIZE, key, mtu);
	/* Linux tells full queues of devices only to those who ask for errors. */
	return err == -ENOBUFS && !atmos_error_wanted(as, key->family) ? 0 : err;
}

/*
 * Hand the skb to the domain, which it is queued for; it is used up. Returns
 * what became of it, as far as is known at once.
 */
static int dgram_post(struct atmos_sock *as, struct sk_buff *skb)
{
	struct atmos_dgram_send *d = dgram_send_info(skb);
	struct atmos_flow_key key = {
		.raddr = d->daddr, .rport = d->dport, .family = d->family,
	};
	u32 mtu = d->mtu;
	u64 pos;
	int err;

	spin_lock_bh(&as->lock);
	/* Another thread has let the port go meanwhile; the next call gets another. */
	if (unlikely(!as->port)) {
		spin_unlock_bh(&as->lock);
		kfree_skb(skb);
		return -EAGAIN;
	}
	pos = as->send_pos;
	d->pos = pos;
	as->send_pos += max(d->len, 1u);
	__skb_queue_tail(&as->sendq, skb);
	as->xmit_err = 0;
	err = atmos_conn_post(as, ATMOS_EV_SENDTO);
	if (unlikely(err))
		atmos_dgram_acked(as, pos + 1);
	else
		err = as->xmit_err;
	spin_unlock_bh(&as->lock);
	return err ? dgram_failed(as, &key, mtu, err) : 0;
}

/* ---- corked: a datagram that grows ---- */

/* @len more bytes; lock_sock() held. What fails takes all of the datagram along. */
static int dgram_cork_add(struct atmos_sock *as, struct msghdr *msg, size_t len)
{
	struct atmos_dgram_send *d = dgram_send_info(as->cork);
	int err = len > DGRAM_MAX - d->len ? -EMSGSIZE : dgram_copy(as->cork, d->len, msg, len);

	if (!err) {
		d->len += len;
		return 0;
	}
	kfree_skb(as->cork);
	WRITE_ONCE(as->cork, NULL);
	return err;
}

/* Out with it; lock_sock() held. */
static int dgram_cork_push(struct atmos_sock *as)
{
	struct sk_buff *skb = as->cork;

	if (!skb)
		return 0;
	WRITE_ONCE(as->cork, NULL);
	if (pskb_trim(skb, dgram_send_info(skb)->len)) {
		kfree_skb(skb);
		return -ENOMEM;
	}
	return dgram_post(as, skb);
}

/* The first piece: has the room for all that may follow. Uses @dst up. */
static int dgram_cork_begin(struct atmos_sock *as, struct msghdr *msg, size_t len,
			    struct dst_entry *dst, const struct atmos_flow_key *key,
			    const struct dgram_ctl *c)
{
	struct sock *sk = atmos_sock_sk(as);
	struct sk_buff *skb;
	int err;

	/* May wait for room: not with the socket locked. */
	skb = dgram_alloc(sk, dst, DGRAM_MAX, msg->msg_flags & MSG_DONTWAIT, &err);
	if (!skb) {
		dst_release(dst);
		return err;
	}
	dgram_describe(as, skb, dst, key, c);
	lock_sock(sk);
	err = -EINVAL;
	if (!as->cork) {
		WRITE_ONCE(as->cork, skb);
		skb = NULL;
		err = dgram_cork_add(as, msg, len);
	}
	release_sock(sk);
	/* Another thread was first. */
	kfree_skb(skb);
	return err;
}

/* sendmsg() on a socket with a corked datagram; 1 if there is none any more. */
static int dgram_cork_more(struct atmos_sock *as, struct msghdr *msg, size_t len)
{
	struct sock *sk = atmos_sock_sk(as);
	int err = 1;

	lock_sock(sk);
	if (as->cork) {
		err = dgram_cork_add(as, msg, len);
		if (!err && !as->corked && !(msg->msg_flags & MSG_MORE))
			err = dgram_cork_push(as);
	}
	release_sock(sk);
	return err;
}

/**
 * atmos_dgram_cork() - UDP_CORK
 * @as: socket
 * @on: hold back what is sent from now on; off: and out with what was
 *
 * Context: process, lock_sock() held. Return: 0 or what sending it says.
 */
int atmos_dgram_cork(struct atmos_sock *as, bool on)
{
	as->corked = on;
	return on ? 0 : dgram_cork_push(as);
}

/* ---- sendmsg ---- */

/* Uses @dst up. */
static int dgram_send_one(struct atmos_sock *as, struct msghdr *msg, size_t len,
			  struct dst_entry *dst, const struct atmos_flow_key *key,
			  const struct dgram_ctl *c)
{
	struct sk_buff *skb;
	int err;

	skb = dgram_alloc(atmos_sock_sk(as), dst, len, msg->msg_flags & MSG_DONTWAIT, &err);
	if (unlikely(!skb)) {
		dst_release(dst);
		return err;
	}
	dgram_describe(as, skb, dst, key, c);
	err = dgram_copy(skb, 0, msg, len);
	if (unlikely(err)) {
		kfree_skb(skb);
		return err;
	}
	dgram_send_info(skb)->len = len;
	return dgram_post(as, skb);
}

static int dgram_sendmsg(struct atmos_sock *as, struct msghdr *msg, size_t len)
{
	struct atmos_flow_key key;
	struct dst_entry *dst;
	struct dgram_ctl c;
	int err;

	dgram_ctl_init(as, msg, &c);
	err = dgram_to(as, msg, &key, &c);
	if (unlikely(err))
		return err;
	if (key.family == 4 && len > DGRAM_MAX)
		return -EMSGSIZE;
	if (key.family == 4 && msg->msg_flags & MSG_OOB)
		return -EOPNOTSUPP;
	key.proto = IPPROTO_UDP;
	if (msg->msg_controllen) {
		err = dgram_cmsg_send(as, msg, key.family, &c);
		if (err)
			return err;
	}
	dgram_ctl_finish(as, &key, &c);
	dst = atmos_egress_route(as, &key, &c.path);
	if (IS_ERR(dst))
		return PTR_ERR(dst);
	if (msg->msg_flags & MSG_CONFIRM)
		dst_confirm_neigh(dst, &key.raddr);
	if (unlikely(len > DGRAM_MAX)) {
		err = dgram_failed(as, &key, dst_mtu(dst), -EMSGSIZE);
		dst_release(dst);
		return err;
	}
	if (unlikely(msg->msg_flags & MSG_PROBE && !len)) {
		dst_release(dst);
		return 0;
	}
	if (unlikely(as->corked || msg->msg_flags & MSG_MORE))
		return dgram_cork_begin(as, msg, len, dst, &key, &c);
	return dgram_send_one(as, msg, len, dst, &key, &c);
}

/**
 * atmos_dgram_sendmsg() - proto_ops.sendmsg
 * @sock: socket
 * @msg: what, to whom, how
 * @len: bytes
 *
 * Context: process. Return: @len, or a negative errno as of Linux's UDP;
 * besides -EOPNOTSUPP for what cannot be had (IP options, UDP_SEGMENT), and
 * -ENOBUFS, -ENOMEM, -EHOSTDOWN, -ECONNABORTED if the socket's stack cannot run.
 */
int atmos_dgram_sendmsg(struct socket *sock, struct msghdr *msg, size_t len)
{
	struct atmos_sock *as = atmos_sk(sock->sk);
	int err = 1;

	if (unlikely(!atmos_sock_bound(as))) {
		err = dgram_bind(as, msg);
		if (err)
			return err;
	}
	/* IPv4 looks at this first; IPv6 takes MSG_OOB for nothing. */
	if (as->ip_family == AF_INET && len > DGRAM_MAX)
		return -EMSGSIZE;
	if (as->ip_family == AF_INET && msg->msg_flags & MSG_OOB)
		return -EOPNOTSUPP;
	err = 1;
	if (unlikely(READ_ONCE(as->cork)))
		err = dgram_cork_more(as, msg, len);
	if (likely(err > 0))
		err = dgram_sendmsg(as, msg, len);
	return err ?: len;
}

/* ---- other calls ---- */

/* Payload of the datagram that the next recvmsg() takes. */
static int dgram_next_len(struct atmos_sock *as)
{
	struct sk_buff *skb;
	int len = 0;

	spin_lock_bh(&as->lock);
	skb = skb_peek(&atmos_sock_sk(as)->sk_receive_queue);
	if (skb)
		len = skb->len;
	spin_unlock_bh(&as->lock);
	return len;
}

/**
 * atmos_dgram_ioctl() - SIOCINQ (FIONREAD), SIOCOUTQ (TIOCOUTQ)
 * @sock: socket
 * @cmd: which
 * @arg: int __user *
 *
 * Context: process. Return: 0, -EFAULT, -ENOIOCTLCMD for any other.
 */
int atmos_dgram_ioctl(struct socket *sock, unsigned int cmd, unsigned long arg)
{
	struct atmos_sock *as = atmos_sk(sock->sk);
	int __user *to = (int __user *)arg;

	switch (cmd) {
	case SIOCINQ:
		return put_user(dgram_next_len(as), to);
	case SIOCOUTQ:
		return put_user(sk_wmem_alloc_get(sock->sk), to);
	}
	return -ENOIOCTLCMD;
}

/**
 * atmos_dgram_shutdown() - proto_ops.shutdown
 * @sock: socket
 * @how: SHUT_RD, SHUT_WR or SHUT_RDWR
 *
 * As on Linux it has its effect on an unconnected socket, too, and says
 * -ENOTCONN. Context: process. Return: 0, -EINVAL, -ENOTCONN.
 */
int atmos_dgram_shutdown(struct socket *sock, int how)
{
	struct sock *sk = sock->sk;
	int err;

	if (how < SHUT_RD || how > SHUT_RDWR)
		return -EINVAL;
	lock_sock(sk);
	err = sk->sk_state == TCP_ESTABLISHED ? 0 : -ENOTCONN;
	WRITE_ONCE(sk->sk_shutdown, sk->sk_shutdown | (how + 1));
	sk->sk_state_change(sk);
	release_sock(sk);
	return err;
}

/**
 * atmos_dgram_release() - proto_ops.release
 * @sock: socket
 *
 * What waits, either way, is lost; the port is free at once. Context: process.
 * Return: 0.
 */
int atmos_dgram_release(struct socket *sock)
{
	struct sock *sk = sock->sk;
	struct atmos_sock *as = atmos_sk(sk);

	lock_sock(sk);
	WRITE_ONCE(sk->sk_shutdown, SHUTDOWN_MASK);
	kfree_skb(as->cork);
	WRITE_ONCE(as->cork, NULL);
	atmos_mcast_leave_all(as);
	spin_lock_bh(&as->lock);
	as->explicit_port = 0;
	atmos_conn_end(as);
	__skb_queue_purge(&as->sendq);
	__skb_queue_purge(&sk->sk_receive_queue);
	spin_unlock_bh(&as->lock);
	sk->sk_state = TCP_CLOSE;
	sock_orphan(sk);
	sock->sk = NULL;
	release_sock(sk);
	sock_put(sk);
	return 0;
}
