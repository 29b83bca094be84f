/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The socket layer: what its files share. A socket of the Atmos family, its
 * flow, and the domain that runs its stack.
 *
 *	af_atmos.c	the address family: creation, calls that serve both types
 *	proto.c		size of a socket, limits of memory
 *	bind.c		bind, names: which addresses and ports
 *	connect.c	connect, and its undoing
 *	sockopt*.c tcp_info.c	options
 *	stream.c	TCP: shutdown, close, poll, ioctl
 *	stream_send.c stream_recv.c	TCP: sendmsg, recvmsg
 *	stream_queue.c	TCP: received bytes on their way to the reader, the window
 *	listen.c	TCP: listen, accept, new connections from a listener's record
 *	dgram*.c mcast.c	UDP
 *	txbuf.c		bytes to send, by position
 *	conn*.c		a socket's domain: frames and events in, entry, wake-ups, timer
 *	capture.c	what its entries were told and said
 *	conn_update.c	its image: which, the change to another one, the way back
 *	commit.c	what a command does
 *	check.c		may a command be committed, may a record?
 *	timewait.c	TIME-WAIT and the module's end
 *	stash.c		frames kept out of order
 *	flow.c		which socket does a packet belong to?
 *	port.c		ports, also against the native stack
 *	route.c		routes
 *	egress.c	packets out
 *	cgroup.c	what cgroups' programs say of packets
 *	rx.c		frames in: which flow, one entry for each at the end of a batch
 *	netdev.c	the device atmos0, where steered frames come in
 *	steer.c		maps of the steering programs
 *	frag.c		fragments, to the reassembly domain
 *	net.c		network namespaces
 *
 * Contexts and locks, outermost first:
 *  - lock_sock(): system calls on one socket, one at a time; may sleep. It is
 *    NOT needed to run the domain: packets and timers do not wait for it, and
 *    there is no backlog.
 *  - &atmos_sock.lock: bottom halves off; all that system calls and softirqs
 *    share. Held while the domain runs, while its commands are committed and
 *    while packets go out. A listener's nests outside of a new child's.
 *  - the domain's own lock, bucket locks of flow.c, queue locks.
 * Packets that come in never find a lock of ours held by their own CPU: they
 * are queued by netdev.c and handled from its NAPI poll.
 *
 * Life: a socket is held by its struct socket, by its place in the flow table
 * (&atmos_sock.hashed) and by its timer. It is freed after an RCU grace period
 * (SOCK_RCU_FREE), so look-ups under RCU need no reference.
 */
#ifndef _ATMOS_SOCK_H
#define _ATMOS_SOCK_H

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/list.h>
#include <linux/rbtree.h>
#include <linux/rhashtable.h>
#include <linux/skbuff.h>
#include <linux/timer.h>
#include <net/inet_sock.h>
#include <net/sock.h>

#include "../domains/abi/record.h"
#include "../domains/abi/record_tcp.h"
#include "addr.h"
#include "atmos.h"
#include "compat.h"
#include "mem.h"
#include "rx_cb.h"
#include "stash.h"

struct atmos_net;

/* ---- bytes to send ---- */

/**
 * struct atmos_txbuf - the bytes [start, end) of a stream, in page fragments
 * @chunks: struct atmos_tx_chunk (txbuf.c), in order; the last one may be empty
 * @start: first position kept: all before is acknowledged
 * @end: position behind the last byte
 * @hint: chunk where the furthest look-up ended, or NULL
 * @stage: bytes that sendmsg() has copied but not published, or an empty chunk,
 *	or NULL; lock_sock() only
 * @staged: how many
 */
struct atmos_txbuf {
	struct list_head chunks;
	u64 start;
	u64 end;
	struct atmos_tx_chunk *hint;
	struct atmos_tx_chunk *stage;
	u32 staged;
};

/* ---- datagrams to send (UDP) ---- */

/**
 * struct atmos_dgram_send - a datagram that waits in &atmos_sock.sendq
 * @pos: its first position. An empty datagram takes one position, all others
 *	as many as they have bytes, so that ACKED tells exactly what is done
 * @saddr: from; never any
 * @daddr: to
 * @len: bytes of payload
 * @mtu: of the path
 * @flow_label: IPv6, 20 bits
 * @dport: host order
 * @tos: traffic class
 * @ttl: TTL or hop limit
 * @family: 4 or 6, of the packet
 * @flags: STACK_SENDTO_*
 *
 * It lies at the start of the skb's head, where headers will be; the skb holds
 * the payload and its route. Constant once queued.
 */
struct atmos_dgram_send {
	u64 pos;
	union atmos_addr saddr;
	union atmos_addr daddr;
	u32 len;
	u32 mtu;
	u32 flow_label;
	u16 dport;
	u8 tos;
	u8 ttl;
	u8 family;
	u8 flags;
};

/* ---- the socket ---- */

/* Events that are due; the values are in the socket (absolute: see transactions). */
#define ATMOS_EV_CONNECT	0x001u
#define ATMOS_EV_LISTEN		0x002u
#define ATMOS_EV_SETOPT		0x004u
#define ATMOS_EV_SEND		0x008u
#define ATMOS_EV_CONSUMED	0x010u
#define ATMOS_EV_SHUTDOWN	0x020u
#define ATMOS_EV_ABORT		0x040u
#define ATMOS_EV_PMTU		0x080u
#define ATMOS_EV_WAKE		0x100u	/* TIMER without a deadline */
#define ATMOS_EV_ICMP		0x200u
#define ATMOS_EV_SENDTO		0x400u
#define ATMOS_EV_MORE		0x800u	/* the command queue was full: enter again */

/* What recvmsg() of a datagram tells in ancillary data. */
#define ATMOS_CMSG_PKTINFO	0x0001u	/* IP_PKTINFO */
#define ATMOS_CMSG_TTL		0x0002u	/* IP_RECVTTL */
#define ATMOS_CMSG_TOS		0x0004u	/* IP_RECVTOS */
#define ATMOS_CMSG_ORIGDST	0x0008u	/* IP_RECVORIGDSTADDR */
#define ATMOS_CMSG_PKTINFO6	0x0010u	/* IPV6_RECVPKTINFO */
#define ATMOS_CMSG_HOPLIMIT	0x0020u	/* IPV6_RECVHOPLIMIT */
#define ATMOS_CMSG_TCLASS	0x0040u	/* IPV6_RECVTCLASS */
#define ATMOS_CMSG_FLOWINFO	0x0080u	/* IPV6_FLOWINFO */
#define ATMOS_CMSG_ORIGDST6	0x0100u	/* IPV6_RECVORIGDSTADDR */

/* Urgent data received: none, announced, here, read out of band. */
#define ATMOS_URG_NONE		0
#define ATMOS_URG_AHEAD		1
#define ATMOS_URG_HERE		2
#define ATMOS_URG_READ		3

/* Whom to wake when a run has ended. */
#define ATMOS_WAKE_READ		0x1u
#define ATMOS_WAKE_WRITE	0x2u
#define ATMOS_WAKE_STATE	0x4u
#define ATMOS_WAKE_ERROR	0x8u

/* An ICMP error on its way to a socket. */
struct atmos_icmp {
	u32 info;		/* bytes 4..7 of the message, host order */
	u8 family;		/* 4 or 6 */
	u8 type;
	u8 code;
	u8 ttl;			/* of the packet that it came in */
	u16 len;		/* of @quote */
	int ifindex;		/* where it came in */
	union atmos_addr from;	/* who sent it */
	u8 quote[STACK_RX_INLINE];
};

/**
 * struct atmos_sock - a socket of the Atmos family
 * @inet: the kernel's part; first, and an inet_sock, because the kernel takes
 *	the socket of any IP packet for one. pinet6 is NULL.
 * @lock: see the top of this file
 * @kind: STACK_TCP, STACK_LISTEN or STACK_UDP; lock_sock() and @lock to change
 * @ip_family: AF_INET, AF_INET6, or 0: not known yet; lock_sock()
 * @v6only: IPV6_V6ONLY; lock_sock()
 * @explicit_port: the port was asked for; any other goes with the connection
 * @group: key.laddr is multicast or broadcast: packets to it are taken, none
 *	may be sent from it (bind.c); lock_sock()
 * @hashed: it is in a flow table, which holds a reference; @lock
 * @exact: in that of exact flows; @lock
 * @lent: the module is not held for it (timewait.c); @lock
 * @defunct: over: nothing may be queued or entered any more; @lock
 * @key: its flow; raddr and rport are zero unless connected. Constant while @hashed
 * @flow_node: exact flows (flow.c)
 * @bind_node: bound ones (flow.c)
 * @port: its reservation (port.c), shared with other sockets of that port; NULL:
 *	it has no port
 * @port_node: among the users of its port number (port.c)
 * @net: the namespace's part
 *
 * Domain (conn.c), all under @lock:
 * @dom: NULL: asleep, the record is in @record
 * @image: what its stack runs, held; NULL: it has not run yet
 * @update: a change of @image that may be taken back (conn_update.c), or NULL
 * @capture: its entries are captured (capture.c), or NULL
 * @config: dom_in.config; constant once the domain ran
 * @record: record of a sleeping domain, or NULL: it has not run yet
 * @record_len: bytes of @record
 * @pending: ATMOS_EV_*
 * @wake: ATMOS_WAKE_*, of the run under way
 * @died: deaths since the last commit
 * @halted: the domain is quarantined, or was given up: poll() tells an error
 * @report: ATMOS_SO_CRASH: a death ends the connection; lock_sock() and @lock
 * @timer: for @deadline; holds a reference while pending
 * @deadline: last DEADLINE, monotonic microseconds; 0: none
 * @last_run: jiffies when the domain ran last
 * @rxq: frames that wait for the next entry
 * @rx_path: by which interface, and at which generation of routes, its frames
 *	were last found to be right (rx_path.c); 0: never
 * @icmp: pending ATMOS_EV_ICMP, or NULL; kept until the run that was told of it
 *	is over, because the error queue wants to know (dgram_error.c)
 *
 * What the application wants, absolute values, under @lock:
 * @isn: initial sequence number, of CONNECT
 * @ts_offset: of our timestamps, of CONNECT
 * @tx: bytes to send; appended under lock_sock() too
 * @urgent: position behind the last urgent byte, 0: none
 * @send_flags: STACK_SEND_*
 * @rcv_pos: consumed by the reader
 * @rcv_edge: room: the peer may send up to here; never back
 * @shut: STACK_SHUT_*
 * @opts: options that the engine knows
 * @opts_changed: STACK_OPT_*: effects wanted with the next SETOPT
 * @pmtu: of ATMOS_EV_PMTU
 * @backlog: of listen()
 *
 * What was committed, under @lock:
 * @tx_max: furthest byte ever handed to the network
 * @tx_bytes: bytes handed to it, those sent again counted again
 * @rcv_next: delivered in order up to here
 * @rcv_end: length of the incoming stream, if @eof
 * @eof: the peer's FIN is in
 * @urg_pos: of the urgent byte
 * @urg_state: ATMOS_URG_*
 * @urg_byte: out-of-band byte, once it has come
 * @tcp_state: enum dom_tcp_state, as the engine says; sk->sk_state is what
 *	the application sees
 * @tcp_flags: STACK_ST_*
 * @stash: received out of order: skbs by @atmos_data_cb.pos
 * @stash_bytes: their payload
 * @xmit_err: of the last packet that could not go out (UDP tells it)
 *
 * Way out (route.c), under @lock. A connection's route is sk->sk_dst_cache:
 * @dst_cookie: IPv6, of that route
 * @dst_mtu: of that route, when the engine was last told
 * @route: UDP, listeners: the last one looked up, or NULL
 *
 * Listener, under @lock:
 * @accept_queue: children that wait for accept(), by @accept_node
 * @accept_node: of a child, in its listener's queue
 * @accept_len: how many; sk->sk_ack_backlog is the same
 * @resteer: frames that RESTEER gave back, looked up again after the run
 *
 * Readers and writers of streams, @lock (stream_*.c):
 * @rcv_tune_pos: @rcv_pos when the measurement of the reader's speed began
 * @rcv_tune_us: when; 0: not yet
 * @rcv_tune_space: most bytes read in one round trip so far; 0: not known
 * @peekers: readers that look at more than the head of the receive queue
 * @notsent_lowat: TCP_NOTSENT_LOWAT, 0: the namespace's; lock_sock()
 * @inq: TCP_INQ: recvmsg() tells what is left; lock_sock()
 *
 * Options, under lock_sock() (sockopt*.c); IPv4's are in @inet: tos, uc_ttl,
 * mc_ttl, mc_index, mc_addr, uc_index, pmtudisc:
 * @recverr: IP_RECVERR, for IPv4's packets
 * @recverr6: IPV6_RECVERR, for IPv6's
 * @freebind: IP_FREEBIND, IPV6_FREEBIND
 * @bind_no_port: IP_BIND_ADDRESS_NO_PORT
 * @dontfrag: IPV6_DONTFRAG
 * @tclass: IPV6_TCLASS
 * @pmtudisc6: IPV6_MTU_DISCOVER
 * @hop_limit: IPV6_UNICAST_HOPS, -1: the route's
 * @mc_hops: IPV6_MULTICAST_HOPS, -1: the route's
 * @uc_oif: IPV6_UNICAST_IF
 * @mc_oif: IPV6_MULTICAST_IF
 *
 * UDP (dgram.c):
 * @sendq: skbs with a struct atmos_dgram_send, by age, not handed to the network
 *	yet; under @lock, not the queue's own
 * @send_pos: position of the next datagram; @lock
 * @cork: MSG_MORE: datagram that still grows, or NULL; lock_sock()
 * @corked: UDP_CORK: every send is one with MSG_MORE; lock_sock()
 * @cmsg_flags: ATMOS_CMSG_*: what recvmsg() tells beside; lock_sock()
 * @groups: multicast groups that it has joined (mcast.c); lock_sock()
 */
struct atmos_sock {
	struct inet_sock inet;
	spinlock_t lock;		/* see the top of this file */

	u8 kind;
	u8 ip_family;
	u8 v6only:1;			/* these under lock_sock() ... */
	u8 explicit_port:1;
	u8 group:1;
	u8 recverr:1;
	u8 recverr6:1;
	u8 freebind:1;
	u8 bind_no_port:1;
	u8 dontfrag:1;
	u8 corked:1;
	u8 inq:1;
	u8 died;			/* between, because bits share their byte */
	u8 halted;
	u8 report;
	u8 hashed:1;			/* ... and these under @lock */
	u8 exact:1;
	u8 defunct:1;
	u8 eof:1;
	u8 urg_state:2;
	u8 lent:1;

	struct atmos_flow_key key;
	struct rhash_head flow_node;
	struct rhlist_head bind_node;
	struct atmos_port *port;
	struct hlist_node port_node;
	struct atmos_net *net;

	struct atmos_domain *dom;
	struct atmos_image *image;
	struct atmos_update *update;
	struct atmos_capture *capture;
	struct stack_config config;
	u8 *record;
	u16 record_len;
	u16 wake;
	u32 pending;
	struct timer_list timer;
	u64 deadline;
	unsigned long last_run;
	struct sk_buff_head rxq;
	u64 rx_path;
	struct atmos_icmp *icmp;

	u32 isn;
	u32 ts_offset;
	struct atmos_txbuf tx;
	u64 urgent;
	u32 send_flags;
	u32 shut;
	u64 rcv_pos;
	u64 rcv_edge;
	struct stack_opts opts;
	u32 opts_changed;
	u32 pmtu;
	u32 backlog;

	u64 tx_max;
	u64 tx_bytes;
	u64 rcv_next;
	u64 rcv_end;
	u64 urg_pos;
	u8 urg_byte;
	u8 tcp_state;
	u8 tcp_flags;
	int xmit_err;
	struct rb_root stash;
	u32 stash_bytes;

	u32 dst_cookie;
	u32 dst_mtu;
	struct atmos_route *route;

	struct list_head accept_queue;
	struct list_head accept_node;
	u32 accept_len;
	struct sk_buff_head resteer;

	u64 rcv_tune_pos;
	u64 rcv_tune_us;
	u32 rcv_tune_space;
	u32 peekers;
	u32 notsent_lowat;

	u8 tclass;
	u8 pmtudisc6;
	s16 hop_limit;
	s16 mc_hops;
	int uc_oif;
	int mc_oif;

	struct sk_buff_head sendq;
	u64 send_pos;
	struct sk_buff *cork;
	u32 cmsg_flags;
	struct list_head groups;
};

static inline struct atmos_sock *atmos_sk(const struct sock *sk)
{
	return (struct atmos_sock *)sk;
}

static inline struct sock *atmos_sock_sk(const struct atmos_sock *as)
{
	return (struct sock *)as;
}

/*
 * The engine's state as of the last commit, but for what is in flight; or NULL.
 * Of a record that is not atmos_tcb_whole() its first TCP_RECORD_YOUNG bytes
 * alone are as struct tcp_record says. @lock.
 */
static inline const struct tcp_record *atmos_sock_tcb(const struct atmos_sock *as)
{
	if (likely(as->dom))
		return (const void *)as->dom->shadow;
	return as->record && as->record_len >= offsetof(struct tcp_record, ooo) ?
	       (const void *)as->record : NULL;
}

static inline bool atmos_tcb_whole(const struct tcp_record *r)
{
	return likely(r->head.version == STACK_RECORD_VERSION);
}

/* Has it a local port? lock_sock(); the end of a connection may take one it chose. */
static inline bool atmos_sock_bound(const struct atmos_sock *as)
{
	return READ_ONCE(as->port);
}

/* What the application sees: who reads a state finds all that led to it. */
static inline void atmos_sock_show(struct sock *sk, u8 state)
{
	smp_store_release(&sk->sk_state, state);	/* with tcp_poll()'s like */
}

/* Number of the address family; module parameter "family". */
extern unsigned int atmos_family;

/* ---- af_atmos.c, proto.c ---- */

int atmos_family_init(void);
void atmos_family_exit(void);
int atmos_proto_init(void);
void atmos_proto_exit(void);
extern struct proto atmos_tcp_prot;
extern struct proto atmos_udp_prot;
struct sock *atmos_sock_clone(struct sock *listener);
void atmos_sock_custom(struct socket *sock);

/* ---- net.c: one for each namespace that has sockets or devices ---- */

int atmos_net_init(void);
void atmos_net_exit(void);
struct atmos_net *atmos_net(const struct net *net);

/* ---- port.c ---- */

int atmos_port_init(struct atmos_net *an);
void atmos_port_exit(struct atmos_net *an);
int atmos_port_get(struct atmos_sock *as, const union atmos_addr *addr, u16 port);
int atmos_port_connect(struct atmos_sock *as);
int atmos_port_listen(struct atmos_sock *as);
void atmos_port_put(struct atmos_sock *as);
void atmos_port_share(struct atmos_sock *child, const struct atmos_sock *listener);
void atmos_port_settle(struct atmos_net *an);

/* ---- flow.c ---- */

/**
 * struct atmos_flow_iter - a walk over all sockets of a namespace (flow.c's own)
 * @an: the namespace's part
 * @walk: over one of its tables
 * @bound: which
 */
struct atmos_flow_iter {
	struct atmos_net *an;
	struct rhashtable_iter walk;
	bool bound;
};

int atmos_flow_init(struct atmos_net *an);
void atmos_flow_exit(struct atmos_net *an);
int atmos_flow_insert(struct atmos_sock *as);
int atmos_flow_listen(struct atmos_sock *as);
void atmos_flow_remove(struct atmos_sock *as);
struct atmos_sock *atmos_flow_find(struct atmos_net *an, const struct atmos_flow_key *key,
				   int ifindex);
void atmos_flow_each(struct atmos_net *an, const struct atmos_flow_key *key, int ifindex,
		     void (*fn)(struct atmos_sock *as, void *arg), void *arg);
void atmos_flow_iter_begin(struct atmos_flow_iter *iter, struct atmos_net *an);
struct atmos_sock *atmos_flow_iter_next(struct atmos_flow_iter *iter);
void atmos_flow_iter_end(struct atmos_flow_iter *iter);

/* ---- route.c ---- */

/**
 * struct atmos_path - by what a route is looked up, beside the flow's addresses
 * @oif: interface, 0: any
 * @mark: firewall mark
 * @tos: traffic class
 * @onlink: no gateways (MSG_DONTROUTE, SO_DONTROUTE)
 */
struct atmos_path {
	int oif;
	u32 mark;
	u8 tos;
	bool onlink;
};

int atmos_egress_connect(struct atmos_sock *as);
int atmos_egress_rebind(struct atmos_sock *as);
int atmos_egress_accept(struct atmos_sock *child, struct atmos_sock *listener);
struct dst_entry *atmos_egress_dst(struct atmos_sock *as, u32 *mtu);
struct dst_entry *atmos_egress_reply(struct atmos_sock *as, const struct atmos_flow_key *key);
struct dst_entry *atmos_egress_route(struct atmos_sock *as, struct atmos_flow_key *key,
				     const struct atmos_path *path);
int atmos_egress_peer_mtu(struct atmos_sock *as);
int atmos_egress_mtu(struct atmos_sock *as, const struct atmos_flow_key *key, u32 *mtu);
void atmos_egress_release(struct atmos_sock *as);

/* ---- egress.c ---- */

int atmos_egress_out(struct atmos_sock *as, struct sk_buff *skb);
void atmos_egress_xmit(struct atmos_sock *as, const struct dom_cmd_XMIT *cmd);
void atmos_egress_reset(struct atmos_sock *as);

/* ---- timewait.c ---- */

void atmos_timewait_lend(struct atmos_sock *as);
void atmos_timewait_return(struct atmos_sock *as);
void atmos_timewait_exit(void);

/* ---- txbuf.c ---- */

void atmos_tx_init(struct atmos_txbuf *tx);
ssize_t atmos_tx_append(struct atmos_sock *as, struct msghdr *msg, size_t len);
void atmos_tx_publish(struct atmos_sock *as);
void atmos_tx_cancel(struct atmos_sock *as);
void atmos_tx_release(struct atmos_sock *as, u64 upto);
void atmos_tx_purge(struct atmos_sock *as);
int atmos_tx_frags(struct atmos_txbuf *tx, u64 pos, u32 len, struct sk_buff *skb);
void atmos_tx_copy(struct atmos_txbuf *tx, u64 pos, u32 len, void *to);

/* ---- check.c ---- */

void atmos_check_begin(struct atmos_sock *as);
int atmos_check_command(struct atmos_domain *dom, const struct dom_msg *msg, const char **why);
int atmos_check_record(struct atmos_domain *dom, const u8 *record, const char **why);

/* ---- commit.c ---- */

void atmos_conn_state(struct atmos_sock *as);
void atmos_commit(struct atmos_domain *dom, const struct dom_msg *msg, struct atmos_object *obj);

/* ---- conn.c ---- */

int atmos_conn_init(void);
void atmos_conn_exit(void);
void atmos_conn_isn(struct atmos_sock *as);
void atmos_conn_init_sock(struct atmos_sock *as);
void atmos_conn_setup(struct atmos_sock *as);
void atmos_conn_renew(struct atmos_sock *as);
int atmos_conn_keep(struct atmos_sock *as, const void *record, u32 len);
int atmos_conn_run(struct atmos_sock *as);
int atmos_conn_post(struct atmos_sock *as, u32 events);
void atmos_conn_rx(struct atmos_sock *as, struct sk_buff_head *frames);
void atmos_conn_icmp(struct atmos_sock *as, const struct atmos_icmp *icmp);
void atmos_conn_end(struct atmos_sock *as);
void atmos_conn_halt(u64 id, bool on);
void atmos_conn_record(struct atmos_sock *as, void *record, u32 len);

/* ---- conn_update.c ---- */

int atmos_conn_update(struct atmos_sock *as, struct atmos_image *img);
int atmos_conn_image_default(struct atmos_image *img);
void atmos_conn_image_set(struct atmos_sock *as, struct atmos_image *img);
struct atmos_sock *atmos_conn_of_domain(u64 id);

/* ---- listen.c ---- */

void atmos_listen_opened(struct atmos_sock *as, const struct dom_cmd_OPENED *cmd);
void atmos_listen_stop(struct atmos_sock *as);
int atmos_listen_accept(struct sock *sk, struct socket *newsock, bool nonblock);
int atmos_stream_listen(struct socket *sock, int backlog);

/* ---- dgram*.c: calls on datagram sockets ---- */

int atmos_dgram_sendmsg(struct socket *sock, struct msghdr *msg, size_t len);
int atmos_dgram_recvmsg(struct socket *sock, struct msghdr *msg, size_t len, int flags);
int atmos_dgram_ioctl(struct socket *sock, unsigned int cmd, unsigned long arg);
int atmos_dgram_shutdown(struct socket *sock, int how);
int atmos_dgram_release(struct socket *sock);
__poll_t atmos_dgram_poll(struct file *file, struct socket *sock, poll_table *wait);
/* UDP_CORK: @on, or off and out with what was held back. lock_sock() held. */
int atmos_dgram_cork(struct atmos_sock *as, bool on);

/* ---- mcast.c ---- */

int atmos_mcast_set(struct atmos_sock *as, int level, int name, sockptr_t val, unsigned int len);
void atmos_mcast_leave_all(struct atmos_sock *as);

/* ---- errqueue.c: IP_RECVERR of both types of sockets ---- */

/* IP_RECVERR or IPV6_RECVERR: does it want to know of its packets of @family, 4 or 6? */
static inline bool atmos_error_wanted(const struct atmos_sock *as, u8 family)
{
	return family == 4 ? as->recverr : as->recverr6;
}

/* The ICMP error that @cmd is about (&atmos_sock.icmp), if wanted. as->lock. */
void atmos_error_icmp(struct atmos_sock *as, const struct dom_cmd_ERROR *cmd);
/* An error of our own, about a packet to @key's remote end, if wanted. */
void atmos_error_local(struct atmos_sock *as, int err, const struct atmos_flow_key *key, u32 info);
int atmos_recv_error(struct sock *sk, struct msghdr *msg, size_t len);

/* ---- bind.c, connect.c ---- */

int atmos_family_decide(struct atmos_sock *as, int family);
bool atmos_flow_known(struct atmos_sock *as);
int atmos_bind(struct socket *sock, struct compat_sockaddr *uaddr, int len);
int atmos_bind_auto(struct atmos_sock *as);
void atmos_unbind_port(struct atmos_sock *as);
int atmos_getname(struct socket *sock, struct sockaddr *uaddr, int peer);
void atmos_names_show(struct atmos_sock *as);
void atmos_names_reset(struct atmos_sock *as);
int atmos_stream_connect(struct socket *sock, struct compat_sockaddr *uaddr, int len, int flags);
int atmos_dgram_connect(struct socket *sock, struct compat_sockaddr *uaddr, int len, int flags);

/* ---- sockopt*.c, tcp_info.c ---- */

int atmos_setsockopt(struct socket *sock, int level, int name, sockptr_t val, unsigned int len);
int atmos_getsockopt(struct socket *sock, int level, int name, char __user *val, int __user *len);
void atmos_opt_init(struct atmos_sock *as);
void atmos_opt_path(struct atmos_sock *as);
void atmos_opt_keepalive(struct sock *sk, int on);

/* ---- stream.c, stream_send.c, stream_recv.c: struct proto_ops and struct proto ---- */

int atmos_stream_sendmsg(struct socket *sock, struct msghdr *msg, size_t len);
int atmos_stream_recvmsg(struct socket *sock, struct msghdr *msg, size_t len, int flags);
__poll_t atmos_stream_poll(struct file *file, struct socket *sock, poll_table *wait);
int atmos_stream_shutdown(struct socket *sock, int how);
int atmos_stream_release(struct socket *sock);
int atmos_stream_ioctl(struct socket *sock, unsigned int cmd, unsigned long arg);
int atmos_stream_set_rcvlowat(struct sock *sk, int val);
/* proto.stream_memory_free, and sk->sk_write_space of each stream socket. */
bool atmos_stream_memory_free(const struct sock *sk, int wake);
void atmos_stream_write_space(struct sock *sk);
/* connect() to AF_UNSPEC, for bind.c, which resets the names; lock_sock(). */
int atmos_stream_disconnect(struct sock *sk);
/*
 * Waits for the end of a handshake, for connect() and sendmsg(); lock_sock().
 * Not sk_stream_wait_connect() and its like: they trust that nothing happens
 * between their check and their wait, but packets do not wait for lock_sock().
 */
int atmos_stream_wait_connect(struct sock *sk, long *timeo);
/* Room that an empty receive buffer offers: the first rcv_edge. */
u32 atmos_stream_room(const struct sock *sk);
/* Can the domain be entered? 0, -EHOSTDOWN, -ECONNABORTED; @lock. */
int atmos_stream_ready(const struct atmos_sock *as);
/* Is there so much to read that poll() tells it? @lock, or a hint. */
bool atmos_stream_readable(const struct atmos_sock *as, u32 target);
/* Bytes were acknowledged, bytes were read; @lock. */
void atmos_stream_acked(struct atmos_sock *as);
void atmos_stream_consumed(struct atmos_sock *as);

/* ---- stream_queue.c, dgram.c: their part of the commit ---- */

void atmos_stream_deliver(struct atmos_sock *as, const struct dom_cmd_DELIVER *cmd,
			  struct sk_buff *skb);
void atmos_stream_urgent(struct atmos_sock *as, u64 pos);
void atmos_dgram_deliver(struct atmos_sock *as, const struct dom_cmd_DGRAM *cmd,
			 struct sk_buff *skb);
u32 atmos_dgram_events(struct atmos_sock *as, u32 max);
/* The queued datagram at @pos, or NULL: its XMIT must be of exactly that. as->lock. */
const struct atmos_dgram_send *atmos_dgram_find(struct atmos_sock *as, u64 pos);
/* Commit of XMIT for a UDP socket, instead of atmos_egress_xmit(). as->lock. */
void atmos_dgram_xmit(struct atmos_sock *as, const struct dom_cmd_XMIT *cmd);
void atmos_dgram_acked(struct atmos_sock *as, u64 upto);
void atmos_dgram_error(struct atmos_sock *as, const struct dom_cmd_ERROR *cmd);

/* ---- rx.c, netdev.c, steer.c, frag.c ---- */

void atmos_rx_batch(struct atmos_net *an, struct sk_buff_head *frames);
void atmos_rx_again(struct atmos_net *an, struct sk_buff_head *frames);

#endif /* _ATMOS_SOCK_H */
