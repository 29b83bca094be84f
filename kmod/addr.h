/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Addresses, flows and bindings: plain memory and pure functions, also built
 * on the host.
 */
#ifndef _ATMOS_ADDR_H
#define _ATMOS_ADDR_H

#include "../domains/abi/types.h"

#ifdef __KERNEL__
#include <linux/in6.h>
#else
#include <linux/types.h>
#include <netinet/in.h>
#endif

/*
 * An address as the contract has it: 16 bytes, IPv4 in the first four, zeros:
 * any. Which family it is of is told beside it (4 or 6).
 */
union atmos_addr {
	u8 b[16];
	u64 q[2];
	__be32 v4;
	struct in6_addr v6;
};

static_assert(sizeof(union atmos_addr) == 16, "address");

/**
 * struct atmos_flow_key - one connection, or one connected UDP socket
 * @laddr: our address
 * @raddr: theirs
 * @lport: our port, host order
 * @rport: theirs, host order
 * @family: 4 or 6, of the packets (a v4-mapped peer of a v6 socket is 4)
 * @proto: IPPROTO_TCP or IPPROTO_UDP
 * @reserved: 0
 */
struct atmos_flow_key {
	union atmos_addr laddr;
	union atmos_addr raddr;
	u16 lport;
	u16 rport;
	u8 family;
	u8 proto;
	u16 reserved;
};

static_assert(sizeof(struct atmos_flow_key) == 40, "no holes: it is hashed and compared as bytes");

/**
 * struct atmos_binding - where a socket is bound, its port apart
 * @addr: or any
 * @dev: index of the device (SO_BINDTODEVICE), 0: any
 * @family: 4 or 6
 * @v6only: family 6, any address: does not take IPv4's packets too
 */
struct atmos_binding {
	union atmos_addr addr;
	int dev;
	u8 family;
	bool v6only;
};

/**
 * struct atmos_arrival - by where a packet came in
 * @dev: index of the device
 * @master: index of the VRF that the device is in, 0: none
 * @global: sockets that are bound to no device may have it
 */
struct atmos_arrival {
	int dev;
	int master;
	bool global;
};

static inline bool atmos_addr_any(const union atmos_addr *a)
{
	return !(a->q[0] | a->q[1]);
}

static inline bool atmos_addr_equal(const union atmos_addr *a, const union atmos_addr *b)
{
	return !((a->q[0] ^ b->q[0]) | (a->q[1] ^ b->q[1]));
}

static inline bool atmos_flow_equal(const struct atmos_flow_key *a, const struct atmos_flow_key *b)
{
	const u64 *p = (const u64 *)a, *q = (const u64 *)b;

	return !((p[0] ^ q[0]) | (p[1] ^ q[1]) | (p[2] ^ q[2]) | (p[3] ^ q[3]) | (p[4] ^ q[4]));
}

static inline bool atmos_binding_equal(const struct atmos_binding *a,
				       const struct atmos_binding *b)
{
	return atmos_addr_equal(&a->addr, &b->addr) && a->dev == b->dev &&
	       a->family == b->family && a->v6only == b->v6only;
}

/* Both families' packets go to it. */
static inline bool atmos_binding_dual(const struct atmos_binding *b)
{
	return b->family == 6 && !b->v6only && atmos_addr_any(&b->addr);
}

/**
 * atmos_binding_overlaps() - is there a packet that would be for both?
 * @a: one
 * @b: the other, of the same port
 *
 * Return: the answer.
 */
static inline bool atmos_binding_overlaps(const struct atmos_binding *a,
					  const struct atmos_binding *b)
{
	if (a->dev && b->dev && a->dev != b->dev)
		return false;
	if (a->family != b->family)
		return atmos_binding_dual(a->family == 6 ? a : b);
	return atmos_addr_any(&a->addr) || atmos_addr_any(&b->addr) ||
	       atmos_addr_equal(&a->addr, &b->addr);
}

/* Does a socket bound to device @dev, 0: none, take what came in like this? */
static inline bool atmos_arrival_ok(const struct atmos_arrival *from, int dev)
{
	return dev ? dev == from->dev || dev == from->master : from->global;
}

/**
 * atmos_binding_score() - how well does a packet fit?
 * @b: a socket's binding; its port does
 * @key: the packet; laddr is its destination
 * @from: by where it came in
 *
 * As Linux has it: a bound address counts most, then the device, then a socket
 * of the packet's own family before a dual-stack one.
 *
 * Return: -1: not at all; else the more the better.
 */
static inline int atmos_binding_score(const struct atmos_binding *b,
				      const struct atmos_flow_key *key,
				      const struct atmos_arrival *from)
{
	bool any = atmos_addr_any(&b->addr);

	if (b->family != key->family && !(key->family == 4 && atmos_binding_dual(b)))
		return -1;
	if (!any && !atmos_addr_equal(&b->addr, &key->laddr))
		return -1;
	if (!atmos_arrival_ok(from, b->dev))
		return -1;
	return !any * 4 + !!b->dev * 2 + (b->family == key->family);
}

#endif /* _ATMOS_ADDR_H */
