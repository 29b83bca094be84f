// SPDX-License-Identifier: GPL-2.0-only
/*
 * For tests: makes sockets in a signal handler that interrupts everything else,
 * the making of sockets and of memory in the program's threads above all. Ends
 * with 0, or hangs or dies where the library is not safe there.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define TIMES 2000

static volatile sig_atomic_t handled, failed;

static void make_socket(int type)
{
	int one = 1, fd;

	errno = EDOM;
	fd = socket(AF_INET, type, 0);
	if (fd < 0 || errno != EDOM ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)))
		failed = 1;
	else
		close(fd);
}

static void handler(int sig)
{
	int saved = errno;

	(void)sig;
	make_socket(SOCK_DGRAM);
	handled++;
	errno = saved;
}

static void *work(void *arg)
{
	void *memory;

	while (handled < TIMES && !failed) {
		memory = malloc(1 + handled);
		if (!memory)
			abort();
		make_socket(SOCK_STREAM);
		free(memory);
	}
	return arg;
}

int main(void)
{
	struct itimerval often = { { 0, 50 }, { 0, 50 } }, never = {};
	struct sigaction action = { .sa_handler = handler };
	pthread_t thread;

	if (sigaction(SIGALRM, &action, NULL) ||
	    pthread_create(&thread, NULL, work, NULL) ||
	    setitimer(ITIMER_REAL, &often, NULL))
		abort();
	work(NULL);
	pthread_join(thread, NULL);
	setitimer(ITIMER_REAL, &never, NULL);
	return failed;
}
