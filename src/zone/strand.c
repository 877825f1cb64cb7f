// SPDX-License-Identifier: GPL-3.0-or-later
#include "zone/strand.h"

#include <stdlib.h>

#include "base/error.h"

int strand_reserve(struct strand *s, size_t count)
{
	if (s->retired_room - s->retired_count >= count)
		return 0;
	size_t room = s->retired_room * 2 + count + 16;
	struct retired_block *grown = realloc(s->retired, room * sizeof(*grown));
	if (grown == NULL)
		return ERR_MEMORY;
	s->retired = grown;
	s->retired_room = room;
	return 0;
}

void strand_retire(struct strand *s, arena_ref ref, uint32_t birth, enum block_kind kind, size_t size)
{
	s->retired[s->retired_count++] = (struct retired_block){ ref, birth, (uint32_t)kind };
	s->bytes -= arena_cost(size);
}
