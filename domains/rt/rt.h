/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Runtime of domain images: reading events, writing commands, the manifest.
 *
 * An image defines dom_main() and one DOM_MANIFEST(). The core is trusted, but
 * the cursor checks what it reads all the same: an image that trips over its
 * own mailbox is a death nobody can explain.
 *
 * Also built on the host, with the image's code, for unit tests.
 */
#ifndef _DOM_RT_H
#define _DOM_RT_H

#include "../abi/contract.h"

/**
 * dom_main() - the image's code, called once per entry
 * @in: events, time, configuration; read-only page
 * @out: commands and the record
 *
 * Returning ends the entry; the core then decides whether it counts.
 */
void dom_main(const struct dom_in *in, struct dom_out *out);

/**
 * struct dom_cursor - position in the event queue
 * @in: the mailbox page
 * @pos: next slot to read
 */
struct dom_cursor {
	const struct dom_in *in;
	u32 pos;
};

static inline void dom_cursor_init(struct dom_cursor *c, const struct dom_in *in)
{
	c->in = in;
	c->pos = 0;
}

/**
 * dom_next() - the next event
 * @c: cursor
 *
 * Return: the event's header slot, its inline bytes in the slots behind it
 * (see dom_inline()); NULL at the end of the queue, and from a message on that
 * does not fit into the queue.
 */
const struct dom_msg *dom_next(struct dom_cursor *c);

/* First inline byte of a message. */
static inline const void *dom_inline(const struct dom_msg *msg)
{
	return msg + 1;
}

/**
 * dom_put() - append a command
 * @out: the mailbox page
 * @type: enum dom_command
 * @handle: payload object or DOM_NO_HANDLE
 * @inl: inline bytes to copy, NULL: the caller fills them in (behind the slot
 *	returned; they are zero)
 * @inline_len: how many
 *
 * Return: the command's slot, header filled in, the rest zero. NULL when the
 * queue has no room for it: then DOM_OUT_MORE is set, and the core enters
 * again once it has taken what is there. NULL without that flag for a message
 * that no queue could hold.
 */
struct dom_msg *dom_put(struct dom_out *out, u16 type, u32 handle,
			const void *inl, u32 inline_len);

/* dom_put() in the command's own form: DOM_PUT(out, PONG, ...)->cookie = 1 */
#define DOM_PUT(out, NAME, handle, inl, inline_len)			\
	((struct dom_cmd_##NAME *)dom_put(out, DOM_CMD_##NAME, handle,	\
					  inl, inline_len))

/* An event in its own form: DOM_EVENT_OF(msg, PING)->cookie */
#define DOM_EVENT_OF(msg, NAME) ((const struct dom_ev_##NAME *)(msg))

/* Command slots still free. */
static inline u32 dom_room(const struct dom_out *out)
{
	return out->nr_slots < DOM_OUT_SLOTS ? DOM_OUT_SLOTS - out->nr_slots : 0;
}

/*
 * DOM_MANIFEST(name, .image_class = DOM_CLASS_ECHO, ...): names and limits of
 * the image. Further fields of struct dom_manifest may follow; build_id is
 * put in after linking.
 */
#define DOM_MANIFEST(image_name, ...)					\
	__attribute__((section(DOM_MANIFEST_SECTION), used))		\
	const struct dom_manifest dom_manifest = {			\
		.magic = DOM_MANIFEST_MAGIC,				\
		.abi_version = DOM_ABI_VERSION,				\
		.stack_pages = 2,					\
		.data_pages_max = 16,					\
		.name = image_name,					\
		__VA_ARGS__						\
	}

/* The compiler emits calls of these, with or without -ffreestanding. */
#ifndef DOM_HOST
void *memcpy(void *restrict dst, const void *restrict src, size_t len);
void *memmove(void *dst, const void *src, size_t len);
void *memset(void *dst, int c, size_t len);
int memcmp(const void *a, const void *b, size_t len);
#else
#include <string.h>
#endif

#endif /* _DOM_RT_H */
