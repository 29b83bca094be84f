// SPDX-License-Identifier: GPL-2.0-only
/*
 * Payload objects: reference-counted, each owned by one domain at most.
 *
 * Objects may be put from any context. A handle table is used under its
 * domain's lock.
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "atmos.h"
#include "handles.h"

static atomic64_t object_count = ATOMIC64_INIT(0);

static void object_release(struct atmos_object *obj)
{
	put_page(obj->page);
	kfree(obj);
}

/**
 * atmos_object_alloc() - a payload object with memory of its own
 * @len: bytes, 1 to PAGE_SIZE
 * @gfp: how to allocate
 *
 * Context: as @gfp allows. Return: one reference, or NULL.
 */
struct atmos_object *atmos_object_alloc(u32 len, gfp_t gfp)
{
	struct atmos_object *obj;

	if (!len || len > PAGE_SIZE)
		return NULL;
	obj = kmalloc(sizeof(*obj), gfp);
	if (!obj)
		return NULL;
	obj->page = alloc_page(gfp);
	if (!obj->page) {
		kfree(obj);
		return NULL;
	}
	refcount_set(&obj->ref, 1);
	obj->offset = 0;
	obj->len = len;
	obj->release = object_release;
	atomic64_inc(&object_count);
	return obj;
}

/**
 * atmos_object_put() - drop a reference
 * @obj: object or NULL
 *
 * Context: any.
 */
void atmos_object_put(struct atmos_object *obj)
{
	if (obj && refcount_dec_and_test(&obj->ref)) {
		atomic64_dec(&object_count);
		obj->release(obj);
	}
}

/* Objects alive in the whole module: a leak shows here. */
u64 atmos_object_count(void)
{
	return atomic64_read(&object_count);
}

struct atmos_handles *atmos_handles_alloc(gfp_t gfp)
{
	struct atmos_handles *h = kmalloc(sizeof(*h), gfp);

	if (h)
		handles_init(h);
	return h;
}

/**
 * atmos_handles_reclaim() - take back all that a domain owns
 * @h: its table
 *
 * Context: the domain's lock held.
 */
void atmos_handles_reclaim(struct atmos_handles *h)
{
	u32 i;

	for (i = 0; h->used && i < h->top; i++)
		if (h->entry[i].object)
			atmos_object_put(handles_remove(h, &h->entry[i]));
}

void atmos_handles_free(struct atmos_handles *h)
{
	if (!h)
		return;
	atmos_handles_reclaim(h);
	kfree(h);
}

/**
 * atmos_handle_give() - make a domain the owner of an object
 * @h: its table
 * @obj: the caller's reference becomes the domain's
 *
 * Context: the domain's lock held.
 * Return: the handle, or DOM_NO_HANDLE if the table is full: the caller keeps
 * the object then.
 */
u32 atmos_handle_give(struct atmos_handles *h, struct atmos_object *obj)
{
	return handles_add(h, obj);
}

/**
 * atmos_handle_find() - the object that a handle names
 * @h: the domain's table
 * @handle: any value
 *
 * Context: the domain's lock held. Return: the object, still the domain's, or NULL.
 */
struct atmos_object *atmos_handle_find(struct atmos_handles *h, u32 handle)
{
	struct atmos_handle *e = handles_entry(h, handle);

	return e ? e->object : NULL;
}

/**
 * atmos_handle_take() - end a domain's ownership
 * @h: its table
 * @handle: any value
 *
 * Context: the domain's lock held.
 * Return: the object with the domain's reference, or NULL.
 */
struct atmos_object *atmos_handle_take(struct atmos_handles *h, u32 handle)
{
	struct atmos_handle *e = handles_entry(h, handle);

	return e ? handles_remove(h, e) : NULL;
}
