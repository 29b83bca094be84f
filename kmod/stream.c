// SPDX-License-Identifier: GPL-2.0-only
/*
 * TCP: what a program does with a connection but sending and receiving:
 * shutdown(), close(), poll(), ioctl(), waiting for the handshake.
 *
 * System calls, under lock_sock(), but for poll(), which takes no lock. The
 * state is what the engine's STATE said (commit.c).
 */
#include <linux/sched/signal.h>
#include <linux/sockios.h>
#include <net/tcp.h>
#include <asm/ioctls.h>

#include "compat.h"
#include "sock.h"

/**
 * atmos_stream_ready() - can the domain be entered?
 * @as: socket
 *
 * Context: socket's lock held. Return: 0, -EHOSTDOWN if the administrator does
 * not let it run, -ECONNABORTED if it was given up.
 */
int atmos_stream_ready(const struct atmos_sock *as)
{
	const struct atmos_domain *dom = as->dom;

	if (!dom || likely(READ_ONCE(dom->state) == ATMOS_DOM_READY))
		return 0;
	return dom->state == ATMOS_DOM_QUARANTINED ? -EHOSTDOWN : -ECONNABORTED;
}

/* ---- waiting ---- */

#define STREAM_OPENING	(TCPF_SYN_SENT | TCPF_SYN_RECV)
#define STREAM_OPEN	(TCPF_ESTABLISHED | TCPF_CLOSE_WAIT)
#define STREAM_CLOSING	(TCPF_FIN_WAIT1 | TCPF_CLOSING | TCPF_LAST_ACK)

static u32 stream_state(const struct sock *sk)
{
	return 1u << READ_ONCE(sk->sk_state);
}

/* Returns 1: wait; 0: it is open; or why not, as sk_stream_wait_connect(). */
static int stream_opening(struct sock *sk, long timeo)
{
	struct atmos_sock *as = atmos_sk(sk);
	int err;

	/* No run is half committed then: the error and the state go together. */
	spin_lock_bh(&as->lock);
	err = sock_error(sk);
	if (!err && stream_state(sk) & STREAM_OPENING)
		err = atmos_stream_ready(as) ?: 1;
	else if (!err && !(stream_state(sk) & STREAM_OPEN))
		err = -EPIPE;
	spin_unlock_bh(&as->lock);
	if (err <= 0)
		return err;
	if (!timeo)
		return -EAGAIN;
	if (signal_pending(current))
		return sock_intr_errno(timeo);
	return 1;
}

/**
 * atmos_stream_wait_connect() - wait for the end of a handshake
 * @sk: socket
 * @timeo: jiffies to wait; what is left of them afterwards
 *
 * Context: process, lock_sock() held, given up meanwhile. Return: 0 if the
 * connection is open; the socket's error; -EPIPE if there is no connection;
 * -EAGAIN after the time, or as of a signal.
 */
int atmos_stream_wait_connect(struct sock *sk, long *timeo)
{
	DEFINE_WAIT_FUNC(wait, woken_wake_function);
	int ret;

	add_wait_queue(sk_sleep(sk), &wait);
	for (;;) {
		ret = stream_opening(sk, *timeo);
		if (ret <= 0)
			break;
		ret = sk_wait_event(sk, timeo, READ_ONCE(sk->sk_err) ||
				    !(stream_state(sk) & STREAM_OPENING), &wait);
		if (ret < 0)
			break;
	}
	remove_wait_queue(sk_sleep(sk), &wait);
	return ret;
}

/* SO_LINGER: until everything is acknowledged. */
static void stream_wait_close(struct sock *sk, long timeo)
{
	DEFINE_WAIT_FUNC(wait, woken_wake_function);

	add_wait_queue(sk_sleep(sk), &wait);
	while (timeo && !signal_pending(current) &&
	       !sk_wait_event(sk, &timeo, !(stream_state(sk) & STREAM_CLOSING), &wait))
		;
	remove_wait_queue(sk_sleep(sk), &wait);
}

/* ---- the end ---- */

/* With a RST, whatever becomes of the domain. Socket's lock held. */
static void stream_abort(struct atmos_sock *as)
{
	if (as->defunct || !as->hashed)
		return;
	if (atmos_conn_post(as, ATMOS_EV_ABORT) && !as->defunct)
		atmos_egress_reset(as);
	if (!as->defunct)
		atmos_conn_end(as);
}

static void stream_purge(struct atmos_sock *as)
{
	__skb_queue_purge(&atmos_sock_sk(as)->sk_receive_queue);
	as->rcv_pos = as->rcv_next;
	as->urg_state = ATMOS_URG_NONE;
}

/**
 * atmos_stream_disconnect() - as if the socket were new, but for its options
 * @sk: socket
 *
 * A connection ends with a RST, a listener's children too. Of the name stays
 * what was asked for.
 *
 * Context: process, lock_sock() held. Return: 0.
 */
int atmos_stream_disconnect(struct sock *sk)
{
	struct atmos_sock *as = atmos_sk(sk);
	bool live;

	sk->sk_disconnects++;
	if (sk->sk_state == TCP_LISTEN)
		atmos_listen_stop(as);
	spin_lock_bh(&as->lock);
	live = sk->sk_state != TCP_CLOSE;
	if (live)
		stream_abort(as);
	/* In TIME-WAIT: that can go without a word. */
	if (live || as->hashed)
		atmos_conn_end(as);
	stream_purge(as);
	atmos_conn_setup(as);
	sock_reset_flag(sk, SOCK_DONE);
	WRITE_ONCE(sk->sk_shutdown, 0);
	if (live)
		WRITE_ONCE(sk->sk_err, ECONNRESET);
	/* poll(): behind the error */
	atmos_sock_show(sk, TCP_CLOSE);
	spin_unlock_bh(&as->lock);
	atmos_tx_cancel(as);
	atmos_names_reset(as);
	sk_dst_reset(sk);
	sk_error_report(sk);
	return 0;
}

/* FIN, behind what was sent. */
static void stream_shut(struct atmos_sock *as, int how)
{
	struct sock *sk = atmos_sock_sk(as);

	spin_lock_bh(&as->lock);
	WRITE_ONCE(sk->sk_shutdown, sk->sk_shutdown | how);
	if (how & SEND_SHUTDOWN && stream_state(sk) & STREAM_OPEN && !as->defunct) {
		as->shut |= STACK_SHUT_SEND;
		atmos_conn_post(as, ATMOS_EV_SHUTDOWN);
	}
	spin_unlock_bh(&as->lock);
}

/**
 * atmos_stream_shutdown() - proto_ops.shutdown
 * @sock: socket
 * @how: SHUT_*
 *
 * Return: 0, -EINVAL, -ENOTCONN.
 */
int atmos_stream_shutdown(struct socket *sock, int how)
{
	struct sock *sk = sock->sk;
	int err = 0;

	how++;		/* to a mask */
	if (how & ~SHUTDOWN_MASK || !how)
		return -EINVAL;
	lock_sock(sk);
	if (sock->state == SS_CONNECTING)
		sock->state = stream_state(sk) & (STREAM_OPENING | TCPF_CLOSE) ?
			      SS_DISCONNECTING : SS_CONNECTED;
	switch (sk->sk_state) {
	case TCP_LISTEN:
		if (!(how & RCV_SHUTDOWN))
			break;
		fallthrough;
	case TCP_SYN_SENT:
		err = atmos_stream_disconnect(sk);
		sock->state = SS_UNCONNECTED;
		break;
	case TCP_CLOSE:
		err = -ENOTCONN;
		fallthrough;
	default:
		stream_shut(atmos_sk(sk), how);
	}
	sk->sk_state_change(sk);
	release_sock(sk);
	return err;
}

/* As tcp_mem and this socket's share of it: is there memory for an orphan? */
static bool stream_no_memory(const struct sock *sk)
{
	return sk->sk_wmem_queued > SOCK_MIN_SNDBUF &&
	       sk_memory_allocated(sk) > sk_prot_mem_limits(sk, 2);
}

/* The connection's end begins: FIN, or RST where bytes are lost (RFC 2525 2.17). */
static void stream_close(struct atmos_sock *as)
{
	struct sock *sk = atmos_sock_sk(as);
	bool unread;

	spin_lock_bh(&as->lock);
	unread = as->rcv_pos != as->rcv_next;
	stream_purge(as);
	WRITE_ONCE(sk->sk_shutdown, SHUTDOWN_MASK);
	if (as->defunct || sk->sk_state == TCP_CLOSE) {
		;	/* over, or TIME-WAIT, which ends by itself */
	} else if (unread || (sock_flag(sk, SOCK_LINGER) && !sk->sk_lingertime) ||
		   stream_no_memory(sk)) {
		stream_abort(as);
	} else {
		as->shut |= STACK_SHUT_CLOSE;
		atmos_conn_post(as, ATMOS_EV_SHUTDOWN);
	}
	spin_unlock_bh(&as->lock);
}

/* The program is gone. A connection may live on until the engine says CLOSE. */
static void stream_orphan(struct atmos_sock *as)
{
	struct sock *sk = atmos_sock_sk(as);

	spin_lock_bh(&as->lock);
	sock_orphan(sk);
	as->explicit_port = 0;	/* its end gives the port back */
	if (as->defunct || !as->hashed) {
		atmos_conn_end(as);
		WRITE_ONCE(sk->sk_state, TCP_CLOSE);
	}
	atmos_timewait_lend(as);
	spin_unlock_bh(&as->lock);
	atmos_tx_cancel(as);
}

/**
 * atmos_stream_release() - proto_ops.release: close()
 * @sock: socket
 *
 * Waits as of SO_LINGER, unless the process is exiting.
 *
 * Return: 0.
 */
int atmos_stream_release(struct socket *sock)
{
	struct sock *sk = sock->sk;
	struct atmos_sock *as;

	if (!sk)
		return 0;
	as = atmos_sk(sk);
	lock_sock(sk);
	if (sk->sk_state == TCP_LISTEN)
		atmos_listen_stop(as);
	else
		stream_close(as);
	if (sock_flag(sk, SOCK_LINGER) && !(current->flags & PF_EXITING))
		stream_wait_close(sk, sk->sk_lingertime);
	stream_orphan(as);
	sock->sk = NULL;
	release_sock(sk);
	sock_put(sk);
	return 0;
}

/* ---- poll ---- */

static __poll_t stream_poll_write(struct sock *sk)
{
	if (__sk_stream_is_writeable(sk, 1))
		return EPOLLOUT | EPOLLWRNORM;
	sk_set_bit(SOCKWQ_ASYNC_NOSPACE, sk);
	set_bit(SOCK_NOSPACE, &sk->sk_socket->flags);
	/* Against atmos_stream_acked(), which frees, then looks at the bit. */
	smp_mb__after_atomic();
	return __sk_stream_is_writeable(sk, 1) ? EPOLLOUT | EPOLLWRNORM : 0;
}

/* Of a connection that is or was open. */
static __poll_t stream_poll_open(const struct atmos_sock *as, struct sock *sk, u8 shut)
{
	int target = sock_rcvlowat(sk, 0, INT_MAX);
	u8 urgent = as->urg_state;
	__poll_t mask = 0;

	if (unlikely(urgent != ATMOS_URG_NONE) && !sock_flag(sk, SOCK_URGINLINE) &&
	    READ_ONCE(as->urg_pos) == READ_ONCE(as->rcv_pos))
		target++;
	if (atmos_stream_readable(as, target))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (shut & SEND_SHUTDOWN)
		mask |= EPOLLOUT | EPOLLWRNORM;
	else
		mask |= stream_poll_write(sk);
	if (unlikely(urgent == ATMOS_URG_HERE))
		mask |= EPOLLPRI;
	return mask;
}

/**
 * atmos_stream_poll() - proto_ops.poll
 * @file: of the socket
 * @sock: socket
 * @wait: as of poll
 *
 * Return: EPOLL* of which TCP tells.
 */
__poll_t atmos_stream_poll(struct file *file, struct socket *sock, poll_table *wait)
{
	struct sock *sk = sock->sk;
	struct atmos_sock *as = atmos_sk(sk);
	__poll_t mask = 0;
	u8 shut, state;

	sock_poll_wait(file, sock, wait);
	/* Its error is there before it: atmos_conn_state(). */
	state = smp_load_acquire(&sk->sk_state);
	if (state == TCP_LISTEN)
		return (READ_ONCE(as->accept_len) ? EPOLLIN | EPOLLRDNORM : 0) |
		       (READ_ONCE(as->halted) || READ_ONCE(sk->sk_err) ? EPOLLERR : 0);
	shut = READ_ONCE(sk->sk_shutdown);
	if (shut == SHUTDOWN_MASK || state == TCP_CLOSE)
		mask |= EPOLLHUP;
	if (shut & RCV_SHUTDOWN)
		mask |= EPOLLIN | EPOLLRDNORM | EPOLLRDHUP;
	if (state != TCP_SYN_SENT && state != TCP_SYN_RECV)
		mask |= stream_poll_open(as, sk, shut);
	/* The state, then the error that was there before. */
	smp_rmb();
	if (READ_ONCE(sk->sk_err) || unlikely(READ_ONCE(as->halted)) ||
	    !skb_queue_empty_lockless(&sk->sk_error_queue))
		mask |= EPOLLERR;
	return mask;
}

/* ---- ioctl ---- */

/* Bytes that can be read before the urgent mark. Socket's lock held. */
static u64 stream_inq(const struct atmos_sock *as)
{
	if (as->urg_state != ATMOS_URG_NONE && as->urg_pos >= as->rcv_pos &&
	    as->urg_pos < as->rcv_next &&
	    !sock_flag((const struct sock *)as, SOCK_URGINLINE))
		return as->urg_pos - as->rcv_pos;
	return as->rcv_next - as->rcv_pos;
}

static u64 stream_answer(const struct atmos_sock *as, unsigned int cmd, bool open)
{
	switch (cmd) {
	case SIOCINQ:
		return open ? stream_inq(as) : 0;
	case SIOCATMARK:
		return as->urg_state != ATMOS_URG_NONE && as->urg_pos == as->rcv_pos;
	case SIOCOUTQ:
		return open ? as->tx.end - as->tx.start : 0;
	default:	/* SIOCOUTQNSD */
		return open ? as->tx.end - as->tx_max : 0;
	}
}

/**
 * atmos_stream_ioctl() - proto_ops.ioctl
 * @sock: socket
 * @cmd: SIOCINQ, SIOCATMARK, SIOCOUTQ or SIOCOUTQNSD
 * @arg: of the user's int
 *
 * Return: 0, -EINVAL for queues of a listener, -EFAULT, -ENOIOCTLCMD for others.
 */
int atmos_stream_ioctl(struct socket *sock, unsigned int cmd, unsigned long arg)
{
	struct sock *sk = sock->sk;
	struct atmos_sock *as = atmos_sk(sk);
	u64 answer;

	switch (cmd) {
	case SIOCINQ:
	case SIOCOUTQ:
	case SIOCOUTQNSD:
		if (sk->sk_state == TCP_LISTEN)
			return -EINVAL;
		break;
	case SIOCATMARK:
		break;
	default:
		return -ENOIOCTLCMD;
	}
	spin_lock_bh(&as->lock);
	answer = stream_answer(as, cmd, !(stream_state(sk) & STREAM_OPENING));
	spin_unlock_bh(&as->lock);
	return put_user(min_t(u64, answer, INT_MAX), (int __user *)arg);
}

/**
 * atmos_stream_set_rcvlowat() - proto_ops.set_rcvlowat: SO_RCVLOWAT
 * @sk: socket
 * @val: bytes
 *
 * The buffer grows to hold twice that, unless SO_RCVBUF was set.
 *
 * Context: process, lock_sock() held. Return: 0.
 */
int atmos_stream_set_rcvlowat(struct sock *sk, int val)
{
	struct atmos_sock *as = atmos_sk(sk);
	bool fixed = sk->sk_userlocks & SOCK_RCVBUF_LOCK;
	int cap = fixed ? sk->sk_rcvbuf :
		  READ_ONCE(sock_net(sk)->ipv4.sysctl_tcp_rmem[2]);

	val = min(val, cap / 2);
	WRITE_ONCE(sk->sk_rcvlowat, val ?: 1);
	if (atmos_stream_readable(as, sk->sk_rcvlowat) || sock_flag(sk, SOCK_DONE))
		sk->sk_data_ready(sk);
	if (fixed || 2 * val <= sk->sk_rcvbuf)
		return 0;
	WRITE_ONCE(sk->sk_rcvbuf, 2 * val);
	if (sk->sk_state == TCP_LISTEN)
		return 0;
	spin_lock_bh(&as->lock);
	if (as->hashed)
		atmos_stream_consumed(as);
	spin_unlock_bh(&as->lock);
	return 0;
}
