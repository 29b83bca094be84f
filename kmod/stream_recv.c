// SPDX-License-Identifier: GPL-2.0-only
/*
 * TCP: recvmsg().
 *
 * Under lock_sock(), which makes its caller the only one to remove from the
 * receive queue. Bytes are copied from the queue's head without the socket's
 * lock; then, with it, they are taken away. Packets come in meanwhile: what
 * decides between waiting and returning is looked at under the socket's lock,
 * where no run of the domain is half committed.
 *
 * Return values are those of Linux's TCP, in its order.
 */
#include <linux/sched/signal.h>
#include <net/busy_poll.h>
#include <net/tcp.h>

#include "sock.h"

/**
 * struct recv - one call
 * @as: socket
 * @msg: where to
 * @flags: MSG_*
 * @stamps: the application wants timestamps
 * @pos: in the stream, of the next byte
 * @stamped: last skb that was read, with a reference, if @stamps
 */
struct recv {
	struct atmos_sock *as;
	struct msghdr *msg;
	int flags;
	bool stamps;
	u64 pos;
	struct sk_buff *stamped;
};

/* ---- bytes ---- */

static void recv_unlink(struct sock *sk, struct sk_buff *skb)
{
	__skb_unlink(skb, &sk->sk_receive_queue);
	atmos_rmem_uncharge(sk, skb);
}

/*
 * The skb that holds @pos, which was delivered. Readers that take begin at the
 * head; what stands there may have been passed over by urgent data.
 */
static struct sk_buff *recv_find(const struct recv *rc)
{
	struct sock *sk = atmos_sock_sk(rc->as);
	struct sk_buff *skb = skb_peek(&sk->sk_receive_queue);

	while (skb && unlikely(rc->pos - atmos_data_cb(skb)->pos >= atmos_data_cb(skb)->len)) {
		struct sk_buff *next = skb_peek_next(skb, &sk->sk_receive_queue);

		if (!(rc->flags & MSG_PEEK)) {
			spin_lock_bh(&rc->as->lock);
			recv_unlink(sk, skb);
			spin_unlock_bh(&rc->as->lock);
			kfree_skb(skb);
		}
		skb = next;
	}
	return skb;
}

/**
 * struct piece - what to read next
 * @skip: bytes to leave out: the urgent one
 * @len: bytes to copy behind it
 */
struct piece {
	u32 skip;
	u32 len;
};

/* Reading stops at the urgent byte, and passes over it, unless it is in line. */
static struct piece recv_piece(const struct recv *rc, u32 len)
{
	const struct atmos_sock *as = rc->as;
	u64 ahead = READ_ONCE(as->urg_pos) - rc->pos;

	if (likely(as->urg_state == ATMOS_URG_NONE) || ahead >= len)
		return (struct piece) { 0, len };
	if (ahead)
		return (struct piece) { 0, ahead };
	if (sock_flag((const struct sock *)as, SOCK_URGINLINE))
		return (struct piece) { 0, len };
	return (struct piece) { 1, len - 1 };
}

/* An urgent byte was announced while the lock was not held, maybe in what was copied. */
static bool recv_disturbed(const struct recv *rc, u32 len, struct piece was)
{
	struct piece now = recv_piece(rc, len);

	return now.skip != was.skip || now.len != was.len ||
	       (!(rc->flags & MSG_PEEK) && rc->as->rcv_pos != rc->pos);
}

/* Moves the reader. Returns whether the skb is used up, and unlinked. */
static bool recv_advance(struct recv *rc, struct sk_buff *skb)
{
	struct atmos_sock *as = rc->as;
	const struct atmos_data_cb *cb = atmos_data_cb(skb);
	bool used_up = rc->pos - cb->pos >= cb->len;

	WRITE_ONCE(as->rcv_pos, rc->pos);
	if (unlikely(as->urg_state != ATMOS_URG_NONE && as->rcv_pos > as->urg_pos))
		as->urg_state = ATMOS_URG_NONE;
	if (used_up)
		recv_unlink(atmos_sock_sk(as), skb);
	atmos_stream_consumed(as);
	return used_up;
}

static noinline void recv_stamp(struct recv *rc, struct sk_buff *skb)
{
	if (rc->stamped != skb) {
		kfree_skb(rc->stamped);
		rc->stamped = skb_get(skb);
	}
}

/*
 * Copies from one skb. Returns bytes, which may be 0: look again; or -EFAULT.
 */
static int recv_some(struct recv *rc, u32 len)
{
	struct atmos_sock *as = rc->as;
	struct sk_buff *skb = recv_find(rc);
	const struct atmos_data_cb *cb;
	struct piece p;
	bool used_up = false;
	u32 at;

	if (unlikely(!skb))
		return 0;
	cb = atmos_data_cb(skb);
	at = rc->pos - cb->pos;
	len = min(len, cb->len - at);
	p = recv_piece(rc, len);
	if (likely(!(rc->flags & MSG_TRUNC)) &&
	    unlikely(skb_copy_datagram_msg(skb, cb->offset + at + p.skip, rc->msg, p.len)))
		return -EFAULT;

	spin_lock_bh(&as->lock);
	if (unlikely(as->urg_state != ATMOS_URG_NONE && recv_disturbed(rc, len, p))) {
		if (!(rc->flags & MSG_PEEK))
			rc->pos = as->rcv_pos;
		spin_unlock_bh(&as->lock);
		if (!(rc->flags & MSG_TRUNC))
			iov_iter_revert(&rc->msg->msg_iter, p.len);
		return 0;
	}
	rc->pos += p.skip + p.len;
	if (likely(!(rc->flags & MSG_PEEK)))
		used_up = recv_advance(rc, skb);
	spin_unlock_bh(&as->lock);

	if (unlikely(rc->stamps))
		recv_stamp(rc, skb);
	if (used_up)
		consume_skb(skb);
	return p.len;
}

/* ---- waiting ---- */

/* At the urgent mark. Returns 1: read on, 0: return what there is, or an error. */
static int recv_mark(const struct recv *rc, int copied, long timeo)
{
	if (copied)
		return 0;
	if (signal_pending(current))
		return timeo ? sock_intr_errno(timeo) : -EAGAIN;
	return 1;
}

/*
 * Nothing to read. Socket's lock held. Returns 1: wait, 0: return what there is,
 * or an error.
 */
static int recv_nothing(const struct recv *rc, int copied, long timeo)
{
	struct sock *sk = atmos_sock_sk(rc->as);
	int err;

	if (copied)
		return timeo && !sk->sk_err && sk->sk_state != TCP_CLOSE &&
		       !(sk->sk_shutdown & RCV_SHUTDOWN) && !signal_pending(current);
	if (sock_flag(sk, SOCK_DONE))
		return 0;
	if (sk->sk_err)
		return sock_error(sk);
	if (sk->sk_shutdown & RCV_SHUTDOWN)
		return 0;
	if (sk->sk_state == TCP_CLOSE)
		return -ENOTCONN;
	err = atmos_stream_ready(rc->as);
	if (err)
		return err;
	if (!timeo)
		return -EAGAIN;
	if (signal_pending(current))
		return sock_intr_errno(timeo);
	return 1;
}

/* Anything new since @next was the end of what could be read? */
static bool recv_news(const struct atmos_sock *as, u64 next)
{
	const struct sock *sk = (const struct sock *)as;

	return READ_ONCE(as->rcv_next) != next || READ_ONCE(sk->sk_err) ||
	       READ_ONCE(sk->sk_shutdown) & RCV_SHUTDOWN || READ_ONCE(sk->sk_state) == TCP_CLOSE;
}

/* lock_sock() is given up meanwhile. Returns 0, or -EPIPE after a disconnect. */
static int recv_sleep(struct atmos_sock *as, u64 next, long *timeo)
{
	DEFINE_WAIT_FUNC(wait, woken_wake_function);
	struct sock *sk = atmos_sock_sk(as);
	int rc;

	add_wait_queue(sk_sleep(sk), &wait);
	sk_set_bit(SOCKWQ_ASYNC_WAITDATA, sk);
	rc = sk_wait_event(sk, timeo, recv_news(as, next), &wait);
	sk_clear_bit(SOCKWQ_ASYNC_WAITDATA, sk);
	remove_wait_queue(sk_sleep(sk), &wait);
	return rc < 0 ? rc : 0;
}

/* Until there is something behind @rc->pos. Returns as recv_nothing(). */
static int recv_wait(struct recv *rc, int copied, long *timeo)
{
	struct atmos_sock *as = rc->as;
	int ret = 1;
	u64 next;

	spin_lock_bh(&as->lock);
	next = as->rcv_next;
	if (rc->pos >= next)
		ret = recv_nothing(rc, copied, *timeo);
	spin_unlock_bh(&as->lock);
	if (ret <= 0 || rc->pos < next)
		return ret;
	ret = recv_sleep(as, next, timeo);
	if (ret)
		return ret;
	/* Somebody else may have read meanwhile what was peeked at. */
	if (!(rc->flags & MSG_PEEK) || rc->pos < as->rcv_pos)
		rc->pos = as->rcv_pos;
	return 1;
}

/* ---- recvmsg ---- */

static int stream_recv(struct recv *rc, size_t len)
{
	struct atmos_sock *as = rc->as;
	struct sock *sk = atmos_sock_sk(as);
	long timeo = sock_rcvtimeo(sk, rc->flags & MSG_DONTWAIT);
	int target = sock_rcvlowat(sk, rc->flags & MSG_WAITALL, len);
	int copied = 0, n = 1;

	rc->pos = as->rcv_pos;
	if (unlikely(rc->flags & MSG_PEEK))
		rc->pos += max(sk_peek_offset(sk, rc->flags), 0);
	do {
		if (unlikely(as->urg_state != ATMOS_URG_NONE) && as->urg_pos == rc->pos) {
			n = recv_mark(rc, copied, timeo);
			if (n <= 0)
				break;
		}
		/* What is queued up to there can be seen: atmos_stream_deliver(). */
		if (unlikely(smp_load_acquire(&as->rcv_next) <= rc->pos)) {
			if (copied >= target)
				break;
			n = recv_wait(rc, copied, &timeo);
			if (n <= 0)
				break;
			continue;
		}
		n = recv_some(rc, min_t(size_t, len, INT_MAX));
		if (unlikely(n < 0))
			break;
		copied += n;
		len -= n;
		if (likely(n))
			sk_peek_offset_bwd(sk, rc->flags & MSG_PEEK ? -n : n);
	} while (len);
	return n < 0 && !copied ? n : copied;
}

/* Looking beyond the head of the queue keeps commits from changing what is there. */
static noinline int stream_peek(struct recv *rc, size_t len)
{
	struct atmos_sock *as = rc->as;
	int ret;

	spin_lock_bh(&as->lock);
	as->peekers++;
	spin_unlock_bh(&as->lock);
	ret = stream_recv(rc, len);
	spin_lock_bh(&as->lock);
	as->peekers--;
	spin_unlock_bh(&as->lock);
	return ret;
}

/* The out-of-band byte. Never waits. */
static noinline int stream_recv_urgent(struct recv *rc, size_t len)
{
	struct atmos_sock *as = rc->as;
	struct sock *sk = atmos_sock_sk(as);
	struct msghdr *msg = rc->msg;
	int ret = 0;
	u8 byte;

	if (sock_flag(sk, SOCK_URGINLINE))
		return -EINVAL;
	spin_lock_bh(&as->lock);
	byte = as->urg_byte;
	if (as->urg_state == ATMOS_URG_NONE || as->urg_state == ATMOS_URG_READ)
		ret = -EINVAL;
	else if (sk->sk_state == TCP_CLOSE && !sock_flag(sk, SOCK_DONE))
		ret = -ENOTCONN;
	else if (as->urg_state == ATMOS_URG_HERE)
		ret = 1;
	else if (sk->sk_state != TCP_CLOSE && !(sk->sk_shutdown & RCV_SHUTDOWN))
		ret = -EAGAIN;
	if (ret > 0 && !(rc->flags & MSG_PEEK))
		as->urg_state = ATMOS_URG_READ;
	spin_unlock_bh(&as->lock);
	if (ret <= 0)
		return ret;
	msg->msg_flags |= MSG_OOB;
	if (!len) {
		msg->msg_flags |= MSG_TRUNC;
		return 0;
	}
	if (!(rc->flags & MSG_TRUNC) && memcpy_to_msg(msg, &byte, 1))
		return -EFAULT;
	return 1;
}

/* TCP_INQ: bytes left; at least 1 when there is an end to be read. */
static int recv_inq(const struct atmos_sock *as)
{
	u64 left = READ_ONCE(as->rcv_next) - READ_ONCE(as->rcv_pos);

	if (!left && sock_flag((const struct sock *)as, SOCK_DONE))
		return 1;
	return min_t(u64, left, INT_MAX);
}

/* What the application wants to be told beside the bytes. */
static noinline void recv_ancillary(struct recv *rc, int ret, bool inq)
{
	struct sock *sk = atmos_sock_sk(rc->as);

	if (rc->stamped) {
		if (ret >= 0)
			sock_recv_timestamp(rc->msg, sk, rc->stamped);
		kfree_skb(rc->stamped);
	}
	if (ret < 0 || !(inq || rc->msg->msg_get_inq))
		return;
	rc->msg->msg_inq = recv_inq(rc->as);
	if (inq)
		put_cmsg(rc->msg, SOL_TCP, TCP_CM_INQ, sizeof(rc->msg->msg_inq),
			 &rc->msg->msg_inq);
}

static bool recv_wants_stamps(const struct sock *sk)
{
	return sock_flag(sk, SOCK_RCVTSTAMP) ||
	       READ_ONCE(sk->sk_tsflags) & (SOF_TIMESTAMPING_SOFTWARE |
					    SOF_TIMESTAMPING_RAW_HARDWARE);
}

/**
 * atmos_stream_recvmsg() - proto_ops.recvmsg
 * @sock: socket
 * @msg: where to; no address is told, as by Linux's TCP
 * @size: room
 * @flags: MSG_*
 *
 * Return: bytes, 0 at the end of the stream, or a negative errno.
 */
int atmos_stream_recvmsg(struct socket *sock, struct msghdr *msg, size_t size, int flags)
{
	struct sock *sk = sock->sk;
	struct recv rc = { .as = atmos_sk(sk), .msg = msg, .flags = flags };
	bool inq;
	int ret;

	msg->msg_namelen = 0;
	if (unlikely(flags & MSG_ERRQUEUE))
		return atmos_recv_error(sk, msg, size);
	if (sk_can_busy_loop(sk) && skb_queue_empty_lockless(&sk->sk_receive_queue) &&
	    sk->sk_state == TCP_ESTABLISHED)
		sk_busy_loop(sk, flags & MSG_DONTWAIT);

	lock_sock(sk);
	rc.stamps = recv_wants_stamps(sk);
	inq = rc.as->inq;
	if (unlikely(sk->sk_state == TCP_LISTEN))
		ret = -ENOTCONN;
	else if (unlikely(flags & MSG_OOB))
		ret = stream_recv_urgent(&rc, size);
	else if (unlikely(flags & MSG_PEEK))
		ret = stream_peek(&rc, size);
	else
		ret = stream_recv(&rc, size);
	release_sock(sk);
	if (unlikely(rc.stamped || inq || msg->msg_get_inq))
		recv_ancillary(&rc, ret, inq);
	return ret;
}
