// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a command of a stack does, once all of its entry were found good.
 *
 * Called in the order of the commands by the entry's commit, with the socket's
 * and the domain's lock held and bottom halves off. Nothing here can fail:
 * what cannot be done for want of memory is as lost as on the wire.
 */
#include <net/tcp_states.h>

#include "sock.h"

static_assert((int)TCPS_ESTABLISHED == (int)TCP_ESTABLISHED, "states");
static_assert((int)TCPS_CLOSING == (int)TCP_CLOSING, "states");
static_assert((int)TCPS_CLOSE == (int)TCP_CLOSE, "states");

/* The frame of a TAKE command: an object no more. */
static struct sk_buff *commit_frame(struct atmos_object *obj)
{
	atmos_object_end(obj);
	return atmos_rx_skb(obj);
}

static void commit_stash(struct atmos_sock *as, const struct dom_cmd_STASH *cmd,
			 struct sk_buff *skb)
{
	*atmos_data_cb(skb) = (struct atmos_data_cb) {
		.pos = cmd->pos,
		.offset = cmd->offset,
		.len = cmd->len,
	};
	atmos_rmem_charge(atmos_sock_sk(as), skb);
	if (!atmos_stash_add(&as->stash, skb)) {
		kfree_skb(skb);		/* checked: cannot overlap */
		return;
	}
	as->stash_bytes += cmd->len;
}

/**
 * atmos_conn_state() - show the application what the engine's state means
 * @as: socket, its lock held; @tcp_state, @tcp_flags and @eof are new
 *
 * As with Linux's TCP, TIME-WAIT is a closed socket to its owner. Who reads the
 * state without the lock, then sk_err, finds the error that led to it.
 */
void atmos_conn_state(struct atmos_sock *as)
{
	struct sock *sk = atmos_sock_sk(as);
	u8 state = as->tcp_state;
	u8 shut = READ_ONCE(sk->sk_shutdown);

	if (state == TCPS_TIME_WAIT)
		state = TCP_CLOSE;
	if (as->eof) {
		shut |= RCV_SHUTDOWN;
		sock_set_flag(sk, SOCK_DONE);
	}
	if (state == TCP_CLOSE)
		shut = SHUTDOWN_MASK;
	WRITE_ONCE(sk->sk_shutdown, shut);
	atmos_sock_show(sk, state);
	/* Whoever waits to write learns that the connection is there, or gone. */
	if (state == TCP_ESTABLISHED || state == TCP_CLOSE)
		as->wake |= ATMOS_WAKE_WRITE;
}

static void commit_state(struct atmos_sock *as, const struct dom_cmd_STATE *cmd)
{
	as->tcp_state = cmd->state;
	as->tcp_flags = cmd->flags;
	if (cmd->flags & STACK_ST_EOF && !as->eof) {
		as->eof = 1;
		as->rcv_end = cmd->rcv_end;
	}
	/* Shown when the run is over: an error of the same run comes first. */
	as->wake |= ATMOS_WAKE_STATE;
}

static void commit_error(struct atmos_sock *as, const struct dom_cmd_ERROR *cmd)
{
	struct sock *sk = atmos_sock_sk(as);

	if (as->kind == STACK_UDP) {
		atmos_dgram_error(as, cmd);
		return;
	}
	atmos_error_icmp(as, cmd);
	if (!cmd->fatal) {
		WRITE_ONCE(sk->sk_err_soft, cmd->err);
		return;
	}
	WRITE_ONCE(sk->sk_err, cmd->err);
	as->wake |= ATMOS_WAKE_ERROR;
}

static void commit_xmit(struct atmos_sock *as, const struct dom_cmd_XMIT *cmd)
{
	u64 end = cmd->pos + cmd->len;

	if (as->kind == STACK_UDP) {
		atmos_dgram_xmit(as, cmd);
		return;
	}
	if (cmd->len && end > as->tx_max)
		as->tx_max = end;
	as->tx_bytes += cmd->len;
	atmos_egress_xmit(as, cmd);
}

static void commit_taken(struct atmos_sock *as, const struct dom_msg *msg, struct sk_buff *skb)
{
	const void *cmd = msg;

	switch (msg->hdr.type) {
	case DOM_CMD_DELIVER:
		atmos_stream_deliver(as, cmd, skb);
		break;
	case DOM_CMD_STASH:
		commit_stash(as, cmd, skb);
		break;
	case DOM_CMD_DGRAM:
		atmos_dgram_deliver(as, cmd, skb);
		break;
	case DOM_CMD_RESTEER:
		atmos_rx_cb(skb)->flags |= STACK_RX_RECHECK;
		__skb_queue_tail(&as->resteer, skb);
		break;
	default:	/* DROP */
		kfree_skb(skb);
	}
}

/**
 * atmos_commit() - atmos_domain_ops.commit of a socket's domain
 * @dom: domain
 * @msg: command
 * @obj: what it takes, with the reference; NULL for others
 */
void atmos_commit(struct atmos_domain *dom, const struct dom_msg *msg, struct atmos_object *obj)
{
	struct atmos_sock *as = dom->owner;
	const void *cmd = msg;

	if (obj) {
		commit_taken(as, msg, commit_frame(obj));
		return;
	}
	switch (msg->hdr.type) {
	case DOM_CMD_XMIT:
		commit_xmit(as, cmd);
		break;
	case DOM_CMD_ACKED:
		if (as->kind == STACK_UDP)
			atmos_dgram_acked(as, ((const struct dom_cmd_ACKED *)cmd)->una);
		else
			atmos_tx_release(as, ((const struct dom_cmd_ACKED *)cmd)->una);
		break;
	case DOM_CMD_DEADLINE:
		as->deadline = ((const struct dom_cmd_DEADLINE *)cmd)->at;
		break;
	case DOM_CMD_STATE:
		commit_state(as, cmd);
		break;
	case DOM_CMD_ERROR:
		commit_error(as, cmd);
		break;
	case DOM_CMD_URGENT:
		atmos_stream_urgent(as, ((const struct dom_cmd_URGENT *)cmd)->pos);
		break;
	case DOM_CMD_OPENED:
		atmos_listen_opened(as, cmd);
		break;
	}
}
