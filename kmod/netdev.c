// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device atmos0, where steered frames come in: one for each namespace that
 * has steering attached.
 *
 * Frames come by ndo_xdp_xmit (XDP in the driver, in bulk) and ndo_start_xmit
 * (tc, and XDP in the stack). They are only queued there, for they may come
 * from the middle of an output path, ours too; a NAPI of the same CPU hands
 * them on in batches. An interface without link layer: what tcpdump sees on it
 * begins with the IP header.
 *
 * Locks: each CPU's queue has its own, of BH context. The device is made and
 * ended under RTNL; &atmos_net.dev is read under RCU.
 */
#include <linux/if_arp.h>
#include <linux/inetdevice.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/rtnetlink.h>
#include <net/addrconf.h>
#include <net/xdp.h>

#include <linux/atmos_steer.h>

#include "compat.h"
#include "rx.h"

/* As net.core.netdev_max_backlog is by default. */
#define QUEUE_MAX	1000

/**
 * struct atmos_rxq - a CPU's frames that wait
 * @queue: with its lock
 * @napi: hands them on
 */
struct atmos_rxq {
	struct sk_buff_head queue;
	struct napi_struct napi;
};

struct atmos_netdev {
	struct atmos_net *an;
	struct atmos_rxq __percpu *rxq;
};

/* ---- in ---- */

static void nd_count_drop(struct atmos_netdev *nd, u32 n)
{
	struct atmos_rx_stats __percpu *stats = nd->an->steer->stats;

	this_cpu_add(stats->frames, n);
	this_cpu_add(stats->dropped, n);
}

/* Queues @frames; those without room are dropped. BH off. */
static void nd_enqueue(struct atmos_netdev *nd, struct sk_buff_head *frames)
{
	struct atmos_rx_stats *stats = this_cpu_ptr(nd->an->steer->stats);
	struct atmos_rxq *rxq = this_cpu_ptr(nd->rxq);
	struct sk_buff *skb;
	bool idle;

	spin_lock(&rxq->queue.lock);
	idle = skb_queue_empty(&rxq->queue);
	while (skb_queue_len(&rxq->queue) < QUEUE_MAX) {
		skb = __skb_dequeue(frames);
		if (!skb)
			break;
		stats->frames++;
		stats->bytes += skb->len;
		__skb_queue_tail(&rxq->queue, skb);
	}
	spin_unlock(&rxq->queue.lock);
	if (idle)
		napi_schedule(&rxq->napi);
	if (unlikely(!skb_queue_empty(frames))) {
		nd_count_drop(nd, skb_queue_len(frames));
		__skb_queue_purge(frames);
	}
}

/* To the taps of @dev. XDP goes past them; what comes from tc they have seen. */
static void nd_show(struct net_device *dev, struct sk_buff *skb)
{
	struct net_device *in = skb->dev;

	if (likely(!dev_nit_active(dev)))
		return;
	skb->dev = dev;
	dev_queue_xmit_nit(skb, dev);
	skb->dev = in;
}

/*
 * From tc the frame begins with L3; from XDP in the stack with the link's
 * header, and L3 is where the stack has noted it.
 */
static bool nd_pull_link(struct net_device *dev, struct sk_buff *skb)
{
	int off = skb_network_offset(skb);

	if (off > 0 && off < skb_headlen(skb)) {
		__skb_pull(skb, off);	/* skb->csum is from L3 on */
		nd_show(dev, skb);
	} else if (off) {
		return false;
	}
	return skb->len > 0;
}

static netdev_tx_t nd_start_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct atmos_netdev *nd = netdev_priv(dev);
	struct sk_buff_head one;

	/*
	 * Without an interface that it came in by it was not steered: somebody
	 * has sent it here, or routed it.
	 */
	if (unlikely(!skb->skb_iif || (skb_dst(skb) && skb_dst(skb)->dev == dev) ||
		     !nd_pull_link(dev, skb))) {
		nd_count_drop(nd, 1);
		kfree_skb(skb);
		return NETDEV_TX_OK;
	}
	skb_orphan(skb);
	skb_mark_not_on_list(skb);
	/* Given to the native stack, it does not come here again. */
	skb->redirected = 1;
#ifdef CONFIG_NET_CLS_ACT
	skb->tc_skip_classify = 1;
#endif
	atmos_rx_way(skb)->bare = false;
	__skb_queue_head_init(&one);
	__skb_queue_tail(&one, skb);
	nd_enqueue(nd, &one);
	return NETDEV_TX_OK;
}

/* What the program says in front of the frame: the interface that it came in by. */
static struct net_device *nd_of_frame(struct atmos_net *an, const struct xdp_frame *frame)
{
	struct atmos_steer_meta meta;

	if (frame->metasize < sizeof(meta))
		return NULL;
	memcpy(&meta, frame->data - sizeof(meta), sizeof(meta));
	if (meta.magic != ATMOS_STEER_MAGIC)
		return NULL;
	return dev_get_by_index_rcu(an->net, meta.ifindex);
}

static struct sk_buff *nd_build_skb(struct atmos_net *an, struct net_device *dev,
				    struct xdp_frame *frame)
{
	struct net_device *in = nd_of_frame(an, frame);
	struct sk_buff *skb;

	if (unlikely(!in || frame->len < ETH_HLEN))
		return NULL;
	skb = xdp_build_skb_from_frame(frame, in);
	if (unlikely(!skb))
		return NULL;
	skb_metadata_clear(skb);
	skb_reset_network_header(skb);
	skb->skb_iif = in->ifindex;
	skb->redirected = 1;
	atmos_rx_way(skb)->bare = !in->dev.parent;
	nd_show(dev, skb);
	return skb;
}

static int nd_xdp_xmit(struct net_device *dev, int n, struct xdp_frame **frames, u32 flags)
{
	struct atmos_netdev *nd = netdev_priv(dev);
	struct sk_buff_head list;
	int i, lost = 0;

	if (unlikely(flags & ~XDP_XMIT_FLAGS_MASK))
		return -EINVAL;
	if (unlikely(!netif_running(dev)))
		return -ENETDOWN;
	__skb_queue_head_init(&list);
	rcu_read_lock();
	for (i = 0; i < n; i++) {
		struct sk_buff *skb = nd_build_skb(nd->an, dev, frames[i]);

		if (likely(skb)) {
			__skb_queue_tail(&list, skb);
		} else {
			xdp_return_frame_rx_napi(frames[i]);
			lost++;
		}
	}
	rcu_read_unlock();
	if (unlikely(lost))
		nd_count_drop(nd, lost);
	nd_enqueue(nd, &list);
	/* All are ours now: none is left to the caller. */
	return n;
}

static int nd_poll(struct napi_struct *napi, int budget)
{
	struct atmos_rxq *rxq = container_of(napi, struct atmos_rxq, napi);
	struct atmos_netdev *nd = netdev_priv(napi->dev);
	struct sk_buff_head batch;
	bool empty;
	int n = 0;

	__skb_queue_head_init(&batch);
	spin_lock(&rxq->queue.lock);
	if (skb_queue_len(&rxq->queue) <= budget) {
		n = skb_queue_len(&rxq->queue);
		skb_queue_splice_tail_init(&rxq->queue, &batch);
	} else {
		for (; n < budget; n++)
			__skb_queue_tail(&batch, __skb_dequeue(&rxq->queue));
	}
	empty = skb_queue_empty(&rxq->queue);
	spin_unlock(&rxq->queue.lock);
	if (n)
		atmos_rx_batch(nd->an, &batch);
	if (!empty || n == budget)
		return budget;
	/* What came since found the queue empty and has scheduled us again. */
	napi_complete_done(napi, n);
	return n;
}

/* ---- life ---- */

static int nd_open(struct net_device *dev)
{
	struct atmos_netdev *nd = netdev_priv(dev);
	int cpu;

	for_each_possible_cpu(cpu) {
		struct atmos_rxq *rxq = per_cpu_ptr(nd->rxq, cpu);

		/* Frames that had passed the check when it went down last. */
		skb_queue_purge(&rxq->queue);
		napi_enable(&rxq->napi);
	}
	netif_start_queue(dev);
	return 0;
}

static int nd_stop(struct net_device *dev)
{
	struct atmos_netdev *nd = netdev_priv(dev);
	int cpu;

	netif_stop_queue(dev);
	for_each_possible_cpu(cpu) {
		struct atmos_rxq *rxq = per_cpu_ptr(nd->rxq, cpu);

		napi_disable(&rxq->napi);
		skb_queue_purge(&rxq->queue);
	}
	return 0;
}

static int nd_init(struct net_device *dev)
{
	struct atmos_netdev *nd = netdev_priv(dev);
	int cpu;

	nd->rxq = alloc_percpu(struct atmos_rxq);
	if (!nd->rxq)
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		struct atmos_rxq *rxq = per_cpu_ptr(nd->rxq, cpu);

		skb_queue_head_init(&rxq->queue);
		netif_napi_add(dev, &rxq->napi, nd_poll);
	}
	return 0;
}

/* Nobody is in the device any more, and it is down. */
static void nd_uninit(struct net_device *dev)
{
	struct atmos_netdev *nd = netdev_priv(dev);
	int cpu;

	for_each_possible_cpu(cpu)
		__netif_napi_del(&per_cpu_ptr(nd->rxq, cpu)->napi);
	RCU_INIT_POINTER(nd->an->dev, NULL);
	synchronize_net();
}

static void nd_free(struct net_device *dev)
{
	struct atmos_netdev *nd = netdev_priv(dev);
	int cpu;

	if (!nd->rxq)
		return;
	for_each_possible_cpu(cpu)
		skb_queue_purge(&per_cpu_ptr(nd->rxq, cpu)->queue);
	free_percpu(nd->rxq);
}

/* What is sent to the device is what the sockets receive. */
static void nd_stats(struct net_device *dev, struct rtnl_link_stats64 *stats)
{
	struct atmos_netdev *nd = netdev_priv(dev);
	struct atmos_rx_stats sum;

	atmos_steer_stats(nd->an, &sum);
	stats->tx_packets = sum.frames;
	stats->tx_bytes = sum.bytes;
	stats->tx_dropped = sum.dropped;
}

static const struct net_device_ops nd_ops = {
	.ndo_init = nd_init,
	.ndo_uninit = nd_uninit,
	.ndo_open = nd_open,
	.ndo_stop = nd_stop,
	.ndo_start_xmit = nd_start_xmit,
	.ndo_xdp_xmit = nd_xdp_xmit,
	.ndo_get_stats64 = nd_stats,
};

static void nd_setup(struct net_device *dev)
{
	/* Frames stay as they are: coalesced, tagged, checksums to be done. */
	const netdev_features_t features = NETIF_F_SG | NETIF_F_FRAGLIST | NETIF_F_HIGHDMA |
		NETIF_F_HW_CSUM | NETIF_F_SCTP_CRC | NETIF_F_GSO_MASK;

	dev->netdev_ops = &nd_ops;
	dev->type = ARPHRD_NONE;
	dev->flags = IFF_NOARP;
	dev->priv_flags |= IFF_NO_QUEUE | IFF_DISABLE_NETPOLL;
	netif_keep_dst(dev);
	dev->features = features | NETIF_F_HW_VLAN_CTAG_TX | NETIF_F_HW_VLAN_STAG_TX;
	dev->hw_enc_features = features;
	dev->vlan_features = features;
	dev->mtu = GSO_MAX_SIZE;
	dev->min_mtu = IPV6_MIN_MTU;
	dev->max_mtu = GSO_MAX_SIZE;
	dev->tso_max_size = GSO_MAX_SIZE;
	dev->gso_max_size = GSO_MAX_SIZE;
	compat_netdev_setup(dev);
	dev->needs_free_netdev = true;
	dev->priv_destructor = nd_free;
}

static void nd_no_ipv6(struct net_device *dev)
{
#if IS_ENABLED(CONFIG_IPV6)
	struct inet6_dev *idev = __in6_dev_get(dev);

	if (idev)
		WRITE_ONCE(idev->cnf.disable_ipv6, 1);
#endif
}

/**
 * atmos_netdev_create() - make atmos0 and bring it up
 * @an: namespace
 *
 * It has no address and no IPv6 of its own: packets come in by the interface
 * that they were steered from.
 *
 * Context: process, RTNL held.
 * Return: 0, -EEXIST if there is another device of this name, or -ENOMEM.
 */
int atmos_netdev_create(struct atmos_net *an)
{
	struct atmos_netdev *nd;
	struct net_device *dev;
	int err;

	ASSERT_RTNL();
	dev = alloc_netdev(sizeof(*nd), "atmos0", NET_NAME_PREDICTABLE, nd_setup);
	if (!dev)
		return -ENOMEM;
	dev_net_set(dev, an->net);
	nd = netdev_priv(dev);
	nd->an = an;
	err = register_netdevice(dev);
	if (err) {
		free_netdev(dev);
		return err;
	}
	nd_no_ipv6(dev);
	err = dev_open(dev, NULL);
	if (err) {
		unregister_netdevice(dev);
		return err;
	}
	rcu_assign_pointer(an->dev, dev);
	return 0;
}

/**
 * atmos_netdev_destroy() - end atmos0, if it is there
 * @an: namespace
 *
 * Context: process, RTNL held. No frame is handed on any more afterwards.
 */
void atmos_netdev_destroy(struct atmos_net *an)
{
	struct net_device *dev = rtnl_dereference(an->dev);

	if (dev)
		unregister_netdevice(dev);
}
