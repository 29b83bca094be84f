/* SPDX-License-Identifier: GPL-2.0-only */
/* Writes one JSON document to standard output, on one line or indented. */
#ifndef ATMOSCTL_JSON_H
#define ATMOSCTL_JSON_H

#include <stdbool.h>
#include <stddef.h>

/* @key is NULL for elements of an array and for the document itself. */
void json_begin(const char *key, char bracket);
void json_end(char bracket);
void json_drop(void); /* what was begun and not ended */
void json_string(const char *key, const char *value);
void json_number(const char *key, unsigned long long value);
void json_hex(const char *key, unsigned long long value);
void json_bool(const char *key, bool value);

#endif /* ATMOSCTL_JSON_H */
