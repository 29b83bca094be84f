/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of atmosctl share: options, exit status, and how a command
 * tells that it failed.
 */
#ifndef ATMOSCTL_H
#define ATMOSCTL_H

#include <stdbool.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Documented in atmosctl(8). */
enum status {
	STATUS_OK = 0,
	STATUS_FAILED = 1, /* the kernel said no, or a check found trouble */
	STATUS_USAGE = 2,
	STATUS_NO_MODULE = 3,
	STATUS_NOT_FOUND = 4,
	STATUS_PERMISSION = 5,
};

/**
 * struct options - from before the object
 * @json: print JSON, errors too
 * @pretty: with line breaks and indentation
 */
struct options {
	bool json;
	bool pretty;
};

extern struct options options;

/**
 * fail() - say why, in the form asked for, and exit
 * @status: exit status
 * @fmt: message without a line end
 */
void fail(enum status status, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), noreturn));

/* Same for a command line that makes no sense. */
void usage(const char *fmt, ...)
	__attribute__((format(printf, 1, 2), noreturn));

/* A number that a user has given; @what names it in the complaint. */
unsigned long long parse_number(const char *text, const char *what);

/* argv[0] is the object's command; returns an enum status. */
int do_domain(int argc, char **argv);
int do_socket(int argc, char **argv);
int do_record(int argc, char **argv);
int do_capture(int argc, char **argv);
int do_attach(int argc, char **argv);
int do_detach(int argc, char **argv);
int do_fault(int argc, char **argv);
int do_image(int argc, char **argv);
int do_limits(int argc, char **argv);
int do_stats(int argc, char **argv);
int do_info(int argc, char **argv);
int do_monitor(int argc, char **argv);
int do_doctor(int argc, char **argv);

#endif /* ATMOSCTL_H */
