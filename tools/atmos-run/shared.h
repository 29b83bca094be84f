/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the launcher and the preloaded library share: the environment by which
 * the one tells the other what to do, and the counters of --stats.
 */
#ifndef ATMOS_RUN_SHARED_H
#define ATMOS_RUN_SHARED_H

#include <assert.h>
#include <stdatomic.h>
#include <stdint.h>

#include "../../uapi/linux/atmos_socket.h"

/* The number of the address family. Without it the library does nothing. */
#define RUN_ENV_FAMILY "ATMOS_RUN_FAMILY"
/* "tcp" or "udp": turn no others. */
#define RUN_ENV_ONLY "ATMOS_RUN_ONLY"
/* "80,8000-8100": turn sockets that bind or connect to these ports only. */
#define RUN_ENV_PORTS "ATMOS_RUN_PORTS"
/* Set: fail where the library would fall back. */
#define RUN_ENV_STRICT "ATMOS_RUN_STRICT"
/* Set: a crash of a socket's stack is reported to the program (ATMOS_SO_CRASH). */
#define RUN_ENV_CRASH "ATMOS_RUN_CRASH"
/* Set: tell about each socket. */
#define RUN_ENV_VERBOSE "ATMOS_RUN_VERBOSE"
/*
 * "PID:FD:DEVICE:INODE": where the counters are: in the file FD that is
 * inherited, or, if the program has closed it, in /proc/PID/fd/FD. Device and
 * inode say whether it is still that file.
 */
#define RUN_ENV_STATS "ATMOS_RUN_STATS"

enum run_kind { RUN_TCP, RUN_TCP6, RUN_UDP, RUN_UDP6, RUN_KINDS };

/* Written by all processes of the program at once, read at its end. */
struct run_stats {
	_Atomic uint64_t turned[RUN_KINDS];
	_Atomic uint64_t fell_back[RUN_KINDS];
};

static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "counters need no lock");

#endif /* ATMOS_RUN_SHARED_H */
