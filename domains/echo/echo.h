/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the echo image and its tests share: the record and the query cookie.
 */
#ifndef _DOM_ECHO_H
#define _DOM_ECHO_H

#include "../abi/types.h"

#define ECHO_RECORD_VERSION	1

/* A PING with this cookie is answered with pings, offers and lost in a, b, c. */
#define ECHO_QUERY		0x7972657571ull

/**
 * struct echo_record - what survives a death
 * @entries: entries committed
 * @pings: PINGs answered, this one included
 * @offers: OFFERs answered
 * @lost: events for which there was no room, neither to answer nor to keep
 */
struct echo_record {
	u64 entries;
	u64 pings;
	u64 offers;
	u64 lost;
	u64 reserved[4];
};

static_assert(sizeof(struct echo_record) == 64, "echo record");

#endif /* _DOM_ECHO_H */
