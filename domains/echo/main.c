// SPDX-License-Identifier: GPL-2.0-only
/*
 * The echo image: the smallest domain that uses everything a domain has.
 *
 *	PING	answered by PONG with the same words and inline bytes
 *	OFFER	answered by RETURN of the whole object, or, with an odd cookie,
 *		by KEEP: then the domain goes on owning it
 *
 * Its record counts what it has answered, so that a test can see from outside
 * which entries were committed and that a restart goes on from the last one:
 * a PING with ECHO_QUERY as its cookie is answered with the counters.
 *
 * More events may come than replies fit into one queue. What is left over is
 * kept in private memory for the next entry; a death in between loses it.
 */
#include "../rt/rt.h"
#include "echo.h"

DOM_MANIFEST("echo",
	     .image_class = DOM_CLASS_ECHO,
	     .record_size = sizeof(struct echo_record),
	     .record_version = ECHO_RECORD_VERSION);

/* Events taken over from earlier entries: whole messages, in order. */
static struct dom_msg later[2 * DOM_IN_SLOTS];
static u32 nr_later;

static bool answer_ping(struct dom_out *out, const struct dom_msg *msg,
			struct echo_record *rec)
{
	const struct dom_ev_PING *ping = DOM_EVENT_OF(msg, PING);
	struct dom_cmd_PONG *pong;

	pong = DOM_PUT(out, PONG, DOM_NO_HANDLE, dom_inline(msg),
		       msg->hdr.inline_len);
	if (!pong)
		return false;

	rec->pings++;
	pong->cookie = ping->cookie;
	if (ping->cookie == ECHO_QUERY) {
		pong->a = rec->pings;
		pong->b = rec->offers;
		pong->c = rec->lost;
	} else {
		pong->a = ping->a;
		pong->b = ping->b;
		pong->c = ping->c;
	}
	return true;
}

static bool answer_offer(struct dom_out *out, const struct dom_msg *msg,
			 struct echo_record *rec)
{
	const struct dom_ev_OFFER *offer = DOM_EVENT_OF(msg, OFFER);

	if (offer->cookie & 1) {
		struct dom_cmd_KEEP *keep;

		keep = DOM_PUT(out, KEEP, offer->hdr.handle, NULL, 0);
		if (!keep)
			return false;
		keep->cookie = offer->cookie;
	} else {
		struct dom_cmd_RETURN *back;

		back = DOM_PUT(out, RETURN, offer->hdr.handle, NULL, 0);
		if (!back)
			return false;
		back->cookie = offer->cookie;
		back->len = offer->len;
	}
	rec->offers++;
	return true;
}

/* False: no room for the reply. */
static bool answer(struct dom_out *out, const struct dom_msg *msg,
		   struct echo_record *rec)
{
	switch (msg->hdr.type) {
	case DOM_EV_PING:
		return answer_ping(out, msg, rec);
	case DOM_EV_OFFER:
		return answer_offer(out, msg, rec);
	}
	return true;
}

static void keep_for_later(const struct dom_msg *msg, struct echo_record *rec)
{
	u32 slots = dom_msg_slots(msg->hdr.inline_len);

	if (slots > sizeof(later) / sizeof(later[0]) - nr_later) {
		rec->lost++;
		return;
	}
	memcpy(&later[nr_later], msg, slots * sizeof(*msg));
	nr_later += slots;
}

/* Answer what an earlier entry left over; what still does not fit stays. */
static bool answer_later(struct dom_out *out, struct echo_record *rec)
{
	u32 pos = 0;

	while (pos < nr_later && answer(out, &later[pos], rec))
		pos += dom_msg_slots(later[pos].hdr.inline_len);
	nr_later -= pos;
	memmove(later, &later[pos], nr_later * sizeof(later[0]));
	return nr_later == 0;
}

void dom_main(const struct dom_in *in, struct dom_out *out)
{
	struct echo_record *rec = (struct echo_record *)out->record;
	const struct dom_msg *msg;
	struct dom_cursor cursor;
	bool room;

	if (in->record_len != sizeof(*rec))
		*rec = (struct echo_record){};

	room = answer_later(out, rec);
	dom_cursor_init(&cursor, in);
	while ((msg = dom_next(&cursor))) {
		room = room && answer(out, msg, rec);
		if (!room)
			keep_for_later(msg, rec);
	}
	rec->entries++;
}
