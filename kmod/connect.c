// SPDX-License-Identifier: GPL-2.0-only
/*
 * connect(), and its undoing by AF_UNSPEC, for both types of sockets.
 *
 * The checks, their order and what is told are those of Linux's TCP and UDP.
 * Called in process context; all runs under lock_sock(). A key is changed only
 * while the socket is not in the flow table, and under &atmos_sock.lock.
 */
#include <net/ipv6.h>
#include <net/route.h>

#include "compat.h"
#include "sock.h"

/* ---- to whom ---- */

static int connect_to_v4(const struct atmos_sock *as, const struct sockaddr_in *sin, int len,
			 struct atmos_flow_key *key)
{
	if (len < (int)sizeof(*sin))
		return -EINVAL;
	if (sin->sin_family != AF_INET)
		return -EAFNOSUPPORT;
	key->raddr = (union atmos_addr){ .v4 = sin->sin_addr.s_addr };
	/* As in BSD, "any" means this host. */
	if (!key->raddr.v4)
		key->raddr.v4 = as->key.family == 4 && as->key.laddr.v4 ?
				as->key.laddr.v4 : htonl(INADDR_LOOPBACK);
	key->rport = ntohs(sin->sin_port);
	key->family = 4;
	if (as->kind == STACK_TCP && ipv4_is_multicast(key->raddr.v4))
		return -ENETUNREACH;
	return 0;
}

/* An address of a link names the link, too. */
static int connect_scope(struct sock *sk, const struct sockaddr_in6 *sin6, int len, int type)
{
	if (len >= (int)sizeof(*sin6) && sin6->sin6_scope_id) {
		if (!sk_dev_equal_l3scope(sk, sin6->sin6_scope_id))
			return -EINVAL;
		WRITE_ONCE(sk->sk_bound_dev_if, sin6->sin6_scope_id);
	}
	if (!sk->sk_bound_dev_if && type & IPV6_ADDR_MULTICAST)
		WRITE_ONCE(sk->sk_bound_dev_if, atmos_sk(sk)->mc_oif);
	return sk->sk_bound_dev_if ? 0 : -EINVAL;
}

static int connect_to_v6(struct atmos_sock *as, const struct sockaddr_in6 *sin6, int len,
			 struct atmos_flow_key *key)
{
	bool mapped = as->key.family == 4 && as->key.laddr.v4;
	int type;

	if (len < SIN6_LEN_RFC2133)
		return -EINVAL;
	if (sin6->sin6_family != AF_INET6)
		return -EAFNOSUPPORT;
	key->rport = ntohs(sin6->sin6_port);
	key->family = 6;
	key->raddr.v6 = sin6->sin6_addr;
	if (ipv6_addr_any(&sin6->sin6_addr)) {
		key->raddr.v6 = in6addr_loopback;
		if (mapped)
			ipv6_addr_set_v4mapped(htonl(INADDR_LOOPBACK), &key->raddr.v6);
	}
	type = __ipv6_addr_type(&key->raddr.v6);
	if (as->kind == STACK_TCP && type & IPV6_ADDR_MULTICAST)
		return -ENETUNREACH;
	if (type & IPV6_ADDR_MAPPED) {
		struct sockaddr_in sin = {
			.sin_family = AF_INET,
			.sin_port = sin6->sin6_port,
			.sin_addr.s_addr = key->raddr.v6.s6_addr32[3],
		};

		return as->v6only ? -ENETUNREACH : connect_to_v4(as, &sin, sizeof(sin), key);
	}
	if (mapped)
		return -EAFNOSUPPORT;
	if (!__ipv6_addr_needs_scope_id(type))
		return 0;
	return connect_scope(atmos_sock_sk(as), sin6, len, type);
}

/* The flow to the address; the socket's own end may still be open. */
static int connect_to(struct atmos_sock *as, const struct sockaddr *sa, int len,
		      struct atmos_flow_key *key)
{
	int family = as->ip_family;
	int err;

	if (!family)
		family = sa->sa_family == AF_INET6 ? AF_INET6 : AF_INET;
	err = atmos_family_decide(as, family);
	if (err)
		return err;
	*key = as->key;
	if (family == AF_INET)
		return connect_to_v4(as, (const struct sockaddr_in *)sa, len, key);
	if (as->kind == STACK_TCP || sa->sa_family != AF_INET)
		return connect_to_v6(as, (const struct sockaddr_in6 *)sa, len, key);
	return as->v6only ? -EAFNOSUPPORT :
			    connect_to_v4(as, (const struct sockaddr_in *)sa, len, key);
}

static void connect_key(struct atmos_sock *as, const struct atmos_flow_key *key)
{
	spin_lock_bh(&as->lock);
	/* Another thread's sendto() may have made a stack since there was none. */
	if (as->kind == STACK_UDP)
		atmos_conn_renew(as);
	as->key = *key;
	atmos_opt_path(as);
	spin_unlock_bh(&as->lock);
}

/* ---- streams ---- */

/* As before connect(). */
static void connect_stream_forget(struct atmos_sock *as)
{
	spin_lock_bh(&as->lock);
	atmos_conn_end(as);
	atmos_conn_setup(as);
	atmos_sock_show(&as->inet.sk, TCP_CLOSE);
	spin_unlock_bh(&as->lock);
	atmos_names_reset(as);
}

/* The first packet. */
static int connect_stream_open(struct atmos_sock *as)
{
	struct sock *sk = atmos_sock_sk(as);
	int err;

	spin_lock_bh(&as->lock);
	atmos_conn_isn(as);
	as->rcv_edge = atmos_stream_room(sk);
	as->tcp_state = TCPS_SYN_SENT;
	/* What nobody asked for of the connection before is not of this one. */
	WRITE_ONCE(sk->sk_err, 0);
	atmos_sock_show(sk, TCP_SYN_SENT);
	err = atmos_conn_post(as, ATMOS_EV_CONNECT);
	spin_unlock_bh(&as->lock);
	return err == -EAGAIN ? -ENOBUFS : err;
}

static int connect_stream_start(struct atmos_sock *as, const struct sockaddr *sa, int len)
{
	struct atmos_flow_key key;
	int err;

	/* What the last connection left, TIME-WAIT say, is not to be disturbed. */
	if (atmos_flow_known(as))
		return -EISCONN;
	err = connect_to(as, sa, len, &key);
	if (err)
		return err;
	spin_lock_bh(&as->lock);
	atmos_conn_setup(as);
	spin_unlock_bh(&as->lock);
	connect_key(as, &key);
	err = atmos_egress_connect(as);
	if (!err)
		err = atmos_port_connect(as);
	if (err)
		goto forget;
	atmos_names_show(as);
	err = connect_stream_open(as);
	if (!err)
		return 0;
forget:
	connect_stream_forget(as);
	return err;
}

/*
 * The handshake has ended. @err is the error that was found with it, or 0.
 * After a failure the socket may connect again.
 */
static int connect_stream_outcome(struct socket *sock, int err)
{
	struct sock *sk = sock->sk;
	struct atmos_sock *as = atmos_sk(sk);

	if (sk->sk_state != TCP_CLOSE) {
		sock->state = SS_CONNECTED;
		return 0;
	}
	/* The run that set the state has set the error, too. */
	spin_lock_bh(&as->lock);
	err = err ?: sock_error(sk) ?: -ECONNABORTED;
	spin_unlock_bh(&as->lock);
	atmos_stream_disconnect(sk);
	sock->state = SS_UNCONNECTED;
	return err;
}

static bool connect_under_way(const struct sock *sk)
{
	u8 state = READ_ONCE(sk->sk_state);

	return state == TCP_SYN_SENT || state == TCP_SYN_RECV;
}

static int connect_stream(struct socket *sock, const struct sockaddr *sa, int len, int flags)
{
	struct sock *sk = sock->sk;
	int err, wait;
	long timeo;

	switch (sock->state) {
	case SS_CONNECTED:
		return -EISCONN;
	case SS_CONNECTING:
		err = -EALREADY;
		break;
	case SS_UNCONNECTED:
		if (sk->sk_state != TCP_CLOSE)
			return -EISCONN;
		err = connect_stream_start(atmos_sk(sk), sa, len);
		if (err)
			return err;
		sock->state = SS_CONNECTING;
		err = -EINPROGRESS;
		break;
	default:
		return -EINVAL;
	}
	timeo = sock_sndtimeo(sk, flags & O_NONBLOCK);
	/* The answer may be here already, but programs expect to be told so. */
	if (!timeo && (err == -EINPROGRESS || connect_under_way(sk)))
		return err;
	if (!connect_under_way(sk))
		return connect_stream_outcome(sock, 0);
	wait = atmos_stream_wait_connect(sk, &timeo);
	if (wait == -EAGAIN)
		return err;
	/* A signal; or somebody else has undone it, and may connect anew by now. */
	if (wait && connect_under_way(sk))
		return wait;
	if (wait && sock->state != SS_CONNECTING)
		return wait == -EPIPE ? sock_error(sk) ?: -ECONNABORTED : wait;
	return connect_stream_outcome(sock, wait == -EPIPE ? 0 : wait);
}

/**
 * atmos_stream_connect() - proto_ops.connect of streams
 * @sock: socket
 * @uaddr: struct sockaddr_in or sockaddr_in6, or AF_UNSPEC
 * @len: its bytes
 * @flags: O_NONBLOCK
 *
 * Return: 0 or as connect(2).
 */
int atmos_stream_connect(struct socket *sock, struct compat_sockaddr *uaddr, int len, int flags)
{
	const struct sockaddr *sa = (const struct sockaddr *)uaddr;
	struct sock *sk = sock->sk;
	int err = -EINVAL;

	lock_sock(sk);
	if (len < (int)offsetofend(struct sockaddr, sa_family))
		goto out;
	if (sa->sa_family == AF_UNSPEC) {
		/* Reset what is there; the socket may connect or listen anew. */
		err = atmos_stream_disconnect(sk);
		sock->state = SS_UNCONNECTED;
	} else {
		err = connect_stream(sock, sa, len, flags);
	}
out:
	release_sock(sk);
	return err;
}

/* ---- datagrams ---- */

/*
 * Out of the flow table; the domain's configuration is for life, so it goes.
 * What was received stays, and so does the port.
 */
static void connect_dgram_detach(struct atmos_sock *as)
{
	spin_lock_bh(&as->lock);
	atmos_conn_renew(as);
	as->opts.flags &= ~STACK_SO_CONNECTED;
	spin_unlock_bh(&as->lock);
	sk_dst_reset(atmos_sock_sk(as));
}

/* Into the flow table, connected to what the key says. */
static int connect_dgram_attach(struct atmos_sock *as, const struct atmos_flow_key *key)
{
	int err;

	connect_key(as, key);
	err = atmos_egress_connect(as);
	if (err)
		return err;
	spin_lock_bh(&as->lock);
	err = atmos_flow_insert(as);
	if (!err)
		as->opts.flags |= STACK_SO_CONNECTED;
	spin_unlock_bh(&as->lock);
	return err;
}

/* A failed connect() leaves everything as it was. */
static void connect_dgram_restore(struct atmos_sock *as, const struct atmos_flow_key *key,
				  bool connected)
{
	int err;

	if (connected) {
		err = connect_dgram_attach(as, key);
	} else {
		connect_key(as, key);
		spin_lock_bh(&as->lock);
		err = atmos_flow_listen(as);
		spin_unlock_bh(&as->lock);
	}
	/* Its place was taken, or its route is gone: as after AF_UNSPEC. */
	if (err) {
		atmos_sock_show(&as->inet.sk, TCP_CLOSE);
		atmos_unbind_port(as);
		atmos_names_reset(as);
	}
}

static int connect_dgram(struct atmos_sock *as, const struct sockaddr *sa, int len)
{
	struct sock *sk = atmos_sock_sk(as);
	bool connected = sk->sk_state == TCP_ESTABLISHED;
	struct atmos_flow_key key, old;
	int err;

	/* As Linux: whatever becomes of it, the socket has a port. */
	err = atmos_family_decide(as, as->ip_family ?:
				  sa->sa_family == AF_INET6 ? AF_INET6 : AF_INET);
	if (!err)
		err = atmos_bind_auto(as);
	if (!err)
		err = connect_to(as, sa, len, &key);
	if (err)
		return err;
	old = as->key;
	connect_dgram_detach(as);
	err = connect_dgram_attach(as, &key);
	if (err) {
		connect_dgram_restore(as, &old, connected);
		return err;
	}
	atmos_names_show(as);
	atmos_sock_show(sk, TCP_ESTABLISHED);
	return 0;
}

static int connect_dgram_stop(struct atmos_sock *as)
{
	struct sock *sk = atmos_sock_sk(as);
	int err = 0;

	connect_dgram_detach(as);
	atmos_sock_show(sk, TCP_CLOSE);
	WRITE_ONCE(sk->sk_bound_dev_if, 0);
	atmos_names_reset(as);
	if (!as->explicit_port) {
		atmos_unbind_port(as);
		return 0;
	}
	spin_lock_bh(&as->lock);
	err = atmos_flow_listen(as);
	spin_unlock_bh(&as->lock);
	if (err)
		atmos_unbind_port(as);
	return err;
}

/**
 * atmos_dgram_connect() - proto_ops.connect of datagram sockets
 * @sock: socket
 * @uaddr: struct sockaddr_in or sockaddr_in6, or AF_UNSPEC
 * @len: its bytes
 * @flags: not used: nothing waits
 *
 * Return: 0 or as connect(2).
 */
int atmos_dgram_connect(struct socket *sock, struct compat_sockaddr *uaddr, int len, int flags)
{
	const struct sockaddr *sa = (const struct sockaddr *)uaddr;
	struct sock *sk = sock->sk;
	struct atmos_sock *as = atmos_sk(sk);
	int err = -EINVAL;

	lock_sock(sk);
	if (len >= (int)offsetofend(struct sockaddr, sa_family))
		err = sa->sa_family == AF_UNSPEC ? connect_dgram_stop(as) :
						   connect_dgram(as, sa, len);
	release_sock(sk);
	return err;
}
