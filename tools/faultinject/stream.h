/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One end of a connection whose every byte is known from its position.
 */
#ifndef _FAULTINJECT_STREAM_H
#define _FAULTINJECT_STREAM_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

typedef uint8_t u8;
typedef uint32_t u32;
typedef uint64_t u64;

/* How an end of a stream ended; worse ones come later. */
enum outcome {
	EXACT,	 /* all bytes, then the end, nothing else */
	ERROR,	 /* the kernel said so */
	STALLED, /* nothing moved for very long, and no error */
	CORRUPT, /* another byte, too many, or the end too early */
};

/**
 * struct stream - one end
 * @fd: connected socket, nonblocking
 * @key_out: what the bytes sent are made from
 * @key_in: the same of bytes received
 * @out: position of the next byte to be sent
 * @in: of the next one to be received
 * @progress_ns: when a byte was received last
 * @gap_ns: longest time between two receptions
 * @outcome: EXACT as long as nothing is wrong
 * @err: errno of ERROR
 * @at: position of what was wrong
 */
struct stream {
	int fd;
	u64 key_out;
	u64 key_in;
	u64 out;
	u64 in;
	u64 progress_ns;
	u64 gap_ns;
	enum outcome outcome;
	int err;
	u64 at;
};

/* What is taken for a stall, milliseconds. */
#define STALL_MS 12000

u64 mix64(u64 x);
u64 now_ns(void);

/* AF_ATMOS's number. Return: it, or -1 when the module is not loaded. */
int atmos_family(void);

/*
 * A socket that listens on the loopback address of AF_INET or AF_INET6; @domain
 * is the socket's family. The port is stored in @addr. Return: it or -1, errno.
 */
int stream_listen(int domain, int family, struct sockaddr_storage *addr);

/* Return: a connected socket, or -1 with errno. */
int stream_connect(int domain, const struct sockaddr_storage *addr);

/* Return: an accepted socket, or -1 with errno; ETIMEDOUT after STALL_MS. */
int stream_accept(int listener);

/* Options that let dead connections end; nonblocking. */
void stream_setup(struct stream *s, int fd, u64 key_out, u64 key_in);

/*
 * Sends and receives so many bytes, both at once. Return: all is well. If not,
 * the connection is reset, and nothing more may be done with it.
 */
bool stream_move(struct stream *s, u64 send, u64 receive);

/* No more from here; then nothing but the end may come. Closes the socket. */
bool stream_end(struct stream *s);

/* Closes at once, with a reset, unless that was done. */
void stream_abort(struct stream *s);

#endif /* _FAULTINJECT_STREAM_H */
