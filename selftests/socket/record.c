// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a run records: lines of text in memory shared with the process that
 * compares, so that a run that dies or hangs still shows how far it came.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "cases.h"

struct run run;
struct trace *trace;
void *bad = (void *)8, *null;
int minus_one = -1;

static void append(const char *format, va_list args)
{
	size_t room = TRACE_MAX - trace->used;
	int len = vsnprintf(trace->text + trace->used, room, format, args);

	if (len < 0 || len + 1 >= room) {
		/* A case that says so much is wrong. */
		trace->late = true;
		return;
	}
	trace->used += len;
	trace->text[trace->used++] = '\n';
}

void record(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	append(format, args);
	va_end(args);
}

void record_late(const char *what)
{
	trace->late = true;
	record("NOT IN TIME: %s", what);
}

void give_up(const char *what)
{
	int err = errno;

	trace->late = true;
	record("GIVEN UP: %s, %s", what, errno_name(err));
	_exit(0);
}

int patience(void)
{
	/* What is lost already need not be waited for again and again. */
	return trace->late ? 1000 : MS_LONG;
}

const char *errno_name(int err)
{
	static char number[16];
	const char *name = strerrorname_np(err);

	if (name)
		return name;
	snprintf(number, sizeof(number), "%d", err);
	return number;
}

const char *signal_name(int sig)
{
	const char *name = sigabbrev_np(sig);

	return name ? name : "?";
}

const char *event_names(short events)
{
	static const struct {
		short bit;
		const char *name;
	} names[] = {
		{ POLLIN, "IN" },	  { POLLPRI, "PRI" },	    { POLLOUT, "OUT" },
		{ POLLERR, "ERR" },	  { POLLHUP, "HUP" },	    { POLLNVAL, "NVAL" },
		{ POLLRDNORM, "RDNORM" }, { POLLRDBAND, "RDBAND" }, { POLLWRNORM, "WRNORM" },
		{ POLLWRBAND, "WRBAND" }, { POLLMSG, "MSG" },	    { POLLRDHUP, "RDHUP" },
	};
	static char text[2][128];
	static unsigned int turn;
	char *out = text[turn++ % 2];
	size_t used = 0;

	out[0] = 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (events & names[i].bit)
			used += sprintf(out + used, "%s%s", used ? "|" : "", names[i].name);
	return used ? out : "nothing";
}

void record_call(const char *text, long ret, int err)
{
	if (ret == -1)
		record("%s = -1 %s", text, errno_name(err));
	else
		record("%s = %ld", text, ret);
}

void record_fd(const char *text, long ret, int err)
{
	if (ret == -1)
		record("%s = -1 %s", text, errno_name(err));
	else
		record("%s = %s", text, ret >= 0 ? "a descriptor" : "nonsense");
}
