// SPDX-License-Identifier: GPL-2.0-only
/*
 * flood FROM TO PORT [COUNT]
 *
 * SYNs to TO:PORT from addresses of the /16 net FROM, by a raw socket, each with
 * another address, port and sequence number; COUNT of them, or until it is ended.
 * At each 10,000, and at the end, also by SIGTERM, a line: how many were sent.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <error.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct syn {
	struct iphdr ip;
	struct tcphdr tcp;
	u_int8_t mss[4];
} __attribute__((packed));

/* For the checksum of TCP. */
struct pseudo {
	u_int32_t saddr, daddr;
	u_int8_t zero, protocol;
	u_int16_t len;
	struct tcphdr tcp;
	u_int8_t mss[4];
} __attribute__((packed));

static atomic_bool ended;

static void on_signal(int number)
{
	ended = 1;
}

static void tell(u_int64_t sent)
{
	printf("%llu\n", (unsigned long long)sent);
	fflush(stdout);
}

static u_int16_t checksum(const void *data, size_t len)
{
	const u_int8_t *at = data;
	u_int32_t sum = 0;

	for (size_t i = 0; i < len; i += 2)
		sum += at[i] << 8 | at[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons(~sum);
}

static void make(struct syn *syn, u_int32_t from, u_int32_t to, u_int16_t port,
		 u_int64_t number)
{
	struct pseudo pseudo = {};

	memset(syn, 0, sizeof(*syn));
	syn->ip = (struct iphdr){ .version = 4,
				  .ihl = 5,
				  .ttl = 64,
				  .protocol = IPPROTO_TCP,
				  .tot_len = htons(sizeof(*syn)) };
	syn->ip.saddr =
		htonl((ntohl(from) & 0xffff0000) | ((number % 65000) + 1));
	syn->ip.daddr = to;
	syn->tcp.source = htons(1024 + number * 7919 % 60000);
	syn->tcp.dest = htons(port);
	syn->tcp.seq = htonl(number * 2654435761u);
	syn->tcp.doff = (sizeof(syn->tcp) + sizeof(syn->mss)) / 4;
	syn->tcp.syn = 1;
	syn->tcp.window = htons(64240);
	memcpy(syn->mss, "\x02\x04\x05\xb4", 4);

	pseudo.saddr = syn->ip.saddr;
	pseudo.daddr = to;
	pseudo.protocol = IPPROTO_TCP;
	pseudo.len = htons(sizeof(syn->tcp) + sizeof(syn->mss));
	pseudo.tcp = syn->tcp;
	memcpy(pseudo.mss, syn->mss, sizeof(pseudo.mss));
	syn->tcp.check = checksum(&pseudo, sizeof(pseudo));
}

int main(int argc, char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	struct sigaction action = { .sa_handler = on_signal };
	u_int64_t count = ~0ull, sent = 0, number = 0;
	struct in_addr from;
	struct syn syn;
	int fd;

	if (argc < 4 || inet_pton(AF_INET, argv[1], &from) != 1 ||
	    inet_pton(AF_INET, argv[2], &to.sin_addr) != 1)
		error(2, 0, "usage: flood FROM TO PORT [COUNT]");
	if (argc > 4)
		count = strtoull(argv[4], NULL, 10);
	fd = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
	if (fd < 0 || sigaction(SIGTERM, &action, NULL))
		error(1, errno, "socket");
	while (!ended && sent < count) {
		make(&syn, from.s_addr, to.sin_addr.s_addr, atoi(argv[3]),
		     number++);
		if (sendto(fd, &syn, sizeof(syn), 0, (struct sockaddr *)&to,
			   sizeof(to)) > 0)
			sent++;
		else if (errno != ENOBUFS && errno != EINTR)
			error(1, errno, "sendto");
		if (number % 10000 == 0)
			tell(sent);
	}
	tell(sent);
	return 0;
}
