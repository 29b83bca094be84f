// SPDX-License-Identifier: GPL-2.0-only
/*
 * What no fault is meant for: bystanders, connections that are exact from the
 * campaign's beginning to its end, and the kernel's log.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/atmos_socket.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "faultinject.h"

/* Between two rounds of a bystander, microseconds. */
#define PAUSE_US 20000

/* ---- bystanders ---- */

static void touched(struct bystander *b, const struct stream *s,
		    const char *what)
{
	campaign.touched++;
	fprintf(stderr, "bystander %u, %s end: %s, errno %d, at %llu\n",
		b->number, s == &b->atmos ? "Atmos" : "native", what, s->err,
		(unsigned long long)s->at);
}

/*
 * Both ends move the same numbers of bytes, until the Atmos end says that this
 * was the last round by sending one byte that is not 0 in front of it.
 */
static bool bystander_round(struct stream *s, bool atmos, u64 round)
{
	u64 r = mix64(round);
	u32 request = 1 + r % 3000, reply = 1 + (r >> 20) % 3000;
	u32 out = (r >> 40) % 40000, in = (r >> 45) % 40000;

	if (atmos)
		return stream_move(s, request, 0) && stream_move(s, 0, reply) &&
		       stream_move(s, out, in);
	return stream_move(s, 0, request) && stream_move(s, reply, 0) &&
	       stream_move(s, in, out);
}

static bool bystander_more(struct stream *s, bool atmos)
{
	char more = !campaign.stop;
	ssize_t n;

	/* In the stream, but not of it: positions do not count it. */
	if (atmos) {
		n = send(s->fd, &more, 1, MSG_NOSIGNAL);
	} else {
		do {
			n = recv(s->fd, &more, 1, 0);
			if (n < 0 && errno == EAGAIN)
				usleep(1000);
		} while (n < 0 && (errno == EAGAIN || errno == EINTR));
	}
	if (n != 1) {
		s->outcome = n ? ERROR : CORRUPT;
		s->err = n ? errno : 0;
		return false;
	}
	return more;
}

static void bystander_run(struct bystander *b, struct stream *s)
{
	bool atmos = s == &b->atmos, ok = true;
	u64 round;

	for (round = 0; ok && bystander_more(s, atmos); round++) {
		ok = bystander_round(s, atmos, b->number + (round << 8));
		if (atmos)
			usleep(PAUSE_US);
	}
	if (s->outcome == EXACT)
		stream_end(s);
	if (s->outcome != EXACT)
		touched(b, s, outcome_name(s->outcome));
}

static void *bystander_atmos(void *arg)
{
	struct bystander *b = arg;

	bystander_run(b, &b->atmos);
	return NULL;
}

static void *bystander_native(void *arg)
{
	struct bystander *b = arg;

	bystander_run(b, &b->native);
	return NULL;
}

static int bystander_order(struct bystander *b)
{
	struct atmos_test_inject o = { .kind = ATMOS_TEST_INJECT_NONE };
	socklen_t len = sizeof(o.domain);

	if (getsockopt(b->atmos.fd, SOL_ATMOS, ATMOS_SO_DOMAIN_ID, &o.domain,
		       &len) ||
	    ioctl(campaign.device, ATMOS_TEST_INJECT, &o))
		return -1;
	b->order = o.id;
	return 0;
}

int bystander_start(struct bystander *b, u32 number)
{
	int family = number & 1 ? AF_INET6 : AF_INET;
	struct sockaddr_storage addr;
	int listener, one, other;
	u64 key = mix64(campaign.seed ^ 0xb157 ^ (u64)number << 32);

	b->number = number;
	listener = stream_listen(family, family, &addr);
	if (listener < 0)
		return -1;
	one = stream_connect(campaign.atmos, &addr);
	if (one < 0)
		return -1;
	other = stream_accept(listener);
	close(listener);
	if (other < 0)
		return -1;
	stream_setup(&b->atmos, one, key, mix64(key));
	stream_setup(&b->native, other, mix64(key), key);
	if (bystander_order(b))
		return -1;
	errno = pthread_create(&b->thread[0], NULL, bystander_atmos, b)
			?: pthread_create(&b->thread[1], NULL, bystander_native,
					  b);
	return errno ? -1 : 0;
}

void bystander_join(struct bystander *b)
{
	struct atmos_test_injected what = { .id = b->order };
	struct atmos_test_fault fault = {};

	pthread_join(b->thread[0], NULL);
	pthread_join(b->thread[1], NULL);
	if (ioctl(campaign.device, ATMOS_TEST_INJECTED, &what)) {
		touched(b, &b->atmos, "its domain was not watched");
		return;
	}
	b->deaths = what.deaths;
	if (!what.deaths)
		return;
	fault.seq = what.fault;
	if (!ioctl(campaign.device, ATMOS_TEST_FAULT, &fault))
		b->kind = fault.kind;
	/* A starved virtual CPU overruns the budget of whoever is inside. */
	if (b->kind != ATMOS_TEST_FAULT_BUDGET)
		touched(b, &b->atmos, "its domain died");
	fprintf(stderr,
		"bystander %u: %llu deaths of its domain, the first by %s at %s %s\n",
		b->number, (unsigned long long)what.deaths, cause_name(b->kind),
		fault.symbol, fault.why);
}

/* ---- the kernel's log ---- */

static int kmsg = -1;
static pthread_mutex_t kmsg_lock = PTHREAD_MUTEX_INITIALIZER;

/* Said by the module of each death, by Linux of a test that floods it, or by a slow emulator. */
static bool log_expected(const char *text)
{
	static const char *const expected[] = {
		"atmos: domain ",
		"report_log: ",
		"hrtimer: interrupt took",
	};
	u32 i;

	for (i = 0; i < sizeof(expected) / sizeof(*expected); i++)
		if (!strncmp(text, expected[i], strlen(expected[i])))
			return true;
	return false;
}

void log_open(void)
{
	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (kmsg >= 0)
		lseek(kmsg, 0, SEEK_END);
}

void log_watch(void)
{
	char line[2048], *text;
	ssize_t n;

	if (kmsg < 0 || pthread_mutex_trylock(&kmsg_lock))
		return;
	while ((n = read(kmsg, line, sizeof(line) - 1)) > 0 ||
	       (n < 0 && errno == EPIPE)) {
		if (n < 0)
			continue;
		line[n] = 0;
		text = strchr(line, ';');
		if (!text || strtoul(line, NULL, 10) % 8 > 4 ||
		    log_expected(text + 1))
			continue;
		campaign.complaints++;
		fprintf(stderr, "kernel: %s", text + 1);
	}
	pthread_mutex_unlock(&kmsg_lock);
}
