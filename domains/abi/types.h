/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fixed-size types for the contract between core and domain.
 *
 * The three builds that share domains/abi/ (kernel module, freestanding
 * domain image, host library) get the same names from different places.
 */
#ifndef _DOM_ABI_TYPES_H
#define _DOM_ABI_TYPES_H

#ifdef __KERNEL__
#include <linux/types.h>
#include <linux/build_bug.h>
#else
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

#ifndef static_assert
#define static_assert _Static_assert
#endif
#endif

#endif /* _DOM_ABI_TYPES_H */
