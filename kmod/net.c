// SPDX-License-Identifier: GPL-2.0-only
/*
 * Network namespaces: a part of Atmos in each.
 *
 * Made with the namespace, or for all of them when the module is loaded, in
 * process context. A namespace goes when nobody holds it: each socket does, so
 * that there is none left then, but for its native reservations (port.c), which
 * do not. All devices are gone by then too, hence no packet is on its way in:
 * parts of this kind (subsystems) end after those of devices, and last made
 * first, so the native stack is still there. When the module goes, its devices
 * must have gone before (steer.c).
 */
#include <linux/random.h>
#include <net/netns/generic.h>

#include "cgroup.h"
#include "net.h"
#include "port_native.h"
#include "rx.h"
#include "sock.h"

static unsigned int net_id __read_mostly;

/**
 * atmos_net() - a namespace's part
 * @net: namespace
 *
 * Context: any; between atmos_net_init() and atmos_net_exit(). Return: the part.
 */
struct atmos_net *atmos_net(const struct net *net)
{
	return net_generic(net, net_id);
}

static int __net_init net_begin(struct net *net)
{
	struct atmos_net *an = atmos_net(net);
	int err;

	an->net = net;
	get_random_bytes(&an->secret, sizeof(an->secret));
	err = atmos_flow_init(an);
	if (err)
		return err;
	err = atmos_steer_init(an);
	if (err)
		goto steer;
	err = atmos_port_init(an);
	if (err)
		goto port;
	return 0;
port:
	atmos_steer_exit(an);
steer:
	atmos_flow_exit(an);
	return err;
}

static void __net_exit net_end(struct net *net)
{
	struct atmos_net *an = atmos_net(net);

	atmos_port_exit(an);
	atmos_steer_exit(an);
	atmos_flow_exit(an);
}

static struct pernet_operations net_ops = {
	.init = net_begin,
	.exit = net_end,
	.id = &net_id,
	.size = sizeof(struct atmos_net),
};

/**
 * atmos_net_init() - begin in all namespaces
 *
 * Context: process. Return: 0 or a negative errno.
 */
int atmos_net_init(void)
{
	int err = atmos_cgroup_init();

	if (err)
		return err;
	err = atmos_frag_init();
	if (err)
		goto frag;
	err = atmos_native_init();
	if (err)
		goto native;
	err = register_pernet_subsys(&net_ops);
	if (err)
		goto net;
	return 0;
net:
	atmos_native_exit();
native:
	atmos_frag_exit();
frag:
	atmos_cgroup_exit();
	return err;
}

/**
 * atmos_net_exit() - end in all namespaces
 *
 * No socket and no device of ours is left. Context: process.
 */
void atmos_net_exit(void)
{
	unregister_pernet_subsys(&net_ops);
	atmos_native_exit();
	atmos_frag_exit();
	atmos_cgroup_exit();
}
