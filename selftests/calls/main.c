// SPDX-License-Identifier: GPL-2.0-only
/*
 * calls [--seed N] [--seconds N] [--workers N]: random system calls, see
 * calls.h. Beside the workers, domains of living sockets are killed. The time
 * is divided by ATMOS_TEST_SCALE.
 */
#include <errno.h>
#include <getopt.h>
#include <linux/atmos_socket.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "admin.h"
#include "calls.h"
#include "system.h"

#define THREADS 3

struct shared {
	uint64_t calls;
	uint64_t kills;
	uint64_t deaths; /* workers that a signal ended */
	atomic_bool over;
};

int atmos_family;
static struct shared *shared;
static _Thread_local uint64_t state;
static uint64_t seed = 1;

/* xorshift64* (Vigna 2016) */
uint32_t pick(uint32_t n)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (uint32_t)((state * 0x2545f4914f6cdd1dull) >> 32) % n;
}

static void seed_by(uint64_t number)
{
	state = (seed << 20 | number) * 0x9e3779b97f4a7c15ull | 1;
}

/* ---- a worker ---- */

static void nothing(int sig)
{
}

/* Interrupts what blocks. */
static void ring(unsigned int ms)
{
	struct itimerval it = { { 0, ms * 1000 }, { 0, ms * 1000 } };

	setitimer(ITIMER_REAL, &it, NULL);
}

static void quiet_signals(void)
{
	struct sigaction sa = { .sa_handler = nothing };

	for (int sig = 1; sig <= SIGRTMAX; sig++)
		if (sig != SIGTERM && sig != SIGCHLD && sig != SIGSEGV)
			sigaction(sig, &sa, NULL);
	signal(SIGCHLD, SIG_IGN);
}

/* Sometimes with the domain's death in the middle of everything. */
static void kill_one(void)
{
	uint64_t id = 0;
	socklen_t len = sizeof(id);

	if (getsockopt(any_fd(), SOL_ATMOS, ATMOS_SO_DOMAIN_ID, &id, &len) || !id)
		return;
	if (!admin_kill(id))
		__atomic_add_fetch(&shared->kills, 1, __ATOMIC_RELAXED);
}

static void *thread(void *arg)
{
	static const op_fn ops[] = { op_life, op_life, op_data, op_data, op_data, op_option };

	seed_by((uintptr_t)arg);
	while (!shared->over) {
		if (once_in(200))
			kill_one();
		ops[pick(sizeof(ops) / sizeof(ops[0]))]();
		__atomic_add_fetch(&shared->calls, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static void work(unsigned int number)
{
	struct rlimit files = { 200, 200 };
	pthread_t t[THREADS];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setrlimit(RLIMIT_NOFILE, &files);
	quiet_signals();
	ring(5);
	for (uintptr_t i = 1; i < THREADS; i++)
		if (pthread_create(&t[i], NULL, thread, (void *)(number * THREADS + i)))
			_exit(1);
	thread((void *)(uintptr_t)(number * THREADS));
	/* Threads may be in a call that needs a signal of their own to end. */
	_exit(0);
}

static pid_t start(unsigned int number)
{
	pid_t pid = fork();

	if (!pid) {
		setpgid(0, 0);
		work(number);
	}
	if (pid > 0)
		setpgid(pid, pid);
	return pid;
}

/* ---- all of them ---- */

static void wait_for(pid_t *pid, unsigned int n, uint64_t until)
{
	unsigned int next = n;
	int status;

	while (sys_now_us() < until) {
		for (unsigned int i = 0; i < n; i++) {
			if (waitpid(pid[i], &status, WNOHANG) != pid[i])
				continue;
			if (WIFSIGNALED(status))
				shared->deaths++;
			/* Each goes on with other numbers, without what it left. */
			kill(-pid[i], SIGKILL);
			pid[i] = start(next++);
		}
		usleep(50000);
	}
	shared->over = true;
	usleep(300000);
	for (unsigned int i = 0; i < n; i++) {
		kill(-pid[i], SIGKILL);
		waitpid(pid[i], &status, 0);
	}
}

static bool read_family(void)
{
	char text[16];

	if (!sys_read_file("/sys/module/atmos/parameters/family", text, sizeof(text)))
		return false;
	atmos_family = atoi(text);
	return true;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "seed", 1, NULL, 's' }, { "seconds", 1, NULL, 't' },
		{ "workers", 1, NULL, 'w' }, {},
	};
	uint64_t seconds = sys_scaled(60, 5);
	unsigned int workers = 4;
	pid_t pid[64];
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 's')
			seed = strtoull(optarg, NULL, 0);
		else if (c == 't')
			seconds = strtoull(optarg, NULL, 0);
		else if (c == 'w' && atoi(optarg) > 0 && atoi(optarg) <= 64)
			workers = atoi(optarg);
		else
			return 2;
	}
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	if (shared == MAP_FAILED || !read_family()) {
		fprintf(stderr, "calls: no module\n");
		return 1;
	}
	printf("1..1\n");
	for (unsigned int i = 0; i < workers; i++)
		pid[i] = start(i);
	wait_for(pid, workers, sys_now_us() + seconds * 1000000);
	printf("# seed %llu: %llu calls, %llu domains killed, %llu workers ended by a signal\n",
	       (unsigned long long)seed, (unsigned long long)shared->calls,
	       (unsigned long long)shared->kills, (unsigned long long)shared->deaths);
	/* That all ends well, the log and the module's reference count tell ("network stop"). */
	printf("%s 1 calls were made\n", shared->calls > 1000 * seconds / 10 ? "ok" : "not ok");
	return shared->calls > 1000 * seconds / 10 ? 0 : 1;
}
