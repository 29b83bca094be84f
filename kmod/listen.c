// SPDX-License-Identifier: GPL-2.0-only
/*
 * Listening sockets: listen(), accept(), and the birth of a connection from
 * the record that a listener's OPENED carries.
 *
 * System calls run under lock_sock(); OPENED is committed in softirq with the
 * listener's lock held, inside of which nests that of the new child, whom
 * nobody else knows yet. The accept queue is under the listener's lock. A child
 * in it is held by the queue, and by the flow table as every connection.
 */
#include <linux/sched/signal.h>
#include <net/ipv6.h>

#include "sock.h"

/* ---- birth ---- */

/* The flow that OPENED names, as the child's. */
static void listen_child_key(struct atmos_sock *child, const struct dom_cmd_OPENED *cmd)
{
	struct atmos_flow_key *key = &child->key;
	struct inet_sock *inet = &child->inet;
	struct sock *sk = atmos_sock_sk(child);

	*key = (struct atmos_flow_key) {
		.laddr.q = { cmd->laddr0, cmd->laddr1 },
		.raddr.q = { cmd->raddr0, cmd->raddr1 },
		.lport = cmd->lport,
		.rport = cmd->rport,
		.family = cmd->family,
		.proto = IPPROTO_TCP,
	};
	sk->sk_num = key->lport;
	sk->sk_dport = htons(key->rport);
	inet->inet_sport = htons(key->lport);
	if (key->family == 4) {
		sk->sk_rcv_saddr = key->laddr.v4;
		sk->sk_daddr = key->raddr.v4;
		inet->inet_saddr = key->laddr.v4;
		ipv6_addr_set_v4mapped(key->laddr.v4, &sk->sk_v6_rcv_saddr);
		ipv6_addr_set_v4mapped(key->raddr.v4, &sk->sk_v6_daddr);
	} else {
		sk->sk_v6_rcv_saddr = key->laddr.v6;
		sk->sk_v6_daddr = key->raddr.v6;
	}
}

/* What follows from the record, which was checked. */
static void listen_child_state(struct atmos_sock *child, const struct atmos_sock *as)
{
	child->kind = STACK_TCP;
	child->tcp_state = TCPS_ESTABLISHED;
	child->rcv_edge = as->rcv_edge;
	child->opts = as->opts;
	child->opts.defer_accept_s = 0;
	child->net = as->net;
	atmos_conn_image_set(child, as->image);
	atmos_sock_show(atmos_sock_sk(child), TCP_ESTABLISHED);
}

/**
 * atmos_listen_opened() - a handshake is complete: make the connection
 * @as: listener, its lock held
 * @cmd: checked; the record is inline
 *
 * Without memory the connection is not made: the peer's next segment finds
 * none and is answered with RST, as when a listener's host has restarted.
 *
 * Context: softirq or process, bottom halves off.
 */
void atmos_listen_opened(struct atmos_sock *as, const struct dom_cmd_OPENED *cmd)
{
	struct sock *sk = atmos_sock_sk(as);
	struct atmos_sock *child;
	struct sock *csk;

	csk = sk->sk_state == TCP_LISTEN ? atmos_sock_clone(sk) : NULL;
	if (!csk)
		goto lost;
	child = atmos_sk(csk);
	spin_lock_nested(&child->lock, SINGLE_DEPTH_NESTING);
	listen_child_key(child, cmd);
	listen_child_state(child, as);
	if (atmos_conn_keep(child, (const u8 *)cmd + DOM_SLOT_SIZE, cmd->hdr.inline_len) ||
	    atmos_egress_accept(child, as))
		goto drop;
	atmos_port_share(child, as);
	if (atmos_flow_insert(child))
		goto drop;
	/* Options that need a timer must be seen; all others can wait for a frame. */
	if (child->opts.flags & STACK_SO_KEEPALIVE)
		atmos_conn_post(child, ATMOS_EV_WAKE);
	spin_unlock(&child->lock);

	list_add_tail(&child->accept_node, &as->accept_queue);
	as->accept_len++;
	sk_acceptq_added(sk);
	as->wake |= ATMOS_WAKE_READ;
	return;
drop:
	atmos_conn_end(child);
	spin_unlock(&child->lock);
	sock_set_flag(csk, SOCK_DEAD);
	sock_put(csk);
lost:
	/* The engine counted it. */
	as->pending |= ATMOS_EV_LISTEN;
	atomic_inc(&sk->sk_drops);
}

/* ---- listen ---- */

/* The listener's part of the socket, under both locks. atmos_port_listen() makes it one. */
static int listen_start(struct atmos_sock *as)
{
	struct sock *sk = atmos_sock_sk(as);
	int err;

	atmos_conn_setup(as);
	err = atmos_port_listen(as);
	if (err)
		return err;
	as->rcv_edge = atmos_stream_room(sk);
	err = atmos_flow_listen(as);
	if (err)
		goto undo;
	atmos_sock_show(sk, TCP_LISTEN);
	err = atmos_conn_post(as, ATMOS_EV_LISTEN);
	if (!err)
		return 0;
	atmos_sock_show(sk, TCP_CLOSE);
undo:
	atmos_conn_end(as);
	as->kind = STACK_TCP;
	atmos_conn_setup(as);
	return err;
}

/**
 * atmos_stream_listen() - proto_ops.listen
 * @sock: socket
 * @backlog: connections that may wait for accept(); net.core.somaxconn was applied
 *
 * Return: 0, -EINVAL if the socket's state does not allow it, -EADDRINUSE,
 * -ENOBUFS or -ENOMEM.
 */
int atmos_stream_listen(struct socket *sock, int backlog)
{
	struct sock *sk = sock->sk;
	struct atmos_sock *as = atmos_sk(sk);
	int err = -EINVAL;

	lock_sock(sk);
	if (sock->state != SS_UNCONNECTED ||
	    (sk->sk_state != TCP_CLOSE && sk->sk_state != TCP_LISTEN))
		goto out;
	WRITE_ONCE(sk->sk_max_ack_backlog, backlog);
	if (sk->sk_state == TCP_LISTEN) {
		spin_lock_bh(&as->lock);
		as->backlog = backlog;
		err = atmos_conn_post(as, ATMOS_EV_LISTEN);
		spin_unlock_bh(&as->lock);
		goto out;
	}
	err = atmos_bind_auto(as);
	if (err)
		goto out;
	sk->sk_ack_backlog = 0;
	spin_lock_bh(&as->lock);
	as->backlog = backlog;
	err = listen_start(as);
	spin_unlock_bh(&as->lock);
out:
	release_sock(sk);
	return err;
}

/**
 * atmos_listen_stop() - no more connections; those that wait are reset
 * @as: listener
 *
 * Context: process, lock_sock() held; takes the socket's lock.
 */
void atmos_listen_stop(struct atmos_sock *as)
{
	struct sock *sk = atmos_sock_sk(as);
	struct atmos_sock *child, *next;
	LIST_HEAD(orphans);

	spin_lock_bh(&as->lock);
	list_splice_init(&as->accept_queue, &orphans);
	as->accept_len = 0;
	sk->sk_ack_backlog = 0;
	atmos_conn_end(as);
	atmos_conn_setup(as);
	as->kind = STACK_TCP;
	atmos_sock_show(sk, TCP_CLOSE);
	spin_unlock_bh(&as->lock);

	list_for_each_entry_safe(child, next, &orphans, accept_node) {
		list_del_init(&child->accept_node);
		spin_lock_bh(&child->lock);
		sock_orphan(atmos_sock_sk(child));
		if (!child->defunct)
			atmos_conn_post(child, ATMOS_EV_ABORT);
		atmos_conn_end(child);
		__skb_queue_purge(&atmos_sock_sk(child)->sk_receive_queue);
		spin_unlock_bh(&child->lock);
		sock_put(atmos_sock_sk(child));
	}
}

/* ---- accept ---- */

static struct atmos_sock *listen_take(struct atmos_sock *as)
{
	struct sock *sk = atmos_sock_sk(as);
	struct atmos_sock *child;
	bool was_full;

	spin_lock_bh(&as->lock);
	child = list_first_entry_or_null(&as->accept_queue, struct atmos_sock, accept_node);
	if (child) {
		list_del_init(&child->accept_node);
		was_full = as->accept_len > as->backlog;
		as->accept_len--;
		sk_acceptq_removed(sk);
		/* Room alone is told with the next frame; who waits for it, now. */
		as->pending |= ATMOS_EV_LISTEN;
		if (was_full)
			atmos_conn_run(as);
	}
	spin_unlock_bh(&as->lock);
	return child;
}

/* Can there be any? 0, or why not, as atmos_stream_ready(). */
static int listen_ready(struct atmos_sock *as)
{
	int err;

	spin_lock_bh(&as->lock);
	err = atmos_stream_ready(as);
	spin_unlock_bh(&as->lock);
	return err;
}

/* Waits for a child. lock_sock() is given up meanwhile. */
static int listen_wait(struct sock *sk, long timeo)
{
	struct atmos_sock *as = atmos_sk(sk);
	DEFINE_WAIT(wait);
	int err;

	for (;;) {
		prepare_to_wait_exclusive(sk_sleep(sk), &wait, TASK_INTERRUPTIBLE);
		release_sock(sk);
		if (list_empty_careful(&as->accept_queue))
			timeo = schedule_timeout(timeo);
		sched_annotate_sleep();
		lock_sock(sk);
		err = 0;
		if (!list_empty_careful(&as->accept_queue))
			break;
		err = -EINVAL;
		if (sk->sk_state != TCP_LISTEN)
			break;
		/* Of its stack: quarantined or given up. */
		err = sock_error(sk);
		if (err)
			break;
		err = sock_intr_errno(timeo);
		if (signal_pending(current))
			break;
		err = -EAGAIN;
		if (!timeo)
			break;
	}
	finish_wait(sk_sleep(sk), &wait);
	return err;
}

/**
 * atmos_listen_accept() - the next connection of a listener
 * @sk: listener
 * @newsock: gets it
 * @nonblock: do not wait
 *
 * Return: 0, -EINVAL if not listening, -EAGAIN, as of a signal, or as
 * atmos_stream_ready().
 */
int atmos_listen_accept(struct sock *sk, struct socket *newsock, bool nonblock)
{
	struct atmos_sock *child = NULL;
	struct sock *csk;
	int err = -EINVAL;

	lock_sock(sk);
	while (sk->sk_state == TCP_LISTEN) {
		long timeo = sock_rcvtimeo(sk, nonblock);

		child = listen_take(atmos_sk(sk));
		if (child)
			break;
		err = listen_ready(atmos_sk(sk));
		if (err)
			break;
		err = timeo ? listen_wait(sk, timeo) : -EAGAIN;
		if (err)
			break;
	}
	release_sock(sk);
	if (!child)
		return err;

	csk = atmos_sock_sk(child);
	lock_sock(csk);
	sock_graft(csk, newsock);
	newsock->state = SS_CONNECTED;
	atmos_sock_custom(newsock);
	release_sock(csk);
	return 0;
}
