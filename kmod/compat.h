/* SPDX-License-Identifier: GPL-2.0-only */
/* Differences between kernel versions, each with the version that made it. */
#ifndef _ATMOS_COMPAT_H
#define _ATMOS_COMPAT_H

#include <linux/hrtimer.h>
#include <linux/module_signature.h>
#include <linux/net.h>
#include <linux/netdevice.h>
#include <linux/netfilter_ipv6.h>
#include <linux/tcp.h>
#include <linux/timer.h>
#include <linux/types.h>
#include <linux/version.h>
#include <asm/msr-index.h>
#include <asm/processor.h>
#include <net/ip6_route.h>
#include <net/route.h>

/*
 * A large local variable that is written before it is read: kernels that zero
 * all of them (CONFIG_INIT_STACK_ALL_ZERO) need not do that on each call.
 */
#define compat_uninit	__attribute__((uninitialized))

#ifndef MSR_IA32_U_CET		/* 6.2 */
#define MSR_IA32_U_CET		0x6a0
#endif
#ifndef X86_CR4_FRED		/* 6.9 */
#define X86_CR4_FRED		(1ul << 32)
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 16, 0)
#define compat_cpuid_base	hypervisor_cpuid_base
#else
#include <asm/cpuid/api.h>
#define compat_cpuid_base	cpuid_base_hypervisor
#endif

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
#include <asm/gsseg.h>		/* asm_load_gs_index() */
#endif

#ifdef MODULE_SIG_STRING	/* until 7.1 */
#define COMPAT_SIG_MARKER	MODULE_SIG_STRING
#define COMPAT_SIG_PKCS7	PKEY_ID_PKCS7
#else
#define COMPAT_SIG_MARKER	MODULE_SIGNATURE_MARKER
#define COMPAT_SIG_PKCS7	MODULE_SIGNATURE_TYPE_PKCS7
#endif

/* native_rdmsrl() became native_rdmsrq() in 6.16; neither may be traced here. */
static __always_inline u64 compat_rdmsr(u32 msr)
{
	u32 low, high;

	asm volatile("rdmsr" : "=a" (low), "=d" (high) : "c" (msr));
	return low | (u64)high << 32;
}

static __always_inline void compat_wrmsr(u32 msr, u64 value)
{
	asm volatile("wrmsr" : : "c" (msr), "a" ((u32)value), "d" ((u32)(value >> 32))
		     : "memory");
}

/* hrtimer_init() went in 6.15 */
static inline void compat_hrtimer_setup(struct hrtimer *timer,
					enum hrtimer_restart (*fn)(struct hrtimer *))
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
	hrtimer_init(timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
	timer->function = fn;
#else
	hrtimer_setup(timer, fn, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
#endif
}

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 16, 0)
#define compat_timer_container_of	from_timer
#else
#define compat_timer_container_of	timer_container_of
#endif

/* del_timer_sync() has that name since 6.2 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#define compat_timer_delete_sync	del_timer_sync
#else
#define compat_timer_delete_sync	timer_delete_sync
#endif

/* proto_ops.bind and .connect: the type is told from struct sockaddr since 6.19 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 19, 0)
#define compat_sockaddr		sockaddr
#else
#define compat_sockaddr		sockaddr_unsized
#endif

/* proto_ops.accept: what follows the sockets, one argument since 6.10 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 10, 0)
#define COMPAT_ACCEPT_PARAMS	int compat_flags, bool compat_kern
#define COMPAT_ACCEPT_FLAGS	compat_flags
#else
#define COMPAT_ACCEPT_PARAMS	struct proto_accept_arg *compat_arg
#define COMPAT_ACCEPT_FLAGS	(compat_arg->flags)
#endif

/* proto_ops.sendpage went in 6.5, .splice_eof came */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 5, 0)
#define COMPAT_SENDPAGE(fn)	.sendpage = sock_no_sendpage,
#else
#define COMPAT_SENDPAGE(fn)	.splice_eof = fn,
#endif

/* Are a socket's options of SOL_SOCKET offered to its proto_ops? Since 6.7. */
static inline void compat_custom_sockopt(struct socket *sock)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
	set_bit(SOCK_CUSTOM_SOCKOPT, &sock->flags);
#endif
}

/* tcpi_rcv_wnd came in 6.2, tcpi_total_rto in 6.7 */
static inline void compat_tcp_info(struct tcp_info *info, u32 rcv_wnd, u32 timeouts)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
	info->tcpi_rcv_wnd = rcv_wnd;
#endif
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
	info->tcpi_total_rto = min_t(u32, timeouts, U16_MAX);
#endif
}

/* What pre_doit is told was split in 6.2 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#define compat_genl_pre_ops	struct genl_ops
#else
#define compat_genl_pre_ops	struct genl_split_ops
#endif

/* genl_info_dump() came in 6.7 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)
#define compat_genl_dump_attrs(cb)	(genl_dumpit_info(cb)->attrs)
#else
#define compat_genl_dump_attrs(cb)	(genl_info_dump(cb)->attrs)
#endif

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 5, 0)
#include <net/gso.h>		/* __skb_gso_segment() */
#endif

/* IPv6's Ip6OutRequests was called otherwise until 6.9; a macro: it needs net/ipv6.h. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 9, 0)
#define compat_ip6_count_out(net, idev, len)					\
	IP6_UPD_PO_STATS(net, idev, IPSTATS_MIB_OUT, len)
#else
#define compat_ip6_count_out(net, idev, len)					\
	IP6_INC_STATS(net, idev, IPSTATS_MIB_OUTREQUESTS)
#endif

/* struct sockaddr_unsized came in 6.19 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 19, 0)
#define compat_kernel_bind(sock, addr, len)	kernel_bind(sock, (struct sockaddr *)(addr), len)
#else
#define compat_kernel_bind(sock, addr, len)						\
	kernel_bind(sock, (struct sockaddr_unsized *)(addr), len)
#endif

/* A device that needs no lock to send, and stays in its network namespace. */
static inline void compat_netdev_setup(struct net_device *dev)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
	dev->features |= NETIF_F_LLTX | NETIF_F_NETNS_LOCAL;
#else
	dev->lltx = true;
	dev->netns_immutable = true;
#endif
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
	dev->gso_ipv4_max_size = dev->gso_max_size;
	dev->xdp_features = NETDEV_XDP_ACT_NDO_XMIT | NETDEV_XDP_ACT_NDO_XMIT_SG;
#endif
}

/* From 6.13 on it takes a DSCP and returns a reason. 0, or an error. */
static inline int compat_ip_route_input(struct sk_buff *skb, __be32 daddr, __be32 saddr, u8 tos,
					struct net_device *dev)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
	return ip_route_input_noref(skb, daddr, saddr, tos, dev);
#else
	return ip_route_input_noref(skb, daddr, saddr, inet_dsfield_to_dscp(tos), dev) ?
		-EINVAL : 0;
#endif
}

/* Sets skb's dst. Exported itself since 7.2, when IPv6 could not be a module any more. */
static inline void compat_ip6_route_input(struct sk_buff *skb)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 2, 0)
	ip6_route_input(skb);
#else
	const struct nf_ipv6_ops *ops = nf_get_ipv6_ops();

	if (ops)
		ops->route_input(skb);
#endif
}

/* __sock_cmsg_send() needs the message no more since 6.5 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 5, 0)
#define compat_sock_cmsg_send(sk, msg, cmsg, sockc)	__sock_cmsg_send(sk, msg, cmsg, sockc)
#else
#define compat_sock_cmsg_send(sk, msg, cmsg, sockc)	__sock_cmsg_send(sk, cmsg, sockc)
#endif

/* Since 6.13 the cookie as a whole is used, since 6.14 it knows a priority. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
#define compat_setup_tx_timestamp(skb, sockc)	skb_setup_tx_timestamp(skb, (sockc)->tsflags)
#else
#define compat_setup_tx_timestamp(skb, sockc)	skb_setup_tx_timestamp(skb, sockc)
#endif
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 14, 0)
#define compat_sockc_priority(sockc, otherwise)	(otherwise)
#else
#define compat_sockc_priority(sockc, otherwise)	((sockc)->priority)
#endif

/* sk_drops may be spread over NUMA nodes since 6.18 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 18, 0)
#define compat_drops_inc(sk)	atomic_inc(&(sk)->sk_drops)
#else
#define compat_drops_inc(sk)	sk_drops_inc(sk)
#endif

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
#include <net/proto_memory.h>	/* sk_under_memory_pressure() */
#endif

/* device memory came to MSG_ZEROCOPY in 6.16 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 16, 0)
#define compat_msg_zerocopy(sk, size)	msg_zerocopy_realloc(sk, size, NULL)
#else
#define compat_msg_zerocopy(sk, size)	msg_zerocopy_realloc(sk, size, NULL, false)
#endif

/* bpf_map_get() is in this namespace since 6.16, and in what was ported back since. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
#define compat_import_bpf()	MODULE_IMPORT_NS(BPF_INTERNAL)
#else
#define compat_import_bpf()	MODULE_IMPORT_NS("BPF_INTERNAL")
#endif

#endif /* _ATMOS_COMPAT_H */
