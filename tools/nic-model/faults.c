// SPDX-License-Identifier: GPL-2.0-only
/*
 * Errors on demand, as properties of the device that QEMU's monitor sets while
 * it runs: qom-set /machine/peripheral/ID PROPERTY VALUE.
 *
 *	drop-interrupts N	the next N interrupts do not reach the host
 *	bad-writebacks N	the next N receive write-backs are wrong
 *	bad-writeback-kind K	how: 0 a length beyond any buffer, 1 error bits,
 *				2 no end of packet, 3 noise
 *	stuck-tx Q, stuck-rx Q	the queue with the number Q - 1 stands still;
 *				0 lets it go on
 *	link-flap MS		the link is down for so many milliseconds
 *	removed true		the card is gone: reads give ones, nothing else
 *				happens; false puts it back, reset
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qapi/visitor.h"
#include "qemu/guest-random.h"
#include "i82599.h"

enum { BAD_LENGTH, BAD_STATUS, BAD_END, BAD_NOISE };

/* One of so many is used up; UINT32_MAX never ends. */
bool i82599_fault_take(uint32_t *left)
{
	if (!*left)
		return false;
	if (*left != UINT32_MAX)
		--*left;
	return true;
}

/* The upper half of a write-back: status and errors, length and tag. */
void i82599_fault_writeback(I82599State *s, uint32_t *word)
{
	switch (s->faults.bad_writeback_kind) {
	case BAD_LENGTH:
		word[1] |= 0xffff;
		break;
	case BAD_STATUS:
		word[0] |= RXD_RXE | RXD_L4E | RXD_IPE;
		break;
	case BAD_END:
		word[0] &= ~RXD_EOP;
		break;
	default:
		qemu_guest_getrandom_nofail(word, 2 * sizeof(*word));
		word[0] |= RXD_DD;
		break;
	}
}

static void get_number(Object *object, Visitor *visitor, const char *name,
		       void *opaque, Error **errp)
{
	I82599State *s = I82599(object);
	uint32_t value = *(uint32_t *)((char *)s + (uintptr_t)opaque);

	visit_type_uint32(visitor, name, &value, errp);
}

static void set_number(Object *object, Visitor *visitor, const char *name,
		       void *opaque, Error **errp)
{
	I82599State *s = I82599(object);
	uint32_t value;

	if (!visit_type_uint32(visitor, name, &value, errp))
		return;
	*(uint32_t *)((char *)s + (uintptr_t)opaque) = value;
	/* What stood still may go on. */
	if (DEVICE(s)->realized) {
		i82599_tx_resume(s);
		i82599_rx_resume(s);
	}
}

static void set_flap(Object *object, Visitor *visitor, const char *name,
		     void *opaque, Error **errp)
{
	uint32_t value;

	if (!visit_type_uint32(visitor, name, &value, errp))
		return;
	if (!DEVICE(object)->realized)
		error_setg(errp, "%s is for a device that runs", name);
	else
		i82599_link_flap(I82599(object), value);
}

static bool get_removed(Object *object, Error **errp)
{
	return I82599(object)->faults.removed;
}

static void set_removed(Object *object, bool value, Error **errp)
{
	I82599State *s = I82599(object);

	if (!DEVICE(s)->realized) {
		error_setg(errp, "removed is for a device that runs");
		return;
	}
	if (s->faults.removed == value)
		return;
	s->faults.removed = value;
	i82599_link_changed(s);
	if (!value)
		i82599_reset(s, true);
}

void i82599_faults_init(ObjectClass *class)
{
	static const struct {
		const char *name;
		size_t offset;
	} number[] = {
		{ "drop-interrupts",
		  offsetof(I82599State, faults.drop_interrupts) },
		{ "bad-writebacks",
		  offsetof(I82599State, faults.bad_writebacks) },
		{ "bad-writeback-kind",
		  offsetof(I82599State, faults.bad_writeback_kind) },
		{ "stuck-tx", offsetof(I82599State, faults.stuck_tx) },
		{ "stuck-rx", offsetof(I82599State, faults.stuck_rx) },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(number); i++)
		object_class_property_add(class, number[i].name, "uint32",
					  get_number, set_number, NULL,
					  (void *)number[i].offset);
	object_class_property_add(class, "link-flap", "uint32", NULL, set_flap,
				  NULL, NULL);
	object_class_property_add_bool(class, "removed", get_removed,
				       set_removed);
}
