// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is in a frame, 7.1.6.2, and whether its checksums are right, 7.1.11.
 * Everything is checked against the frame's length: it comes from outside.
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "i82599.h"

#define EXTENSIONS_MAX 8

enum {
	NEXT_HOP = 0,
	NEXT_TCP = 6,
	NEXT_UDP = 17,
	NEXT_ROUTING = 43,
	NEXT_FRAGMENT = 44,
	NEXT_OPTIONS = 60,
	NEXT_SCTP = 132,
};

/* The Internet checksum's sum over bytes in network order, not folded. */
uint32_t i82599_sum(const uint8_t *data, size_t length, uint32_t sum)
{
	uint64_t wide = 0;

	while (length >= 8) {
		wide += (uint64_t)(uint32_t)ldl_be_p(data) +
			(uint32_t)ldl_be_p(data + 4);
		data += 8;
		length -= 8;
	}
	while (length >= 2) {
		wide += lduw_be_p(data);
		data += 2;
		length -= 2;
	}
	if (length)
		wide += *data << 8;
	wide = (wide & 0xffffffff) + (wide >> 32);
	wide = (wide & 0xffff) + (wide >> 16);
	wide = (wide & 0xffff) + (wide >> 16);
	return sum + (uint32_t)wide;
}

/* The checksum of a sum, in the order of the host. */
uint16_t i82599_fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

static void parse_l4(const uint8_t *data, size_t length, I82599Packet *p)
{
	size_t left = length - p->l4, header = 0;

	p->payload = p->l4;
	if (p->fragment)
		return;
	switch (p->protocol) {
	case NEXT_TCP:
		if (left >= 20)
			header = (data[p->l4 + 12] >> 4) * 4;
		if (header < 20 || header > left)
			header = 0;
		break;
	case NEXT_UDP:
		header = left >= 8 ? 8 : 0;
		break;
	case NEXT_SCTP:
		header = left >= 12 ? 12 : 0;
		break;
	}
	if (header)
		p->payload += header;
	else
		p->protocol = 255; /* cut off: nothing we know */
}

static void parse_ipv4(const uint8_t *data, size_t length, I82599Packet *p)
{
	const uint8_t *ip = data + p->l3;
	size_t left = length - p->l3, header, total;

	if (left < 20 || ip[0] >> 4 != 4)
		return;
	header = (ip[0] & 15) * 4;
	total = lduw_be_p(ip + 2);
	if (header < 20 || total < header || total > left)
		return;
	p->ipv4 = true;
	p->extended = header > 20;
	p->fragment = lduw_be_p(ip + 6) & 0x3fff;
	p->protocol = ip[9];
	p->l4 = p->l3 + header;
	p->l4_length = total - header;
	parse_l4(data, p->l4 + p->l4_length, p);
}

static void parse_ipv6(const uint8_t *data, size_t length, I82599Packet *p)
{
	const uint8_t *ip = data + p->l3;
	size_t left = length - p->l3, at = 40, end, size;
	unsigned int i;
	uint8_t next;

	if (left < 40 || ip[0] >> 4 != 6)
		return;
	end = 40 + lduw_be_p(ip + 4);
	if (end > left)
		return;
	p->ipv6 = true;
	next = ip[6];
	for (i = 0; i < EXTENSIONS_MAX && at + 8 <= end; i++) {
		if (next == NEXT_FRAGMENT) {
			p->fragment = true;
			size = 8;
		} else if (next == NEXT_HOP || next == NEXT_ROUTING ||
			   next == NEXT_OPTIONS) {
			size = (ip[at + 1] + 1) * 8;
		} else {
			break;
		}
		if (at + size > end)
			break;
		p->extended = true;
		next = ip[at];
		at += size;
	}
	p->protocol = next;
	p->l4 = p->l3 + at;
	p->l4_length = end - at;
	parse_l4(data, p->l4 + p->l4_length, p);
}

/* The frame has 14 bytes at least. */
void i82599_parse(const uint8_t *data, size_t length, uint16_t vet,
		  I82599Packet *p)
{
	memset(p, 0, sizeof(*p));
	p->ethertype = lduw_be_p(data + 12);
	p->l3 = 14;
	if (p->ethertype == vet && length >= 18) {
		p->tagged = true;
		p->tci = lduw_be_p(data + 14);
		p->ethertype = lduw_be_p(data + 16);
		p->l3 = 18;
	}
	p->payload = p->l3;
	p->protocol = 255;
	if (p->ethertype == 0x0800)
		parse_ipv4(data, length, p);
	else if (p->ethertype == 0x86dd)
		parse_ipv6(data, length, p);
}

/* The descriptor's status and error bits about checksums. */
uint32_t i82599_check_sums(I82599State *s, const uint8_t *data, size_t length,
			   const I82599Packet *p)
{
	uint32_t status = 0, sum;

	if (p->ipv4) {
		status |= RXD_IPCS;
		if (i82599_fold(i82599_sum(data + p->l3, p->l4 - p->l3, 0)))
			status |= RXD_IPE;
	}
	if (p->fragment || (p->protocol != NEXT_TCP && p->protocol != NEXT_UDP))
		return status;
	/* A UDP checksum of zero is none. */
	if (p->protocol == NEXT_UDP && !lduw_be_p(data + p->l4 + 6))
		return status;
	sum = p->ipv4 ? i82599_sum(data + p->l3 + 12, 8, 0)
		      : i82599_sum(data + p->l3 + 8, 32, 0);
	sum = i82599_sum(data + p->l4, p->l4_length,
			 sum + p->protocol + p->l4_length);
	status |= RXD_L4CS;
	if (p->protocol == NEXT_UDP)
		status |= RXD_UDPCS;
	if (i82599_fold(sum))
		status |= RXD_L4E;
	return status;
}
