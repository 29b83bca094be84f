// SPDX-License-Identifier: GPL-2.0-only
/*
 * Options of IPPROTO_TCP. Those that are the engine's live in &atmos_sock.opts,
 * where 0 means the default that conn.c fills in from the host's.
 *
 * Called by sockopt.c under lock_sock().
 */
#include <net/tcp.h>

#include "sockopt.h"

/* A connection that there is or was: its record tells. */
static void tcp_opt_record(struct atmos_sock *as, struct tcp_record *r)
{
	spin_lock_bh(&as->lock);
	atmos_tcp_record(as, r);
	spin_unlock_bh(&as->lock);
}

static const struct netns_ipv4 *tcp_opt_net(const struct atmos_sock *as)
{
	return &sock_net(&as->inet.sk)->ipv4;
}

/* Sets a field of &struct stack_opts and tells the engine. */
#define TCP_OPT_STORE(as, field, val) ({				\
	spin_lock_bh(&(as)->lock);					\
	(as)->opts.field = (val);					\
	atmos_opt_post(as, 0);						\
	spin_unlock_bh(&(as)->lock);					\
	0;								\
})

static int opt_set_nodelay(struct atmos_sock *as, int val)
{
	return atmos_opt_flag(as, STACK_SO_NODELAY, val, val ? STACK_OPT_UNCORK : 0);
}

static int opt_get_nodelay(struct atmos_sock *as, int *err)
{
	return !!(as->opts.flags & STACK_SO_NODELAY);
}

static int opt_set_cork(struct atmos_sock *as, int val)
{
	return atmos_opt_flag(as, STACK_SO_CORK, val, val ? 0 : STACK_OPT_UNCORK);
}

static int opt_get_cork(struct atmos_sock *as, int *err)
{
	return !!(as->opts.flags & STACK_SO_CORK);
}

/* 0: no quick ACKs; odd: for good; even: the ACK that is owed, and that is all. */
static int opt_set_quickack(struct atmos_sock *as, int val)
{
	atmos_opt_flag(as, STACK_SO_DELACK, !val, 0);
	return atmos_opt_flag(as, STACK_SO_QUICKACK, val & 1,
			      val ? STACK_OPT_QUICKACK : STACK_OPT_DELACK);
}

static int opt_get_quickack(struct atmos_sock *as, int *err)
{
	struct tcp_record r;

	if (as->opts.flags & STACK_SO_QUICKACK)
		return 1;
	tcp_opt_record(as, &r);
	/* Before there is a connection: how it will begin. */
	return r.mss ? !r.pingpong : !(as->opts.flags & STACK_SO_DELACK);
}

static int opt_set_maxseg(struct atmos_sock *as, int val)
{
	if (val && (val < (int)TCP_MIN_MSS || val > (int)MAX_TCP_WINDOW))
		return -EINVAL;
	return TCP_OPT_STORE(as, maxseg, val);
}

static int opt_get_maxseg(struct atmos_sock *as, int *err)
{
	int state = as->inet.sk.sk_state;
	struct tcp_record r;

	if (as->opts.maxseg && (state == TCP_CLOSE || state == TCP_LISTEN))
		return as->opts.maxseg;
	tcp_opt_record(as, &r);
	return r.mss ?: TCP_MSS_DEFAULT;
}

static int opt_set_keepidle(struct atmos_sock *as, int val)
{
	if (val < 1 || val > MAX_TCP_KEEPIDLE)
		return -EINVAL;
	return TCP_OPT_STORE(as, keep_idle_s, val);
}

static int opt_get_keepidle(struct atmos_sock *as, int *err)
{
	return as->opts.keep_idle_s ?:
	       READ_ONCE(tcp_opt_net(as)->sysctl_tcp_keepalive_time) / HZ;
}

static int opt_set_keepintvl(struct atmos_sock *as, int val)
{
	if (val < 1 || val > MAX_TCP_KEEPINTVL)
		return -EINVAL;
	return TCP_OPT_STORE(as, keep_intvl_s, val);
}

static int opt_get_keepintvl(struct atmos_sock *as, int *err)
{
	return as->opts.keep_intvl_s ?:
	       READ_ONCE(tcp_opt_net(as)->sysctl_tcp_keepalive_intvl) / HZ;
}

static int opt_set_keepcnt(struct atmos_sock *as, int val)
{
	if (val < 1 || val > MAX_TCP_KEEPCNT)
		return -EINVAL;
	return TCP_OPT_STORE(as, keep_cnt, val);
}

static int opt_get_keepcnt(struct atmos_sock *as, int *err)
{
	return as->opts.keep_cnt ?: READ_ONCE(tcp_opt_net(as)->sysctl_tcp_keepalive_probes);
}

static int opt_set_syncnt(struct atmos_sock *as, int val)
{
	if (val < 1 || val > MAX_TCP_SYNCNT)
		return -EINVAL;
	return TCP_OPT_STORE(as, syn_retries, val);
}

static int opt_get_syncnt(struct atmos_sock *as, int *err)
{
	return as->opts.syn_retries ?: READ_ONCE(tcp_opt_net(as)->sysctl_tcp_syn_retries);
}

/* Linux takes less than 0 for "no FIN-WAIT-2 at all", which the engine has not. */
static int opt_set_linger2(struct atmos_sock *as, int val)
{
	if (val < 0)
		return -ENOPROTOOPT;
	return TCP_OPT_STORE(as, fin_timeout_s, min(val, TCP_FIN_TIMEOUT_MAX / HZ));
}

static int opt_get_linger2(struct atmos_sock *as, int *err)
{
	return as->opts.fin_timeout_s ?: READ_ONCE(tcp_opt_net(as)->sysctl_tcp_fin_timeout) / HZ;
}

/* Rounded up to a time at which a SYN-ACK would be sent again, as in Linux. */
static int opt_set_defer_accept(struct atmos_sock *as, int val)
{
	int step = TCP_TIMEOUT_INIT / HZ, sum = 0, n = 0;

	while (val > sum && n++ < U8_MAX) {
		sum += step;
		step = min(step * 2, (int)(TCP_RTO_MAX / HZ));
	}
	return TCP_OPT_STORE(as, defer_accept_s, sum);
}

static int opt_get_defer_accept(struct atmos_sock *as, int *err)
{
	return as->opts.defer_accept_s;
}

static int opt_set_window_clamp(struct atmos_sock *as, int val)
{
	if (!val && as->inet.sk.sk_state != TCP_CLOSE)
		return -EINVAL;
	return TCP_OPT_STORE(as, window_clamp, val ? max_t(u32, val, SOCK_MIN_RCVBUF / 2) : 0);
}

static int opt_get_window_clamp(struct atmos_sock *as, int *err)
{
	return as->opts.window_clamp;
}

static int opt_set_user_timeout(struct atmos_sock *as, int val)
{
	if (val < 0)
		return -EINVAL;
	return TCP_OPT_STORE(as, user_timeout_ms, val);
}

static int opt_get_user_timeout(struct atmos_sock *as, int *err)
{
	return as->opts.user_timeout_ms;
}

static int opt_set_notsent_lowat(struct atmos_sock *as, int val)
{
	WRITE_ONCE(as->notsent_lowat, val);
	as->inet.sk.sk_write_space(&as->inet.sk);
	return 0;
}

static int opt_get_notsent_lowat(struct atmos_sock *as, int *err)
{
	return as->notsent_lowat;
}

static int opt_set_inq(struct atmos_sock *as, int val)
{
	if (val < 0 || val > 1)
		return -EINVAL;
	spin_lock_bh(&as->lock);
	as->inq = val;
	spin_unlock_bh(&as->lock);
	return 0;
}

static int opt_get_inq(struct atmos_sock *as, int *err)
{
	return as->inq;
}

static const struct atmos_opt tcp_opts[] = {
	{ TCP_NODELAY, OPT_STREAM, opt_set_nodelay, opt_get_nodelay },
	{ TCP_CORK, OPT_STREAM, opt_set_cork, opt_get_cork },
	{ TCP_QUICKACK, OPT_STREAM, opt_set_quickack, opt_get_quickack },
	{ TCP_MAXSEG, OPT_STREAM, opt_set_maxseg, opt_get_maxseg },
	{ TCP_KEEPIDLE, OPT_STREAM, opt_set_keepidle, opt_get_keepidle },
	{ TCP_KEEPINTVL, OPT_STREAM, opt_set_keepintvl, opt_get_keepintvl },
	{ TCP_KEEPCNT, OPT_STREAM, opt_set_keepcnt, opt_get_keepcnt },
	{ TCP_SYNCNT, OPT_STREAM, opt_set_syncnt, opt_get_syncnt },
	{ TCP_LINGER2, OPT_STREAM, opt_set_linger2, opt_get_linger2 },
	{ TCP_DEFER_ACCEPT, OPT_STREAM, opt_set_defer_accept, opt_get_defer_accept },
	{ TCP_WINDOW_CLAMP, OPT_STREAM, opt_set_window_clamp, opt_get_window_clamp },
	{ TCP_USER_TIMEOUT, OPT_STREAM, opt_set_user_timeout, opt_get_user_timeout },
	{ TCP_NOTSENT_LOWAT, OPT_STREAM, opt_set_notsent_lowat, opt_get_notsent_lowat },
	{ TCP_INQ, OPT_STREAM, opt_set_inq, opt_get_inq },
};

/* ---- those that are no int ---- */

static const char tcp_cc_name[][TCP_CA_NAME_MAX] = {
	[STACK_CC_CUBIC] = "cubic",
	[STACK_CC_RENO] = "reno",
};

static int tcp_cc_find(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(tcp_cc_name); i++)
		if (!strcmp(name, tcp_cc_name[i]))
			return i;
	return -ENOENT;
}

/**
 * atmos_opt_cc_default() - the host's congestion control, where we have it
 * @net: namespace
 *
 * Return: enum stack_cc; CUBIC for one that the engine has not.
 */
u8 atmos_opt_cc_default(struct net *net)
{
	const struct tcp_congestion_ops *ops;
	int cc;

	rcu_read_lock();
	ops = rcu_dereference(net->ipv4.tcp_congestion_control);
	cc = ops ? tcp_cc_find(ops->name) : STACK_CC_CUBIC;
	rcu_read_unlock();
	return cc < 0 ? STACK_CC_CUBIC : cc;
}

static int opt_set_congestion(struct atmos_sock *as, sockptr_t val, unsigned int len)
{
	char name[TCP_CA_NAME_MAX];
	int cc;

	if (!len)
		return -EINVAL;
	cc = strncpy_from_sockptr(name, val, min_t(size_t, len, sizeof(name) - 1));
	if (cc < 0)
		return -EFAULT;
	name[cc] = 0;
	cc = tcp_cc_find(name);
	if (cc < 0)
		return cc;
	spin_lock_bh(&as->lock);
	if (as->opts.cc != cc) {
		as->opts.cc = cc;
		atmos_opt_post(as, STACK_OPT_CC);
	}
	spin_unlock_bh(&as->lock);
	return 0;
}

static int tcp_opts_set(struct atmos_sock *as, int name, sockptr_t val, unsigned int len)
{
	return name == TCP_CONGESTION ? opt_set_congestion(as, val, len) : -ENOPROTOOPT;
}

static int tcp_opts_get(struct atmos_sock *as, int name, char __user *val, int __user *len)
{
	struct tcp_info info;

	switch (name) {
	case TCP_CONGESTION:
		return atmos_opt_copy(val, len, tcp_cc_name[as->opts.cc], TCP_CA_NAME_MAX);
	case TCP_INFO:
		atmos_tcp_info(as, &info);
		return atmos_opt_copy(val, len, &info, sizeof(info));
	case TCP_CC_INFO:
		/* Neither CUBIC nor Reno has anything to tell there. */
		return atmos_opt_copy(val, len, &info, 0);
	default:
		return -ENOPROTOOPT;
	}
}

const struct atmos_opt_level atmos_opt_tcp = {
	.opt = tcp_opts, .nr = ARRAY_SIZE(tcp_opts), .set = tcp_opts_set, .get = tcp_opts_get,
};
