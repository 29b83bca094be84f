/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Steering of a namespace: what steer.c, frag.c and the way in share.
 */
#ifndef _ATMOS_STEER_H
#define _ATMOS_STEER_H

#include <linux/percpu.h>

#include "net.h"

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

/**
 * struct atmos_steer - a namespace's steering
 * @stats: what came in
 */
struct atmos_steer {
	struct atmos_rx_stats __percpu *stats;
};

void atmos_steer_stats(struct atmos_net *an, struct atmos_rx_stats *sum);

#endif /* _ATMOS_STEER_H */
