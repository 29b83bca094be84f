// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench GROUP: measures inside a guest whose time-stamp counter counts
 * instructions (QEMU's -icount shift=0, one CPU), and prints one JSON object
 * a line for tools/bench/run. GROUP is crossing, restart or native.
 *
 * Needs /dev/atmos-test (test_interface=1) but for the native group. An
 * operation's cost is the median of several rounds, less what the loop around
 * it costs. The tick goes on meanwhile and is in the figures, as it is in
 * everything else a program does.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "atmos.h"

#define ROUNDS 7

/* Calls of which each is timed by itself. */
#define PINGS 1000

/* Bytes of a message each way: a slot of the mailbox. */
#define MESSAGE 64

static int device;

__attribute__((noreturn, format(printf, 1, 2))) static void die(const char *fmt,
								...)
{
	va_list args;

	fprintf(stderr, "bench: ");
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

static uint64_t now(void)
{
	uint32_t low, high;

	__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return low | (uint64_t)high << 32;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *value, int nr)
{
	qsort(value, nr, sizeof(*value), compare);
	return nr % 2 ? value[nr / 2] : (value[nr / 2 - 1] + value[nr / 2]) / 2;
}

/* Is a tick an instruction? Else no figure here means anything. */
static void check_counter(void)
{
	uint64_t loops, start, ticks, best = ~0ull;
	double ratio;

	for (int i = 0; i < ROUNDS; i++) {
		loops = 100000;
		start = now();
		__asm__ volatile("1: dec %0; jnz 1b" : "+r"(loops) : : "cc");
		ticks = now() - start;
		if (ticks < best)
			best = ticks;
	}
	ratio = best / 200000.0;
	if (ratio < 0.99 || ratio > 1.01)
		die("the time-stamp counter does not count instructions (%.2f for each)",
		    ratio);
}

static void row(const char *name, double value, int crossings, const char *note)
{
	printf("{\"name\": \"%s\", \"unit\": \"instructions\", \"value\": %.1f, ",
	       name, value);
	if (crossings >= 0)
		printf("\"crossings\": %d, ", crossings);
	printf("\"note\": \"%s\"}\n", note);
	fflush(stdout);
}

/* ---- what the native kernel takes ---- */

static void native_syscall(void)
{
	const int count = 20000;
	double value[ROUNDS];
	uint64_t start;

	for (int round = 0; round < ROUNDS; round++) {
		start = now();
		for (int i = 0; i < count; i++)
			syscall(SYS_getppid);
		value[round] = (double)(now() - start) / count;
	}
	row("native.syscall", median(value, ROUNDS), -1, "getppid()");
}

static void move(int fd, char *bytes, bool out)
{
	ssize_t done = out ? write(fd, bytes, MESSAGE)
			   : read(fd, bytes, MESSAGE);

	if (done != MESSAGE)
		die("pipe: %s", done < 0 ? strerror(errno) : "short");
}

/* A component in a process of its own: the classical way to isolate it. */
static void native_pipe(void)
{
	const int count = 2000;
	char bytes[MESSAGE] = "";
	double value[ROUNDS];
	int to[2], from[2];
	uint64_t start;
	pid_t child;

	if (pipe(to) || pipe(from))
		die("pipe: %s", strerror(errno));
	child = fork();
	if (child < 0)
		die("fork: %s", strerror(errno));
	if (!child) {
		close(to[1]);
		close(from[0]);
		while (read(to[0], bytes, MESSAGE) == MESSAGE)
			move(from[1], bytes, true);
		_exit(0);
	}
	close(to[0]);
	close(from[1]);
	for (int round = 0; round < ROUNDS; round++) {
		start = now();
		for (int i = 0; i < count; i++) {
			move(to[1], bytes, true);
			move(from[0], bytes, false);
		}
		value[round] = (double)(now() - start) / count;
	}
	close(to[1]);
	close(from[0]);
	waitpid(child, NULL, 0);
	row("native.pipe_rr", median(value, ROUNDS), -1,
	    "64 bytes to another process and back");
}

static void group_native(void)
{
	native_syscall();
	native_pipe();
}

/* ---- domains ---- */

static void domain_create(struct at_domain *dom, const char *image,
			  uint32_t privilege)
{
	int err = at_create(device, image, privilege, dom);

	if (err)
		die("image %s: %s", image, strerror(-err));
}

/* Ticks of a loop in the kernel, all of whose entries must end as they should. */
static uint64_t loop_ticks(const struct at_domain *dom, uint32_t mode,
			   uint64_t count)
{
	struct atmos_test_loop loop;
	uint64_t start, ticks;
	int err;

	start = now();
	err = at_loop(dom, mode, count, -1, &loop);
	ticks = now() - start;
	if (err)
		die("loop: %s", strerror(-err));
	if (mode == ATMOS_TEST_LOOP_KILL ? loop.died != count
					 : loop.ok != count)
		die("mode %u: of %llu entries %llu were made, %llu committed, %llu died",
		    mode, (unsigned long long)count,
		    (unsigned long long)loop.entered,
		    (unsigned long long)loop.ok, (unsigned long long)loop.died);
	return ticks;
}

/* @steps: how often the kernel goes round its loop for @count operations. */
static double loop_cost(const struct at_domain *dom, uint32_t mode,
			uint64_t count, uint64_t steps)
{
	double value[ROUNDS];

	loop_ticks(dom, mode, count);
	for (int round = 0; round < ROUNDS; round++) {
		uint64_t base = loop_ticks(dom, ATMOS_TEST_LOOP_BASE, steps);
		uint64_t all = loop_ticks(dom, mode, count);

		value[round] = ((double)all - base) / count;
	}
	return median(value, ROUNDS);
}

static void crossing(const char *name, uint32_t privilege, const char *note)
{
	const uint64_t count = 64 * 2000;
	struct at_domain dom;

	domain_create(&dom, "null", privilege);
	row(name, loop_cost(&dom, ATMOS_TEST_LOOP_GATE, count, count / 64), 1,
	    note);
	at_destroy(&dom);
}

static void entry(const char *name, uint32_t privilege, const char *note)
{
	const uint64_t count = 20000;
	struct at_domain dom;

	domain_create(&dom, "echo", privilege);
	row(name, loop_cost(&dom, ATMOS_TEST_LOOP_ENTER, count, count), 1,
	    note);
	at_destroy(&dom);
}

/*
 * One PING by a system call; @a and the status belong together. Not by
 * at_ping(), which searches each reply for secrets.
 */
static uint64_t ping_ticks(struct at_domain *dom, uint64_t a, uint32_t status)
{
	struct dom_msg event, reply[DOM_OUT_SLOTS];
	struct atmos_test_enter arg = {
		.id = dom->id,
		.events = (uintptr_t)&event,
		.commands = (uintptr_t)reply,
		.nr_events = 1,
		.max_commands = DOM_OUT_SLOTS,
	};
	uint64_t start, ticks;
	int err;

	at_ping_event(&event, 1, a, 0, 0);
	start = now();
	err = ioctl(device, ATMOS_TEST_ENTER, &arg);
	ticks = now() - start;
	if (err || arg.status != status)
		die("%s: ended with %d, status %u", dom->image, err ? errno : 0,
		    arg.status);
	if (status == ATMOS_TEST_OK &&
	    (arg.nr_commands != 1 || reply[0].hdr.type != DOM_CMD_PONG))
		die("%s: no reply", dom->image);
	return ticks;
}

static double ping_cost(struct at_domain *dom, uint64_t a, uint32_t status)
{
	static double value[PINGS];

	for (int i = 0; i < PINGS; i++)
		value[i] = ping_ticks(dom, a, status);
	return median(value, PINGS);
}

static void call(void)
{
	struct at_domain dom;

	domain_create(&dom, "echo", ATMOS_TEST_PRIV_USER);
	row("call.echo", ping_cost(&dom, 0, ATMOS_TEST_OK), 1,
	    "64 bytes to a domain and back, by a program (test interface)");
	at_destroy(&dom);
}

static void group_crossing(void)
{
	crossing("crossing.user", ATMOS_TEST_PRIV_USER,
		 "in and out of a domain at CPL3");
	crossing("crossing.kernel", ATMOS_TEST_PRIV_KERNEL, "the same at CPL0");
	entry("entry.echo", ATMOS_TEST_PRIV_USER,
	      "transaction: one event, its reply checked and committed");
	entry("entry.echo_kernel", ATMOS_TEST_PRIV_KERNEL, "the same at CPL0");
	call();
	group_native();
}

/*
 * Deaths by what a domain does, told apart from what the entry and the system
 * call take: a call in which it dies less one in which it does not.
 */
static void death(const char *name, const char *image, const char *note)
{
	struct at_domain dom;
	double lives, dies;

	domain_create(&dom, image, ATMOS_TEST_PRIV_USER);
	lives = ping_cost(&dom, 0, ATMOS_TEST_OK);
	dies = ping_cost(&dom, 1, ATMOS_TEST_DIED);
	row(name, dies - lives, 1, note);
	at_destroy(&dom);
	at_forget(device, image);
}

/* What native Linux does for a component that crashed: a new process. */
static void native_process(void)
{
	const int count = 200;
	double value[ROUNDS];
	uint64_t start;

	for (int round = 0; round < ROUNDS; round++) {
		start = now();
		for (int i = 0; i < count; i++) {
			pid_t child = fork();

			if (!child)
				_exit(0);
			if (child < 0 || waitpid(child, NULL, 0) != child)
				die("fork: %s", strerror(errno));
		}
		value[round] = (double)(now() - start) / count;
	}
	row("native.process", median(value, ROUNDS), -1,
	    "fork() of a small static program, its exit, wait()");
}

static void group_restart(void)
{
	const uint64_t count = 5000;
	struct at_domain dom;

	domain_create(&dom, "echo", ATMOS_TEST_PRIV_USER);
	row("restart.echo", loop_cost(&dom, ATMOS_TEST_LOOP_KILL, count, count),
	    0, "killed, reported, ready; it had written nothing");
	at_destroy(&dom);
	death("restart.fault", "hostile-ud2",
	      "exception inside, report, what was written put back, ready");
	death("restart.fill", "hostile-fill_private",
	      "the same after it has overwritten all of its private memory");
	native_process();
}

int main(int argc, char **argv)
{
	const char *group = argc == 2 ? argv[1] : "";

	check_counter();
	if (!strcmp(group, "native")) {
		group_native();
		return 0;
	}
	device = at_open();
	if (device < 0)
		die("/dev/atmos-test: %s", strerror(-device));
	if (!strcmp(group, "crossing"))
		group_crossing();
	else if (!strcmp(group, "restart"))
		group_restart();
	else
		die("no group \"%s\"", group);
	return 0;
}
