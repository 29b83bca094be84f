// SPDX-License-Identifier: GPL-2.0-only
/*
 * JSON output (RFC 8259). A document is kept back until it is complete: when a
 * command fails half-way, the error is all that is printed. Strings from the kernel are bytes that need not be
 * UTF-8: those that are not ASCII are written as their code points, so that
 * what comes out is valid in any case.
 */
#include <stdio.h>
#include <stdlib.h>

#include "atmosctl.h"
#include "json.h"

static FILE *out;
static char *document;
static size_t document_len;
static unsigned int depth;
static bool first = true;

static void write_string(const char *s)
{
	putc('"', out);
	for (; *s; s++) {
		unsigned char c = *s;

		if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c == '\n')
			fputs("\\n", out);
		else if (c < 0x20 || c >= 0x7f)
			fprintf(out, "\\u%04x", c);
		else
			putc(c, out);
	}
	putc('"', out);
}

static void write_break(void)
{
	unsigned int i;

	if (!options.pretty)
		return;
	putc('\n', out);
	for (i = 0; i < depth; i++)
		putc('\t', out);
}

/* What comes before a value: comma, line break, key. Keys have '_' for '-'. */
static void write_key(const char *key)
{
	if (!first)
		putc(',', out);
	if (depth)
		write_break();
	first = false;
	if (!key)
		return;
	putc('"', out);
	for (; *key; key++)
		putc(*key == '-' ? '_' : *key, out);
	fputs(options.pretty ? "\": " : "\":", out);
}

void json_begin(const char *key, char bracket)
{
	if (!depth) {
		out = open_memstream(&document, &document_len);
		if (!out)
			fail(STATUS_FAILED, "out of memory");
	}
	write_key(key);
	putc(bracket, out);
	depth++;
	first = true;
}

void json_end(char bracket)
{
	depth--;
	if (!first)
		write_break();
	first = false;
	putc(bracket, out);
	if (depth)
		return;
	putc('\n', out);
	fclose(out);
	fwrite(document, 1, document_len, stdout);
	free(document);
	first = true;
}

void json_drop(void)
{
	if (depth) {
		fclose(out);
		free(document);
	}
	depth = 0;
	first = true;
}

void json_string(const char *key, const char *value)
{
	write_key(key);
	write_string(value);
}

void json_number(const char *key, unsigned long long value)
{
	write_key(key);
	fprintf(out, "%llu", value);
}

/* As text: many readers keep no more than 53 bits of a number. */
void json_hex(const char *key, unsigned long long value)
{
	write_key(key);
	fprintf(out, "\"0x%llx\"", value);
}

void json_bool(const char *key, bool value)
{
	write_key(key);
	fputs(value ? "true" : "false", out);
}
