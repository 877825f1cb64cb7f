// SPDX-License-Identifier: GPL-3.0-or-later
#include "serve/counters.h"

#include <assert.h>

static_assert(sizeof(struct serve_counters) % sizeof(uint64_t) == 0,
              "counters are summed as an array of words");

void counter_add_odd(struct serve_counters *c, const struct answer *answer)
{
	if (answer->opcode != OPCODE_QUERY)
		counter_add(&c->odd_opcode[answer->opcode & 15], 1);
	if (answer->class != CLASS_IN)
		counter_add(answer->class == CLASS_CH ? &c->class_chaos : answer->class == CLASS_ANY ? &c->class_any
		            : &c->class_other, 1);
}

void counters_sum(const struct serve_counters *from, struct serve_counters *sum)
{
	const uint64_t *word = (const uint64_t *)(const void *)from;
	uint64_t *total = (uint64_t *)(void *)sum;
	for (size_t i = 0; i < sizeof(*from) / sizeof(uint64_t); i++)
		total[i] += __atomic_load_n(&word[i], __ATOMIC_RELAXED);
}
