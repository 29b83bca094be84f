/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * Sockets of the Atmos family, as programs see them.
 *
 * socket(AF_ATMOS, SOCK_STREAM | SOCK_DGRAM, 0 | IPPROTO_TCP | IPPROTO_UDP)
 *
 * AF_ATMOS is the number in /sys/module/atmos/parameters/family: stock kernels
 * have none to spare, so the module borrows one that was never implemented.
 * All addresses are ordinary struct sockaddr_in and struct sockaddr_in6, with
 * AF_INET and AF_INET6 in them.
 */
#ifndef _UAPI_LINUX_ATMOS_SOCKET_H
#define _UAPI_LINUX_ATMOS_SOCKET_H

/* What the module's parameter "family" is unless told otherwise: AF_ASH. */
#define ATMOS_FAMILY_DEFAULT	18

/* The level of the options below ("ATM"), for getsockopt() and setsockopt(). */
#define SOL_ATMOS		0x41544d

/*
 * The options of SOL_SOCKET once more, for setsockopt() only. Kernels before
 * 6.7 do not ask the module about those of SOL_SOCKET: there SO_REUSEPORT is
 * refused, and options that Atmos does not honour are not. At this level all
 * kernels are alike.
 */
#define SOL_ATMOS_SOCKET	0x41544e

/*
 * int, get and set: which of the two families the socket stands in for.
 *
 * AF_INET: addresses are struct sockaddr_in, and no others are taken.
 * AF_INET6: addresses are struct sockaddr_in6; unless IPV6_V6ONLY is set, IPv4
 * peers are ::ffff:a.b.c.d.
 * 0 (get only): not decided; the address of the first bind(), connect() or
 * sendto() decides.
 *
 * Setting: EINVAL for another value or size, EALREADY for another family than
 * the one that is decided.  Accepted connections have their listener's.
 * SO_DOMAIN (of SOL_SOCKET) is AF_ATMOS's number in any case.
 */
#define ATMOS_SO_FAMILY		1

/*
 * __u64, get only: the id of the protection domain that runs the socket's
 * network stack, as in "atmosctl domain list"; 0 while it has none.
 */
#define ATMOS_SO_DOMAIN_ID	2

/*
 * int, get and set: what becomes of the socket when its network stack crashes.
 *
 * ATMOS_CRASH_RESUME: it goes on from the stack's last good state, and nobody
 * notices. The default.
 * ATMOS_CRASH_REPORT: a connection ends: the peer gets a RST, the program the
 * error ENOTRECOVERABLE. A UDP socket goes on, but the error is told once. A
 * listener always goes on: its connections inherit the option.
 */
#define ATMOS_SO_CRASH		3
#define ATMOS_CRASH_RESUME	0
#define ATMOS_CRASH_REPORT	1

#endif /* _UAPI_LINUX_ATMOS_SOCKET_H */
