// SPDX-License-Identifier: GPL-2.0-only
/*
 * Steering of a namespace: which interfaces, and the maps of their programs.
 */
#include <linux/rtnetlink.h>
#include <linux/slab.h>

#include "rx.h"
#include "steer.h"

/**
 * atmos_steer_init() - begin a namespace's steering: nothing is attached yet
 * @an: namespace
 *
 * Context: process. Return: 0 or -ENOMEM.
 */
int atmos_steer_init(struct atmos_net *an)
{
	struct atmos_steer *st = kzalloc(sizeof(*st), GFP_KERNEL);

	if (!st)
		return -ENOMEM;
	st->stats = alloc_percpu(struct atmos_rx_stats);
	if (!st->stats) {
		kfree(st);
		return -ENOMEM;
	}
	an->steer = st;
	return 0;
}

/**
 * atmos_steer_exit() - end a namespace's steering
 * @an: namespace; no frame comes in any more afterwards
 *
 * Context: process, no locks held.
 */
void atmos_steer_exit(struct atmos_net *an)
{
	struct atmos_steer *st = an->steer;

	rtnl_lock();
	atmos_netdev_destroy(an);
	rtnl_unlock();
	an->steer = NULL;
	free_percpu(st->stats);
	kfree(st);
}

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
