// SPDX-License-Identifier: GPL-2.0-only
/*
 * Throughput against loss, beside what theory says, and fairness of two flows.
 * Everything is in virtual time, so the figures are the same on every machine.
 *
 * Reno: Mathis et al. 1997, rate = MSS / RTT * sqrt(3 / (2 b p)), b = 1 as each
 * ACK counts bytes. CUBIC: RFC 9438 5.1, average window in segments
 * (C (3 + beta) / (4 (1 - beta)))^(1/4) * RTT^(3/4) / p^(3/4), and Reno's
 * where that is larger (RFC 9438 4.3). Both limited by the link.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

#define SEC	1000000ull

#define RATE	12500000ull	/* 100 Mbit/s */
#define FLOWS_RATE	2500000ull	/* 20 Mbit/s */

static void bench_opts(struct node *n, u32 cc)
{
	struct stack_opts o = { .cc = (u8)cc, .user_timeout_ms = 3600000 };

	ep_setopt(&n->ep, &o, 0);
}

/* @nr flows from host 0 to host 1 without end; the later ones start later. */
static struct world *bench_world(u64 seed, u32 nr, u64 rtt, u64 rate, u64 queue,
				 double loss, u32 cc)
{
	struct world *w = calloc(1, sizeof(*w));
	struct stack_config cfg;
	struct node *n;
	u32 i;

	world_init(w, seed, 1000 * SEC);
	for (i = 0; i < 2; i++) {
		w->link[i].delay = rtt / 2;
		w->link[i].rate = rate;
		w->link[i].queue = queue;
	}
	w->link[0].loss = loss;
	sim_config(&cfg, 4, 1);
	cfg.flags = STACK_CF_TS | STACK_CF_SACK | STACK_CF_WSCALE;
	cfg.rcv_wscale = 10;
	n = world_node(w, 1, &cfg);
	n->ep.edge = 32 << 20;
	bench_opts(n, cc);
	ep_listen(&n->ep, 8, 0);
	world_kick(n);
	for (i = 0; i < nr; i++) {
		w->accept_app[i] = (struct app){ .rcvbuf = 32 << 20, .sndbuf = 1 << 20,
						 .chunk = 1, .wait_eof = true };
		sim_config(&cfg, 4, 0);
		cfg.lport = (u16)(40000 + i);
		cfg.flags = STACK_CF_TS | STACK_CF_SACK | STACK_CF_WSCALE;
		cfg.rcv_wscale = 10;
		cfg.max_gso = 65000;
		n = world_node(w, 0, &cfg);
		n->app = (struct app){ .out = 1ull << 40, .sndbuf = 16 << 20,
				       .rcvbuf = 1 << 20, .chunk = 65536 };
		n->ep.edge = 1 << 20;
		bench_opts(n, cc);
		ep_connect(&n->ep, 1000 + i, 0);
		world_kick(n);
		if (nr > 1)
			world_run(w, w->now + 2 * SEC);
	}
	return w;
}

static u64 delivered(const struct world *w, u32 flow)
{
	u32 i;

	for (i = 0; i < WORLD_NODES; i++)
		if (w->node[i].used && w->node[i].passive &&
		    w->node[i].ep.cfg.rport == 40000 + flow)
			return w->node[i].ep.rcv_next;
	return 0;
}

static double reno_model(double mss, double rtt, double p, double cap)
{
	double v = p > 0 ? mss / rtt * sqrt(1.5 / p) : cap;

	return v < cap ? v : cap;
}

static double cubic_model(double mss, double rtt, double p, double cap)
{
	double c = 0.4, beta = 0.7, w, v;

	if (p <= 0)
		return cap;
	w = pow(c * (3 + beta) / (4 * (1 - beta)), 0.25) * pow(rtt, 0.75) / pow(p, 0.75);
	v = w * mss / rtt;
	if (v < reno_model(mss, rtt, p, cap))
		v = reno_model(mss, rtt, p, cap);
	return v < cap ? v : cap;
}

static double measure(u64 rtt, double loss, u32 cc, char *bad, size_t size)
{
	u64 bytes = 0, t = 60 * SEC, warm = 10 * SEC, seed;
	u32 nr = 3;

	/* several short runs: one flow's luck is not a figure */
	for (seed = 1; seed <= nr; seed++) {
		struct world *w = bench_world(seed, 1, rtt, RATE, RATE * rtt / SEC + 30000,
					      loss, cc);
		u64 from;

		world_run(w, w->start + warm);
		from = delivered(w, 0);
		world_run(w, w->start + warm + t);
		bytes += delivered(w, 0) - from;
		if (w->bad[0])
			snprintf(bad, size, "%s", w->bad);
		world_free(w);
		free(w);
	}
	return (double)bytes / (double)(nr * t) * 1e6;
}

static int throughput(void)
{
	static const double losses[] = { 0, 0.001, 0.01, 0.05 };
	static const u64 rtts[] = { 10000, 100000 };
	double cap = (double)RATE * 1448 / 1500, mss = 1448;
	char bad[400] = "";
	u32 i, k, failed = 0, nr = 0;

	printf("# one flow, 100 Mbit/s, queue of one bandwidth-delay product, Mbit/s of payload\n");
	printf("# %6s %7s | %9s %9s %6s | %9s %9s %6s\n", "RTT ms", "loss %", "CUBIC",
	       "RFC 9438", "ratio", "Reno", "Mathis", "ratio");
	for (i = 0; i < 2; i++) {
		for (k = 0; k < 4; k++) {
			double rtt = (double)rtts[i] / 1e6;
			double mc = cubic_model(mss, rtt, losses[k], cap);
			double mr = reno_model(mss, rtt, losses[k], cap);
			double c = measure(rtts[i], losses[k], STACK_CC_CUBIC, bad,
					   sizeof(bad));
			double r = measure(rtts[i], losses[k], STACK_CC_RENO, bad,
					   sizeof(bad));
			bool ok = !bad[0] && c > 0.4 * mc && r > 0.4 * mr &&
				  c < 2.5 * mc && r < 2.5 * mr;

			printf("# %6.0f %7.1f | %9.2f %9.2f %6.2f | %9.2f %9.2f %6.2f\n",
			       rtt * 1e3, losses[k] * 100, c * 8 / 1e6, mc * 8 / 1e6, c / mc,
			       r * 8 / 1e6, mr * 8 / 1e6, r / mr);
			if (bad[0])
				printf("# %s\n", bad);
			printf("%s %u - throughput at %.0f ms and %.1f %% loss is within a factor of 2.5 of theory\n",
			       ok ? "ok" : "not ok", ++nr, rtt * 1e3, losses[k] * 100);
			failed += !ok;
			bad[0] = 0;
		}
	}
	return failed;
}

/* Jain's index of two flows over the last minute of two. */
static int fairness(u32 cc, const char *name, u32 nr)
{
	u64 rtt = 20000, a, b;
	struct world *w = bench_world(7, 2, rtt, FLOWS_RATE, FLOWS_RATE * rtt / SEC + 30000,
				      0, cc);
	double x, y, jain;
	bool ok;

	world_run(w, w->start + 60 * SEC);
	a = delivered(w, 0);
	b = delivered(w, 1);
	world_run(w, w->start + 180 * SEC);
	x = (double)(delivered(w, 0) - a) * 8 / 120e6;
	y = (double)(delivered(w, 1) - b) * 8 / 120e6;
	jain = (x + y) * (x + y) / (2 * (x * x + y * y));
	ok = !w->bad[0] && jain > 0.9 && x + y > 0.8 * (double)FLOWS_RATE * 8 / 1e6;
	printf("# two flows of %s, 20 Mbit/s, 20 ms: %.2f and %.2f Mbit/s, Jain's index %.3f\n",
	       name, x, y, jain);
	if (w->bad[0])
		printf("# %s\n", w->bad);
	printf("%s %u - two flows of %s share the link (index above 0.9, 80 %% used)\n",
	       ok ? "ok" : "not ok", nr, name);
	world_free(w);
	free(w);
	return !ok;
}

int bench_main(void)
{
	int failed;

	printf("TAP version 13\n1..10\n");
	failed = throughput();
	failed += fairness(STACK_CC_CUBIC, "CUBIC", 9);
	failed += fairness(STACK_CC_RENO, "Reno", 10);
	return failed != 0;
}
