// SPDX-License-Identifier: GPL-2.0-only
/*
 * UDP: from the domain's DGRAM to recvmsg().
 *
 * The frame itself waits in sk_receive_queue: skb->data at the payload, its
 * headers before that, &struct dgram_cb in skb->cb. The queue and its memory
 * accounting are under &atmos_sock.lock, which the domain's run holds anyway;
 * the queue's own lock is not used.
 */
#include <linux/filter.h>
#include <linux/udp.h>

#include "compat.h"
#include "dgram.h"

/* ---- commit of DGRAM ---- */

/*
 * Take the frame apart: headers marked, data at the payload. The socket's
 * filter sees the datagram from its UDP header on, as on Linux, and may cut it.
 */
static bool dgram_take(struct sock *sk, const struct dom_cmd_DGRAM *cmd, struct sk_buff *skb)
{
	struct dgram_cb cb = { .ifindex = skb->skb_iif, .family = atmos_rx_cb(skb)->family };
	u32 l4 = atmos_rx_cb(skb)->l4;

	skb_reset_network_header(skb);
	skb_set_transport_header(skb, l4);
	if (pskb_trim(skb, cmd->offset + cmd->len))
		return false;
	__skb_pull(skb, l4);
	memset(skb->cb, 0, sizeof(skb->cb));
	if (sk_filter_trim_cap(sk, skb, sizeof(struct udphdr)))
		return false;
	if (skb->len < cmd->offset - l4)
		return false;
	__skb_pull(skb, cmd->offset - l4);
	*dgram_cb(skb) = cb;
	return true;
}

static bool dgram_charge(struct sock *sk, struct sk_buff *skb)
{
	if (atomic_read(&sk->sk_rmem_alloc) > READ_ONCE(sk->sk_rcvbuf))
		return false;
	skb_orphan(skb);
	if (!sk_rmem_schedule(sk, skb, skb->truesize))
		return false;
	skb_set_owner_r(skb, sk);
	return true;
}

/**
 * atmos_dgram_deliver() - commit of DGRAM: for the reader
 * @as: socket, its lock held
 * @cmd: where the payload is, checked
 * @skb: the frame, with the reference
 *
 * Context: bottom halves off. Without room it is dropped and counted.
 */
void atmos_dgram_deliver(struct atmos_sock *as, const struct dom_cmd_DGRAM *cmd,
			 struct sk_buff *skb)
{
	struct sock *sk = atmos_sock_sk(as);

	if (!dgram_take(sk, cmd, skb) || !dgram_charge(sk, skb)) {
		compat_drops_inc(sk);
		kfree_skb(skb);
		return;
	}
	if (!skb->tstamp && unlikely(sock_flag(sk, SOCK_TIMESTAMP) ||
				     sock_flag(sk, SOCK_TIMESTAMPING_RX_SOFTWARE)))
		__net_timestamp(skb);
	sock_skb_set_dropcount(sk, skb);
	__skb_queue_tail(&sk->sk_receive_queue, skb);
	as->wake |= ATMOS_WAKE_READ;
}

/* ---- recvmsg ---- */

/* The datagram that a peek at offset *@off is about, and the offset in it. */
static struct sk_buff *dgram_peek(struct sk_buff_head *queue, int *off)
{
	bool at_off = *off >= 0;
	struct sk_buff *skb;

	*off = max(*off, 0);
	skb_queue_walk(queue, skb) {
		/* an empty one is passed once it was seen */
		if (at_off && *off >= skb->len && (*off || skb->peeked)) {
			*off -= skb->len;
			continue;
		}
		skb->peeked = 1;
		refcount_inc(&skb->users);
		return skb;
	}
	return NULL;
}

/* The next datagram, no longer the socket's; or, peeking, another reference. */
static struct sk_buff *dgram_try(struct atmos_sock *as, int flags, int *off, struct sk_buff **last)
{
	struct sk_buff_head *queue = &atmos_sock_sk(as)->sk_receive_queue;
	struct sk_buff *skb;

	spin_lock_bh(&as->lock);
	*last = READ_ONCE(queue->prev);
	if (unlikely(flags & MSG_PEEK)) {
		skb = dgram_peek(queue, off);
	} else {
		skb = __skb_dequeue(queue);
		if (skb)
			skb_orphan(skb);	/* gives its memory back */
		*off = 0;
	}
	spin_unlock_bh(&as->lock);
	return skb;
}

/* Will there be any datagrams? 0, -EHOSTDOWN in quarantine, -ECONNABORTED once given up. */
static int dgram_ready(struct atmos_sock *as)
{
	int err;

	spin_lock_bh(&as->lock);
	err = as->defunct ? -ECONNABORTED : atmos_stream_ready(as);
	spin_unlock_bh(&as->lock);
	return err;
}

/* Waits if it may. NULL: *@err says why, 0 at the end of what is to come. */
static struct sk_buff *dgram_get(struct atmos_sock *as, int flags, int *off, int *err)
{
	struct sock *sk = atmos_sock_sk(as);
	long timeo = sock_rcvtimeo(sk, flags & MSG_DONTWAIT);
	struct sk_buff *skb, *last;
	int from = *off;

	do {
		*err = sock_error(sk);
		if (*err)
			return NULL;
		*off = from;
		skb = dgram_try(as, flags, off, &last);
		if (skb)
			return skb;
		*err = dgram_ready(as) ?: -EAGAIN;
		if (!timeo || *err != -EAGAIN)
			return NULL;
	} while (!__skb_wait_for_more_packets(sk, &sk->sk_receive_queue, err, &timeo, last));
	return NULL;
}

static void dgram_tell(struct atmos_sock *as, struct msghdr *msg, struct sk_buff *skb)
{
	union atmos_addr saddr, daddr;

	sock_recv_cmsgs(msg, atmos_sock_sk(as), skb);
	if (msg->msg_name) {
		dgram_addr(skb, &saddr, &daddr);
		dgram_name(as, msg, dgram_cb(skb)->family, &saddr, udp_hdr(skb)->source,
			   dgram_cb(skb)->ifindex);
	}
	if (as->cmsg_flags)
		dgram_cmsg_recv(as, msg, skb);
}

/**
 * atmos_dgram_recvmsg() - proto_ops.recvmsg
 * @sock: socket
 * @msg: where to
 * @len: bytes wanted
 * @flags: MSG_PEEK, MSG_TRUNC, MSG_DONTWAIT, MSG_ERRQUEUE
 *
 * One datagram; what does not fit is lost. Context: process. Return: bytes
 * copied, with MSG_TRUNC those that there were; or a negative errno: that of
 * an earlier ICMP error, -EAGAIN, -EINTR, -EFAULT.
 */
int atmos_dgram_recvmsg(struct socket *sock, struct msghdr *msg, size_t len, int flags)
{
	struct sock *sk = sock->sk;
	struct atmos_sock *as = atmos_sk(sk);
	struct sk_buff *skb;
	size_t copied;
	int off, err;

	if (unlikely(flags & MSG_ERRQUEUE))
		return atmos_recv_error(sk, msg, len);
	off = sk_peek_offset(sk, flags);
	skb = dgram_get(as, flags, &off, &err);
	if (!skb)
		return err;
	copied = len;
	if (copied > skb->len - off)
		copied = skb->len - off;
	else if (copied < skb->len)
		msg->msg_flags |= MSG_TRUNC;
	err = skb_copy_datagram_msg(skb, off, msg, copied);
	if (unlikely(err)) {
		if (!(flags & MSG_PEEK))
			compat_drops_inc(sk);
		kfree_skb(skb);
		return err;
	}
	dgram_tell(as, msg, skb);
	err = flags & MSG_TRUNC ? skb->len : copied;
	if (unlikely(READ_ONCE(sk->sk_peek_off) >= 0)) {
		if (flags & MSG_PEEK)
			sk_peek_offset_fwd(sk, err);
		else
			sk_peek_offset_bwd(sk, err);
	}
	consume_skb(skb);
	return err;
}

/**
 * atmos_dgram_poll() - proto_ops.poll
 * @file: of the socket
 * @sock: socket
 * @wait: as of poll
 *
 * Return: EPOLL*, as the kernel has them for datagrams, and EPOLLERR where calls fail.
 */
__poll_t atmos_dgram_poll(struct file *file, struct socket *sock, poll_table *wait)
{
	__poll_t mask = datagram_poll(file, sock, wait);

	return mask | (unlikely(READ_ONCE(atmos_sk(sock->sk)->halted)) ? EPOLLERR : 0);
}
