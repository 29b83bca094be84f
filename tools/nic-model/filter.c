// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whether a frame is for us, 7.1.1, and for which queue, 7.1.2.
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "net/checksum.h"
#include "i82599.h"

#define TCP_SYN 0x02
#define TCP_ACK 0x10

static bool exact_match(I82599State *s, const uint8_t *mac)
{
	uint32_t low = ldl_le_p(mac), high = lduw_le_p(mac + 4);
	unsigned int i;

	for (i = 0; i < 128; i++) {
		uint32_t rah = REG(s, R_RAH + i * 8);

		if ((rah & RAH_AV) && (rah & 0xffff) == high &&
		    REG(s, R_RAL + i * 8) == low)
			return true;
	}
	return false;
}

/* The twelve bits of an address that index MTA and UTA, 8.2.3.7.9. */
static bool hash_match(I82599State *s, uint32_t table, const uint8_t *mac)
{
	static const uint8_t shift[] = { 4, 3, 2, 0 };
	unsigned int offset = REG(s, R_MCSTCTRL) & MCSTCTRL_MO;
	uint32_t hash = (lduw_le_p(mac + 4) >> shift[offset]) & 0xfff;

	return REG(s, table + hash / 32 * 4) & (1U << hash % 32);
}

static bool accept_address(I82599State *s, const uint8_t *mac, bool *inexact)
{
	uint32_t fctrl = REG(s, R_FCTRL);

	if (!memcmp(mac, "\xff\xff\xff\xff\xff\xff", 6))
		return fctrl & FCTRL_BAM;
	if (exact_match(s, mac))
		return true;
	*inexact = true;
	if (mac[0] & 1)
		return (fctrl & FCTRL_MPE) ||
		       ((REG(s, R_MCSTCTRL) & MCSTCTRL_MFE) &&
			hash_match(s, R_MTA, mac));
	return (fctrl & FCTRL_UPE) || hash_match(s, R_UTA, mac);
}

static bool accept_vlan(I82599State *s, const I82599Packet *p)
{
	uint32_t vlnctrl = REG(s, R_VLNCTRL), id = p->tci & 0xfff;

	if (!p->tagged || !(vlnctrl & VLNCTRL_VFE))
		return true;
	if ((vlnctrl & VLNCTRL_CFIEN) &&
	    !(vlnctrl & VLNCTRL_CFI) != !(p->tci & 0x1000))
		return false;
	return REG(s, R_VFTA + id / 32 * 4) & (1U << id % 32);
}

bool i82599_accept(I82599State *s, const uint8_t *data, const I82599Packet *p,
		   bool *inexact)
{
	*inexact = false;
	return accept_address(s, data, inexact) && accept_vlan(s, p);
}

static bool is_l4(const I82599Packet *p)
{
	return (p->ipv4 || p->ipv6) && !p->fragment;
}

static bool is_tcp(const I82599Packet *p)
{
	return is_l4(p) && p->protocol == 6;
}

static bool is_udp(const I82599Packet *p)
{
	return is_l4(p) && p->protocol == 17;
}

/* 7.1.2.3: filters of Ethernet types. */
static bool by_ethertype(I82599State *s, const I82599Packet *p,
			 I82599Verdict *v)
{
	unsigned int i;

	for (i = 0; i < 8; i++) {
		uint32_t etqf = REG(s, R_ETQF + i * 4);
		uint32_t etqs = REG(s, R_ETQS + i * 4);

		if (!(etqf & ETQF_EN) || (etqf & 0xffff) != p->ethertype)
			continue;
		v->type = PTYPE_ETQF | i << 4;
		if (!(etqs & ETQS_QUEUE_EN))
			return false;
		v->queue = (etqs >> 16) & 0x7f;
		return true;
	}
	return false;
}

/* 7.1.2.6: the filter of SYN segments. */
static bool by_syn(I82599State *s, const uint8_t *data, const I82599Packet *p,
		   I82599Verdict *v)
{
	uint32_t synqf = REG(s, R_SYNQF);

	if (!(synqf & SYNQF_EN) || !is_tcp(p) ||
	    (data[p->l4 + 13] & (TCP_SYN | TCP_ACK)) != TCP_SYN)
		return false;
	v->queue = (synqf >> 1) & 0x7f;
	return true;
}

/* 7.1.2.5: 128 filters of five fields; a set mask bit leaves its field out. */
static bool by_tuple(I82599State *s, const uint8_t *data, const I82599Packet *p,
		     I82599Verdict *v)
{
	const uint8_t *ip = data + p->l3, *l4 = data + p->l4;
	unsigned int i, protocol, best = 0;
	bool found = false;

	if (!p->ipv4 || p->fragment)
		return false;
	protocol = p->protocol == 6	? 0
		   : p->protocol == 17	? 1
		   : p->protocol == 132 ? 2
					: 3;
	for (i = 0; i < 128; i++) {
		uint32_t ftqf = REG(s, R_FTQF + i * 4);
		uint32_t mask = (ftqf >> 25) & 0x1f;
		uint32_t ports = REG(s, R_SDPQF + i * 4);
		unsigned int priority = (ftqf >> 2) & 7;

		if (!(ftqf & FTQF_EN) || (found && priority <= best) ||
		    (!(mask & 0x10) && (ftqf & 3) != protocol))
			continue;
		if ((!(mask & 1) &&
		     REG(s, R_SAQF + i * 4) != ldl_le_p(ip + 12)) ||
		    (!(mask & 2) &&
		     REG(s, R_DAQF + i * 4) != ldl_le_p(ip + 16)))
			continue;
		if ((mask & 0xc) != 0xc && protocol == 3)
			continue;
		if ((!(mask & 4) && (ports & 0xffff) != lduw_le_p(l4)) ||
		    (!(mask & 8) && ports >> 16 != lduw_le_p(l4 + 2)))
			continue;
		found = true;
		best = priority;
		v->queue = (REG(s, R_L34TIMIR + i * 4) >> 21) & 0x7f;
	}
	return found;
}

/* 7.1.2.8.1: which fields are hashed, and the type that is reported. */
static unsigned int rss_kind(I82599State *s, const I82599Packet *p, bool *ports)
{
	uint32_t mrqc = REG(s, R_MRQC);

	*ports = true;
	if (p->ipv4 && is_tcp(p) && (mrqc & MRQC_TCP4))
		return 1;
	if (p->ipv4 && is_udp(p) && (mrqc & MRQC_UDP4))
		return 7;
	if (p->ipv6 && is_tcp(p) && (mrqc & MRQC_TCP6))
		return 3;
	if (p->ipv6 && is_udp(p) && (mrqc & MRQC_UDP6))
		return 8;
	*ports = false;
	if (p->ipv4 && (mrqc & MRQC_IPV4))
		return 2;
	if (p->ipv6 && (mrqc & MRQC_IPV6))
		return 5;
	return 0;
}

static void rss_hash(I82599State *s, const uint8_t *data, const I82599Packet *p,
		     I82599Verdict *v)
{
	net_toeplitz_key state;
	uint8_t key[40];
	unsigned int i;
	bool ports;

	v->rss_type = rss_kind(s, p, &ports);
	if (!v->rss_type)
		return;
	for (i = 0; i < 10; i++)
		stl_le_p(key + i * 4, REG(s, R_RSSRK + i * 4));
	net_toeplitz_key_init(&state, key);
	v->hash = 0;
	if (p->ipv4)
		net_toeplitz_add(&v->hash, (uint8_t *)data + p->l3 + 12, 8,
				 &state);
	else
		net_toeplitz_add(&v->hash, (uint8_t *)data + p->l3 + 8, 32,
				 &state);
	if (ports)
		net_toeplitz_add(&v->hash, (uint8_t *)data + p->l4, 4, &state);
}

/* 7.1.2.1: MRQC.MRQE says how traffic class and RSS make up the queue. */
static void by_class_and_rss(I82599State *s, const uint8_t *data,
			     const I82599Packet *p, I82599Verdict *v)
{
	unsigned int mode = REG(s, R_MRQC) & 15;
	unsigned int class = 0, index = 0;

	if (mode == 1 || mode == 4 || mode == 5) {
		rss_hash(s, data, p, v);
		if (v->rss_type)
			index = (REG(s, R_RETA + (v->hash & 0x7f) / 4 * 4) >>
				 (v->hash % 4 * 8)) &
				15;
	}
	if (mode >= 2 && mode <= 5 && p->tagged)
		class = (REG(s, R_RTRUP2TC) >> ((p->tci >> 13) * 3)) & 7;
	if (mode == 2 || mode == 4)
		index += class << 4;
	else if (mode == 3 || mode == 5)
		index += (class & 3) << 5;
	v->queue = index;
}

static uint16_t packet_type(const I82599Packet *p)
{
	uint16_t type = 0;

	if (p->ipv4)
		type = PTYPE_IPV4 | (p->extended ? PTYPE_IP4E : 0);
	if (p->ipv6)
		type = PTYPE_IPV6 | (p->extended ? PTYPE_IP6E : 0);
	if (is_tcp(p))
		type |= PTYPE_TCP;
	else if (is_udp(p))
		type |= PTYPE_UDP;
	else if (is_l4(p) && p->protocol == 132)
		type |= PTYPE_SCTP;
	return type;
}

/* In the order of 7.1.2: the first filter that matches has it. */
void i82599_classify(I82599State *s, const uint8_t *data, size_t length,
		     const I82599Packet *p, I82599Verdict *v)
{
	v->type = packet_type(p);
	by_class_and_rss(s, data, p, v);
	if (by_ethertype(s, p, v) || by_syn(s, data, p, v) ||
	    by_tuple(s, data, p, v))
		return;
	i82599_fdir_match(s, data, length, p, v);
}
