/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The record of hostile images, shared with the tests.
 */
#ifndef _DOM_HOSTILE_RECORD_H
#define _DOM_HOSTILE_RECORD_H

#include "../abi/types.h"

#define HOSTILE_RECORD_VERSION	1

/**
 * struct hostile_record - what survives a death
 * @entries: entries committed; a healthy PONG tells it in c
 * @attacks: of those, attacks that returned
 */
struct hostile_record {
	u64 entries;
	u64 attacks;
	u64 reserved[6];
};

static_assert(sizeof(struct hostile_record) == 64, "hostile record");

#endif /* _DOM_HOSTILE_RECORD_H */
