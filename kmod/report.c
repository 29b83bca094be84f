// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fault reports: a bounded ring that the control tool reads, a rate-limited
 * log line, and the netlink event.
 *
 * Reports are added with bottom halves off, also from softirq, and read from
 * process context.
 */
#include <linux/build_bug.h>
#include <linux/kernel.h>
#include <linux/ratelimit.h>
#include <linux/spinlock.h>
#include <linux/timekeeping.h>

#include "atmos.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

#define REPORTS		256

static struct atmos_fault report_ring[REPORTS];
static u64 report_seq;
static DEFINE_SPINLOCK(report_lock);
static DEFINE_RATELIMIT_STATE(report_limit, 5 * HZ, 10);

static const char * const kind_names[] = {
	[ATMOS_FAULT_EXCEPTION] = "exception",
	[ATMOS_FAULT_BUDGET] = "over budget",
	[ATMOS_FAULT_CONTRACT] = "contract violation",
	[ATMOS_FAULT_KILLED] = "killed",
	[ATMOS_FAULT_SEGMENT] = "left its code",
};

/* Mnemonics of SDM volume 3, table 6-1. */
static const char * const vector_names[] = {
	"#DE", "#DB", "NMI", "#BP", "#OF", "#BR", "#UD", "#NM", "#DF", "CSO", "#TS",
	"#NP", "#SS", "#GP", "#PF", "exit", "#MF", "#AC", "#MC", "#XM", "#VE", "#CP",
};

const char *atmos_fault_kind_name(u32 kind)
{
	return kind < ARRAY_SIZE(kind_names) && kind_names[kind] ? kind_names[kind] : "?";
}

const char *atmos_vector_name(u32 vector)
{
	return vector < ARRAY_SIZE(vector_names) ? vector_names[vector] : "?";
}

static void report_log(const struct atmos_fault *f)
{
	const char *sym = f->symbol[0] ? f->symbol : "?";

	if (!__ratelimit(&report_limit))
		return;
	if (f->kind == ATMOS_FAULT_CONTRACT)
		pr_warn("domain %llu (%s) died: %s: %s, slot %llu; restarted\n", f->domain,
			f->image, atmos_fault_kind_name(f->kind), f->why, f->address);
	else if (f->kind == ATMOS_FAULT_EXCEPTION)
		pr_warn("domain %llu (%s) died: %s at %llx (%s), address %llx, error %llx\n",
			f->domain, f->image, atmos_vector_name(f->vector), f->rip, sym,
			f->address, f->error_code);
	else
		pr_warn("domain %llu (%s) died: %s at %llx (%s)\n", f->domain, f->image,
			atmos_fault_kind_name(f->kind), f->rip, sym);
}

/**
 * atmos_report_add() - keep a report and tell of it
 * @f: all but @seq and @time_ns filled in
 *
 * Context: process or softirq, bottom halves off. Return: its number.
 */
u64 atmos_report_add(struct atmos_fault *f)
{
	f->time_ns = ktime_get_real_ns();
	spin_lock(&report_lock);
	f->seq = ++report_seq;
	report_ring[f->seq % REPORTS] = *f;
	spin_unlock(&report_lock);
	report_log(f);
	trace_atmos_death(f);
	atmos_netlink_fault(f);
	return f->seq;
}

/**
 * atmos_report_get() - read a report
 * @seq: its number
 * @f: result
 *
 * Context: process. Return: 0, or -ENOENT if there was none or it was overwritten.
 */
int atmos_report_get(u64 seq, struct atmos_fault *f)
{
	int err = -ENOENT;

	spin_lock_bh(&report_lock);
	if (seq && report_ring[seq % REPORTS].seq == seq) {
		*f = report_ring[seq % REPORTS];
		err = 0;
	}
	spin_unlock_bh(&report_lock);
	return err;
}

/* Number of the newest report, 0 if there was none. */
u64 atmos_report_last(void)
{
	u64 seq;

	spin_lock_bh(&report_lock);
	seq = report_seq;
	spin_unlock_bh(&report_lock);
	return seq;
}

/* Number of the oldest report still kept, 0 if there was none. */
u64 atmos_report_first(void)
{
	u64 last = atmos_report_last();

	return last > REPORTS ? last - REPORTS + 1 : min_t(u64, last, 1);
}
