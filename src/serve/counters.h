// SPDX-License-Identifier: GPL-3.0-or-later
// Counters have one writer, the thread that owns them, so they need no lock
// and no atomic addition; whoever sums them reads each word whole.
#pragma once

#include "dns/types.h"
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

// Opcodes and classes that hardly anybody sends.
void counter_add_odd(struct serve_counters *counters, const struct answer *answer);

// What was asked, once answer_parse() has looked at it.
static inline void counter_add_question(struct serve_counters *counters, const struct answer *answer)
{
	counter_add(&counters->type[answer->type < SERVE_TYPES ? answer->type : 0], 1);
	if (__builtin_expect((answer->opcode | (answer->class ^ CLASS_IN)) != 0, 0))
		counter_add_odd(counters, answer);
}

// Adds what `from` has now to *sum.
void counters_sum(const struct serve_counters *from, struct serve_counters *sum);
