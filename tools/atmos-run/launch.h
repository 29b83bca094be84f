/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The launcher's own interfaces.
 *
 *	main.c		options, messages
 *	kernel.c	has this kernel Atmos sockets?
 *	program.c	finding the program, can it be preloaded?
 *	elf.c		the same, of one ELF file
 *	ports.c		ranges of ports
 *	env.c		the program's environment
 *	start.c		becoming the program, or its parent (--stats)
 */
#ifndef ATMOS_RUN_LAUNCH_H
#define ATMOS_RUN_LAUNCH_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "shared.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* Exit statuses of the launcher itself, as those of env(1) and nohup(1). */
enum status {
	STATUS_FAILED = 125,
	STATUS_NOT_EXECUTABLE = 126,
	STATUS_NOT_FOUND = 127,
};

/* What the command line asks for. */
struct options {
	unsigned int family; /* 0: what the module says */
	const char *only;    /* "tcp", "udp" or NULL */
	const char *ports;   /* checked, or NULL */
	bool strict, stats, verbose, report;
};

extern struct options options;

/* Why something is not possible. */
struct reason {
	char text[PATH_MAX + 256];
};

__attribute__((noreturn, format(printf, 2, 3))) void
fail(enum status status, const char *format, ...);
__attribute__((format(printf, 1, 2))) void say(const char *format, ...);
__attribute__((format(printf, 2, 3))) void because(struct reason *reason,
						   const char *format, ...);

bool kernel_obstacle(unsigned int *family, struct reason *reason);

char *program_find(const char *name);
bool program_is_elf(const char *path);
bool program_obstacle(const char *path, struct reason *reason);

const char *elf_obstacle(int file);

bool ports_valid(const char *text);

void env_atmos(unsigned int family);
void env_native(void);

__attribute__((noreturn)) void start(const char *path, char **argv);
__attribute__((noreturn)) void start_counted(const char *path, char **argv);

#endif /* ATMOS_RUN_LAUNCH_H */
