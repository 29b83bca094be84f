// SPDX-License-Identifier: GPL-2.0-only
/*
 * A hostile domain's command queue against the core's validator
 * (kmod/contract.c, kmod/handles.h): whatever it holds, the walk stays inside,
 * and no object is taken twice, freed, or foreign.
 *
 * Input: 1 byte class, 1 byte number of objects, bytes that say which of them
 * were freed again, then the mailbox page.
 */
#include "../../../kmod/contract.h"
#include "fuzz.h"

#define OBJECTS 24

static int object[OBJECTS];

struct table {
	struct atmos_handles h;
	u32 handle[OBJECTS];
	bool live[OBJECTS];
};

static void fill(struct table *t, struct fuzz *f)
{
	u32 nr = fuzz_u8(f) % (OBJECTS + 1), i;

	handles_init(&t->h, HANDLES_MAX);
	for (i = 0; i < nr; i++) {
		t->handle[i] = handles_add(&t->h, &object[i]);
		t->live[i] = true;
		FUZZ_ASSERT(t->handle[i] != DOM_NO_HANDLE);
		FUZZ_ASSERT(handles_entry(&t->h, t->handle[i])->object == &object[i]);
		if (fuzz_u8(f) & 1) {
			handles_remove(&t->h, handles_entry(&t->h, t->handle[i]));
			t->live[i] = false;
			FUZZ_ASSERT(!handles_entry(&t->h, t->handle[i]));
		}
	}
}

/* Which live object does the command take? OBJECTS: none. */
static u32 taken(struct table *t, u32 handle)
{
	u32 i;

	for (i = 0; i < OBJECTS; i++)
		if (t->live[i] && t->handle[i] == handle)
			return i;
	return OBJECTS;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static struct dom_out out;
	static struct table t;
	struct fuzz f = { data, size };
	u32 image_class = 1 + fuzz_u8(&f) % 4, i = 0, k, used = 0;
	bool gone[OBJECTS] = { false };
	struct atmos_violation v;
	const char *why;
	int n;

	memset(&t, 0, sizeof(t));
	memset(&out, 0, sizeof(out));
	fill(&t, &f);
	out.nr_slots = fuzz_u8(&f);
	if (fuzz_u8(&f) & 1)
		fuzz_bytes(&f, &out, 64);
	fuzz_bytes(&f, out.slot, sizeof(out.slot));
	/* let handles hit now and then */
	for (k = 0; k < DOM_OUT_SLOTS; k++)
		if (out.slot[k].hdr.handle && out.slot[k].hdr.handle <= OBJECTS)
			out.slot[k].hdr.handle = t.handle[out.slot[k].hdr.handle - 1];

	if (atmos_contract_queue(&out, &v)) {
		FUZZ_ASSERT(v.why);
		return 0;
	}
	FUZZ_ASSERT(out.nr_slots <= DOM_OUT_SLOTS);
	while (i < out.nr_slots) {
		const struct dom_msg *m = &out.slot[i];

		why = NULL;
		n = atmos_contract_message(m, out.nr_slots - i, image_class, &t.h, &why);
		atmos_command_name(m->hdr.type);
		atmos_event_name(m->hdr.type);
		if (n < 0) {
			FUZZ_ASSERT(why);
			break;
		}
		FUZZ_ASSERT(n >= 1 && (u32)n <= out.nr_slots - i);
		FUZZ_ASSERT((u32)n == dom_msg_slots(m->hdr.inline_len));
		if (atmos_contract_takes(m->hdr.type) && m->hdr.handle) {
			k = taken(&t, m->hdr.handle);
			FUZZ_ASSERT(k < OBJECTS && !gone[k]);
			gone[k] = true;
		}
		i += (u32)n;
	}
	for (k = 0; k < OBJECTS; k++)
		used += t.live[k];
	FUZZ_ASSERT(t.h.used == used);
	return 0;
}
