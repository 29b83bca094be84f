// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs of cgroups that judge packets (BPF_CGROUP_INET_INGRESS and EGRESS),
 * as of systemd's IPAddressDeny=.
 *
 * The kernel runs them for sockets of its own families only. So they are shown
 * a likeness of the socket: its struct sock copied, with the family of the
 * packet, in memory of the CPU that is as large as the largest socket that a
 * program may take it for. The likeness has no references, hence nothing can
 * be attached to it; a cookie that it is given becomes the socket's.
 *
 * Softirq or process context, bottom halves off.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/percpu.h>
#include <linux/tcp.h>
#include <linux/udp.h>

#include "cgroup.h"

union cgroup_likeness {
	struct sock sk;
	struct tcp6_sock tcp;
	struct udp6_sock udp;
};

static union cgroup_likeness __percpu *likenesses;

/**
 * atmos_cgroup_judge() - let a cgroup's programs judge a packet
 * @sk: socket of ours, whose packet it is
 * @skb: from the network header on
 * @type: CGROUP_INET_INGRESS or CGROUP_INET_EGRESS
 *
 * Return: 0, out also NET_XMIT_CN: it may pass; else not: a negative errno, out
 * also NET_XMIT_DROP.
 */
int atmos_cgroup_judge(struct sock *sk, struct sk_buff *skb, enum cgroup_bpf_attach_type type)
{
	struct sock *likeness = &this_cpu_ptr(likenesses)->sk;
	s64 cookie = atomic64_read(&sk->sk_cookie);
	int err;

	memcpy(likeness, sk, sizeof(*sk));
	refcount_set(&likeness->sk_refcnt, 0);
	likeness->sk_family = ip_hdr(skb)->version == 4 ? AF_INET : AF_INET6;
	err = __cgroup_bpf_run_filter_skb(likeness, skb, type);
	if (!cookie)
		atomic64_cmpxchg(&sk->sk_cookie, 0, atomic64_read(&likeness->sk_cookie));
	return err;
}

int atmos_cgroup_init(void)
{
	likenesses = alloc_percpu(union cgroup_likeness);
	return likenesses ? 0 : -ENOMEM;
}

void atmos_cgroup_exit(void)
{
	free_percpu(likenesses);
}
