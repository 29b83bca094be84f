/* SPDX-License-Identifier: GPL-2.0-only */
/* Programs of cgroups that judge packets (cgroup.c). */
#ifndef _ATMOS_CGROUP_H
#define _ATMOS_CGROUP_H

#include <linux/bpf-cgroup.h>
#include <net/sock.h>

int atmos_cgroup_judge(struct sock *sk, struct sk_buff *skb, enum cgroup_bpf_attach_type type);

/* Are there any for this socket? */
static inline bool atmos_cgroup_on(struct sock *sk, enum cgroup_bpf_attach_type type)
{
	return cgroup_bpf_enabled(type) && cgroup_bpf_sock_enabled(sk, type);
}

int atmos_cgroup_init(void);
void atmos_cgroup_exit(void);

#endif /* _ATMOS_CGROUP_H */
