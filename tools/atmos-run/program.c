// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finding the program as execvp() does, and judging whether a library can be
 * preloaded into it: scripts are followed to their interpreter, as the kernel
 * does. Called before the program is started.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "launch.h"

/* The kernel gives up earlier; this is against files that name each other. */
#define MAX_DEPTH 8

/* So much of a script's first line does the kernel look at. */
#define LINE_SIZE 256

#define ELF_MAGIC "\177ELF"

/* 0 if a file can be executed, or an errno. */
static int try_file(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return errno;
	if (!S_ISREG(st.st_mode))
		return EACCES;
	return eaccess(path, X_OK) ? errno : 0;
}

/* Looks for @name in $PATH. NULL, and errno as execvp() would set it. */
static char *find_in_path(const char *name)
{
	const char *dirs = getenv("PATH"), *end;
	char standard[256], *path;
	int err, found = ENOENT;

	if (!*name) {
		errno = ENOENT;
		return NULL;
	}
	if (!dirs) {
		confstr(_CS_PATH, standard, sizeof(standard));
		dirs = standard;
	}
	for (;; dirs = end + 1) {
		end = strchrnul(dirs, ':');
		if (asprintf(&path, "%.*s/%s",
			     end > dirs ? (int)(end - dirs) : 1,
			     end > dirs ? dirs : ".", name) < 0)
			fail(STATUS_FAILED, "out of memory");
		err = try_file(path);
		if (!err)
			return path;
		free(path);
		/* What cannot be executed is remembered, and passed over. */
		if (err == EACCES)
			found = err;
		if (!*end)
			break;
	}
	errno = found;
	return NULL;
}

/* A path with a slash in it, to be freed, or NULL and errno. */
static char *find(const char *name)
{
	char *path;
	int err;

	if (!strchr(name, '/'))
		return find_in_path(name);
	err = try_file(name);
	if (err) {
		errno = err;
		return NULL;
	}
	path = strdup(name);
	if (!path)
		fail(STATUS_FAILED, "out of memory");
	return path;
}

/* program_find - the path of a program, or the end of this one */
char *program_find(const char *name)
{
	char *path = find(name);

	if (!path)
		fail(errno == ENOENT || errno == ENOTDIR
			     ? STATUS_NOT_FOUND
			     : STATUS_NOT_EXECUTABLE,
		     "%s: %s", name, strerror(errno));
	return path;
}

/*
 * The kernel calls a program secure that runs with other rights than its user's,
 * and the loader then ignores LD_PRELOAD. Root has all capabilities already.
 */
static const char *rights_obstacle(int file)
{
	struct statvfs fs;
	struct stat st;

	if (fstat(file, &st))
		return "cannot be looked at";
	if ((!fstatvfs(file, &fs) && fs.f_flag & ST_NOSUID) ||
	    prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)
		return NULL;
	if (st.st_mode & S_ISUID && st.st_uid != getuid())
		return "is setuid";
	if (st.st_mode & S_ISGID && st.st_mode & S_IXGRP &&
	    st.st_gid != getgid())
		return "is setgid";
	if (getuid() && fgetxattr(file, "security.capability", NULL, 0) > 0)
		return "has file capabilities";
	return NULL;
}

/*
 * What env(1), the interpreter of many scripts, will start: the first word that
 * is neither an option nor an assignment. To be freed; NULL: it will complain.
 */
static char *env_program(char *words)
{
	char *word, *rest;

	for (word = strtok_r(words, " \t", &rest); word;
	     word = strtok_r(NULL, " \t", &rest))
		if (word[0] != '-' && !strchr(word, '='))
			return find(word);
	return NULL;
}

/* The interpreter in the first line of a script; to be freed, NULL: none. */
static char *interpreter(char *line)
{
	char *rest, *program = NULL;
	const char *path, *slash;

	line[strcspn(line, "\n")] = 0;
	path = strtok_r(line + 2, " \t", &rest);
	if (!path)
		return NULL;
	slash = strrchr(path, '/');
	if (slash && !strcmp(slash, "/env"))
		program = env_program(rest);
	return program ? program : strdup(path);
}

/* Opens a program and reads its first line, or what is in its place. */
static int program_open(const char *path, char head[LINE_SIZE + 1])
{
	int file = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len;

	memset(head, 0, LINE_SIZE + 1);
	if (file < 0)
		return -1;
	len = pread(file, head, LINE_SIZE, 0);
	if (len >= 0)
		return file;
	close(file);
	return -1;
}

/* program_is_elf - is it certain that a shell can make no sense of it? */
bool program_is_elf(const char *path)
{
	char head[LINE_SIZE + 1];
	int file = program_open(path, head);

	if (file < 0)
		return false;
	close(file);
	return !memcmp(head, ELF_MAGIC, sizeof(ELF_MAGIC) - 1);
}

/*
 * Judges one file: NULL, and what runs it in *next, if it is a script; or what
 * keeps a library from being preloaded into it, if anything.
 */
static const char *judge(const char *path, char **next)
{
	char head[LINE_SIZE + 1];
	const char *obstacle;
	int file;

	file = program_open(path, head);
	if (file < 0)
		return "cannot be looked at";
	if (!memcmp(head, ELF_MAGIC, sizeof(ELF_MAGIC) - 1)) {
		obstacle = rights_obstacle(file);
		if (!obstacle)
			obstacle = elf_obstacle(file);
		close(file);
		return obstacle;
	}
	close(file);
	if (!memcmp(head, "#!", 2))
		*next = interpreter(head);
	/* start() gives what the kernel does not know to the shell. */
	if (!*next)
		*next = strdup("/bin/sh");
	return *next ? NULL : "cannot be looked at";
}

/*
 * program_obstacle - what keeps a library from being preloaded into the program
 * at @path: a sentence in @reason. What cannot be judged counts as an obstacle.
 * False if there is nothing.
 */
bool program_obstacle(const char *path, struct reason *reason)
{
	char *owned = NULL, *next;
	const char *at = path, *obstacle;
	int depth = 0;

	for (;;) {
		next = NULL;
		obstacle = judge(at, &next);
		if (!obstacle && next && ++depth > MAX_DEPTH)
			obstacle = "has too many interpreters";
		if (obstacle || !next)
			break;
		free(owned);
		at = owned = next;
	}
	if (obstacle && at == path)
		because(reason, "%s %s", path, obstacle);
	else if (obstacle)
		because(reason, "%s, which runs %s, %s", at, path, obstacle);
	free(next);
	free(owned);
	return obstacle;
}
