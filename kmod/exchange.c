// SPDX-License-Identifier: GPL-2.0-only
/*
 * Payload objects: reference-counted, each owned by one domain at most.
 *
 * Objects may be put from any context. A handle table is used under its
 * domain's lock.
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/slab.h>

#include "atmos.h"
#include "handles.h"

/* Created and gone on different CPUs: only the sum means something. */
static DEFINE_PER_CPU(long, object_count);

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
	obj->offset = 0;
	atmos_object_init(obj, len, object_release);
	return obj;
}

/**
 * atmos_object_init() - make a payload object of what the caller has
 * @obj: part of something larger
 * @len: bytes that a domain may name
 * @release: frees it when the last reference goes; any context
 *
 * Context: any. The caller has the one reference.
 */
void atmos_object_init(struct atmos_object *obj, u32 len,
		       void (*release)(struct atmos_object *obj))
{
	refcount_set(&obj->ref, 1);
	obj->len = len;
	obj->release = release;
	this_cpu_inc(object_count);
}

/**
 * atmos_object_end() - an object is no more, but what it was part of lives on
 * @obj: object, whose only reference the caller has
 *
 * Context: any.
 */
void atmos_object_end(struct atmos_object *obj)
{
	this_cpu_dec(object_count);
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
		this_cpu_dec(object_count);
		obj->release(obj);
	}
}

/* Objects alive in the whole module: a leak shows here. */
u64 atmos_object_count(void)
{
	long sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += per_cpu(object_count, cpu);
	return max(sum, 0l);
}

/**
 * atmos_handles_alloc() - a table of handles
 * @max: entries, 1 to HANDLES_MAX
 * @gfp: how to allocate
 *
 * Context: as @gfp allows. Return: the table or NULL.
 */
struct atmos_handles *atmos_handles_alloc(u32 max, gfp_t gfp)
{
	struct atmos_handles *h = kmalloc(offsetof(struct atmos_handles, entry[max]), gfp);

	if (h)
		handles_init(h, max);
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
