// SPDX-License-Identifier: GPL-2.0-only
/*
 * atmosctl OBJECT COMMAND: the administrator's view of Atmos, in the manner of
 * ip and bpftool. This file has the options, the objects' names and the way a
 * failure is told; the objects are in files of their own.
 */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "atmosctl.h"
#include "json.h"
#include "nl.h"

#ifndef VERSION
#error "the Makefile says which version this is"
#endif

struct options options;

static const char help[] =
	"usage: atmosctl [-j] [-p] OBJECT COMMAND\n"
	"\n"
	"  domain   list | show ID | stats [ID] | kill ID... | quarantine ID [on|off]\n"
	"           update { --all | --default | SOCKET... } --image NAME|BUILD-ID\n"
	"  socket   list\n"
	"  record   list | show SOCKET | export SOCKET FILE: the state of stacks\n"
	"  capture  start SOCKET [size BYTES] [on-death] | list | stop ID |\n"
	"           write ID FILE | end ID: what goes into a stack and comes out\n"
	"  attach   list | show | DEV [mode auto|native|generic|tc]: steer its frames\n"
	"  detach   DEV\n"
	"  fault    list [DOMAIN] | show SEQ\n"
	"  image    list | show NAME | load NAME | unload NAME\n"
	"  limits   show | set { domains N | pages N } ...\n"
	"  stats    [-o prometheus]: counters, limits, domains and sockets in numbers\n"
	"  info     the module, the machine as it sees it, its counters\n"
	"  monitor  [count N]: what happens, as it happens\n"
	"  doctor   can Atmos run here, and what does it protect against?\n"
	"  version\n"
	"  help\n"
	"\n"
	"  -j, --json    JSON, errors too\n"
	"  -p, --pretty  JSON with line breaks\n"
	"\n"
	"SOCKET: DOMAIN | --socket COOKIE | --inode N\n"
	"Objects may be shortened as long as they are unambiguous.\n"
	"Exit status: 0 done, 1 refused or trouble found, 2 usage, 3 no module,\n"
	"4 no such object, 5 permission denied. See atmosctl(8).\n";

__attribute__((noreturn)) static void vfail(enum status status, const char *fmt,
					    va_list args)
{
	char message[512];

	vsnprintf(message, sizeof(message), fmt, args);
	json_drop();
	fflush(stdout);
	if (options.json) {
		json_begin(NULL, '{');
		json_begin("error", '{');
		json_number("status", status);
		json_string("message", message);
		json_end('}');
		json_end('}');
	} else {
		fprintf(stderr, "atmosctl: %s\n", message);
	}
	exit(status);
}

void fail(enum status status, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vfail(status, fmt, args);
}

void usage(const char *fmt, ...)
{
	char text[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	fail(STATUS_USAGE, "usage: atmosctl %s", text);
}

unsigned long long parse_number(const char *text, const char *what)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 0);
	/* strtoull() takes "-1" for a large number. */
	if (errno || end == text || *end || strchr(text, '-') || !value)
		fail(STATUS_USAGE, "\"%s\" is no number of a %s", text, what);
	return value;
}

static void version_module(const struct reply *reply, void *arg)
{
	(void)arg;
	if (options.json)
		json_string("module",
			    reply_string(reply, ATMOS_A_INFO_VERSION));
	else
		printf("module %s\n",
		       reply_string(reply, ATMOS_A_INFO_VERSION));
}

static int do_version(int argc, char **argv)
{
	const char *why;

	(void)argv;
	if (argc)
		usage("version");
	if (options.json) {
		json_begin(NULL, '{');
		json_string("atmosctl", VERSION);
	} else {
		printf("atmosctl %s\n", VERSION);
	}
	if (ctl_try_open(&why))
		ctl_send(ctl_begin(ATMOS_CMD_INFO_GET, false), &spec_info,
			 version_module, NULL);
	if (options.json)
		json_end('}');
	return STATUS_OK;
}

static int do_help(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	fputs(help, stdout);
	return STATUS_OK;
}

static const struct object {
	const char *name;
	int (*run)(int argc, char **argv);
} objects[] = {
	{ "domain", do_domain }, { "socket", do_socket },
	{ "record", do_record }, { "capture", do_capture },
	{ "attach", do_attach }, { "detach", do_detach },
	{ "fault", do_fault },	 { "image", do_image },
	{ "limits", do_limits }, { "info", do_info },
	{ "stats", do_stats },	 { "monitor", do_monitor },
	{ "doctor", do_doctor }, { "version", do_version },
	{ "help", do_help },
};

/* The one object that begins with @name; an exact match always wins. */
static const struct object *find_object(const char *name)
{
	const struct object *found = NULL;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(objects); i++) {
		if (!strcmp(objects[i].name, name))
			return &objects[i];
		if (strncmp(objects[i].name, name, strlen(name)))
			continue;
		if (found)
			fail(STATUS_USAGE, "\"%s\" can be %s or %s", name,
			     found->name, objects[i].name);
		found = &objects[i];
	}
	return found;
}

static void parse_options(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "pretty", no_argument, NULL, 'p' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{},
	};
	int c;

	/* "+": what follows the object is its own. */
	while ((c = getopt_long(argc, argv, "+jphV", longs, NULL)) != -1) {
		switch (c) {
		case 'p':
			options.pretty = true;
			options.json = true;
			break;
		case 'j':
			options.json = true;
			break;
		case 'h':
			exit(do_help(0, NULL));
		case 'V':
			exit(do_version(0, NULL));
		default:
			exit(STATUS_USAGE);
		}
	}
}

int main(int argc, char **argv)
{
	const struct object *object;
	int status;

	parse_options(argc, argv);
	argc -= optind;
	argv += optind;
	if (!argc) {
		fputs(help, stderr);
		return STATUS_USAGE;
	}
	object = *argv[0] ? find_object(argv[0]) : NULL;
	if (!object)
		fail(STATUS_USAGE,
		     "there is no object \"%s\" (see atmosctl help)", argv[0]);
	status = object->run(argc - 1, argv + 1);
	if (fflush(stdout) || ferror(stdout))
		fail(STATUS_FAILED, "cannot write: %s", strerror(errno));
	return status;
}
