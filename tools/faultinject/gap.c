// SPDX-License-Identifier: GPL-2.0-only
/*
 * gap: how long a stream stands still when the stack of its Atmos end dies.
 *
 * A stream of fixed length runs between Atmos and the native stack over
 * loopback, in one direction at a time; the longest time between two receptions
 * is noted, without a death and with one, at an entry in the middle that differs
 * from run to run. Besides: how long it takes from the death to the next entry. In
 * a guest whose clock counts instructions these are
 * instructions of the whole guest. Prints lines of JSON.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/atmos_socket.h>
#include <linux/atmos_test.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "stream.h"

#define RUNS   60
#define LENGTH (2 << 20)

/* Bytes of the stream before the death is ordered, and most entries until it. */
#define BEFORE (512 << 10)
#define SPREAD 16

static int device, atmos;

/* From deaths to the next entries. */
static u64 ready[2 * RUNS];
static u32 nr_ready;

struct gap_end {
	struct stream s;
	bool sends;
};

static void fail(const char *what)
{
	fprintf(stderr, "gap: %s: %s\n", what, strerror(errno));
	exit(1);
}

/*
 * A sender that blocks often: on one processor the receiver has to wait while it
 * does not.
 */
static void small_buffer(int fd)
{
	int size = 65536;

	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
}

static bool move(struct gap_end *e, u64 bytes)
{
	return stream_move(&e->s, e->sends ? bytes : 0, e->sends ? 0 : bytes);
}

static void *peer(void *arg)
{
	struct gap_end *e = arg;

	if (move(e, BEFORE)) {
		e->s.gap_ns = 0;
		if (move(e, LENGTH - BEFORE))
			stream_end(&e->s);
	}
	return NULL;
}

static u32 order_death(int fd, u32 nth)
{
	struct atmos_test_inject o = { .kind = ATMOS_TEST_INJECT_KILL,
				       .nth = nth };
	socklen_t len = sizeof(o.domain);

	if (getsockopt(fd, SOL_ATMOS, ATMOS_SO_DOMAIN_ID, &o.domain, &len) ||
	    ioctl(device, ATMOS_TEST_INJECT, &o))
		fail("no death can be ordered");
	return o.id;
}

/* One stream. Return: the longest gap in what the receiving end received. */
static u64 run(bool sends, bool dies, u32 number)
{
	struct gap_end here = { .sends = sends }, there = { .sends = !sends };
	struct atmos_test_injected what = {};
	struct sockaddr_storage addr;
	pthread_t thread;
	int listener = stream_listen(AF_INET, AF_INET, &addr), one, other;

	if (listener < 0)
		fail("listen");
	one = stream_connect(atmos, &addr);
	other = one < 0 ? -1 : stream_accept(listener);
	if (other < 0)
		fail("connect");
	close(listener);
	stream_setup(&here.s, one, mix64(number), mix64(~number));
	stream_setup(&there.s, other, mix64(~number), mix64(number));
	small_buffer(sends ? one : other);
	errno = pthread_create(&thread, NULL, peer, &there);
	if (errno)
		fail("thread");
	if (move(&here, BEFORE)) {
		here.s.gap_ns = 0;
		if (dies)
			what.id = order_death(here.s.fd, 1 + number % SPREAD);
		if (move(&here, LENGTH - BEFORE))
			stream_end(&here.s);
	}
	pthread_join(thread, NULL);
	if (dies &&
	    (ioctl(device, ATMOS_TEST_INJECTED, &what) || what.deaths != 1)) {
		errno = 0;
		fail("the domain did not die once");
	}
	if (here.s.outcome != EXACT || there.s.outcome != EXACT) {
		errno = here.s.err ?: there.s.err;
		fail("the stream is not exact");
	}
	if (dies && number && nr_ready < 2 * RUNS)
		ready[nr_ready++] = what.ready_ns;
	return sends ? there.s.gap_ns : here.s.gap_ns;
}

static int compare(const void *a, const void *b)
{
	const u64 *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void tell(const char *name, u64 *value, u32 nr)
{
	qsort(value, nr, sizeof(*value), compare);
	printf("{\"name\":\"%s\",\"runs\":%u,\"median\":%llu,\"p90\":%llu,\"max\":%llu}\n",
	       name, nr, (unsigned long long)value[nr / 2],
	       (unsigned long long)value[nr * 9 / 10],
	       (unsigned long long)value[nr - 1]);
}

static void row(bool sends, bool dies)
{
	u64 gap[RUNS];
	char name[32];
	u32 i;

	run(sends, dies, 0); /* caches of memory, ports and so on */
	for (i = 0; i < RUNS; i++)
		gap[i] = run(sends, dies, i);
	snprintf(name, sizeof(name), "gap.%s.%s", sends ? "sends" : "receives",
		 dies ? "dies" : "lives");
	tell(name, gap, RUNS);
}

int main(void)
{
	atmos = atmos_family();
	if (atmos < 0)
		fail("the module is not loaded");
	device = open("/dev/atmos-test", O_RDWR | O_CLOEXEC);
	if (device < 0)
		fail("/dev/atmos-test");
	row(true, false);
	row(true, true);
	row(false, false);
	row(false, true);
	tell("restart.tcp", ready, nr_ready);
	return 0;
}
