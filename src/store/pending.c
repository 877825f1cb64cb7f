// SPDX-License-Identifier: GPL-3.0-or-later
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/hash.h"
#include "store/internal.h"

#define BUCKETS_FIRST 64

static struct pending_state **place_of(const struct pending *pending, const uint8_t *origin, size_t length)
{
	struct pending_state **at = &pending->buckets[hash_bytes(origin, length) & (pending->bucket_count - 1)];
	while (*at != NULL && ((*at)->origin_length != length || memcmp((*at)->bytes, origin, length) != 0))
		at = &(*at)->next;
	return at;
}

static int grow(struct pending *pending)
{
	struct pending old = *pending;
	size_t count = old.bucket_count == 0 ? BUCKETS_FIRST : old.bucket_count * 2;
	struct pending_state **buckets = calloc(count, sizeof *buckets);
	if (buckets == NULL)
		return ERR_MEMORY;
	pending->buckets = buckets;
	pending->bucket_count = count;
	for (size_t i = 0; i < old.bucket_count; i++) {
		for (struct pending_state *entry = old.buckets[i], *next; entry != NULL; entry = next) {
			next = entry->next;
			struct pending_state **at = place_of(pending, entry->bytes, entry->origin_length);
			entry->next = *at;
			*at = entry;
		}
	}
	free(old.buckets);
	return 0;
}

int pending_put(struct pending *pending, const uint8_t *origin, const uint8_t *row, size_t length)
{
	size_t origin_length = name_length(origin);
	if (pending->count >= pending->bucket_count && grow(pending) != 0)
		return ERR_MEMORY;
	struct pending_state **at = place_of(pending, origin, origin_length);
	struct pending_state *old = *at;
	struct pending_state *entry = malloc(sizeof *entry + origin_length + length);
	if (entry == NULL)
		return ERR_MEMORY;
	*entry = (struct pending_state){ old != NULL ? old->next : NULL, (uint16_t)origin_length, (uint16_t)length,
	                                false };
	memcpy(entry->bytes, origin, origin_length);
	memcpy(entry->bytes + origin_length, row, length);
	*at = entry;
	pending->count += old == NULL;
	free(old);
	return 0;
}

void pending_drop(struct pending *pending, const uint8_t *origin, bool only_returned)
{
	if (pending->count == 0)
		return;
	struct pending_state **at = place_of(pending, origin, name_length(origin));
	struct pending_state *entry = *at;
	if (entry == NULL || (only_returned && !entry->returned))
		return;
	*at = entry->next;
	free(entry);
	pending->count--;
}

bool pending_has(const struct pending *pending, const uint8_t *origin)
{
	return pending->count > 0 && *place_of(pending, origin, name_length(origin)) != NULL;
}

void pending_return(struct pending *pending, struct pending *from)
{
	for (size_t i = 0; i < from->bucket_count; i++) {
		for (struct pending_state *entry = from->buckets[i], *next; entry != NULL; entry = next) {
			next = entry->next;
			from->buckets[i] = next;
			if (pending->count >= pending->bucket_count && grow(pending) != 0) {
				free(entry); // it was only deadlines
				continue;
			}
			struct pending_state **at = place_of(pending, entry->bytes, entry->origin_length);
			if (*at != NULL) {
				free(entry);
				continue;
			}
			entry->next = NULL;
			entry->returned = true;
			*at = entry;
			pending->count++;
		}
	}
	pending_clear(from);
}

void pending_clear(struct pending *pending)
{
	for (size_t i = 0; i < pending->bucket_count; i++) {
		for (struct pending_state *entry = pending->buckets[i], *next; entry != NULL; entry = next) {
			next = entry->next;
			free(entry);
		}
	}
	free(pending->buckets);
	*pending = (struct pending){ 0 };
}
