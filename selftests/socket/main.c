// SPDX-License-Identifier: GPL-2.0-only
/*
 * cases [--native] [--repeat N] [--show] [--list] [PATTERN...]
 *
 * Runs each case natively and on Atmos, side by side, and compares what they
 * recorded. Patterns are as a shell's, for the names that --list shows; without
 * any, ATMOS_TEST_SCALE=N runs each Nth case only.
 *
 *	--native   both sides on the native stack, in a network namespace of its
 *		   own: what differs then is the case's fault
 *	--repeat   so many times each
 *	--show     what was recorded also where both sides agree
 */
#include <fnmatch.h>
#include <getopt.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <linux/atmos_socket.h>

#include "cases.h"
#include "differs.h"

#define MS_CASE	 60000 /* a run may take so long */
#define WIDTH	 64    /* of a column */
#define NAME_MAX 96

static int atmos_domain;
static bool native_only, show;

/* ---- what cases change for the whole namespace ---- */

static const char port_range[] = "/proc/sys/net/ipv4/ip_local_port_range";
static char port_range_text[64];

static void save_settings(void)
{
	int fd = open(port_range, O_RDONLY);

	if (fd < 0 || read(fd, port_range_text, sizeof(port_range_text) - 1) <= 0)
		port_range_text[0] = 0;
	close(fd);
}

static void restore_settings(void)
{
	int fd = open(port_range, O_WRONLY);

	if (fd >= 0 && write(fd, port_range_text, strlen(port_range_text)) < 0)
		perror(port_range);
	close(fd);
}

/* ---- one run ---- */

static void be_the_run(const struct test_case *c, int af, bool atmos, bool both)
{
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	run.af = af;
	run.domain = atmos ? atmos_domain : af;
	run.peer_domain = both ? run.domain : af;
	count_signal(SIGPIPE, 0);
	c->run();
	_exit(0);
}

static void run_case(const struct test_case *c, int af, bool atmos, bool both, struct trace *t)
{
	struct pollfd end = { .events = POLLIN };
	int status;
	pid_t pid;

	memset(t, 0, sizeof(*t));
	trace = t;
	fflush(stdout);
	pid = fork();
	if (!pid)
		be_the_run(c, af, atmos, both);
	if (pid < 0) {
		perror("fork");
		exit(1);
	}
	setpgid(pid, pid);
	end.fd = syscall(SYS_pidfd_open, pid, 0);
	if (poll(&end, 1, MS_CASE) != 1)
		record_late("the end of the run");
	close(end.fd);
	/* With what it has left behind. */
	kill(-pid, SIGKILL);
	waitpid(pid, &status, 0);
	if (WIFSIGNALED(status) && !t->late)
		record("killed by %s", signal_name(WTERMSIG(status)));
	else if (WIFEXITED(status) && WEXITSTATUS(status))
		record("exit status %d", WEXITSTATUS(status));
	restore_settings();
}

/* ---- comparing ---- */

/* Takes the next line; NULL at the end. */
static char *next_line(char **text)
{
	char *line = *text, *end;

	if (!line || !*line)
		return NULL;
	end = strchr(line, '\n');
	*end = 0;
	*text = end + 1;
	return line;
}

/* Cuts the texts into lines. */
static void show_traces(struct trace *a, struct trace *b)
{
	char *left = a->text, *right = b->text, *l, *r;

	printf("#   %-*s   %s\n", WIDTH, "native", native_only ? "native" : "Atmos");
	while ((l = next_line(&left)), (r = next_line(&right)), l || r) {
		bool same = l && r && !strcmp(l, r);

		if (same && strlen(l) > WIDTH)
			printf("#   %s\n", l);
		else if ((l ? strlen(l) : 0) > WIDTH)
			printf("# ! %s\n#   %-*s ! %s\n", l, WIDTH, "", r ? r : "");
		else
			printf("# %c %-*s %c %s\n", same ? ' ' : '!', WIDTH, l ? l : "",
			       same ? ' ' : '!', r ? r : "");
	}
}

static const char *known_difference(const char *name)
{
	for (size_t i = 0; i < sizeof(differs) / sizeof(differs[0]); i++)
		if (differs[i].name && !fnmatch(differs[i].name, name, 0))
			return differs[i].reason;
	return NULL;
}

static struct trace *new_trace(void)
{
	struct trace *t = mmap(NULL, sizeof(*t), PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (t == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	return t;
}

/* Return: did it fail? */
static bool compare(struct trace *native, struct trace *atmos, const char *name, int number)
{
	bool same = !strcmp(native->text, atmos->text);
	const char *why = NULL;

	if (native->late)
		why = "the native side did not end as the case wants";
	else if (!native->used)
		why = "nothing was recorded";
	else if (!same)
		why = "the sides differ";
	if (why || show)
		show_traces(native, atmos);
	if (!why) {
		printf("ok %d %s\n", number, name);
		return false;
	}
	printf("# %s\n", why);
	if (!native->late && native->used && known_difference(name)) {
		printf("ok %d %s # SKIP differs: %s\n", number, name, known_difference(name));
		return false;
	}
	printf("not ok %d %s\n", number, name);
	return true;
}

/* ---- which ---- */

static const struct variant {
	unsigned int needs;
	int af;
	bool both;
	const char *suffix;
} variants[] = {
	{ V4, AF_INET, false, "v4" },
	{ V4 | PEER, AF_INET, true, "v4.ends" },
	{ V6, AF_INET6, false, "v6" },
	{ V6 | PEER, AF_INET6, true, "v6.ends" },
};

static bool chosen(const char *name, char **patterns)
{
	if (!*patterns)
		return true;
	for (; *patterns; patterns++)
		if (!fnmatch(*patterns, name, 0))
			return true;
	return false;
}

/* Each how manieth case is run. */
static int stride = 1;

static void read_stride(char **patterns)
{
	const char *text = getenv("ATMOS_TEST_SCALE");

	if (!*patterns && text && atoi(text) > 1)
		stride = atoi(text);
}

/* Calls @visit for each chosen one. Return: how many */
static int for_each(char **patterns, void (*visit)(const struct test_case *c,
						   const struct variant *v, const char *name))
{
	char name[NAME_MAX];
	int count = 0;

	for (int k = 0; k < __stop_cases - __start_cases; k += stride) {
		const struct test_case *c = &__start_cases[k];

		for (size_t i = 0; i < sizeof(variants) / sizeof(variants[0]); i++) {
			const struct variant *v = &variants[i];

			if ((c->how & v->needs) != v->needs)
				continue;
			snprintf(name, sizeof(name), "%s.%s", c->name, v->suffix);
			if (!chosen(name, patterns))
				continue;
			count++;
			if (visit)
				visit(c, v, name);
		}
	}
	return count;
}

static void list(const struct test_case *c, const struct variant *v, const char *name)
{
	puts(name);
}

static int number, failed;

static void test(const struct test_case *c, const struct variant *v, const char *name)
{
	static struct trace *native, *atmos, *shown;
	static const struct test_case *last;
	static int last_af;

	if (!native) {
		native = new_trace();
		atmos = new_trace();
		shown = new_trace();
	}
	/* What is native is the same with either peer: run once. */
	if (native_only || last != c || last_af != v->af)
		run_case(c, v->af, false, false, native);
	last = c;
	last_af = v->af;
	run_case(c, v->af, !native_only, v->both, atmos);
	*shown = *native;
	failed += compare(shown, atmos, name, ++number);
}

/* ---- the world ---- */

static int read_family(void)
{
	FILE *file = fopen("/sys/module/atmos/parameters/family", "r");
	int family = -1;

	if (!file || fscanf(file, "%d", &family) != 1)
		family = -1;
	if (file)
		fclose(file);
	return family;
}

/* The module is not in the game: nobody else shall be, either. */
static bool enter_own_network(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd;

	if (unshare(CLONE_NEWNET)) {
		perror("unshare");
		return false;
	}
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &lo)) {
		perror("lo");
		return false;
	}
	close(fd);
	return true;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "native", no_argument, NULL, 'n' }, { "repeat", required_argument, NULL, 'r' },
		{ "show", no_argument, NULL, 's' },   { "list", no_argument, NULL, 'l' },
		{},
	};
	int repeat = 1, count, option;
	bool only_list = false;

	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (option) {
		case 'n':
			native_only = true;
			break;
		case 'r':
			repeat = atoi(optarg);
			break;
		case 's':
			show = true;
			break;
		case 'l':
			only_list = true;
			break;
		default:
			fprintf(stderr, "usage: %s %s\n", argv[0],
				"[--native] [--repeat N] [--show] [--list] [PATTERN...]");
			return 2;
		}
	}
	argv += optind;
	read_stride(argv);
	if (only_list)
		return !for_each(argv, list);

	if (native_only) {
		if (!enter_own_network())
			return 1;
	} else {
		atmos_domain = read_family();
		if (atmos_domain < 0) {
			fprintf(stderr, "the module is not loaded, or has no address family\n");
			return 1;
		}
	}
	save_settings();
	count = for_each(argv, NULL);
	setlinebuf(stdout);
	printf("TAP version 13\n1..%d\n", count * repeat);
	for (int round = 0; round < repeat; round++)
		for_each(argv, test);
	printf("# %d of %d failed\n", failed, count * repeat);
	return failed || !count;
}
