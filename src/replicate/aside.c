// SPDX-License-Identifier: GPL-3.0-or-later
#include "replicate/aside.h"

#include <stdlib.h>
#include <string.h>

#include "replicate/replica.h"

const struct aside aside_nothing = { 0 };

struct aside *aside_of(struct replica *replica)
{
	if (replica->aside == &aside_nothing) {
		struct aside *made = calloc(1, sizeof *made);
		if (made == NULL)
			return NULL;
		replica->aside = made;
	}
	return aside_have(replica);
}

struct aside *aside_have(struct replica *replica)
{
	union { const struct aside *in; struct aside *out; } pointer = { replica->aside }; // it is not the one that is const
	return pointer.out;
}

void aside_tidy(struct replica *replica)
{
	static const uint32_t nothing_told[REPLICA_TOLD] = { 0 };
	const struct aside *aside = replica->aside;

	if (aside == &aside_nothing || aside->attempt != NULL || aside->publication != NULL
	    || aside->held != NULL || aside->pin != NULL || aside->rollback != NULL || aside->compare != NULL || aside->last_error != NULL || aside->file_error != NULL
	    || aside->unstored != NULL || aside->notifier.family != AF_UNSPEC || memcmp(aside->told, nothing_told, sizeof nothing_told) != 0)
		return;
	free(aside_have(replica));
	replica->aside = &aside_nothing;
}

void aside_free(struct replica *replica)
{
	struct aside *aside = aside_have(replica);

	if (replica->aside == &aside_nothing)
		return;
	free(aside->last_error);
	free(aside->file_error);
	free(aside->held);
	free(aside->pin);
	delta_release(aside->unstored);
	free(aside);
	replica->aside = &aside_nothing;
}
