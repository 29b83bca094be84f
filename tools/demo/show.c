// SPDX-License-Identifier: GPL-2.0-only
/*
 * show: what the demo runs inside its guest. Echo domains serve requests on
 * all CPUs; meanwhile hostile images attack the kernel and each other, die and
 * are restarted; every reply is compared with its request to the last byte.
 *
 * Prints what happens, then runs the script in argv[1] while everything is
 * still there to be looked at, then the sums. The exit status is 0 only if
 * every attack ended as it had to and no other domain noticed.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "attack.h"

#define CPUS_MAX 2
#define SERVED	 32 /* echo domains of each server thread */
#define DEATHS	 3  /* of each attacker */
#define PAYLOAD	 DOM_INLINE_MAX

/* One attacker: an image hostile-@name, what it tries, in plain words. */
struct attacker {
	const char *name;
	const char *tries;
	struct at_domain dom;
	u64 ended;
	u32 died;
	struct atmos_test_fault fault;
};

static struct attacker attackers[] = {
	{ .name = "read", .tries = "reads a secret in kernel memory" },
	{ .name = "write", .tries = "overwrites it" },
	{ .name = "jump", .tries = "jumps into the kernel" },
	{ .name = "write_text", .tries = "patches its own code" },
	{ .name = "exec_stack", .tries = "runs code on its stack" },
	{ .name = "write_in", .tries = "forges its mailbox's read-only page" },
	{ .name = "cli", .tries = "turns interrupts off" },
	{ .name = "write_cr3", .tries = "switches to other page tables" },
	{ .name = "wrmsr", .tries = "redirects the system-call entry" },
	{ .name = "out8", .tries = "resets the machine by port 0xcf9" },
	{ .name = "syscall", .tries = "calls the kernel by SYSCALL" },
	{ .name = "int_n", .tries = "calls the kernel by INT 0x80" },
	{ .name = "recursion", .tries = "overflows its stack" },
	{ .name = "loop", .tries = "loops for ever" },
	{ .name = "sse_store", .tries = "reads the program's SSE registers" },
	{ .name = "handle_forged",
	  .tries = "names a payload never given to it" },
	{ .name = "cmd_random_slots", .tries = "answers with random bytes" },
	{ .name = "fill_private",
	  .tries = "destroys all it has, then crashes" },
};

#define ATTACKERS (sizeof(attackers) / sizeof(attackers[0]))

/* One that never learns: it is given up. */
static struct attacker incorrigible = { .name = "ud2" };

struct server {
	pthread_t thread;
	int fd;
	int cpu;
	struct at_domain dom[SERVED];
};

static struct server servers[CPUS_MAX];
static int nr_servers;
static atomic_bool finish;
static atomic_ullong served, wrong;
static int failures;

__attribute__((noreturn, format(printf, 1, 2))) static void die(const char *fmt,
								...)
{
	va_list args;

	fprintf(stderr, "demo: ");
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

static u64 random_number(u64 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* A request of random words and bytes; true if the reply is the same. */
static bool serve(struct at_domain *dom, u64 *state)
{
	struct dom_msg event[1 + PAYLOAD / DOM_SLOT_SIZE] = {};
	u64 cookie = random_number(state) >> 1, a = 0;
	u64 b = random_number(state), c = random_number(state);
	u32 len = random_number(state) % (PAYLOAD + 1);
	u8 *payload = (u8 *)&event[1];
	const struct dom_cmd_PONG *pong;
	struct at_reply reply;

	at_ping_event(event, cookie, a, b, c);
	event->hdr.inline_len = len;
	for (u32 i = 0; i < len; i++)
		payload[i] = random_number(state);
	if (at_enter(dom, event, dom_msg_slots(len), &reply) ||
	    reply.status != ATMOS_TEST_OK || reply.nr != dom_msg_slots(len))
		return false;
	pong = at_pong(&reply, cookie);
	return pong && pong->a == a && pong->b == b && pong->c == c &&
	       pong->hdr.inline_len == len &&
	       !memcmp(at_inline(pong), payload, len);
}

static void *serve_all(void *arg)
{
	struct server *s = arg;
	u64 state = 0x9e3779b97f4a7c15ull + s->cpu;
	cpu_set_t cpus;
	u32 next = 0;

	CPU_ZERO(&cpus);
	CPU_SET(s->cpu, &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
	while (!finish) {
		if (!serve(&s->dom[next++ % SERVED], &state))
			wrong++;
		served++;
	}
	return NULL;
}

static void start_servers(void)
{
	nr_servers = sysconf(_SC_NPROCESSORS_ONLN);
	if (nr_servers > CPUS_MAX)
		nr_servers = CPUS_MAX;
	for (int i = 0; i < nr_servers; i++) {
		struct server *s = &servers[i];

		s->cpu = i;
		s->fd = at_open();
		if (s->fd < 0)
			die("/dev/atmos-test: %s", strerror(-s->fd));
		for (int d = 0; d < SERVED; d++) {
			int err = at_create(s->fd, "echo", ATMOS_TEST_PRIV_USER,
					    &s->dom[d]);

			if (err)
				die("domain: %s", strerror(-err));
		}
		if (pthread_create(&s->thread, NULL, serve_all, s))
			die("thread: %s", strerror(errno));
	}
}

static const char *exception_name(u32 vector)
{
	static const char *const names[] = {
		[0] = "#DE",  [1] = "#DB",  [6] = "#UD",  [7] = "#NM",
		[12] = "#SS", [13] = "#GP", [14] = "#PF", [17] = "#AC"
	};

	return vector < sizeof(names) / sizeof(names[0]) && names[vector]
		       ? names[vector]
		       : "exception";
}

static void how_it_ended(const struct attacker *at, char *text, size_t size)
{
	const struct atmos_test_fault *f = &at->fault;

	switch (f->kind) {
	case ATMOS_TEST_FAULT_EXCEPTION:
		if (f->vector == 14)
			snprintf(text, size, "#PF at address %llx",
				 (unsigned long long)f->address);
		else
			snprintf(text, size, "%s", exception_name(f->vector));
		break;
	case ATMOS_TEST_FAULT_BUDGET:
		snprintf(text, size, "over its time budget");
		break;
	case ATMOS_TEST_FAULT_CONTRACT:
		snprintf(text, size, "broke the contract");
		break;
	default:
		snprintf(text, size, "kind %u", f->kind);
	}
}

/* DEATHS times: healthy, attacks, dies as it has to. */
static bool attack(int fd, struct attacker *at)
{
	const struct attack_case *expected = attack_find(at->name);
	const struct attack_deviation *deviation = attack_deviation(at->name);
	struct atmos_test_info info;
	struct at_reply reply;
	u32 handle;
	u64 may, b;
	int err;

	if (!expected)
		die("no attack %s", at->name);
	may = expected->outcome | (deviation ? deviation->outcome : 0);
	err = attack_create(fd, at->name, &at->dom);
	if (err || at_info(&at->dom, &info))
		die("hostile-%s: %s", at->name, strerror(-err));
	b = expected->b == SECRET ? info.secret : expected->b;
	for (int i = 0; i < DEATHS; i++) {
		/* Something to own, and to lose with its life. */
		if (at_offer(&at->dom, "payload", 8, &handle) ||
		    at_healthy(&at->dom))
			return false;
		at->ended = attack_run(&at->dom, 1, b, 0, &reply, &at->fault);
		if (!(at->ended & may) || at->ended == OK)
			return false;
		at->died++;
	}
	return !at_healthy(&at->dom) && !at->dom.leaks;
}

static void run_attacks(int fd)
{
	char text[64];

	printf("%-38s %-29s %5s  %s\n", "AN ATTACKER", "ENDED BY", "DIED",
	       "AFTERWARDS");
	for (size_t i = 0; i < ATTACKERS; i++) {
		struct attacker *at = &attackers[i];
		bool good = attack(fd, at);

		how_it_ended(at, text, sizeof(text));
		printf("%-38s %-29s %5u  %s\n", at->tries, text, at->died,
		       good ? "restarted, healthy" : "NOT AS IT HAS TO BE");
		fflush(stdout);
		failures += !good;
	}
}

/* Death after death, until the core does not enter it any more. */
static void run_incorrigible(int fd)
{
	struct at_reply reply = {};

	if (attack_create(fd, incorrigible.name, &incorrigible.dom))
		die("hostile-%s does not load", incorrigible.name);
	while (incorrigible.died < 100) {
		at_ping(&incorrigible.dom, 1, 1, 0, 0, &reply);
		if (reply.status != ATMOS_TEST_DIED)
			break;
		incorrigible.died++;
	}
	if (reply.status != ATMOS_TEST_REFUSED)
		failures++;
	printf("%-38s %-29s %5u  %s\n", "crashes whenever it is entered", "#UD",
	       incorrigible.died,
	       reply.status == ATMOS_TEST_REFUSED
		       ? "given up: not entered any more"
		       : "NOT AS IT HAS TO BE");
}

static void run_script(const char *script)
{
	pid_t child;
	int status;

	fflush(stdout);
	child = fork();
	if (!child) {
		execl("/bin/sh", "sh", script, (char *)NULL);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || status) {
		fprintf(stderr, "demo: %s failed\n", script);
		failures++;
	}
}

static u64 restarts_of_served(void)
{
	struct atmos_test_info info;
	u64 sum = 0;

	for (int i = 0; i < nr_servers; i++) {
		for (int d = 0; d < SERVED; d++) {
			if (at_info(&servers[i].dom[d], &info))
				die("info: %s", strerror(errno));
			sum += info.restarts;
		}
	}
	return sum;
}

static void sums(u64 served_at_attack)
{
	struct atmos_test_info info = {};
	u64 died = incorrigible.died;
	u64 innocent = restarts_of_served();
	u64 leaks = 0;

	at_info(&servers[0].dom[0], &info);
	for (size_t i = 0; i < ATTACKERS; i++) {
		died += attackers[i].died;
		leaks += attackers[i].dom.leaks;
	}
	for (int i = 0; i < nr_servers; i++)
		for (int d = 0; d < SERVED; d++)
			leaks += servers[i].dom[d].leaks;
	printf("\n%-46s %12llu\n", "requests served by the other domains",
	       (unsigned long long)served);
	printf("%-46s %12llu\n", "  of these while the attacks were under way",
	       (unsigned long long)(served_at_attack));
	printf("%-46s %12llu\n", "  with a reply that was not exact",
	       (unsigned long long)wrong);
	printf("%-46s %12llu\n", "deaths of attackers, all of them intended",
	       (unsigned long long)died);
	printf("%-46s %12llu\n", "deaths of other domains",
	       (unsigned long long)innocent);
	printf("%-46s %12llu\n", "replies that held the kernel's secret",
	       (unsigned long long)leaks);
	printf("%-46s %12llu\n", "interrupts that arrived inside domains",
	       (unsigned long long)info.irqs);
	if (wrong || innocent || leaks || !served_at_attack)
		failures++;
}

int main(int argc, char **argv)
{
	struct timespec a_moment = { .tv_nsec = 300000000 };
	u64 before, during;
	int fd;

	if (argc != 2)
		die("usage: show SCRIPT");
	fd = at_open();
	if (fd < 0)
		die("/dev/atmos-test: %s", strerror(-fd));
	start_servers();
	printf("%d echo domains serve requests of up to %d bytes on %d CPUs.\n\n",
	       nr_servers * SERVED, PAYLOAD, nr_servers);
	nanosleep(&a_moment, NULL);
	before = served;
	run_attacks(fd);
	run_incorrigible(fd);
	during = served - before;
	run_script(argv[1]);
	finish = true;
	for (int i = 0; i < nr_servers; i++)
		pthread_join(servers[i].thread, NULL);
	sums(during);
	return failures != 0;
}
