// SPDX-License-Identifier: GPL-2.0-only
/*
 * Replies for people and for programs. What there is to show, and how it is
 * named, comes from the tables that are generated from the family's spec: an
 * attribute that the kernel learns needs no line here.
 */
#include <stdio.h>
#include <string.h>

#include "atmosctl.h"
#include "events.h"
#include "json.h"
#include "show.h"

#define TEXT_MAX 256

/* Bytes as hexadecimal digits. */
static void bytes_text(const struct nlattr *attr, char *text, size_t size)
{
	const unsigned char *bytes = nla_data(attr);
	size_t i, len = nla_len(attr);

	for (i = 0; i < len && 2 * i + 3 <= size; i++)
		sprintf(text + 2 * i, "%02x", bytes[i]);
	text[2 * i] = '\0';
}

/* Name of a number where it has one, else NULL. */
static const char *number_name(const struct reply *reply, int attr,
			       uint64_t value)
{
	const struct spec_attr *spec = &reply->set->attrs[attr];

	if (reply->set == &spec_fault && attr == ATMOS_A_FAULT_EVENT)
		return event_name(value);
	return value < spec->nr_names ? spec->names[value] : NULL;
}

static void attr_text(const struct reply *reply, int number,
		      const struct nlattr *attr, char *text, size_t size)
{
	const struct spec_attr *spec = &reply->set->attrs[number];
	uint64_t value;
	const char *name;

	switch (spec->type) {
	case SPEC_STRING:
		snprintf(text, size, "%.*s", nla_len(attr),
			 (char *)nla_data(attr));
		break;
	case SPEC_BYTES:
		bytes_text(attr, text, size);
		break;
	default:
		value = attr_number(attr);
		name = number_name(reply, number, value);
		if (name)
			snprintf(text, size, "%s", name);
		else
			snprintf(text, size, spec->hex ? "0x%llx" : "%llu",
				 (unsigned long long)value);
	}
}

void show_text(const struct reply *reply, int attr, char *text, size_t size)
{
	struct nlattr *a = reply_attr(reply, attr);

	if (reply->set->attrs[attr].type == SPEC_FLAG)
		snprintf(text, size, "%s", a ? "yes" : "no");
	else if (a)
		attr_text(reply, attr, a, text, size);
	else
		snprintf(text, size, "-");
}

/* ---- JSON ---- */

static void json_attr(const struct reply *reply, int number, const char *key,
		      const struct nlattr *attr)
{
	const struct spec_attr *spec = &reply->set->attrs[number];
	bool is_number = spec->type != SPEC_STRING && spec->type != SPEC_BYTES;
	char text[TEXT_MAX];

	if (is_number && !number_name(reply, number, attr_number(attr))) {
		if (spec->hex)
			json_hex(key, attr_number(attr));
		else
			json_number(key, attr_number(attr));
		return;
	}
	attr_text(reply, number, attr, text, sizeof(text));
	json_string(key, text);
}

static void json_list(const struct reply *reply, int number, const char *key)
{
	struct nlattr *attr;
	int left;

	json_begin(key, '[');
	nla_for_each_attr(attr, reply->attrs, reply->len, left)
	{
		if (nla_type(attr) == number)
			json_attr(reply, number, NULL, attr);
	}
	json_end(']');
}

void show_json(const char *key, const struct reply *reply)
{
	unsigned int i;

	json_begin(key, '{');
	for (i = 1; i <= reply->set->max; i++) {
		const struct spec_attr *spec = &reply->set->attrs[i];
		struct nlattr *attr = reply_attr(reply, i);

		if (spec->type == SPEC_FLAG)
			json_bool(spec->name, attr);
		else if (spec->type == SPEC_NONE || !attr)
			continue;
		else if (spec->multi)
			json_list(reply, i, spec->name);
		else
			json_attr(reply, i, spec->name, attr);
	}
	json_end('}');
}

/* ---- text ---- */

static void fields_list(const struct reply *reply, int number)
{
	char text[TEXT_MAX];
	struct nlattr *attr;
	int left;

	nla_for_each_attr(attr, reply->attrs, reply->len, left)
	{
		if (nla_type(attr) != number)
			continue;
		attr_text(reply, number, attr, text, sizeof(text));
		printf(" %s", text);
	}
}

void show_fields(const struct reply *reply, unsigned int skip)
{
	char text[TEXT_MAX];
	unsigned int i;

	for (i = 1; i <= reply->set->max; i++) {
		const struct spec_attr *spec = &reply->set->attrs[i];

		if (i == skip || spec->type == SPEC_NONE ||
		    (spec->type != SPEC_FLAG && !reply_attr(reply, i)))
			continue;
		printf("%-16s", spec->name);
		if (spec->multi) {
			fields_list(reply, i);
		} else {
			show_text(reply, i, text, sizeof(text));
			printf(" %s", text);
		}
		putchar('\n');
	}
}

/* Numbers to the right, and no blanks at the end of a line. */
static void print_cell(const struct column *columns, int nr, int i,
		       const char *text)
{
	int width = i == nr - 1 && columns[i].width < 0 ? 0 : columns[i].width;

	printf("%s%*s%s", i ? " " : "", width, text, i == nr - 1 ? "\n" : "");
}

void show_titles(const struct column *columns, int nr)
{
	int i;

	for (i = 0; i < nr; i++)
		print_cell(columns, nr, i, columns[i].title);
}

void show_row(const struct column *columns, int nr, const struct reply *reply)
{
	char text[TEXT_MAX];
	int i;

	for (i = 0; i < nr; i++) {
		show_text(reply, columns[i].attr, text, sizeof(text));
		print_cell(columns, nr, i, text);
	}
}

/* ---- whole commands ---- */

static void one(const struct reply *reply, void *arg)
{
	(void)arg;
	if (options.json)
		show_json(NULL, reply);
	else
		show_fields(reply, 0);
}

void show_one(struct nl_msg *msg, const struct spec_set *set)
{
	ctl_send(msg, set, one, NULL);
}

struct table {
	const struct column *columns;
	int nr;
	bool begun;
};

static void row(const struct reply *reply, void *arg)
{
	struct table *table = arg;

	if (options.json) {
		show_json(NULL, reply);
		return;
	}
	if (!table->begun)
		show_titles(table->columns, table->nr);
	table->begun = true;
	show_row(table->columns, table->nr, reply);
}

void show_all(struct nl_msg *msg, const struct spec_set *set,
	      const struct column *columns, int nr)
{
	struct table table = { .columns = columns, .nr = nr };

	if (options.json)
		json_begin(NULL, '[');
	ctl_send(msg, set, row, &table);
	if (options.json)
		json_end(']');
}
