// SPDX-License-Identifier: GPL-2.0-only
/*
 * Steering of a namespace: the interfaces whose frames come to us, and what is
 * there as long as there are any: atmos0 and the maps of the programs.
 *
 * The control tool attaches and detaches the programs themselves; here is
 * noted which interfaces may steer, and programs ask (map DEVICES). So an
 * interface that leaves the namespace, or becomes a port of a bridge, steers
 * nothing from that moment, and neither does a program that is still attached
 * when the module goes.
 *
 * Called by the control plane and by net.c, in process context, and for
 * interfaces that go, under RTNL. Locks: see struct atmos_steer.
 */
#include <linux/netfilter.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <uapi/linux/netfilter_arp.h>

#include "compat.h"
#include "rx.h"
#include "steer.h"

/* ---- frames that netfilter keeps ---- */

/*
 * A frame in a queue of netfilter (NFQUEUE) will call rx_path.c when it is let
 * go. Netfilter empties its queues whenever a hook is removed, so one that sees
 * no packet is kept, and removed at the end. Nobody forwards ARP by it.
 */
#ifdef CONFIG_NETFILTER_FAMILY_ARP
static unsigned int nothing(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	return NF_ACCEPT;
}

static const struct nf_hook_ops drain_hook = {
	.hook = nothing,
	.pf = NFPROTO_ARP,
	.hooknum = NF_ARP_FORWARD,
};

static int drain_begin(struct net *net)
{
	return nf_register_net_hook(net, &drain_hook);
}

static void drain_end(struct net *net)
{
	nf_unregister_net_hook(net, &drain_hook);
}
#elif defined(CONFIG_NETFILTER)
#error "Atmos needs CONFIG_NETFILTER_FAMILY_ARP beside CONFIG_NETFILTER"
#else
static int drain_begin(struct net *net)
{
	return 0;
}

static void drain_end(struct net *net)
{
}
#endif

/* ---- interfaces ---- */

static struct atmos_steer_device *steered_find(struct atmos_steer *st, u32 ifindex)
{
	struct atmos_steer_device *d;

	list_for_each_entry(d, &st->devices, node)
		if (d->ifindex == ifindex)
			return d;
	return NULL;
}

/* Why its frames cannot be steered; NULL: they can. RTNL held. */
static const char *unfit(struct atmos_net *an, struct net_device *dev)
{
	if (dev == rtnl_dereference(an->dev))
		return "atmos0 is where steered frames go";
	if (netdev_master_upper_dev_get(dev))
		return "the interface is a port of another one: attach that one";
	return NULL;
}

static int steered_add(struct atmos_steer *st, u32 ifindex, u32 mode)
{
	u32 device = rtnl_dereference(st->an->dev)->ifindex;
	struct atmos_steer_device *d;
	int err;

	d = kzalloc(sizeof(*d), GFP_KERNEL);
	if (!d)
		return -ENOMEM;
	d->ifindex = ifindex;
	d->mode = mode;
	err = steer_map_device(st, ifindex, device);
	if (err) {
		kfree(d);
		return err;
	}
	list_add_tail(&d->node, &st->devices);
	st->nr_devices++;
	return 0;
}

static void steered_remove(struct atmos_steer *st, struct atmos_steer_device *d)
{
	steer_map_forget(st, d->ifindex);
	list_del(&d->node);
	st->nr_devices--;
	kfree(d);
}

/* Interfaces that go, or get a master: RTNL is held. */
static int steered_event(struct notifier_block *nb, unsigned long event, void *ptr)
{
	struct atmos_steer *st = container_of(nb, struct atmos_steer, notifier);
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);
	struct netdev_notifier_changeupper_info *upper = ptr;
	struct atmos_steer_device *d;

	if (event != NETDEV_UNREGISTER &&
	    !(event == NETDEV_CHANGEUPPER && upper->master && upper->linking))
		return NOTIFY_DONE;
	mutex_lock(&st->lock);
	d = steered_find(st, dev->ifindex);
	if (d) {
		steered_remove(st, d);
		if (event == NETDEV_CHANGEUPPER)
			netdev_info(dev, "Atmos steers its frames no more: it is a port of %s now\n",
				    upper->upper_dev->name);
		if (!st->nr_devices)
			schedule_work(&st->idle);
	}
	mutex_unlock(&st->lock);
	return NOTIFY_DONE;
}

/* ---- all that is there with the first, and goes with the last ---- */

static int steer_begin(struct atmos_steer *st, struct bpf_map **map, const char **why)
{
	int err;

	err = drain_begin(st->an->net);
	if (err)
		return err;
	err = register_netdevice_notifier_net(st->an->net, &st->notifier);
	if (err)
		goto notifier;
	rtnl_lock();
	err = atmos_netdev_create(st->an);
	rtnl_unlock();
	if (err) {
		*why = err == -EEXIST ? "there is another interface with the name atmos0" :
					"atmos0 cannot be made";
		goto netdev;
	}
	mutex_lock(&st->lock);
	memcpy(st->map, map, sizeof(st->map));
	err = steer_map_fill(st);
	if (err)
		memset(st->map, 0, sizeof(st->map));
	mutex_unlock(&st->lock);
	if (err)
		goto fill;
	return 0;
fill:
	rtnl_lock();
	atmos_netdev_destroy(st->an);
	rtnl_unlock();
netdev:
	unregister_netdevice_notifier_net(st->an->net, &st->notifier);
notifier:
	drain_end(st->an->net);
	return err;
}

static void steer_end(struct atmos_steer *st)
{
	struct atmos_steer_device *d, *next;
	struct bpf_map *map[STEER_MAPS];

	if (!st->map[STEER_PORTS])
		return;
	mutex_lock(&st->lock);
	list_for_each_entry_safe(d, next, &st->devices, node)
		steered_remove(st, d);
	steer_map_clear(st);
	memcpy(map, st->map, sizeof(map));
	memset(st->map, 0, sizeof(st->map));
	mutex_unlock(&st->lock);
	steer_map_put(map);
	unregister_netdevice_notifier_net(st->an->net, &st->notifier);
	rtnl_lock();
	atmos_netdev_destroy(st->an);
	rtnl_unlock();
	drain_end(st->an->net);
}

static void steer_idle(struct work_struct *work)
{
	struct atmos_steer *st = container_of(work, struct atmos_steer, idle);

	mutex_lock(&st->admin);
	if (!st->nr_devices)
		steer_end(st);
	mutex_unlock(&st->admin);
}

static int attach_device(struct atmos_steer *st, u32 ifindex, u32 mode, const char **why)
{
	struct net_device *dev;
	int err = -EINVAL;

	rtnl_lock();
	mutex_lock(&st->lock);
	dev = __dev_get_by_index(st->an->net, ifindex);
	if (!dev) {
		*why = "there is no such interface";
		err = -ENODEV;
	} else if (steered_find(st, ifindex)) {
		*why = "the interface is attached already";
		err = -EEXIST;
	} else if (!rtnl_dereference(st->an->dev)) {
		*why = "atmos0 is going away";
		err = -ENODEV;
	} else {
		*why = unfit(st->an, dev);
		if (!*why)
			err = steered_add(st, ifindex, mode);
	}
	mutex_unlock(&st->lock);
	rtnl_unlock();
	return err;
}

/**
 * atmos_steer_attach() - steer the frames of an interface
 * @an: namespace
 * @ifindex: interface, whose program is being attached
 * @mode: enum atmos_steer_mode, for who asks
 * @fds: descriptors of the maps, for the first interface; else NULL
 * @why: result, static: what is wrong, or NULL
 *
 * Context: process, no locks held.
 * Return: 0; -ENODEV; -EEXIST if it is attached, or there is another atmos0;
 * -ENOKEY when maps are needed, -EALREADY when they are there; -EINVAL for an
 * unfit interface or map; -ENOMEM.
 */
int atmos_steer_attach(struct atmos_net *an, u32 ifindex, u32 mode, const u32 *fds,
		       const char **why)
{
	struct atmos_steer *st = an->steer;
	struct bpf_map *map[STEER_MAPS] = {};
	bool first;
	int err = 0;

	*why = NULL;
	mutex_lock(&st->admin);
	first = !st->map[STEER_PORTS];
	if (first && !fds) {
		*why = "the first interface of a namespace brings the maps along";
		err = -ENOKEY;
	} else if (!first && fds) {
		*why = "the namespace has maps already";
		err = -EALREADY;
	} else if (first) {
		err = steer_map_get(fds, map, why);
		if (!err) {
			*why = NULL;
			err = steer_begin(st, map, why);
		}
		if (err)
			steer_map_put(map);
	}
	if (!err)
		err = attach_device(st, ifindex, mode, why);
	if (err && first)
		steer_end(st);
	mutex_unlock(&st->admin);
	return err;
}

/**
 * atmos_steer_detach() - steer the frames of an interface no more
 * @an: namespace
 * @ifindex: interface
 *
 * With the last one atmos0 goes, and the maps are let go.
 *
 * Context: process, no locks held. Return: 0, or -ENOENT if it is not attached.
 */
int atmos_steer_detach(struct atmos_net *an, u32 ifindex)
{
	struct atmos_steer *st = an->steer;
	struct atmos_steer_device *d;

	mutex_lock(&st->admin);
	mutex_lock(&st->lock);
	d = steered_find(st, ifindex);
	if (d)
		steered_remove(st, d);
	mutex_unlock(&st->lock);
	if (d && !st->nr_devices)
		steer_end(st);
	mutex_unlock(&st->admin);
	return d ? 0 : -ENOENT;
}

/* ---- to be told ---- */

/**
 * atmos_steer_stats() - add up what came in
 * @an: namespace
 * @sum: result
 *
 * Context: any.
 */
void atmos_steer_stats(struct atmos_net *an, struct atmos_rx_stats *sum)
{
	int cpu;

	memset(sum, 0, sizeof(*sum));
	for_each_possible_cpu(cpu) {
		const struct atmos_rx_stats *s = per_cpu_ptr(an->steer->stats, cpu);

		sum->frames += READ_ONCE(s->frames);
		sum->bytes += READ_ONCE(s->bytes);
		sum->native += READ_ONCE(s->native);
		sum->dropped += READ_ONCE(s->dropped);
		sum->csum += READ_ONCE(s->csum);
	}
}

/**
 * atmos_steer_info() - what steering a namespace has
 * @an: namespace
 * @info: result
 *
 * Context: process.
 */
void atmos_steer_info(struct atmos_net *an, struct atmos_steer_info *info)
{
	struct atmos_steer *st = an->steer;
	struct net_device *dev;
	u32 i;

	rcu_read_lock();
	dev = rcu_dereference(an->dev);
	info->device = dev ? dev->ifindex : 0;
	rcu_read_unlock();
	mutex_lock(&st->lock);
	for (i = 0; i < STEER_MAPS; i++)
		info->map_id[i] = steer_map_id(st->map[i]);
	info->attached = st->nr_devices;
	info->ports = atomic_read(&st->ports.nelems);
	mutex_unlock(&st->lock);
	atmos_steer_stats(an, &info->stats);
}

/**
 * atmos_steer_for_each() - all attached interfaces
 * @an: namespace
 * @fn: called for each, until it does not return 0
 * @arg: for @fn
 *
 * Context: process. Return: what @fn returned last, or 0.
 */
int atmos_steer_for_each(struct atmos_net *an,
			 int (*fn)(const struct atmos_steer_device *dev, void *arg), void *arg)
{
	struct atmos_steer *st = an->steer;
	struct atmos_steer_device *d;
	int ret = 0;

	mutex_lock(&st->lock);
	list_for_each_entry(d, &st->devices, node) {
		ret = fn(d, arg);
		if (ret)
			break;
	}
	mutex_unlock(&st->lock);
	return ret;
}

/* ---- life ---- */

/**
 * atmos_steer_init() - begin a namespace's steering: nothing is attached yet
 * @an: namespace
 *
 * Context: process. Return: 0 or -ENOMEM.
 */
int atmos_steer_init(struct atmos_net *an)
{
	struct atmos_steer *st = kzalloc(sizeof(*st), GFP_KERNEL);
	int err = -ENOMEM;

	if (!st)
		return -ENOMEM;
	mutex_init(&st->admin);
	mutex_init(&st->lock);
	INIT_LIST_HEAD(&st->devices);
	INIT_WORK(&st->idle, steer_idle);
	st->an = an;
	st->notifier.notifier_call = steered_event;
	st->stats = alloc_percpu(struct atmos_rx_stats);
	if (!st->stats)
		goto free;
	st->frag = atmos_frag_create();
	if (!st->frag)
		goto stats;
	err = steer_map_init(st);
	if (err)
		goto frag;
	an->steer = st;
	return 0;
frag:
	atmos_frag_destroy(st->frag);
stats:
	free_percpu(st->stats);
free:
	kfree(st);
	return err;
}

/**
 * atmos_steer_exit() - end a namespace's steering
 * @an: namespace
 *
 * Programs that are still attached pass everything. No frame comes in any more
 * afterwards.
 *
 * Context: process, no locks held.
 */
void atmos_steer_exit(struct atmos_net *an)
{
	struct atmos_steer *st = an->steer;

	cancel_work_sync(&st->idle);
	mutex_lock(&st->admin);
	steer_end(st);
	mutex_unlock(&st->admin);
	/* The notifier that is gone now may have asked for it once more. */
	cancel_work_sync(&st->idle);
	steer_map_exit(st);
	atmos_frag_destroy(st->frag);
	an->steer = NULL;
	free_percpu(st->stats);
	kfree(st);
}
