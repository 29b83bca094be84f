// SPDX-License-Identifier: GPL-2.0-only
/*
 * --ports: which port a socket is for shows at bind() or connect() only. Until
 * then it is native, so that one that is never turned has never been anything
 * else. What the program does to it meanwhile is recorded by file descriptor:
 * options and where epoll watches it. When a port in the ranges shows, an Atmos
 * socket gets all of that and takes the descriptor's place.
 *
 * A record belongs to a socket's inode, so what has become of the descriptor
 * since (closed, passed, inherited) does not matter. A socket whose record is
 * missing or not complete stays native.
 *
 * Two threads that use one undecided socket at once, or a signal handler, may
 * find its slot taken: then the record is given up.
 */
#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "preload.h"

/* Descriptors from this on have no record. */
#define SLOTS	 16384
#define LOG_SIZE 224

struct slot {
	ino_t inode; /* the socket whose record this is; 0: none */
	atomic_bool taken;
	atomic_bool spoilt; /* not all is in the record */
	uint16_t used;	    /* bytes of log[] */
	int epoll;	    /* what watches it, or -1 */
	struct epoll_event event;
	uint8_t log[LOG_SIZE]; /* struct option, value; and so on */
};

static_assert(sizeof(struct slot) <= 256, "4 MiB for all, touched when used");

struct option {
	uint16_t level, name, len;
};

/* SLOTS of them; NULL without --ports. */
static struct slot *slots;

/* late_init - gets memory for the records, before the program's main() */
void late_init(void)
{
	void *map;

	if (!config.late)
		return;
	map = mmap(NULL, SLOTS * sizeof(*slots), PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (map != MAP_FAILED)
		slots = map;
}

static struct slot *slot_of(int fd)
{
	return slots && fd >= 0 && fd < SLOTS ? &slots[fd] : NULL;
}

static bool slot_take(struct slot *slot)
{
	return !atomic_exchange_explicit(&slot->taken, true,
					 memory_order_acquire);
}

static void slot_give(struct slot *slot)
{
	atomic_store_explicit(&slot->taken, false, memory_order_release);
}

static bool slot_is_of(const struct slot *slot, int fd)
{
	int saved = errno;
	struct stat st;
	bool is;

	if (!slot->inode)
		return false;
	is = !fstat(fd, &st) && S_ISSOCK(st.st_mode) &&
	     st.st_ino == slot->inode;
	errno = saved;
	return is;
}

/* Takes the slot with the record of @fd's socket, or gives NULL. */
static struct slot *slot_find(int fd)
{
	struct slot *slot = slot_of(fd);

	if (!slot || !slot_is_of(slot, fd))
		return NULL;
	if (slot_take(slot))
		return slot;
	atomic_store(&slot->spoilt, true);
	return NULL;
}

/* late_socket - socket(): a native one, and an empty record */
int late_socket(int domain, int type, int protocol)
{
	int fd = real.socket(domain, type, protocol), saved = errno;
	struct slot *slot = slot_of(fd);
	struct stat st;

	if (slot && slot_take(slot)) {
		slot->inode = fstat(fd, &st) ? 0 : st.st_ino;
		slot->spoilt = false;
		slot->used = 0;
		slot->epoll = -1;
		slot_give(slot);
	}
	errno = saved;
	return fd;
}

/* Options whose value names something that may be gone when it is replayed. */
static bool is_replayable(int level, int name)
{
	if (level != SOL_SOCKET)
		return true;
	switch (name) {
	case SO_ATTACH_FILTER:
	case SO_ATTACH_BPF:
	case SO_ATTACH_REUSEPORT_CBPF:
	case SO_ATTACH_REUSEPORT_EBPF:
		return false;
	}
	return true;
}

static bool log_option(struct slot *slot, int level, int name,
		       const void *value, size_t len)
{
	struct option option = { .level = level, .name = name, .len = len };

	if (option.level != level || option.name != name ||
	    !is_replayable(level, name) ||
	    slot->used + sizeof(option) + len > LOG_SIZE)
		return false;
	memcpy(slot->log + slot->used, &option, sizeof(option));
	memcpy(slot->log + slot->used + sizeof(option), value, len);
	slot->used += sizeof(option) + len;
	return true;
}

/* late_option - the program has set an option of a socket, with success */
void late_option(int fd, int level, int name, const void *value, socklen_t len)
{
	struct slot *slot = slot_find(fd);

	if (!slot)
		return;
	if (!slot->spoilt && !log_option(slot, level, name, value, len))
		slot->spoilt = true;
	slot_give(slot);
}

/* late_epoll - the program has changed how epoll watches a socket */
void late_epoll(int epoll, int op, int fd, const struct epoll_event *event)
{
	struct slot *slot = slot_find(fd);

	if (!slot)
		return;
	if (op == EPOLL_CTL_DEL) {
		if (slot->epoll == epoll)
			slot->epoll = -1;
	} else if (op == EPOLL_CTL_ADD && slot->epoll >= 0) {
		/* A second one. */
		slot->spoilt = true;
	} else {
		slot->epoll = epoll;
		slot->event = *event;
	}
	slot_give(slot);
}

static bool replay_options(const struct slot *slot, int fd)
{
	struct option option;
	size_t at;

	for (at = 0; at < slot->used; at += sizeof(option) + option.len) {
		memcpy(&option, slot->log + at, sizeof(option));
		if (turn_setsockopt(fd, option.level, option.name,
				    slot->log + at + sizeof(option),
				    option.len))
			return false;
	}
	return true;
}

/* Whom it signals, and how. */
static bool copy_owner(int from, int to)
{
	struct f_owner_ex owner;
	int sig = fcntl(from, F_GETSIG);

	if (sig > 0 && fcntl(to, F_SETSIG, sig))
		return false;
	return fcntl(from, F_GETOWN_EX, &owner) || !owner.pid ||
	       !fcntl(to, F_SETOWN_EX, &owner);
}

/* errno says why, but for TURNED. */
enum outcome {
	UNCHANGED, /* still the native socket that it was */
	TURNED,
	BROKEN, /* an Atmos socket that the program cannot work with */
};

/*
 * Puts @new in the place of @fd. That O_ASYNC or epoll do not take the new one,
 * having had the old one, is unlikely (no memory), and comes too late to go
 * back.
 */
static enum outcome replace(struct slot *slot, int fd, int new, int flags)
{
	struct epoll_event event = slot->event;
	int cloexec = fcntl(fd, F_GETFD) & FD_CLOEXEC ? O_CLOEXEC : 0;
	int why;
	bool watched;

	/* Also tells whether the record is still true. */
	watched = slot->epoll >= 0 &&
		  !real.epoll_ctl(slot->epoll, EPOLL_CTL_DEL, fd, &event);
	if (dup3(new, fd, cloexec) < 0) {
		why = errno;
		if (watched)
			real.epoll_ctl(slot->epoll, EPOLL_CTL_ADD, fd, &event);
		errno = why;
		return UNCHANGED;
	}
	slot->inode = 0;
	/* Not earlier: the number of the descriptor goes with the signals. */
	if (flags & O_ASYNC && fcntl(fd, F_SETFL, flags))
		return BROKEN;
	if (watched && real.epoll_ctl(slot->epoll, EPOLL_CTL_ADD, fd, &event))
		return BROKEN;
	return TURNED;
}

/* The socket that is to be turned. */
struct candidate {
	int kind, domain, type, protocol;
};

/* Is it a native socket that --only admits and that has no port yet? */
static bool is_candidate(int fd, struct candidate *it)
{
	socklen_t len = sizeof(int), addr_len = sizeof(struct sockaddr_in6);
	struct sockaddr_in6 addr;

	if (real.getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &it->domain, &len) ||
	    real.getsockopt(fd, SOL_SOCKET, SO_TYPE, &it->type, &len) ||
	    real.getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &it->protocol, &len))
		return false;
	it->kind = turn_kind(it->domain, it->type, it->protocol);
	return it->kind >= 0 &&
	       !getsockname(fd, (struct sockaddr *)&addr, &addr_len) &&
	       !addr.sin6_port;
}

static enum outcome turn(struct slot *slot, int fd, const struct candidate *it)
{
	enum outcome outcome = UNCHANGED;
	int flags = fcntl(fd, F_GETFL), type = it->type | SOCK_CLOEXEC, new;

	if (flags & O_NONBLOCK)
		type |= SOCK_NONBLOCK;
	new = turn_make(it->domain, type, it->protocol);
	if (new < 0)
		return UNCHANGED;
	if (replay_options(slot, new) && copy_owner(fd, new))
		outcome = replace(slot, fd, new, flags);
	quiet_close(new);
	return outcome;
}

/* The port of an IP address is at the same place in both versions. */
static bool is_wanted(const struct sockaddr *addr, socklen_t len)
{
	static_assert(offsetof(struct sockaddr_in, sin_port) ==
			      offsetof(struct sockaddr_in6, sin6_port),
		      "sin_port");
	struct sockaddr_in in;

	if (!addr || len < sizeof(in))
		return false;
	memcpy(&in, addr, sizeof(in));
	return (in.sin_family == AF_INET || in.sin_family == AF_INET6) &&
	       config_port(ntohs(in.sin_port));
}

/*
 * late_decide - the program is about to bind or connect a socket; turns it if it
 * is one to turn. Returns 0 if the call may go on, or -1 and errno.
 */
int late_decide(int fd, const struct sockaddr *addr, socklen_t len)
{
	const char *why = "its options are not known";
	enum outcome outcome = UNCHANGED;
	int reason = EOPNOTSUPP, saved = errno;
	struct candidate it;
	struct slot *slot;

	if (!is_wanted(addr, len) || !is_candidate(fd, &it)) {
		errno = saved;
		return 0;
	}
	slot = slot_find(fd);
	if (slot && !slot->spoilt) {
		outcome = turn(slot, fd, &it);
		reason = errno;
		why = strerrorname_np(reason);
	}
	if (slot)
		slot_give(slot);
	if (outcome == TURNED) {
		turn_count(it.kind, fd);
	} else if (outcome == UNCHANGED && !config.strict) {
		turn_fall_back(it.kind, why);
	} else {
		say_trouble("a socket is refused", why);
		errno = reason;
		return -1;
	}
	errno = saved;
	return 0;
}
