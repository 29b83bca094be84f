// SPDX-License-Identifier: GPL-2.0-only
/*
 * SOL_SOCKET: which of the kernel's own options are honoured here. Those go on
 * to the kernel, which keeps them in struct sock; all others are refused.
 *
 * Kernels before 6.7 do not ask: there the same is at level SOL_ATMOS_SOCKET.
 */
#include <linux/errqueue.h>
#include <linux/net_tstamp.h>

#include "../uapi/linux/atmos_socket.h"
#include "sockopt.h"

/**
 * struct socket_opt - an option that is honoured
 * @name: SO_*
 * @types: OPT_*
 */
struct socket_opt {
	int name;
	u32 types;
};

static const struct socket_opt socket_opts[] = {
	/* ports and addresses: port.c, flow.c, route.c */
	{ SO_REUSEADDR, OPT_BOTH },
	{ SO_DONTROUTE, OPT_BOTH },
	{ SO_BROADCAST, OPT_BOTH },
	{ SO_MARK, OPT_BOTH },
	{ SO_PRIORITY, OPT_BOTH },
	{ SO_BINDTODEVICE, OPT_BOTH },
	{ SO_BINDTOIFINDEX, OPT_BOTH },
	/* buffers: stream_*.c, dgram*.c */
	{ SO_SNDBUF, OPT_BOTH },
	{ SO_SNDBUFFORCE, OPT_BOTH },
	{ SO_RCVBUF, OPT_BOTH },
	{ SO_RCVBUFFORCE, OPT_BOTH },
	{ SO_BUF_LOCK, OPT_BOTH },
	{ SO_RCVLOWAT, OPT_BOTH },
	{ SO_RXQ_OVFL, OPT_DGRAM },
	{ SO_PEEK_OFF, OPT_DGRAM },
	/* the engine's, told by socket_tell() or proto.keepalive */
	{ SO_KEEPALIVE, OPT_BOTH },	/* a datagram socket just keeps it, as Linux's */
	{ SO_NO_CHECK, OPT_DGRAM },
	{ SO_MAX_PACING_RATE, OPT_BOTH },
	/* waiting */
	{ SO_RCVTIMEO_OLD, OPT_BOTH },
	{ SO_RCVTIMEO_NEW, OPT_BOTH },
	{ SO_SNDTIMEO_OLD, OPT_BOTH },
	{ SO_SNDTIMEO_NEW, OPT_BOTH },
	{ SO_LINGER, OPT_BOTH },
	{ SO_SELECT_ERR_QUEUE, OPT_BOTH },
	{ SO_BUSY_POLL, OPT_BOTH },
	{ SO_PREFER_BUSY_POLL, OPT_BOTH },
	{ SO_BUSY_POLL_BUDGET, OPT_BOTH },
	/* what is told beside the data */
	{ SO_OOBINLINE, OPT_BOTH },	/* the same */
	{ SO_TIMESTAMP_OLD, OPT_BOTH },
	{ SO_TIMESTAMP_NEW, OPT_BOTH },
	{ SO_TIMESTAMPNS_OLD, OPT_BOTH },
	{ SO_TIMESTAMPNS_NEW, OPT_BOTH },
	{ SO_RCVMARK, OPT_DGRAM },
	/* rx.c */
	{ SO_ATTACH_FILTER, OPT_BOTH },
	{ SO_ATTACH_BPF, OPT_BOTH },
	{ SO_DETACH_FILTER, OPT_BOTH },
	{ SO_LOCK_FILTER, OPT_BOTH },
};

static bool socket_opt_ok(const struct sock *sk, int name)
{
	u32 type = sk->sk_type == SOCK_STREAM ? OPT_STREAM : OPT_DGRAM;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(socket_opts); i++)
		if (socket_opts[i].name == name)
			return socket_opts[i].types & type;
	return false;
}

/* The kernel would refuse it for a family that it does not know. */
static int socket_set_reuseport(struct sock *sk, sockptr_t val, unsigned int len)
{
	int v, err = atmos_opt_int(val, len, &v);

	if (err)
		return err;
	lock_sock(sk);
	sk->sk_reuseport = v != 0;
	release_sock(sk);
	return 0;
}

/* The same. What it means here is at send_zerocopy(). */
static int socket_set_zerocopy(struct sock *sk, sockptr_t val, unsigned int len)
{
	int v, err = atmos_opt_int(val, len, &v);

	if (err)
		return err;
	if (sk->sk_type != SOCK_STREAM)
		return -ENOPROTOOPT;
	if (v < 0 || v > 1)
		return -EINVAL;
	lock_sock(sk);
	sock_valbool_flag(sk, SOCK_ZEROCOPY, v);
	release_sock(sk);
	return 0;
}

/*
 * Time stamps of packets sent are for datagrams: a stream's packets are the
 * engine's, and which bytes are in them is not known where they go out.
 */
static int socket_set_timestamping(struct socket *sock, int name, sockptr_t val, unsigned int len)
{
	const int rx = SOF_TIMESTAMPING_RX_HARDWARE | SOF_TIMESTAMPING_RX_SOFTWARE |
		       SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_SYS_HARDWARE |
		       SOF_TIMESTAMPING_RAW_HARDWARE;
	int flags, err = atmos_opt_int(val, len, &flags);

	if (err)
		return err;
	if (sock->type == SOCK_STREAM && flags & SOF_TIMESTAMPING_MASK & ~rx)
		return -ENOPROTOOPT;
	return sock_setsockopt(sock, SOL_SOCKET, name, val, len);
}

/* What the kernel has accepted and the engine has to know. */
static void socket_tell(struct sock *sk, int name)
{
	struct atmos_sock *as = atmos_sk(sk);
	unsigned long rate;

	lock_sock(sk);
	if (name == SO_NO_CHECK) {
		atmos_opt_flag(as, STACK_SO_NO_CSUM, sk->sk_no_check_tx, 0);
	} else {
		rate = READ_ONCE(sk->sk_max_pacing_rate);
		spin_lock_bh(&as->lock);
		as->opts.max_pacing = rate == ~0ul ? 0 : clamp(rate >> 10, 1ul, (ulong)U32_MAX);
		atmos_opt_post(as, 0);
		spin_unlock_bh(&as->lock);
	}
	release_sock(sk);
}

/**
 * atmos_opt_set_socket() - setsockopt() of SOL_SOCKET
 * @sock: socket
 * @name: SO_*
 * @val: value
 * @len: its bytes
 *
 * Return: 0 or as setsockopt(2).
 */
int atmos_opt_set_socket(struct socket *sock, int name, sockptr_t val, unsigned int len)
{
	struct sock *sk = sock->sk;
	int v, err;

	switch (name) {
	case SO_REUSEPORT:
		return socket_set_reuseport(sk, val, len);
	case SO_ZEROCOPY:
		return socket_set_zerocopy(sk, val, len);
	case SO_TIMESTAMPING_OLD:
	case SO_TIMESTAMPING_NEW:
		return socket_set_timestamping(sock, name, val, len);
	}
	/* Linux looks at the value first. */
	if (!socket_opt_ok(sk, name))
		return atmos_opt_int(val, len, &v) ?: -ENOPROTOOPT;
	err = sock_setsockopt(sock, SOL_SOCKET, name, val, len);
	if (!err && (name == SO_NO_CHECK || name == SO_MAX_PACING_RATE))
		socket_tell(sk, name);
	return err;
}
