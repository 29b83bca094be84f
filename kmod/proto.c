// SPDX-License-Identifier: GPL-2.0-only
/*
 * The two struct proto of the family: how large a socket is, and how much
 * memory all sockets of a protocol may take for data that waits.
 *
 * The kernel's own accounting does the work (sk_forward_alloc and its like),
 * with limits in the manner of net.ipv4.tcp_mem and udp_mem; how large one
 * socket's buffers get is told by the host's tcp_rmem, tcp_wmem and their like.
 */
#include <linux/module.h>
#include <linux/percpu_counter.h>
#include <linux/swap.h>
#include <net/tcp.h>

#include "sock.h"

/* Pages: no pressure below the first, some above the second, never above the third. */
static long proto_tcp_mem[3];
module_param_array_named(tcp_mem, proto_tcp_mem, long, NULL, 0644);
MODULE_PARM_DESC(tcp_mem, "low, pressure, high: pages of data that all streams hold (default: as net.ipv4.tcp_mem)");

static long proto_udp_mem[3];
module_param_array_named(udp_mem, proto_udp_mem, long, NULL, 0644);
MODULE_PARM_DESC(udp_mem, "low, pressure, high: pages of data that all datagram sockets hold (default: as net.ipv4.udp_mem)");

static atomic_long_t proto_tcp_allocated ____cacheline_aligned_in_smp;
static DEFINE_PER_CPU(int, proto_tcp_fw_alloc);
static struct percpu_counter proto_tcp_sockets;
static unsigned long proto_tcp_pressure;

static atomic_long_t proto_udp_allocated ____cacheline_aligned_in_smp;
static DEFINE_PER_CPU(int, proto_udp_fw_alloc);

/* The kernel takes it back by itself. */
static void proto_enter_pressure(struct sock *sk)
{
	WRITE_ONCE(proto_tcp_pressure, 1);
}

/*
 * The kernel takes any stream socket of IPPROTO_TCP for a tcp_sock: SO_TIMESTAMPING,
 * which needs no right, and BPF programs read its fields. What they find then means
 * nothing, but must be of this socket: hence no smaller than a tcp_sock.
 */
union proto_tcp_sock {
	struct atmos_sock ours;
	struct tcp_sock taken_for;
};

struct proto atmos_tcp_prot = {
	.name			= "ATMOS-TCP",
	.owner			= THIS_MODULE,
	.obj_size		= sizeof(union proto_tcp_sock),
	.max_header		= MAX_TCP_HEADER,
	.keepalive		= atmos_opt_keepalive,
	.stream_memory_free	= atmos_stream_memory_free,
	.memory_allocated	= &proto_tcp_allocated,
	.per_cpu_fw_alloc	= &proto_tcp_fw_alloc,
	.sockets_allocated	= &proto_tcp_sockets,
	.memory_pressure	= &proto_tcp_pressure,
	.enter_memory_pressure	= proto_enter_pressure,
	.sysctl_mem		= proto_tcp_mem,
	.sysctl_wmem_offset	= offsetof(struct net, ipv4.sysctl_tcp_wmem),
	.sysctl_rmem_offset	= offsetof(struct net, ipv4.sysctl_tcp_rmem),
};

struct proto atmos_udp_prot = {
	.name			= "ATMOS-UDP",
	.owner			= THIS_MODULE,
	.obj_size		= sizeof(struct atmos_sock),
	.memory_allocated	= &proto_udp_allocated,
	.per_cpu_fw_alloc	= &proto_udp_fw_alloc,
	.sysctl_mem		= proto_udp_mem,
	.sysctl_wmem_offset	= offsetof(struct net, ipv4.sysctl_udp_wmem_min),
	.sysctl_rmem_offset	= offsetof(struct net, ipv4.sysctl_udp_rmem_min),
};

/* As Linux does for its own: @share is a part of the memory fit for buffers. */
static void __init proto_limits(long *mem, unsigned int share)
{
	unsigned long limit = max(nr_free_buffer_pages() / share, 128ul);

	if (mem[0] || mem[1] || mem[2])
		return;
	mem[0] = limit / 4 * 3;
	mem[1] = limit;
	mem[2] = mem[0] * 2;
}

static int __init proto_limits_check(const char *name, const long *mem)
{
	if (mem[0] > 0 && mem[1] >= mem[0] && mem[2] >= mem[1])
		return 0;
	pr_err("%s=%ld,%ld,%ld: three rising numbers of pages are needed\n",
	       name, mem[0], mem[1], mem[2]);
	return -EINVAL;
}

/**
 * atmos_proto_init() - register both protocols
 *
 * Return: 0, -EINVAL for bad limits, -ENOMEM or -ENOBUFS.
 */
int __init atmos_proto_init(void)
{
	int err;

	proto_limits(proto_tcp_mem, 16);
	proto_limits(proto_udp_mem, 8);
	err = proto_limits_check("tcp_mem", proto_tcp_mem);
	if (!err)
		err = proto_limits_check("udp_mem", proto_udp_mem);
	if (err)
		return err;
	err = percpu_counter_init(&proto_tcp_sockets, 0, GFP_KERNEL);
	if (err)
		return err;
	err = proto_register(&atmos_tcp_prot, 1);
	if (err)
		goto tcp;
	err = proto_register(&atmos_udp_prot, 1);
	if (err)
		goto udp;
	return 0;
udp:
	proto_unregister(&atmos_tcp_prot);
tcp:
	percpu_counter_destroy(&proto_tcp_sockets);
	return err;
}

/* No socket exists any more: each holds the module, or was waited for. */
void atmos_proto_exit(void)
{
	proto_unregister(&atmos_udp_prot);
	proto_unregister(&atmos_tcp_prot);
	percpu_counter_destroy(&proto_tcp_sockets);
}
