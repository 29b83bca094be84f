/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Random system calls on Atmos sockets: what the files share.
 *
 * Processes make calls at random, sensible ones and others, on a table of
 * sockets that the threads of a process share. Most are Atmos's, some native,
 * so that there are peers. Nothing that a call returns is wrong: the kernel has
 * to live, say nothing, and be as before when all is over.
 */
#ifndef _CALLS_H
#define _CALLS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define NR_FDS	 48
#define PORT	 20000 /* the first of few, so that calls meet */
#define NR_PORTS 6

extern int atmos_family;

/* One of n, by this thread's generator. */
uint32_t pick(uint32_t n);

/* True once in n times. */
static inline bool once_in(uint32_t n)
{
	return !pick(n);
}

/* A descriptor of the table; maybe none that is open. */
int any_fd(void);

/* Puts a descriptor into the table, in whose place another one is closed. */
void keep_fd(int fd);

/* An address, mostly one that leads to another socket; its length. */
socklen_t any_addr(struct sockaddr_storage *ss);

/* Bytes to send or to receive into, and how many; they may not be mapped. */
void *any_buffer(size_t *len);

typedef void (*op_fn)(void);

/* Picks one of each file's calls. */
void op_life(void);	/* ops.c: sockets come, connect and go */
void op_data(void);	/* ops_data.c: bytes, waiting for them */
void op_option(void);	/* ops_option.c */

#endif /* _CALLS_H */
