// SPDX-License-Identifier: GPL-2.0-only
/*
 * A lane makes trials: a connection between Atmos and the native stack, a fault
 * ordered for the domain of the one end, the planned bytes both ways, and what
 * became of all that.
 */
#include <errno.h>
#include <linux/atmos_socket.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "faultinject.h"

enum end { ATMOS, NATIVE };

/* Steps before the fault is ordered: then the domain is there for sure. */
#define STEPS_BEFORE 2

static int which(int family)
{
	return family == AF_INET6;
}

static void pin(u32 cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu % sysconf(_SC_NPROCESSORS_ONLN), &set);
	pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
}

static bool open_end(struct lane *lane, enum end end, struct stream *s)
{
	const struct plan *p = &lane->plan;
	bool connects = (end == ATMOS) == p->active;
	int domain = end == ATMOS ? campaign.atmos : p->family;
	int family = which(p->family), fd;

	if (connects)
		fd = stream_connect(domain, &lane->addr[!end][family]);
	else
		fd = stream_accept(lane->listener[end][family]);
	if (fd < 0) {
		*s = (struct stream){ .fd = -1,
				      .outcome = ERROR,
				      .err = errno };
		return false;
	}
	stream_setup(s, fd, mix64(p->key + end), mix64(p->key + !end));
	return true;
}

static bool steps(const struct plan *p, enum end end, struct stream *s,
		  u32 from, u32 to)
{
	u32 i;

	for (i = from; i < to; i++) {
		const struct step *step = &p->step[i];

		if (!stream_move(s, end == ATMOS ? step->out : step->in,
				 end == ATMOS ? step->in : step->out))
			return false;
	}
	return true;
}

static void *native_end(void *arg)
{
	struct lane *lane = arg;

	pin(lane->number / 2);
	for (;;) {
		sem_wait(&lane->begin);
		if (lane->over)
			return NULL;
		if (open_end(lane, NATIVE, &lane->peer) &&
		    steps(&lane->plan, NATIVE, &lane->peer, 0,
			  lane->plan.nr_steps))
			stream_end(&lane->peer);
		sem_post(&lane->end);
	}
}

static u64 domain_of(int fd)
{
	u64 id = 0;
	socklen_t len = sizeof(id);

	if (getsockopt(fd, SOL_ATMOS, ATMOS_SO_DOMAIN_ID, &id, &len))
		return 0;
	return id;
}

/* Return: the order's name, or 0. */
static u32 order(struct plan *p, const struct stream *s)
{
	p->order.domain = domain_of(s->fd);
	if (!p->order.domain ||
	    ioctl(campaign.device, ATMOS_TEST_INJECT, &p->order))
		return 0;
	return p->order.id;
}

static void atmos_end(struct lane *lane, struct stream *s, u32 *name)
{
	struct plan *p = &lane->plan;

	if (!open_end(lane, ATMOS, s) || !steps(p, ATMOS, s, 0, STEPS_BEFORE))
		return;
	*name = order(p, s);
	if (steps(p, ATMOS, s, STEPS_BEFORE, p->nr_steps))
		stream_end(s);
}

/* The worse end of a stream. */
static const struct stream *worse(const struct stream *a,
				  const struct stream *b)
{
	return a->outcome >= b->outcome ? a : b;
}

static void tell(const struct plan *p, const struct stream *s,
		 const struct stream *peer,
		 const struct atmos_test_injected *what, u32 touched,
		 u32 complaints, u64 began)
{
	const struct stream *w = worse(s, peer);
	struct atmos_test_fault fault = { .seq = what->fault };
	char line[1024];

	if (fault.seq && ioctl(campaign.device, ATMOS_TEST_FAULT, &fault))
		memset(&fault, 0, sizeof(fault));
	snprintf(
		line, sizeof(line),
		"{\"trial\":%llu,\"seed\":%llu,\"privilege\":\"%s\",\"kind\":\"%s\","
		"\"word\":%u,\"nth\":%u,\"fired\":%u,\"place\":%llu,\"before\":\"%llx\","
		"\"after\":\"%llx\",\"symbol\":\"%s\",\"deaths\":%llu,\"given_up\":%u,"
		"\"entries\":%llu,\"cause\":\"%s\",\"vector\":%u,\"died_at\":\"%s\","
		"\"why\":\"%s\",\"ready_ns\":%llu,\"stream\":\"%s\",\"end\":\"%s\","
		"\"errno\":\"%s\",\"at\":%llu,\"touched\":%u,\"complaints\":%u,\"ms\":%llu}\n",
		(unsigned long long)p->trial, (unsigned long long)p->seed,
		campaign.privilege, kind_name(p->order.kind), p->order.word,
		p->order.nth, what->fired, (unsigned long long)what->place,
		(unsigned long long)what->before,
		(unsigned long long)what->after, what->symbol,
		(unsigned long long)what->deaths, what->given_up,
		(unsigned long long)what->entries, cause_name(fault.kind),
		fault.vector, fault.symbol, fault.why,
		(unsigned long long)what->ready_ns, outcome_name(w->outcome),
		w == s ? "atmos" : "native",
		w->err ? strerrorname_np(w->err) : "",
		(unsigned long long)w->at, campaign.touched - touched,
		campaign.complaints - complaints,
		(unsigned long long)(now_ns() - began) / 1000000);
	campaign_result(p->trial, line);
}

static void trial(struct lane *lane)
{
	u32 touched = campaign.touched, complaints = campaign.complaints,
	    name = 0;
	struct atmos_test_injected what = {};
	struct stream s = { .fd = -1 };
	u64 began = now_ns();

	sem_post(&lane->begin);
	atmos_end(lane, &s, &name);
	sem_wait(&lane->end);
	if (name) {
		what.id = name;
		if (ioctl(campaign.device, ATMOS_TEST_INJECTED, &what))
			memset(&what, 0, sizeof(what));
	}
	log_watch();
	tell(&lane->plan, &s, &lane->peer, &what, touched, complaints, began);
}

static void *lane_run(void *arg)
{
	struct lane *lane = arg;
	pthread_t native;
	u64 number;

	pin(lane->number);
	if (pthread_create(&native, NULL, native_end, lane))
		abort();
	while (campaign_next(lane->number, &number)) {
		plan_make(&lane->plan, campaign.seed, number);
		trial(lane);
		campaign_idle(lane->number);
	}
	lane->over = true;
	sem_post(&lane->begin);
	pthread_join(native, NULL);
	return NULL;
}

int lane_start(struct lane *lane, u32 number)
{
	static const int families[2] = { AF_INET, AF_INET6 };
	int end, i;

	lane->number = number;
	sem_init(&lane->begin, 0, 0);
	sem_init(&lane->end, 0, 0);
	for (end = ATMOS; end <= NATIVE; end++) {
		for (i = 0; i < 2; i++) {
			lane->listener[end][i] = stream_listen(
				end == ATMOS ? campaign.atmos : families[i],
				families[i], &lane->addr[end][i]);
			if (lane->listener[end][i] < 0)
				return -1;
		}
	}
	errno = pthread_create(&lane->thread, NULL, lane_run, lane);
	return errno ? -1 : 0;
}

void lane_join(struct lane *lane)
{
	int end, i;

	pthread_join(lane->thread, NULL);
	for (end = ATMOS; end <= NATIVE; end++)
		for (i = 0; i < 2; i++)
			close(lane->listener[end][i]);
}
