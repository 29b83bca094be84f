/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The maps that the steering programs (tools/xdp) and the core share, and what
 * a program leaves in front of a frame.
 *
 * The core keeps the contents of PORTS, ADDRS and DEVICES; the control tool
 * makes the maps, and hands them to the core when it attaches the first
 * interface of a network namespace.  Steering is a hint: the core looks up
 * itself whose a frame is, and gives the native stack what is not Atmos's.
 */
#ifndef _UAPI_LINUX_ATMOS_STEER_H
#define _UAPI_LINUX_ATMOS_STEER_H

#include <linux/types.h>

/*
 * PORTS, an array of __u64: which ports are ours.  Each word has 16 ports, four
 * bits for each, the lowest port in the lowest bits:
 *
 *	index = (udp ? ATMOS_STEER_PORT_WORDS / 2 : 0) + port / 16
 *	shift = port % 16 * 4
 *
 * ANY4, ANY6: at all addresses.  ADDR4, ADDR6: at those in ADDRS.
 */
#define ATMOS_STEER_PORT_WORDS	8192
#define ATMOS_STEER_ANY4	1
#define ATMOS_STEER_ANY6	2
#define ATMOS_STEER_ADDR4	4
#define ATMOS_STEER_ADDR6	8

/* ADDRS, a hash without preallocation: ports that are ours at one address. */
#define ATMOS_STEER_ADDRS_MAX	65536

/**
 * struct atmos_steer_addr - key of ADDRS; the value is a __u32, 1
 * @addr: as in the packet; IPv4 in the first four bytes, then zeros
 * @port: host order
 * @proto: IPPROTO_TCP or IPPROTO_UDP
 * @family: 4 or 6
 */
struct atmos_steer_addr {
	__u8 addr[16];
	__u16 port;
	__u8 proto;
	__u8 family;
};

/*
 * DEVICES, a hash: key __u32, the interface's number; value __u32, the number
 * of atmos0.  A program on an interface that is not in it steers nothing.
 */
#define ATMOS_STEER_DEVICES_MAX	4096

/*
 * FRAGS, an LRU hash of the programs' own: first fragments that were ours, so
 * that the others of their datagrams follow.
 */
#define ATMOS_STEER_FRAGS_MAX	4096

/**
 * struct atmos_steer_frag - key of FRAGS; the value is a __u32, 1
 * @saddr: as in the packet; IPv4 in the first four bytes, then zeros
 * @daddr: likewise
 * @id: as in the packet
 * @proto: of IPv4's header; 0 for IPv6
 * @family: 4 or 6
 * @reserved: 0
 */
struct atmos_steer_frag {
	__u8 saddr[16];
	__u8 daddr[16];
	__u32 id;
	__u8 proto;
	__u8 family;
	__u16 reserved;
};

/* TX, a device map with one entry, set by the control tool: atmos0. */

/**
 * struct atmos_steer_meta - in front of a frame that XDP in a driver redirects
 * @magic: ATMOS_STEER_MAGIC
 * @ifindex: of the interface that it came in by
 */
struct atmos_steer_meta {
	__u32 magic;
	__u32 ifindex;
};

#define ATMOS_STEER_MAGIC	0x41746d73

#endif /* _UAPI_LINUX_ATMOS_STEER_H */
