/* SPDX-License-Identifier: GPL-2.0-only */
/* What image.c takes from its own neighbours. */
#ifndef _ATMOS_IMAGE_H
#define _ATMOS_IMAGE_H

#include <linux/types.h>

/* builtin.S */
extern const u8 atmos_builtin_echo[], atmos_builtin_echo_end[];
extern const u8 atmos_builtin_stack[], atmos_builtin_stack_end[];
extern const u8 atmos_builtin_reasm[], atmos_builtin_reasm_end[];

int atmos_image_verify(const u8 *data, size_t *size);

#endif /* _ATMOS_IMAGE_H */
