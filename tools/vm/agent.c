// SPDX-License-Identifier: GPL-2.0-only
/*
 * agent: first process of a guest, after the initramfs has made its root.
 *
 * It runs one command and tells the runner on the host how it went, through
 * three virtio ports: the command's output and errors, byte by byte, and the
 * outcome.  The ports carry nothing else, and kernel messages go elsewhere
 * (the console), so the host gets exactly what the command wrote.
 *
 * An output ends with a mark that the runner chose: bytes still under way are
 * then known to have arrived before the guest is ended.  The command writes
 * to pipes, not to the ports, as a port can be open only once.
 *
 * Files in the directory given as the argument: argv and environ (strings
 * that end in a zero byte), cwd, mark.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OUT, ERR, STATUS, N_PORTS };

struct stream {
	int pipe; /* what the command wrote */
	int port; /* to the host */
};

static void die(const char *what)
{
	/* Standard error is the console here. */
	fprintf(stderr, "atmos-agent: %s: %s\n", what, strerror(errno));
	sync();
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}

/* The whole file, with a zero byte after it; its length without in *len. */
static char *slurp(const char *dir, const char *name, size_t *len)
{
	size_t size = 4096, n = 0;
	char path[256];
	ssize_t got;
	char *data;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		die(path);
	data = malloc(size);
	for (;;) {
		if (!data)
			die("memory");
		got = read(fd, data + n, size - n - 1);
		if (got < 0)
			die(path);
		if (!got)
			break;
		n += got;
		if (n + 1 == size) {
			size *= 2;
			data = realloc(data, size);
		}
	}
	close(fd);
	data[n] = '\0';
	if (len)
		*len = n;
	return data;
}

/* A vector of the strings in data, as execve() wants it. */
static char **vector(char *data, size_t len)
{
	size_t i, n = 0;
	char **v;

	for (i = 0; i < len; i++)
		n += !data[i];
	v = calloc(n + 1, sizeof(*v));
	if (!v)
		die("memory");
	for (i = 0, n = 0; i < len; i += strlen(data + i) + 1)
		v[n++] = data + i;
	return v;
}

static int open_port(int number)
{
	char pattern[32];
	int tries, fd;
	glob_t found;

	/* The first number counts all virtio devices, whatever they are. */
	snprintf(pattern, sizeof(pattern), "/dev/vport*p%d", number);
	/* The driver announces its ports from a work item. */
	for (tries = 0; tries < 1000; tries++) {
		if (!glob(pattern, 0, NULL, &found)) {
			fd = open(found.gl_pathv[0], O_WRONLY | O_CLOEXEC);
			globfree(&found);
			if (fd >= 0)
				return fd;
		}
		usleep(5000);
	}
	die(pattern);
	return -1;
}

static void put(int fd, const char *data, size_t len)
{
	ssize_t n;

	while (len) {
		n = write(fd, data, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			die("port");
		data += n;
		len -= n;
	}
}

/* Moves what there is; false when there is nothing more for now. */
static int pump(struct stream *s)
{
	static char buf[32768];
	ssize_t n;

	if (s->pipe < 0)
		return 0;
	n = read(s->pipe, buf, sizeof(buf));
	if (n > 0) {
		put(s->port, buf, n);
		return 1;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	close(s->pipe);
	s->pipe = -1;
	return 0;
}

static void on_child(int sig)
{
	(void)sig; /* interrupts ppoll() */
}

static pid_t start(const char *dir, int out, int err)
{
	size_t len;
	char *data, *cwd, **argv, **envp;
	sigset_t none;
	int null;
	pid_t pid;

	data = slurp(dir, "argv", &len);
	argv = vector(data, len);
	data = slurp(dir, "environ", &len);
	envp = vector(data, len);
	cwd = slurp(dir, "cwd", NULL);
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid)
		return pid;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	null = open("/dev/null", O_RDONLY);
	dup2(null, 0);
	dup2(out, 1);
	dup2(err, 2);
	if (null > 2)
		close(null);
	if (chdir(cwd)) {
		fprintf(stderr, "vm: %s: %s\n", cwd, strerror(errno));
		_exit(126);
	}
	environ = envp;
	execvp(argv[0], argv);
	fprintf(stderr, "vm: %s: %s\n", argv[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = on_child };
	struct stream s[2];
	struct pollfd fds[2];
	sigset_t chld, before;
	int ports[N_PORTS], out[2], err[2];
	int i, status = 0, done = 0;
	char line[64], *mark;
	size_t mark_len;
	pid_t pid, got;

	if (argc != 2)
		return 2;
	for (i = 0; i < N_PORTS; i++)
		ports[i] = open_port(i + 1);
	mark = slurp(argv[1], "mark", &mark_len);
	if (pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC))
		die("pipe");
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	fcntl(err[0], F_SETFL, O_NONBLOCK);

	/* SIGCHLD only while we wait, so that none is missed. */
	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, &before);
	sigaction(SIGCHLD, &sa, NULL);

	put(ports[STATUS], "start\n", 6);
	pid = start(argv[1], out[1], err[1]);
	close(out[1]);
	close(err[1]);
	s[OUT] = (struct stream){ .pipe = out[0], .port = ports[OUT] };
	s[ERR] = (struct stream){ .pipe = err[0], .port = ports[ERR] };

	while (!done) {
		for (i = 0; i < 2; i++) {
			fds[i].fd = s[i].pipe;
			fds[i].events = POLLIN;
		}
		ppoll(fds, 2, NULL, &before);
		/* As the first process we inherit every orphan. */
		while ((got = waitpid(-1, &i, WNOHANG)) > 0) {
			if (got == pid) {
				status = i;
				done = 1;
			}
		}
		pump(&s[OUT]);
		pump(&s[ERR]);
	}
	/* A process left behind may hold a pipe open: no waiting for its end. */
	for (i = 0; i < 2; i++) {
		while (pump(&s[i]))
			;
	}
	sync();
	for (i = 0; i < 2; i++)
		put(ports[i], mark, mark_len);
	if (WIFSIGNALED(status))
		snprintf(line, sizeof(line), "signal %d\n", WTERMSIG(status));
	else
		snprintf(line, sizeof(line), "exit %d\n", WEXITSTATUS(status));
	put(ports[STATUS], line, strlen(line));
	/* The host ends the guest. */
	for (;;)
		pause();
}
