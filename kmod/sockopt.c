// SPDX-License-Identifier: GPL-2.0-only
/*
 * setsockopt() and getsockopt(): from level and name to the option's table
 * entry, and on to the engine.
 *
 * An option that is in no table is refused with ENOPROTOOPT; none is accepted
 * and ignored. Values, checks, defaults and errors are those of Linux's TCP and
 * UDP sockets.
 *
 * Process context, lock_sock() around each option; what the engine knows
 * (&atmos_sock.opts) is changed under &atmos_sock.lock too.
 */
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/ipv6.h>

#include "../uapi/linux/atmos_socket.h"
#include "sockopt.h"

/* ---- on to the engine ---- */

/**
 * atmos_opt_post() - the engine shall know that options have changed
 * @as: socket, its lock held; @opts is new
 * @changed: STACK_OPT_*: what shall happen once, because of it
 *
 * What has no domain yet is told with its first entry.
 *
 * Return: 0: if the domain cannot be entered now, it is told later.
 */
int atmos_opt_post(struct atmos_sock *as, u32 changed)
{
	as->opts_changed |= changed;
	if (!as->defunct && (as->dom || as->record))
		atmos_conn_post(as, ATMOS_EV_SETOPT);
	return 0;
}

/**
 * atmos_opt_flag() - set or clear a flag of the engine's
 * @as: socket, lock_sock() held
 * @flag: STACK_SO_*
 * @on: which
 * @changed: as of atmos_opt_post()
 *
 * Return: 0.
 */
int atmos_opt_flag(struct atmos_sock *as, u32 flag, bool on, u32 changed)
{
	u32 flags;

	spin_lock_bh(&as->lock);
	flags = as->opts.flags;
	as->opts.flags = on ? flags | flag : flags & ~flag;
	if (changed || as->opts.flags != flags)
		atmos_opt_post(as, changed);
	spin_unlock_bh(&as->lock);
	return 0;
}

/* proto.keepalive: the kernel's own way to tell SO_KEEPALIVE; lock_sock(). */
void atmos_opt_keepalive(struct sock *sk, int on)
{
	atmos_opt_flag(atmos_sk(sk), STACK_SO_KEEPALIVE, on, 0);
}

/* ---- SOL_ATMOS ---- */

static int opt_set_family(struct atmos_sock *as, int val)
{
	if (val != AF_INET && val != AF_INET6)
		return -EINVAL;
	if (as->ip_family && as->ip_family != val)
		return -EALREADY;
	return atmos_family_decide(as, val);
}

static int opt_get_family(struct atmos_sock *as, int *err)
{
	return as->ip_family;
}

static int opt_set_crash(struct atmos_sock *as, int val)
{
	if (val != ATMOS_CRASH_RESUME && val != ATMOS_CRASH_REPORT)
		return -EINVAL;
	spin_lock_bh(&as->lock);
	as->report = val == ATMOS_CRASH_REPORT;
	spin_unlock_bh(&as->lock);
	return 0;
}

static int opt_get_crash(struct atmos_sock *as, int *err)
{
	return as->report ? ATMOS_CRASH_REPORT : ATMOS_CRASH_RESUME;
}

static int opt_get_atmos(struct atmos_sock *as, int name, char __user *val, int __user *len)
{
	u64 id;

	if (name != ATMOS_SO_DOMAIN_ID)
		return -ENOPROTOOPT;
	spin_lock_bh(&as->lock);
	id = as->dom ? as->dom->id : 0;
	spin_unlock_bh(&as->lock);
	return atmos_opt_copy(val, len, &id, sizeof(id));
}

static const struct atmos_opt opts_atmos[] = {
	{ ATMOS_SO_FAMILY, OPT_BOTH, opt_set_family, opt_get_family },
	{ ATMOS_SO_CRASH, OPT_BOTH, opt_set_crash, opt_get_crash },
};

static const struct atmos_opt_level opt_level_atmos = {
	.opt = opts_atmos, .nr = ARRAY_SIZE(opts_atmos), .get = opt_get_atmos,
};

/* ---- tables ---- */

static const struct atmos_opt_level *opt_level(const struct sock *sk, int level)
{
	bool stream = sk->sk_type == SOCK_STREAM;

	switch (level) {
	case SOL_ATMOS:
		return &opt_level_atmos;
	case SOL_TCP:
		return stream ? &atmos_opt_tcp : NULL;
	case SOL_UDP:
		return stream ? NULL : &atmos_opt_udp;
	case SOL_IP:
		return &atmos_opt_ip;
	case SOL_IPV6:
		return atmos_sk(sk)->ip_family == AF_INET ? NULL : &atmos_opt_ipv6;
	default:
		return NULL;
	}
}

static const struct atmos_opt *opt_find(const struct sock *sk, const struct atmos_opt_level *l,
					int name)
{
	u32 type = sk->sk_type == SOCK_STREAM ? OPT_STREAM : OPT_DGRAM;
	unsigned int i;

	for (i = 0; i < l->nr; i++)
		if (l->opt[i].name == name && l->opt[i].types & type)
			return &l->opt[i];
	return NULL;
}

/**
 * atmos_opt_int() - the value of an option of setsockopt()
 * @val: value
 * @len: its bytes; more than those of an int are ignored
 * @out: result
 *
 * Return: 0, -EINVAL, -EFAULT.
 */
int atmos_opt_int(sockptr_t val, unsigned int len, int *out)
{
	if (len < sizeof(*out))
		return -EINVAL;
	return copy_from_sockptr(out, val, sizeof(*out)) ? -EFAULT : 0;
}

/* IPv4's options are also taken as a byte, and with no bytes at all as 0. */
static int opt_value_ip(u32 types, sockptr_t val, unsigned int len, int *out)
{
	u8 byte = 0;

	if (len >= sizeof(*out) || types & OPT_INT)
		return atmos_opt_int(val, len, out);
	if (!len && types & OPT_SOME)
		return -EINVAL;
	if (len && copy_from_sockptr(&byte, val, sizeof(byte)))
		return -EFAULT;
	*out = byte;
	return 0;
}

static int opt_value(int level, const struct atmos_opt *o, sockptr_t val, unsigned int len,
		     int *out)
{
	if (o->types & OPT_INT && len > sizeof(*out))
		return -EINVAL;
	if (level == SOL_IP)
		return opt_value_ip(o->types, val, len, out);
	/* As Linux has it: no address is as good as a 0 there. */
	if (level == SOL_IPV6 && len >= sizeof(*out) && sockptr_is_null(val)) {
		*out = 0;
		return 0;
	}
	return atmos_opt_int(val, len, out);
}

/* TCP and UDP look at the value first. */
static int opt_unknown(int level, sockptr_t val, unsigned int len)
{
	int v, err = 0;

	if (level == SOL_TCP || level == SOL_UDP)
		err = atmos_opt_int(val, len, &v);
	return err ?: -ENOPROTOOPT;
}

/**
 * atmos_setsockopt() - proto_ops.setsockopt
 * @sock: socket
 * @level: SOL_*
 * @name: of the option
 * @val: its value
 * @len: bytes of @val
 *
 * Return: 0 or as setsockopt(2).
 */
int atmos_setsockopt(struct socket *sock, int level, int name, sockptr_t val, unsigned int len)
{
	struct sock *sk = sock->sk;
	struct atmos_sock *as = atmos_sk(sk);
	const struct atmos_opt_level *l;
	const struct atmos_opt *o;
	int v, err;

	if (level == SOL_SOCKET || level == SOL_ATMOS_SOCKET)
		return atmos_opt_set_socket(sock, name, val, len);
	l = opt_level(sk, level);
	if (!l)
		return -ENOPROTOOPT;
	o = opt_find(sk, l, name);
	if (!o || !o->set) {
		if (o || !l->set)
			return opt_unknown(level, val, len);
		lock_sock(sk);
		err = l->set(as, name, val, len);
		release_sock(sk);
		return err == -ENOPROTOOPT ? opt_unknown(level, val, len) : err;
	}
	err = opt_value(level, o, val, len, &v);
	if (err)
		return err;
	lock_sock(sk);
	/* An option of IPv6 alone says which family the socket stands in for. */
	err = level == SOL_IPV6 ? atmos_family_decide(as, AF_INET6) : 0;
	if (!err)
		err = o->set(as, v);
	release_sock(sk);
	return err;
}

/**
 * atmos_opt_copy() - hand a value to the caller of getsockopt()
 * @val: where to
 * @len: in: room there; out: bytes written
 * @from: value
 * @size: its bytes
 *
 * Return: 0, -EFAULT, or -EINVAL for a negative length.
 */
int atmos_opt_copy(char __user *val, int __user *len, const void *from, int size)
{
	int room;

	if (get_user(room, len))
		return -EFAULT;
	if (room < 0)
		return -EINVAL;
	size = min(size, room);
	if (put_user(size, len) || copy_to_user(val, from, size))
		return -EFAULT;
	return 0;
}

/* Of IPv4, a value that fits is also told in one byte. */
static int opt_tell(int level, char __user *val, int __user *len, int room, int v)
{
	int size = min_t(unsigned int, room, sizeof(v));
	const void *from = &v;
	u8 byte = v;

	if (level == SOL_IP && size && size < (int)sizeof(v) && v >= 0 && v <= 255) {
		from = &byte;
		size = sizeof(byte);
	}
	return put_user(size, len) || copy_to_user(val, from, size) ? -EFAULT : 0;
}

/**
 * atmos_getsockopt() - proto_ops.getsockopt; SOL_SOCKET is the kernel's
 * @sock: socket
 * @level: SOL_*
 * @name: of the option
 * @val: where its value goes to
 * @len: in: room there; out: bytes
 *
 * Return: 0 or as getsockopt(2).
 */
int atmos_getsockopt(struct socket *sock, int level, int name, char __user *val, int __user *len)
{
	struct sock *sk = sock->sk;
	struct atmos_sock *as = atmos_sk(sk);
	const struct atmos_opt_level *l = opt_level(sk, level);
	const struct atmos_opt *o = l ? opt_find(sk, l, name) : NULL;
	int err = 0, room, v;

	/* As Linux: levels that are not an IPv4 socket's are no options. */
	if (!l)
		return as->ip_family == AF_INET6 ? -ENOPROTOOPT : -EOPNOTSUPP;
	if (get_user(room, len))
		return -EFAULT;
	/* Nor does IPv6 mind this: it is large. */
	if (room < 0 && level != SOL_IPV6)
		return -EINVAL;
	if (!o)
		return l->get ? l->get(as, name, val, len) : -ENOPROTOOPT;
	if (!o->get)
		return -ENOPROTOOPT;
	lock_sock(sk);
	v = o->get(as, &err);
	release_sock(sk);
	return err ?: opt_tell(level, val, len, room, v);
}
