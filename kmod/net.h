/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What Atmos keeps for each network namespace (net.c); each part belongs to the
 * file that is named with it.
 */
#ifndef _ATMOS_NET_H
#define _ATMOS_NET_H

#include <linux/netdevice.h>
#include <linux/rhashtable.h>
#include <linux/siphash.h>
#include <net/net_namespace.h>

#include "addr.h"

struct atmos_ports;
struct atmos_steer;

/**
 * struct atmos_net - a network namespace's part
 * @net: the namespace
 * @dev: atmos0, or NULL; RCU, changed under RTNL (netdev.c). Packets out are
 *	shown to its taps (egress.c)
 * @steer: attached devices, maps, reassembly (steer.c); there from
 *	atmos_steer_init() to atmos_steer_exit(), which net.c calls
 * @flows: sockets by &atmos_sock.key: connections and connected UDP (flow.c)
 * @bound: sockets by port and local address: listeners and other UDP (flow.c)
 * @bound_addrs: sockets in @bound that are bound to an address
 * @ports: reservations against the native stack (port.c)
 * @secret: for initial sequence numbers, and for choices that nobody should
 *	foresee; constant
 */
struct atmos_net {
	struct net *net;
	struct net_device __rcu *dev;
	struct atmos_steer *steer;
	struct rhashtable flows;
	struct rhltable bound;
	atomic_t bound_addrs;
	struct atmos_ports *ports;
	siphash_key_t secret;
};

/* steer.c, steer_map.c */
union atmos_addr;
int atmos_steer_init(struct atmos_net *an);
void atmos_steer_exit(struct atmos_net *an);
int atmos_steer_port(struct atmos_net *an, u8 proto, u8 family, const union atmos_addr *addr,
		     u16 port, bool on);

#endif /* _ATMOS_NET_H */
