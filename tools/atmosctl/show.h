/* SPDX-License-Identifier: GPL-2.0-only */
/* Replies for people (tables, lists of fields) and for programs (JSON). */
#ifndef ATMOSCTL_SHOW_H
#define ATMOSCTL_SHOW_H

#include "nl.h"

/* One attribute as text; "-" when the reply does not have it. */
void show_text(const struct reply *reply, int attr, char *text, size_t size);

/*
 * All that the reply has: an object of JSON, or a line for each attribute but
 * @skip, which is shown otherwise (0: none).
 */
void show_json(const char *key, const struct reply *reply);
void show_fields(const struct reply *reply, unsigned int skip);

/* A column of a table. */
struct column {
	const char *title;
	int attr;
	int width;
};

void show_titles(const struct column *columns, int nr);
void show_row(const struct column *columns, int nr, const struct reply *reply);

/*
 * What most commands do: one object as fields, or all of them as a table; each
 * as JSON when asked for.
 */
void show_one(struct nl_msg *msg, const struct spec_set *set);
void show_all(struct nl_msg *msg, const struct spec_set *set,
	      const struct column *columns, int nr);

#endif /* ATMOSCTL_SHOW_H */
