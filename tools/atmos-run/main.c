// SPDX-License-Identifier: GPL-2.0-only
/*
 * atmos-run [options] PROGRAM ARG...: starts an unmodified program on Atmos
 * sockets, by a library that is preloaded into it. This file has the options and
 * the way a failure is told.
 */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/socket.h>

#include "launch.h"

#ifndef VERSION
#error "the Makefile says which version this is"
#endif

struct options options;

static const char usage[] =
	"usage: atmos-run [options] PROGRAM [ARGUMENT...]\n";

static const char help[] =
	"\n"
	"Starts a program on Atmos sockets instead of the kernel's TCP and UDP.\n"
	"\n"
	"  --strict        fail instead of falling back to the native stack\n"
	"  --only tcp|udp  leave sockets of the other type alone\n"
	"  --ports RANGES  only what binds or connects to these ports: 80,8000-8100\n"
	"  --family N      number of the address family (default: ask the module)\n"
	"  --crash report|resume  tell the program of a crash of a socket's stack, which\n"
	"                  ends a connection, or go on (default)\n"
	"  --stats         tell at the end how many sockets were on Atmos\n"
	"  --verbose       tell about each socket\n"
	"  --help\n"
	"  --version\n"
	"\n"
	"Exit status: the program's own; 125 atmos-run failed, 126 the program\n"
	"cannot be executed, 127 it is not there. See atmos-run(1).\n";

static void vsay(const char *kind, const char *format, va_list args)
{
	char text[2 * PATH_MAX];

	vsnprintf(text, sizeof(text), format, args);
	fprintf(stderr, "atmos-run: %s%s\n", kind, text);
}

void say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsay("", format, args);
	va_end(args);
}

static void warn(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsay("warning: ", format, args);
	va_end(args);
}

void fail(enum status status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsay("", format, args);
	exit(status);
}

void because(struct reason *reason, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(reason->text, sizeof(reason->text), format, args);
	va_end(args);
}

static unsigned int parse_family(const char *text)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || end == text || *end || text[0] == '-' || !value ||
	    value > 255)
		fail(STATUS_FAILED, "\"%s\" is no address family", text);
	return value;
}

/* Prints, or ends with a message. */
static void print(const char *text)
{
	if (fputs(text, stdout) < 0 || fflush(stdout))
		fail(STATUS_FAILED, "cannot write: %s", strerror(errno));
}

static void parse_options(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "crash", required_argument, NULL, 'c' },
		{ "family", required_argument, NULL, 'f' },
		{ "help", no_argument, NULL, 'h' },
		{ "only", required_argument, NULL, 'o' },
		{ "ports", required_argument, NULL, 'p' },
		{ "stats", no_argument, NULL, 't' },
		{ "strict", no_argument, NULL, 's' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "version", no_argument, NULL, 'V' },
		{},
	};
	int c;

	/* "+": what follows the program's name is its own. */
	while ((c = getopt_long(argc, argv, "+hV", longs, NULL)) != -1) {
		switch (c) {
		case 'c':
			if (strcmp(optarg, "report") &&
			    strcmp(optarg, "resume"))
				fail(STATUS_FAILED,
				     "--crash takes report or resume, not \"%s\"",
				     optarg);
			options.report = !strcmp(optarg, "report");
			break;
		case 'f':
			options.family = parse_family(optarg);
			break;
		case 'o':
			if (strcmp(optarg, "tcp") && strcmp(optarg, "udp"))
				fail(STATUS_FAILED,
				     "--only takes tcp or udp, not \"%s\"",
				     optarg);
			options.only = optarg;
			break;
		case 'p':
			if (!ports_valid(optarg))
				fail(STATUS_FAILED,
				     "\"%s\" are no ranges of ports, as 80,8000-8100",
				     optarg);
			options.ports = optarg;
			break;
		case 's':
			options.strict = true;
			break;
		case 't':
			options.stats = true;
			break;
		case 'v':
			options.verbose = true;
			break;
		case 'h':
			print(usage);
			print(help);
			exit(0);
		case 'V':
			print("atmos-run " VERSION "\n");
			exit(0);
		default:
			exit(STATUS_FAILED);
		}
	}
}

int main(int argc, char **argv)
{
	struct reason reason;
	unsigned int family;
	const char *path;

	/* It starts what its caller names, with libraries from its own place. */
	if (getauxval(AT_SECURE))
		fail(STATUS_FAILED,
		     "refuses to run setuid or with file capabilities");
	parse_options(argc, argv);
	argv += optind;
	if (!argv[0]) {
		fputs(usage, stderr);
		return STATUS_FAILED;
	}
	path = program_find(argv[0]);
	family = options.family;
	if (!program_obstacle(path, &reason) &&
	    !kernel_obstacle(&family, &reason)) {
		env_atmos(family);
	} else if (options.strict) {
		fail(STATUS_FAILED, "%s", reason.text);
	} else {
		warn("%s: starting it on the native stack", reason.text);
		env_native();
	}
	if (options.stats)
		start_counted(path, argv);
	start(path, argv);
}
