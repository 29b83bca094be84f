/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Steering of a namespace: what steer.c, steer_map.c, frag.c, the way in and the
 * control plane share.
 */
#ifndef _ATMOS_STEER_H
#define _ATMOS_STEER_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/percpu.h>
#include <linux/rhashtable.h>
#include <linux/workqueue.h>

#include "net.h"
#include "sock.h"

struct bpf_map;

/**
 * struct atmos_rx_stats - counters, of one CPU
 * @frames: steered to us
 * @bytes: of those
 * @native: of @frames, given to the native stack
 * @dropped: of @frames
 * @csum: of @dropped, for L4's checksum
 */
struct atmos_rx_stats {
	u64 frames;
	u64 bytes;
	u64 native;
	u64 dropped;
	u64 csum;
};

/* The maps of linux/atmos_steer.h, in the order of their netlink attributes. */
enum atmos_steer_map {
	STEER_PORTS,
	STEER_ADDRS,
	STEER_DEVICES,
	STEER_FRAGS,
	STEER_TX,
	STEER_MAPS,
};

/**
 * struct atmos_steer - a namespace's steering
 * @an: the namespace's part that it belongs to
 * @admin: attaching and detaching, one at a time; outside of RTNL
 * @lock: all below but @stats and @frags; inside of RTNL
 * @map: of the programs, held; all of them, or none
 * @devices: attached interfaces, struct atmos_steer_device
 * @nr_devices: of those
 * @ports: ours, by protocol and number (steer_map.c)
 * @notifier: of interfaces that go; registered while @map is there
 * @idle: ends it all when the last interface has gone by itself
 * @frag: reassembly of fragments
 * @stats: what came in
 */
struct atmos_steer {
	struct mutex admin;		/* attach, detach */
	struct mutex lock;		/* the contents */
	struct atmos_net *an;
	struct bpf_map *map[STEER_MAPS];
	struct list_head devices;
	u32 nr_devices;
	struct rhashtable ports;
	struct notifier_block notifier;
	struct work_struct idle;
	struct atmos_frag *frag;
	struct atmos_rx_stats __percpu *stats;
};

/**
 * struct atmos_steer_device - an interface whose frames are steered
 * @node: in &atmos_steer.devices
 * @ifindex: its number
 * @mode: enum atmos_steer_mode, for who asks
 */
struct atmos_steer_device {
	struct list_head node;
	u32 ifindex;
	u32 mode;
};

/**
 * struct atmos_steer_info - what there is to be told
 * @device: number of atmos0, 0: there is none
 * @map_id: of the maps
 * @attached: interfaces
 * @ports: ours
 * @stats: counters
 */
struct atmos_steer_info {
	u32 device;
	u32 map_id[STEER_MAPS];
	u32 attached;
	u32 ports;
	struct atmos_rx_stats stats;
};

/* steer.c */
int atmos_steer_attach(struct atmos_net *an, u32 ifindex, u32 mode, const u32 *fds,
		       const char **why);
int atmos_steer_detach(struct atmos_net *an, u32 ifindex);
void atmos_steer_info(struct atmos_net *an, struct atmos_steer_info *info);
void atmos_steer_stats(struct atmos_net *an, struct atmos_rx_stats *sum);
int atmos_steer_for_each(struct atmos_net *an,
			 int (*fn)(const struct atmos_steer_device *dev, void *arg), void *arg);

/* steer_map.c */
int steer_map_init(struct atmos_steer *st);
void steer_map_exit(struct atmos_steer *st);
int steer_map_get(const u32 *fds, struct bpf_map **map, const char **why);
void steer_map_put(struct bpf_map **map);
int steer_map_fill(struct atmos_steer *st);
void steer_map_clear(struct atmos_steer *st);
int steer_map_device(struct atmos_steer *st, u32 ifindex, u32 device);
void steer_map_forget(struct atmos_steer *st, u32 ifindex);
u32 steer_map_id(const struct bpf_map *map);

#endif /* _ATMOS_STEER_H */
