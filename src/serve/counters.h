// SPDX-License-Identifier: GPL-3.0-or-later
// Counters have one writer, the thread that owns them, so they need no lock
// and no atomic addition; whoever sums them reads each word whole.
#pragma once

#include "serve/serve.h"

static inline void counter_add(uint64_t *counter, uint64_t number)
{
	__atomic_store_n(counter, __atomic_load_n(counter, __ATOMIC_RELAXED) + number, __ATOMIC_RELAXED);
}

#define COUNTED_RCODES (sizeof(((struct serve_counters *)0)->rcode) / sizeof(uint64_t))

static inline void counter_add_rcode(struct serve_counters *counters, uint16_t rcode)
{
	counter_add(&counters->rcode[rcode < COUNTED_RCODES ? rcode : COUNTED_RCODES - 1], 1);
}

// Adds what `from` has now to *sum.
void counters_sum(const struct serve_counters *from, struct serve_counters *sum);
