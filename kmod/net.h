/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What Atmos keeps for each network namespace (net.c); each part belongs to the
 * file that is named with it.
 */
#ifndef _ATMOS_NET_H
#define _ATMOS_NET_H

#include <linux/netdevice.h>
#include <net/net_namespace.h>

struct atmos_steer;

/**
 * struct atmos_net - a network namespace's part
 * @net: the namespace
 * @dev: atmos0, or NULL; RCU, changed under RTNL (netdev.c). Packets out are
 *	shown to its taps (egress.c)
 * @steer: attached devices, maps, reassembly (steer.c); there from
 *	atmos_steer_init() to atmos_steer_exit(), which net.c calls
 */
struct atmos_net {
	struct net *net;
	struct net_device __rcu *dev;
	struct atmos_steer *steer;
};

int atmos_steer_init(struct atmos_net *an);
void atmos_steer_exit(struct atmos_net *an);

#endif /* _ATMOS_NET_H */
