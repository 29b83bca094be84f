/* SPDX-License-Identifier: GPL-2.0-only */
/* Generated from uapi/atmos.yaml by tools/check/uapi-check --write; do not edit. */
#ifndef ATMOSCTL_SPEC_H
#define ATMOSCTL_SPEC_H

#include <stdbool.h>

#include "../../uapi/linux/atmos.h"

/* clang-format off */

enum spec_type {
	SPEC_NONE,
	SPEC_U8,
	SPEC_U16,
	SPEC_U32,
	SPEC_U64,
	SPEC_FLAG,
	SPEC_BYTES,
	SPEC_STRING,
};

/* How an attribute is read and named; type SPEC_NONE: not for people. */
struct spec_attr {
	const char *name;
	enum spec_type type;
	bool multi;
	bool hex;
	const char *const *names;
	unsigned int nr_names;
};

/* An attribute space: attrs[1] to attrs[max]. */
struct spec_set {
	const struct spec_attr *attrs;
	unsigned int max;
};

struct spec_notice {
	const char *name;
	const struct spec_set *set;
};

extern const struct spec_set spec_domain;
extern const struct spec_set spec_stats;
extern const struct spec_set spec_fault;
extern const struct spec_set spec_image;
extern const struct spec_set spec_limits;
extern const struct spec_set spec_info;
extern const struct spec_set spec_socket;
extern const struct spec_set spec_steer;
extern const struct spec_set spec_update;
extern const struct spec_set spec_record;
extern const struct spec_set spec_capture;
extern const struct spec_notice spec_notices[ATMOS_CMD_MAX + 1];

#endif /* ATMOSCTL_SPEC_H */
