/* SPDX-License-Identifier: GPL-2.0-only */
/* Tracepoints of the core, in the group "atmos". */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM atmos

#if !defined(_ATMOS_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _ATMOS_TRACE_H

#include <linux/tracepoint.h>

#include "atmos.h"

/* An entry has ended: status is 0 committed, 1 died, 2 refused. */
TRACE_EVENT(atmos_entry,
	TP_PROTO(const struct atmos_domain *dom, const struct atmos_entry *result),
	TP_ARGS(dom, result),
	TP_STRUCT__entry(
		__field(u64, domain)
		__field(u64, cycles)
		__field(u32, status)
	),
	TP_fast_assign(
		__entry->domain = dom->id;
		__entry->cycles = result->cycles;
		__entry->status = result->status;
	),
	TP_printk("domain=%llu status=%u cycles=%llu", __entry->domain, __entry->status,
		  __entry->cycles)
);

/* All commands of an entry were found good and are about to take effect. */
TRACE_EVENT(atmos_commit,
	TP_PROTO(const struct atmos_domain *dom, u32 slots),
	TP_ARGS(dom, slots),
	TP_STRUCT__entry(
		__field(u64, domain)
		__field(u32, slots)
	),
	TP_fast_assign(
		__entry->domain = dom->id;
		__entry->slots = slots;
	),
	TP_printk("domain=%llu slots=%u", __entry->domain, __entry->slots)
);

TRACE_EVENT(atmos_death,
	TP_PROTO(const struct atmos_fault *f),
	TP_ARGS(f),
	TP_STRUCT__entry(
		__field(u64, domain)
		__field(u64, seq)
		__field(u64, rip)
		__field(u64, address)
		__field(u64, error_code)
		__field(u32, kind)
		__field(u32, vector)
	),
	TP_fast_assign(
		__entry->domain = f->domain;
		__entry->seq = f->seq;
		__entry->rip = f->rip;
		__entry->address = f->address;
		__entry->error_code = f->error_code;
		__entry->kind = f->kind;
		__entry->vector = f->vector;
	),
	TP_printk("domain=%llu fault=%llu kind=%u vector=%u rip=%llx address=%llx error=%llx",
		  __entry->domain, __entry->seq, __entry->kind, __entry->vector, __entry->rip,
		  __entry->address, __entry->error_code)
);

TRACE_EVENT(atmos_restart,
	TP_PROTO(const struct atmos_domain *dom),
	TP_ARGS(dom),
	TP_STRUCT__entry(
		__field(u64, domain)
		__field(u64, restarts)
	),
	TP_fast_assign(
		__entry->domain = dom->id;
		__entry->restarts = dom->restarts;
	),
	TP_printk("domain=%llu restarts=%llu", __entry->domain, __entry->restarts)
);

#endif /* _ATMOS_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
