// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls that block: made by a thread or a child of the case, while the case
 * does something about it. That somebody sleeps in a call is told by /proc.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "cases.h"

/* ---- signals ---- */

static int counts[NSIG];

static void count_one(int sig)
{
	__atomic_fetch_add(&counts[sig], 1, __ATOMIC_SEQ_CST);
}

void count_signal(int sig, int flags)
{
	struct sigaction action = { .sa_handler = count_one, .sa_flags = flags };

	if (sigaction(sig, &action, NULL))
		give_up("sigaction");
}

int signals_seen(int sig)
{
	return __atomic_exchange_n(&counts[sig], 0, __ATOMIC_SEQ_CST);
}

void record_signals(int sig)
{
	record("SIG%s: %d", signal_name(sig), signals_seen(sig));
}

/* ---- threads ---- */

static void *work(void *arg)
{
	struct worker *w = arg;

	w->tid = syscall(SYS_gettid);
	sem_post(&w->started);
	errno = 0;
	w->ret = syscall(w->nr, w->arg[0], w->arg[1], w->arg[2], w->arg[3], w->arg[4], w->arg[5]);
	w->err = errno;
	sem_post(&w->done);
	return NULL;
}

/* Return: the number of the call that it sleeps in, or -1 */
static long sleeps_in(pid_t tid)
{
	char path[64];
	long nr = -1;
	FILE *file;

	/* "running", or the call's number and arguments. */
	snprintf(path, sizeof(path), "/proc/%d/syscall", tid);
	file = fopen(path, "r");
	if (!file)
		return -1;
	if (fscanf(file, "%ld", &nr) != 1)
		nr = -1;
	fclose(file);
	return nr;
}

void await_asleep(pid_t tid, long nr)
{
	/* Twice in a row: not only on its way past a lock. */
	for (int i = 0, seen = 0; i < patience(); i++) {
		seen = sleeps_in(tid) == nr ? seen + 1 : 0;
		if (seen == 2)
			return;
		usleep(1000);
	}
	record_late("somebody to sleep in a call");
}

void start(struct worker *w, long nr, long a, long b, long c, long d, long e, long f)
{
	memset(w, 0, sizeof(*w));
	w->nr = nr;
	w->arg[0] = a;
	w->arg[1] = b;
	w->arg[2] = c;
	w->arg[3] = d;
	w->arg[4] = e;
	w->arg[5] = f;
	sem_init(&w->started, 0, 0);
	sem_init(&w->done, 0, 0);
	if (pthread_create(&w->thread, NULL, work, w))
		give_up("pthread_create");
	sem_wait(&w->started);
	await_asleep(w->tid, nr);
}

void record_blocked(const char *what, struct worker *w)
{
	usleep(MS_QUIET * 1000);
	record("%s: %s", what, sem_trywait(&w->done) ? "blocked" : "not blocked");
}

long record_joined(const char *what, struct worker *w)
{
	struct timespec end;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += patience() / 1000;
	if (sem_timedwait(&w->done, &end)) {
		record_late(what);
		return -1;
	}
	if (w->nr == SYS_accept4)
		record_fd(what, w->ret, w->err);
	else
		record_call(what, w->ret, w->err);
	errno = w->err;
	return w->ret;
}

void interrupt(struct worker *w, int sig)
{
	if (syscall(SYS_tgkill, getpid(), w->tid, sig))
		give_up("tgkill");
}

/* ---- processes ---- */

void record_reaped(const char *what, pid_t pid)
{
	struct pollfd end = { .fd = syscall(SYS_pidfd_open, pid, 0), .events = POLLIN };
	int status;

	if (poll(&end, 1, patience()) != 1) {
		record_late(what);
		return;
	}
	close(end.fd);
	waitpid(pid, &status, 0);
	if (WIFSIGNALED(status))
		record("%s: killed by %s", what, signal_name(WTERMSIG(status)));
	else
		record("%s: exit status %d", what, WEXITSTATUS(status));
}

void become_nobody(void)
{
	if (syscall(SYS_setgroups, 0, NULL) || syscall(SYS_setresgid, 65534, 65534, 65534) ||
	    syscall(SYS_setresuid, 65534, 65534, 65534))
		give_up("to become nobody");
	/* Its own files in /proc are still to be read. */
	prctl(PR_SET_DUMPABLE, 1);
}
