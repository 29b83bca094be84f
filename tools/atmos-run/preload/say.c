// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages of the preloaded library, to standard error. A program may have
 * closed that and got its number for a connection or a file of data, so it is
 * written to only while it is what it was when the program began; and never so
 * that the program would wait, or get SIGPIPE.
 */
#include <poll.h>
#include <string.h>
#include <sys/stat.h>

#include "preload.h"

/* Standard error at the program's beginning, if it had one. */
static bool known;
static dev_t device;
static ino_t inode;

struct text {
	char bytes[256];
	size_t used;
};

static void add(struct text *text, const char *more)
{
	size_t len = strnlen(more, sizeof(text->bytes) - text->used);

	memcpy(text->bytes + text->used, more, len);
	text->used += len;
}

static void add_number(struct text *text, unsigned int number)
{
	char digits[12], *at = digits + sizeof(digits);

	*--at = 0;
	do {
		*--at = '0' + number % 10;
		number /= 10;
	} while (number);
	add(text, at);
}

static void begin(struct text *text)
{
	text->used = 0;
	add(text, "atmos-run: ");
	add(text, program_invocation_short_name);
	add(text, "[");
	add_number(text, getpid());
	add(text, "]: ");
}

/* Raw system calls: write() and poll() are points of cancellation. */
static void end(struct text *text)
{
	struct pollfd poll = { .fd = 2, .events = POLLOUT };
	struct timespec now = {};
	struct stat st;

	if (text->used == sizeof(text->bytes))
		text->used--;
	text->bytes[text->used++] = '\n';
	if (!known || fstat(2, &st) || st.st_dev != device ||
	    st.st_ino != inode)
		return;
	if (syscall(SYS_ppoll, &poll, 1, &now, NULL, 0) == 1 &&
	    poll.revents == POLLOUT)
		syscall(SYS_write, 2, text->bytes, text->used);
}

/* say_init - remembers what standard error is, before the program's main() */
void say_init(void)
{
	struct stat st;

	known = !fstat(2, &st);
	if (!known)
		return;
	device = st.st_dev;
	inode = st.st_ino;
}

/* say_turned - for --verbose */
void say_turned(int kind, int fd)
{
	static const char *const names[RUN_KINDS] = {
		[RUN_TCP] = "TCP over IPv4",
		[RUN_TCP6] = "TCP over IPv6",
		[RUN_UDP] = "UDP over IPv4",
		[RUN_UDP6] = "UDP over IPv6",
	};
	int saved = errno;
	struct text text;

	begin(&text);
	add(&text, "socket ");
	add_number(&text, fd);
	add(&text, " is on Atmos (");
	add(&text, names[kind]);
	add(&text, ")");
	end(&text);
	errno = saved;
}

/*
 * say_trouble - a warning: what, and why; leaves errno alone. Only the first in
 * a process is written, unless --verbose asks for all.
 */
void say_trouble(const char *what, const char *why)
{
	static atomic_bool warned;
	int saved = errno;
	struct text text;

	if (atomic_exchange(&warned, true) && !config.verbose)
		return;
	begin(&text);
	add(&text, "warning: ");
	add(&text, what);
	add(&text, ": ");
	add(&text, why ? why : "unknown error");
	end(&text);
	errno = saved;
}
