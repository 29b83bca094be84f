// SPDX-License-Identifier: GPL-2.0-only
/*
 * TCP: sendmsg(), and the send buffer.
 *
 * A system call copies bytes into staged page fragments under lock_sock(),
 * then takes the socket's lock, makes them part of the stream and lets the
 * domain send: one entry for a call, or for each SEND_ROUND of a large one.
 * Where bytes wait already, because the peer or the network takes no more, the
 * next acknowledgment carries the news, and nothing is entered.
 *
 * Return values are those of Linux's TCP, in its order.
 */
#include <linux/errqueue.h>
#include <linux/sched/signal.h>
#include <net/tcp.h>

#include "compat.h"
#include "sock.h"

/* Bytes of one entry: enough segments to pay for it, and the first go out early. */
#define SEND_ROUND	(128 * 1024)

/* TCP_NOTSENT_LOWAT: what one round may add when little is left unsent. */
#define SEND_LOWAT_STEP	(16 * 1024)

/* A growing window wants twice itself, and SO_SNDBUF counts overhead too. */
#define SEND_BUF_CWNDS	6
#define SEND_BUF_MSS	60

/* ---- the send buffer ---- */

static u32 send_lowat(const struct atmos_sock *as)
{
	return READ_ONCE(as->notsent_lowat) ?:
	       READ_ONCE(sock_net((const struct sock *)as)->ipv4.sysctl_tcp_notsent_lowat);
}

static u64 send_unsent(const struct atmos_sock *as)
{
	return READ_ONCE(as->tx.end) - READ_ONCE(as->tx_max);
}

/**
 * atmos_stream_memory_free() - proto.stream_memory_free: TCP_NOTSENT_LOWAT
 * @sk: socket
 * @wake: 1: is it worth waking somebody?
 *
 * Context: any. Return: whether more may wait unsent.
 */
bool atmos_stream_memory_free(const struct sock *sk, int wake)
{
	const struct atmos_sock *as = atmos_sk(sk);

	return send_unsent(as) << wake < send_lowat(as);
}

/* Bytes that may be added now; 0: wait. */
static u32 send_room(const struct atmos_sock *as)
{
	const struct sock *sk = (const struct sock *)as;
	int room = READ_ONCE(sk->sk_sndbuf) - READ_ONCE(sk->sk_wmem_queued);
	u32 lowat = send_lowat(as);

	if (unlikely(room <= 0))
		return 0;
	if (unlikely(lowat != U32_MAX)) {
		u64 unsent = send_unsent(as);

		if (unsent >= lowat)
			return 0;
		room = min_t(u64, room, max_t(u64, lowat - unsent, SEND_LOWAT_STEP));
	}
	return min(room, SEND_ROUND);
}

/*
 * The buffer grows with the congestion window, as far as tcp_wmem allows,
 * unless SO_SNDBUF was set.
 */
static void send_buffer_grow(struct atmos_sock *as)
{
	struct sock *sk = atmos_sock_sk(as);
	const struct tcp_record *r = atmos_sock_tcb(as);
	u64 want;

	if (!r || !atmos_tcb_whole(r) ||
	    sk->sk_userlocks & SOCK_SNDBUF_LOCK || sk_under_memory_pressure(sk))
		return;
	want = max((u64)r->cwnd * SEND_BUF_CWNDS, (u64)r->mss * SEND_BUF_MSS);
	want = min_t(u64, want, READ_ONCE(sock_net(sk)->ipv4.sysctl_tcp_wmem[2]));
	if (want > sk->sk_sndbuf)
		WRITE_ONCE(sk->sk_sndbuf, want);
}

/**
 * atmos_stream_acked() - bytes have left the send buffer
 * @as: socket
 *
 * Context: commit; socket's lock held.
 */
void atmos_stream_acked(struct atmos_sock *as)
{
	struct socket *sock = READ_ONCE(atmos_sock_sk(as)->sk_socket);

	if (!sock)
		return;
	/* Against poll() and sk_stream_wait_memory(), which set the bit, then look. */
	smp_mb();
	if (test_bit(SOCK_NOSPACE, &sock->flags)) {
		send_buffer_grow(as);
		as->wake |= ATMOS_WAKE_WRITE;
	}
}

/**
 * atmos_stream_write_space() - sk->sk_write_space: wake who waits to write
 * @sk: socket
 *
 * Context: any, also with the socket's lock held.
 */
void atmos_stream_write_space(struct sock *sk)
{
	struct socket *sock = READ_ONCE(sk->sk_socket);
	struct socket_wq *wq;

	if (!sock || !__sk_stream_is_writeable(sk, 1))
		return;
	clear_bit(SOCK_NOSPACE, &sock->flags);
	rcu_read_lock();
	wq = rcu_dereference(sk->sk_wq);
	if (skwq_has_sleeper(wq))
		wake_up_interruptible_poll(&wq->wait, EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND);
	if (wq && wq->fasync_list && !(sk->sk_shutdown & SEND_SHUTDOWN))
		sock_wake_async(wq, SOCK_WAKE_SPACE, POLL_OUT);
	rcu_read_unlock();
}

/*
 * The namespace's limit: memory for @len bytes more. A socket may always have
 * tcp_wmem[0]. Returns what may be added, 0: wait.
 */
static noinline u32 send_reserve(struct atmos_sock *as, u32 len)
{
	struct sock *sk = atmos_sock_sk(as);
	int least;
	bool ok;

	spin_lock_bh(&as->lock);
	ok = sk_wmem_schedule(sk, len);
	spin_unlock_bh(&as->lock);
	if (likely(ok))
		return len;
	least = READ_ONCE(sock_net(sk)->ipv4.sysctl_tcp_wmem[0]) - READ_ONCE(sk->sk_wmem_queued);
	return least > 0 ? min_t(u32, least, len) : 0;
}

/* ---- sendmsg ---- */

/* What sk_err and sk_shutdown say, and whether the domain can be entered. */
static int send_state(const struct atmos_sock *as)
{
	const struct sock *sk = (const struct sock *)as;

	if (unlikely(as->defunct || READ_ONCE(sk->sk_err) || sk->sk_shutdown & SEND_SHUTDOWN))
		return -EPIPE;
	return atmos_stream_ready(as);
}

/*
 * What was staged becomes part of the stream, and the domain is told, or will
 * be by what it waits for: behind a whole segment that could not go, nothing
 * new can.
 */
static int send_publish(struct atmos_sock *as, struct msghdr *msg)
{
	bool last = !msg_data_left(msg), waits;
	int err;

	spin_lock_bh(&as->lock);
	err = send_state(as);
	if (unlikely(err))
		goto out;
	waits = send_unsent(as) >= as->config.mtu;
	atmos_tx_publish(as);
	/* A round that is followed by another may end anywhere. */
	if (last ? msg->msg_flags & MSG_MORE : send_room(as))
		as->send_flags |= STACK_SEND_MORE;
	else
		as->send_flags &= ~STACK_SEND_MORE;
	if (unlikely(msg->msg_flags & MSG_OOB && last)) {
		as->urgent = as->tx.end;
		waits = false;
	}
	/* What fails here is tried again by itself: the bytes are accepted. */
	if (waits)
		as->pending |= ATMOS_EV_SEND;
	else
		atmos_conn_post(as, ATMOS_EV_SEND);
out:
	spin_unlock_bh(&as->lock);
	return err;
}

/* Nothing follows soon: what was held back for it goes. Socket's lock held. */
static void send_push(struct atmos_sock *as)
{
	if (as->send_flags & STACK_SEND_MORE && !as->defunct) {
		as->send_flags &= ~STACK_SEND_MORE;
		atmos_conn_post(as, ATMOS_EV_SEND);
	}
}

/* Until there is room, or a reason not to wait for it. */
static noinline int send_wait(struct atmos_sock *as, long *timeo)
{
	struct sock *sk = atmos_sock_sk(as);
	int err;

	set_bit(SOCK_NOSPACE, &sk->sk_socket->flags);
	spin_lock_bh(&as->lock);
	send_push(as);
	send_buffer_grow(as);
	err = atmos_stream_ready(as);
	spin_unlock_bh(&as->lock);
	return err ?: sk_stream_wait_memory(sk, timeo);
}

/* Copies what there is room for, and sends it. Returns bytes, 0 after a wait. */
static int send_some(struct atmos_sock *as, struct msghdr *msg, long *timeo)
{
	u32 len = min_t(size_t, send_room(as), msg_data_left(msg));
	ssize_t n;
	int err;

	if (unlikely(READ_ONCE(atmos_sock_sk(as)->sk_forward_alloc) < (int)len))
		len = send_reserve(as, len);
	if (unlikely(!len))
		return send_wait(as, timeo);
	n = atmos_tx_append(as, msg, len);
	if (unlikely(n <= 0))
		return n == -ENOMEM ? send_wait(as, timeo) : n;
	err = send_publish(as, msg);
	if (unlikely(err)) {
		iov_iter_revert(&msg->msg_iter, n);
		atmos_tx_cancel(as);
		return err;
	}
	return n;
}

/* Only what the kernel's own parser knows, and no timestamps of sending. */
static noinline int send_cmsg(struct sock *sk, struct msghdr *msg)
{
	struct sockcm_cookie sockc;

	sockcm_init(&sockc, sk);
	if (sock_cmsg_send(sk, msg, &sockc) || sockc.tsflags & SOF_TIMESTAMPING_TX_RECORD_MASK)
		return -EINVAL;
	return 0;
}

/* The end of a call that did not send all. What it sent is what counts. */
static noinline int send_error(struct atmos_sock *as, int flags, int copied, int err)
{
	struct sock *sk = atmos_sock_sk(as);

	/* The lock also waits for a run that has told the end, but not why. */
	spin_lock_bh(&as->lock);
	if (copied && !(flags & MSG_MORE))
		send_push(as);
	spin_unlock_bh(&as->lock);
	if (copied)
		return copied;
	err = sk_stream_error(sk, flags, err);
	/* An edge-triggered waiter needs an edge. */
	if (err == -EAGAIN && as->tx.start == READ_ONCE(as->tx.end))
		sk->sk_write_space(sk);
	return err;
}

static int stream_send(struct atmos_sock *as, struct msghdr *msg)
{
	struct sock *sk = atmos_sock_sk(as);
	int flags = msg->msg_flags, copied = 0, n = 0;
	long timeo;

	if (unlikely(flags & MSG_FASTOPEN))
		return -EOPNOTSUPP;
	timeo = sock_sndtimeo(sk, flags & MSG_DONTWAIT);
	if (unlikely((1 << READ_ONCE(sk->sk_state)) & ~(TCPF_ESTABLISHED | TCPF_CLOSE_WAIT)))
		n = atmos_stream_wait_connect(sk, &timeo);
	if (unlikely(!n && msg->msg_controllen))
		n = send_cmsg(sk, msg);
	sk_clear_bit(SOCKWQ_ASYNC_NOSPACE, sk);
	if (unlikely(!n && (READ_ONCE(sk->sk_err) || READ_ONCE(sk->sk_shutdown) & SEND_SHUTDOWN)))
		n = -EPIPE;
	while (n >= 0 && msg_data_left(msg)) {
		n = send_some(as, msg, &timeo);
		if (likely(n > 0))
			copied += n;
	}
	return likely(n >= 0) ? copied : send_error(as, flags, copied, n);
}

/*
 * SO_ZEROCOPY: bytes are copied all the same, and the notification, which
 * comes at once, says so, as on a device that cannot gather.
 */
static noinline int send_zerocopy(struct atmos_sock *as, struct msghdr *msg, size_t size)
{
	struct ubuf_info *uarg;
	int ret;

	uarg = compat_msg_zerocopy(atmos_sock_sk(as), size);
	if (!uarg)
		return -ENOBUFS;
	uarg_to_msgzc(uarg)->zerocopy = 0;
	ret = stream_send(as, msg);
	if (ret < 0)
		net_zcopy_put_abort(uarg, true);
	else
		net_zcopy_put(uarg);
	return ret;
}

/**
 * atmos_stream_sendmsg() - proto_ops.sendmsg
 * @sock: socket
 * @msg: message; an address is ignored, as by Linux's TCP
 * @size: its bytes
 *
 * Return: bytes taken, or a negative errno; SIGPIPE as of send(2).
 */
int atmos_stream_sendmsg(struct socket *sock, struct msghdr *msg, size_t size)
{
	struct sock *sk = sock->sk;
	int ret;

	lock_sock(sk);
	if (unlikely(msg->msg_flags & MSG_ZEROCOPY && size && sock_flag(sk, SOCK_ZEROCOPY)))
		ret = send_zerocopy(atmos_sk(sk), msg, size);
	else
		ret = stream_send(atmos_sk(sk), msg);
	release_sock(sk);
	return ret;
}
