/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A domain's names for payload objects: index and generation.
 *
 * Plain memory and pure functions, also built on the host. One table belongs
 * to one domain, so a handle means nothing in any other. The caller
 * serialises (the domain's lock).
 */
#ifndef _ATMOS_HANDLES_H
#define _ATMOS_HANDLES_H

#include "../domains/abi/abi.h"

#ifdef __KERNEL__
#include <linux/nospec.h>
#else
#define array_index_nospec(index, size) (index)
#endif

#define HANDLES_MAX		256
#define HANDLE_INDEX_BITS	12
#define HANDLE_INDEX_MASK	((1u << HANDLE_INDEX_BITS) - 1)
#define HANDLE_GENERATIONS	(1u << (32 - HANDLE_INDEX_BITS))

static_assert(HANDLES_MAX < HANDLE_INDEX_MASK, "index 0 means no handle");

/**
 * struct atmos_handle - one entry
 * @object: NULL if free
 * @generation: changes when the entry is freed
 * @next: the next free one
 * @taken: named by a TAKE command of the batch being checked
 */
struct atmos_handle {
	void *object;
	u32 generation;
	u16 next;
	bool taken;
};

/**
 * struct atmos_handles - a domain's table
 * @used: entries in use
 * @max: entries that there are, HANDLES_MAX at most
 * @top: entries below it were used at least once; the others are untouched
 * @free: first free one below @top, HANDLES_MAX if none
 * @entry: the table
 */
struct atmos_handles {
	u32 used;
	u16 max;
	u16 top;
	u16 free;
	struct atmos_handle entry[HANDLES_MAX];
};

static inline void handles_init(struct atmos_handles *h, u16 max)
{
	h->used = 0;
	h->max = max;
	h->top = 0;
	h->free = HANDLES_MAX;
}

/* The entry that a domain's @handle names, or NULL. Any value is safe. */
static inline struct atmos_handle *handles_entry(struct atmos_handles *h, u32 handle)
{
	u32 index = (handle & HANDLE_INDEX_MASK) - 1;
	struct atmos_handle *e;

	if (index >= h->top)
		return NULL;
	e = &h->entry[array_index_nospec(index, h->top)];
	if (!e->object || e->generation != handle >> HANDLE_INDEX_BITS)
		return NULL;
	return e;
}

/* Enter @object. Returns its handle, or DOM_NO_HANDLE if the table is full. */
static inline u32 handles_add(struct atmos_handles *h, void *object)
{
	struct atmos_handle *e;
	u32 index;

	if (h->free < HANDLES_MAX) {
		index = h->free;
		h->free = h->entry[index].next;
	} else if (h->top < h->max) {
		index = h->top++;
		h->entry[index].generation = 0;
	} else {
		return DOM_NO_HANDLE;
	}
	e = &h->entry[index];
	e->object = object;
	e->taken = false;
	h->used++;
	return (index + 1) | e->generation << HANDLE_INDEX_BITS;
}

/* Free an entry; its old handle is stale from now on. Returns the object. */
static inline void *handles_remove(struct atmos_handles *h, struct atmos_handle *e)
{
	void *object = e->object;

	e->object = NULL;
	e->taken = false;
	e->generation = (e->generation + 1) % HANDLE_GENERATIONS;
	e->next = h->free;
	h->free = e - h->entry;
	h->used--;
	return object;
}

#endif /* _ATMOS_HANDLES_H */
