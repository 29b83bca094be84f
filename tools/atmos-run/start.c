// SPDX-License-Identifier: GPL-2.0-only
/*
 * Becoming the program; or, with --stats, its parent, which passes on what it is
 * told, ends as the program does, and then tells the counters.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "launch.h"

/* Out of the way of programs that expect certain numbers. */
#define STATS_FD 200

/*
 * start - becomes the program at @path, which has a slash in it. What the kernel
 * does not know is a script for the shell, as for execvp().
 */
void start(const char *path, char **argv)
{
	execv(path, argv);
	if (errno == ENOEXEC && !program_is_elf(path))
		execvp(path, argv);
	fail(errno == ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_EXECUTABLE,
	     "%s: %s", path, strerror(errno));
}

/* Makes the counters, and tells the program where they are. */
static const struct run_stats *make_stats(void)
{
	struct run_stats *stats;
	char where[96];
	struct stat st;
	int first, fd;

	first = memfd_create("atmos-run", MFD_ALLOW_SEALING);
	if (first < 0)
		goto failed;
	fd = fcntl(first, F_DUPFD, STATS_FD);
	if (fd < 0)
		fd = first; /* a low limit of files */
	else
		close(first);
	/* One that shrinks would be the end of all that have it mapped. */
	if (ftruncate(fd, sizeof(*stats)) ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) ||
	    fstat(fd, &st))
		goto failed;
	stats = mmap(NULL, sizeof(*stats), PROT_READ | PROT_WRITE, MAP_SHARED,
		     fd, 0);
	if (stats == MAP_FAILED)
		goto failed;
	snprintf(where, sizeof(where), "%d:%d:%llu:%llu", getpid(), fd,
		 (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
	if (setenv(RUN_ENV_STATS, where, 1))
		goto failed;
	return stats;
failed:
	fail(STATUS_FAILED, "no memory for --stats: %s", strerror(errno));
}

static void tell_stats(const struct run_stats *stats)
{
	uint64_t turned = 0, fell_back = 0;
	int i;

	for (i = 0; i < RUN_KINDS; i++) {
		turned += stats->turned[i];
		fell_back += stats->fell_back[i];
	}
	say("%" PRIu64 " sockets on Atmos (tcp %" PRIu64 ", tcp6 %" PRIu64
	    ", udp %" PRIu64 ", udp6 %" PRIu64 "), %" PRIu64 " fell back",
	    turned, stats->turned[RUN_TCP], stats->turned[RUN_TCP6],
	    stats->turned[RUN_UDP], stats->turned[RUN_UDP6], fell_back);
}

/* All that can be passed on; those of our own mistakes are left alone. */
static void passed_on(sigset_t *set)
{
	static const int own[] = { SIGSEGV, SIGBUS,  SIGFPE,
				   SIGILL,  SIGTRAP, SIGSYS };
	size_t i;

	sigfillset(set);
	for (i = 0; i < ARRAY_SIZE(own); i++)
		sigdelset(set, own[i]);
}

/*
 * A signal from the terminal goes to all of the foreground's process group, so
 * the program has it already, if it still is in ours.
 */
static void pass_on(pid_t child, const siginfo_t *info)
{
	if (info->si_code == SI_KERNEL && getpgid(child) == getpgrp())
		return;
	kill(child, info->si_signo);
}

/* Waits for the end of the program; returns its wait status. */
static int attend(pid_t child, const sigset_t *set)
{
	siginfo_t info;
	int status;

	for (;;) {
		if (sigwaitinfo(set, &info) < 0)
			continue;
		if (info.si_signo != SIGCHLD) {
			pass_on(child, &info);
			continue;
		}
		while (waitpid(child, &status, WNOHANG | WUNTRACED) == child) {
			if (!WIFSTOPPED(status))
				return status;
			/* By the terminal: we stop too, and pass SIGCONT on. */
			if (WSTOPSIG(status) != SIGSTOP)
				raise(SIGSTOP);
		}
	}
}

/* Ends as the program has ended. */
__attribute__((noreturn)) static void end_as(int status)
{
	struct rlimit none = {};
	sigset_t set;
	int sig;

	if (WIFEXITED(status))
		exit(WEXITSTATUS(status));
	sig = WTERMSIG(status);
	/* One core is enough, and it is the program's. */
	setrlimit(RLIMIT_CORE, &none);
	signal(sig, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, sig);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(sig);
	exit(128 + sig);
}

/* start_counted - starts the program, waits for it, and tells the counters */
void start_counted(const char *path, char **argv)
{
	const struct run_stats *stats = make_stats();
	struct sigaction plain = { .sa_handler = SIG_DFL }, chld;
	pid_t parent = getpid(), child;
	sigset_t set, old;
	int status;

	passed_on(&set);
	sigprocmask(SIG_BLOCK, &set, &old);
	/* Who ignores it learns of no child's end. */
	sigaction(SIGCHLD, &plain, &chld);
	child = fork();
	if (child < 0)
		fail(STATUS_FAILED, "fork: %s", strerror(errno));
	if (!child) {
		/* Killing atmos-run kills the program, as without --stats. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(STATUS_FAILED);
		sigaction(SIGCHLD, &chld, NULL);
		sigprocmask(SIG_SETMASK, &old, NULL);
		start(path, argv);
	}
	status = attend(child, &set);
	tell_stats(stats);
	end_as(status);
}
