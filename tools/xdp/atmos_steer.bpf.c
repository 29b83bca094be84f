// SPDX-License-Identifier: GPL-2.0-only
/*
 * The steering programs: frames for Atmos's ports go to the device atmos0, all
 * others their usual way. One for XDP, two for tc (interfaces with an Ethernet
 * header, and without a link layer); they share the parser.
 *
 * They decide by destination alone, and only guess: the core looks up whose a
 * frame is and gives back what is not Atmos's. So what is unusual or malformed
 * passes. The maps are explained in uapi/linux/atmos_steer.h.
 *
 * Built without anything of the running kernel: no BTF of it is needed.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include <linux/atmos_steer.h>

#define IP_MF	    0x2000
#define IP_OFFSET   0x1fff
#define VLAN_TAGS   2
#define VLAN_HLEN   4
#define IP6_EXT_MAX 6

/* Bytes that tc makes linear, if a frame's headers are not. */
#define PULL 256

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, ATMOS_STEER_PORT_WORDS);
	__type(key, __u32);
	__type(value, __u64);
} ports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, ATMOS_STEER_ADDRS_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct atmos_steer_addr);
	__type(value, __u32);
} addrs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, ATMOS_STEER_DEVICES_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, __u32);
} devices SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, ATMOS_STEER_FRAGS_MAX);
	__type(key, struct atmos_steer_frag);
	__type(value, __u32);
} frags SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} tx SEC(".maps");

enum verdict {
	NOT_OURS,
	OURS,
	TOO_SHORT, /* the bytes at hand end before it can be told */
};

/* An IP header and what precedes L4. */
struct packet {
	const void *saddr;
	const void *daddr;
	void *l4;
	__u32 id; /* of a fragment's datagram */
	__u8 family;
	__u8 proto;
	__u8 first; /* fragment, with L4's header */
	__u8 later; /* fragment, without */
};

static __always_inline void copy_addr(__u8 *to, const void *from, __u8 family)
{
	if (family == 4)
		__builtin_memcpy(to, from, 4);
	else
		__builtin_memcpy(to, from, 16);
}

/* ---- look-up ---- */

static __always_inline enum verdict look_up(__u8 family, __u8 proto, __u16 port,
					    const void *addr)
{
	__u32 index = port / 16;
	__u64 *word;
	__u32 bits;

	if (proto == IPPROTO_UDP)
		index += ATMOS_STEER_PORT_WORDS / 2;
	word = bpf_map_lookup_elem(&ports, &index);
	if (!word)
		return NOT_OURS;
	bits = *word >> port % 16 * 4 & 15;
	if (!bits)
		return NOT_OURS;
	if (bits & (family == 4 ? ATMOS_STEER_ANY4 : ATMOS_STEER_ANY6))
		return OURS;
	if (bits & (family == 4 ? ATMOS_STEER_ADDR4 : ATMOS_STEER_ADDR6)) {
		struct atmos_steer_addr key = {
			.port = port,
			.proto = proto,
			.family = family,
		};

		copy_addr(key.addr, addr, family);
		if (bpf_map_lookup_elem(&addrs, &key))
			return OURS;
	}
	return NOT_OURS;
}

static __always_inline void frag_key(struct atmos_steer_frag *key,
				     const struct packet *p)
{
	__builtin_memset(key, 0, sizeof(*key));
	copy_addr(key->saddr, p->saddr, p->family);
	copy_addr(key->daddr, p->daddr, p->family);
	key->id = p->id;
	key->proto = p->family == 4 ? p->proto : 0;
	key->family = p->family;
}

static __always_inline int frag_known(const struct packet *p)
{
	struct atmos_steer_frag key;

	frag_key(&key, p);
	return bpf_map_lookup_elem(&frags, &key) != NULL;
}

/* ---- headers ---- */

static __always_inline enum verdict parse_ip4(void *l3, void *end,
					      struct packet *p)
{
	struct iphdr *ip = l3;
	__u16 frag;

	if ((void *)(ip + 1) > end)
		return TOO_SHORT;
	if (ip->version != 4 || ip->ihl < 5)
		return NOT_OURS;
	p->family = 4;
	p->proto = ip->protocol;
	p->saddr = &ip->saddr;
	p->daddr = &ip->daddr;
	p->l4 = l3 + ip->ihl * 4;
	frag = bpf_ntohs(ip->frag_off);
	if (frag & (IP_MF | IP_OFFSET)) {
		p->id = ip->id;
		p->first = !(frag & IP_OFFSET);
		p->later = !p->first;
	}
	return OURS;
}

/* linux/icmp.h and its like want the C library. */
struct icmp {
	__u8 type;
	__u8 code;
	__be16 checksum;
	__be32 info;
};

#define ICMP_DEST_UNREACH  3
#define ICMP_SOURCE_QUENCH 4
#define ICMP_TIME_EXCEEDED 11
#define ICMP_PARAMETERPROB 12

struct extension {
	__u8 next;
	__u8 len;
	__be16 frag;
	__be32 id;
};

static __always_inline enum verdict parse_ip6(void *l3, void *end,
					      struct packet *p)
{
	struct ipv6hdr *ip = l3;
	__u8 proto;
	__u32 i;

	if ((void *)(ip + 1) > end)
		return TOO_SHORT;
	if (ip->version != 6)
		return NOT_OURS;
	p->family = 6;
	p->saddr = &ip->saddr;
	p->daddr = &ip->daddr;
	p->l4 = ip + 1;
	proto = ip->nexthdr;
	for (i = 0; i < IP6_EXT_MAX; i++) {
		struct extension *e = p->l4;

		if (proto != IPPROTO_HOPOPTS && proto != IPPROTO_ROUTING &&
		    proto != IPPROTO_FRAGMENT && proto != IPPROTO_DSTOPTS) {
			p->proto = proto;
			return OURS;
		}
		if ((void *)(e + 1) > end)
			return TOO_SHORT;
		if (proto == IPPROTO_FRAGMENT) {
			__u16 frag = bpf_ntohs(e->frag);

			p->id = e->id;
			p->later = (frag & 0xfff8) != 0;
			p->first = !p->later && frag & 1;
			p->l4 = e + 1;
			if (p->later) {
				p->proto = e->next;
				return OURS;
			}
		} else {
			p->l4 += (e->len + 1) * 8;
		}
		proto = e->next;
	}
	return NOT_OURS;
}

/* An ICMP error is for who sent what it quotes. */
static __always_inline enum verdict quoted(void *l3, void *end, __u8 family)
{
	struct packet p = {};
	enum verdict v;
	__be16 *port;

	v = family == 4 ? parse_ip4(l3, end, &p) : parse_ip6(l3, end, &p);
	if (v != OURS)
		return v;
	if (p.later || (p.proto != IPPROTO_TCP && p.proto != IPPROTO_UDP))
		return NOT_OURS;
	port = p.l4;
	if ((void *)(port + 2) > end)
		return TOO_SHORT;
	return look_up(family, p.proto, bpf_ntohs(port[0]), p.saddr);
}

static __always_inline enum verdict error(struct packet *p, void *end)
{
	struct icmp *h = p->l4;

	if ((void *)(h + 1) > end)
		return TOO_SHORT;
	if (p->first)
		return NOT_OURS;
	if (p->family == 6)
		return h->type >= 1 && h->type <= 4 ? quoted(h + 1, end, 6)
						    : NOT_OURS;
	switch (h->type) {
	case ICMP_DEST_UNREACH:
	case ICMP_SOURCE_QUENCH:
	case ICMP_TIME_EXCEEDED:
	case ICMP_PARAMETERPROB:
		return quoted(h + 1, end, 4);
	}
	return NOT_OURS;
}

static __always_inline enum verdict transport(struct packet *p, void *end)
{
	__be16 *port = p->l4;
	enum verdict v;

	if ((void *)(port + 2) > end)
		return TOO_SHORT;
	v = look_up(p->family, p->proto, bpf_ntohs(port[1]), p->daddr);
	if (v == OURS && p->first) {
		struct atmos_steer_frag key;
		__u32 one = 1;

		frag_key(&key, p);
		bpf_map_update_elem(&frags, &key, &one, BPF_ANY);
	}
	return v;
}

static __always_inline enum verdict look_at(void *l3, void *end, __u8 family)
{
	struct packet p = {};
	enum verdict v;

	v = family == 4 ? parse_ip4(l3, end, &p) : parse_ip6(l3, end, &p);
	if (v != OURS)
		return v;
	p.family = family;
	if (p.later)
		return frag_known(&p) ? OURS : NOT_OURS;
	if (p.proto == IPPROTO_TCP || p.proto == IPPROTO_UDP)
		return transport(&p, end);
	if (p.proto == (family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6))
		return error(&p, end);
	return NOT_OURS;
}

/*
 * By itself, so that the compiler does not join it with the other family's: the
 * verifier wants to see for each pointer how far it reaches.
 */
static __noinline enum verdict look6(void *l3, void *end)
{
	return look_at(l3, end, 6);
}

/* Is the packet from @l3 to @end for Atmos? @proto: as in Ethernet's header. */
static __always_inline enum verdict look(void *l3, void *end, __be16 proto)
{
	if (proto == bpf_htons(ETH_P_IP))
		return look_at(l3, end, 4);
	if (proto == bpf_htons(ETH_P_IPV6))
		return look6(l3, end);
	return NOT_OURS;
}

/* ---- XDP ---- */

struct tag {
	__be16 tci;
	__be16 proto;
};

SEC("xdp")
int atmos_steer_xdp(struct xdp_md *ctx)
{
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = (void *)(long)ctx->data;
	struct atmos_steer_meta *meta;
	__u32 ifindex, i;
	__be16 proto;
	void *l3;

	if ((void *)(eth + 1) > end)
		return XDP_PASS;
	proto = eth->h_proto;
	l3 = eth + 1;
	for (i = 0; i < VLAN_TAGS; i++) {
		struct tag *tag = l3;

		if (proto != bpf_htons(ETH_P_8021Q) &&
		    proto != bpf_htons(ETH_P_8021AD))
			break;
		if ((void *)(tag + 1) > end)
			return XDP_PASS;
		proto = tag->proto;
		l3 = tag + 1;
	}
	if (look(l3, end, proto) != OURS)
		return XDP_PASS;
	ifindex = ctx->ingress_ifindex;
	if (!bpf_map_lookup_elem(&devices, &ifindex))
		return XDP_PASS;
	if (bpf_xdp_adjust_meta(ctx, -(int)sizeof(*meta)))
		return XDP_PASS;
	meta = (void *)(long)ctx->data_meta;
	if ((void *)(meta + 1) > (void *)(long)ctx->data)
		return XDP_PASS;
	meta->magic = ATMOS_STEER_MAGIC;
	meta->ifindex = ifindex;
	return bpf_redirect_map(&tx, 0, XDP_PASS);
}

/* ---- tc ---- */

static __always_inline int steer_skb(struct __sk_buff *skb, __u32 l2_len)
{
	__u32 ifindex = skb->ifindex;
	enum verdict v;
	__u32 *to;

	v = look((void *)(long)skb->data + l2_len, (void *)(long)skb->data_end,
		 skb->protocol);
	if (v == TOO_SHORT &&
	    (void *)(long)skb->data + skb->len > (void *)(long)skb->data_end) {
		__u32 len = skb->len < PULL ? skb->len : PULL;

		if (bpf_skb_pull_data(skb, len))
			return TC_ACT_UNSPEC;
		v = look((void *)(long)skb->data + l2_len,
			 (void *)(long)skb->data_end, skb->protocol);
	}
	if (v != OURS)
		return TC_ACT_UNSPEC;
	to = bpf_map_lookup_elem(&devices, &ifindex);
	return to ? bpf_redirect(*to, 0) : TC_ACT_UNSPEC;
}

SEC("tc")
int atmos_steer_tc(struct __sk_buff *skb)
{
	return steer_skb(skb, ETH_HLEN);
}

SEC("tc")
int atmos_steer_l3(struct __sk_buff *skb)
{
	return steer_skb(skb, 0);
}

char _license[] SEC("license") = "GPL";
