// SPDX-License-Identifier: GPL-2.0-only
/*
 * Control plane: the sockets of a network namespace.
 *
 * A dump walks the flow table, so it has what packets can reach: listeners,
 * connections, UDP sockets with a port. Each is told under its own lock, as it
 * is at that moment. A dump goes on by count, so sockets that come and go
 * meanwhile may make it miss others or tell them twice.
 */
#include <net/net_namespace.h>

#include "compat.h"
#include "net.h"
#include "netlink.h"
#include "sock.h"

static_assert((int)ATMOS_SOCKET_STATUS_ESTABLISHED == (int)TCPS_ESTABLISHED, "states");
static_assert((int)ATMOS_SOCKET_STATUS_CLOSING == (int)TCPS_CLOSING, "states");

/* An end of a flow as text, at most ATMOS_NL_ENDPOINT bytes. */
void atmos_nl_endpoint(char *text, u8 family, const union atmos_addr *addr, u16 port)
{
	if (family == 4)
		snprintf(text, ATMOS_NL_ENDPOINT, "%pI4:%u", addr->b, port);
	else
		snprintf(text, ATMOS_NL_ENDPOINT, "[%pI6c]:%u", addr->b, port);
}

static int put_ends(struct sk_buff *skb, const struct atmos_sock *as)
{
	const struct atmos_flow_key *key = &as->key;
	char text[ATMOS_NL_ENDPOINT];

	atmos_nl_endpoint(text, key->family, &key->laddr, key->lport);
	if (nla_put_string(skb, ATMOS_A_SOCKET_LOCAL, text))
		return -EMSGSIZE;
	if (!key->rport)
		return 0;
	atmos_nl_endpoint(text, key->family, &key->raddr, key->rport);
	return nla_put_string(skb, ATMOS_A_SOCKET_REMOTE, text);
}

static int put_queues(struct sk_buff *skb, const struct atmos_sock *as)
{
	const struct sock *sk = (const struct sock *)as;
	u32 received = as->rcv_next - as->rcv_pos, sent = as->tx.end - as->tx.start;

	if (as->kind == STACK_LISTEN) {
		received = as->accept_len;
		sent = as->backlog;
	} else if (as->kind == STACK_UDP) {
		received = atomic_read(&sk->sk_rmem_alloc);
		sent = sk_wmem_alloc_get(sk);
	}
	if (nla_put_u32(skb, ATMOS_A_SOCKET_RECV_QUEUE, received) ||
	    nla_put_u32(skb, ATMOS_A_SOCKET_SEND_QUEUE, sent))
		return -EMSGSIZE;
	return 0;
}

static int fill_socket(struct sk_buff *skb, const void *socket)
{
	const struct atmos_sock *as = socket;
	struct sock *sk = (struct sock *)as;
	/* Who asks; the socket that is told may have no file any more. */
	struct user_namespace *ns = sk_user_ns(skb->sk);
	u8 state = as->kind == STACK_TCP ? as->tcp_state : as->kind == STACK_LISTEN ? TCPS_LISTEN :
		   as->key.rport ? TCPS_ESTABLISHED : TCPS_CLOSE;
	u64 inode = sock_i_ino(sk), cookie = atomic64_read(&sk->sk_cookie);

	/* The kernel gives a socket its cookie when somebody asks for it. */
	if (cookie && nla_put_u64_64bit(skb, ATMOS_A_SOCKET_COOKIE, cookie, ATMOS_A_SOCKET_PAD))
		return -EMSGSIZE;
	if (nla_put_u32(skb, ATMOS_A_SOCKET_PROTOCOL, as->key.proto == IPPROTO_TCP ?
			ATMOS_SOCKET_PROTOCOL_TCP : ATMOS_SOCKET_PROTOCOL_UDP) ||
	    nla_put_u32(skb, ATMOS_A_SOCKET_STATUS, state ?: TCPS_CLOSE) ||
	    put_ends(skb, as) || put_queues(skb, as) ||
	    nla_put_u32(skb, ATMOS_A_SOCKET_UID, from_kuid_munged(ns, READ_ONCE(sk->sk_uid))))
		return -EMSGSIZE;
	if (as->dom && nla_put_u64_64bit(skb, ATMOS_A_SOCKET_DOMAIN, as->dom->id,
					 ATMOS_A_SOCKET_PAD))
		return -EMSGSIZE;
	if (inode && nla_put_u64_64bit(skb, ATMOS_A_SOCKET_INODE, inode, ATMOS_A_SOCKET_PAD))
		return -EMSGSIZE;
	return 0;
}

/* One socket's turn; 0 if it was told, or is over. */
static int dump_socket(struct sk_buff *skb, struct netlink_callback *cb, struct atmos_sock *as)
{
	int err = 0;

	spin_lock_bh(&as->lock);
	if (!as->defunct)
		err = atmos_nl_dump(skb, cb, ATMOS_CMD_SOCKET_GET, fill_socket, as);
	spin_unlock_bh(&as->lock);
	return err;
}

int atmos_nl_socket_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct atmos_flow_iter iter;
	struct atmos_sock *as;
	/* Sockets that were told before. */
	long skip = cb->args[0], at = 0;
	int err = 0;

	atmos_flow_iter_begin(&iter, atmos_net(sock_net(skb->sk)));
	while (!err) {
		as = atmos_flow_iter_next(&iter);
		if (!as)
			break;
		if (at++ >= skip)
			err = dump_socket(skb, cb, as);
		sock_put(atmos_sock_sk(as));
		if (!err)
			cb->args[0] = max(at, skip);
	}
	atmos_flow_iter_end(&iter);
	return skb->len;
}
