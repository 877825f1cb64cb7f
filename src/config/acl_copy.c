// SPDX-License-Identifier: GPL-3.0-or-later
// Access lists as values: compared, digested and copied with all that is in them.
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "config/acl.h"
#include "dns/name.h"

static bool same_key_name(const uint8_t *one, const uint8_t *other)
{
	return one == other || (one != NULL && other != NULL && name_equal(one, other));
}

static bool same_entry(const struct acl_entry *one, const struct acl_entry *other)
{
	return one->what == other->what && one->signed_how == other->signed_how && one->refuses == other->refuses
	       && one->needs_tls == other->needs_tls && one->family == other->family && one->port == other->port
	       && memcmp(one->low, other->low, sizeof one->low) == 0
	       && memcmp(one->high, other->high, sizeof one->high) == 0
	       && same_key_name(one->key_name, other->key_name) && acl_equal(one->list, other->list);
}

bool acl_equal(const struct acl *one, const struct acl *other)
{
	if (one == other || one == NULL || other == NULL)
		return one == other;
	if (one->count != other->count || one->rule != other->rule)
		return false;
	for (uint32_t i = 0; i < one->count; i++)
		if (!same_entry(&one->entry[i], &other->entry[i]))
			return false;
	return true;
}

uint64_t acl_hash(const struct acl *acl)
{
	uint64_t hash = acl->count + ((uint64_t)acl->rule << 32);

	for (uint32_t i = 0; i < acl->count; i++) {
		const struct acl_entry *entry = &acl->entry[i];
		uint64_t part[6] = { hash, (uint64_t)entry->what << 16 | entry->family };
		memcpy(&part[2], entry->low, sizeof entry->low);
		memcpy(&part[4], entry->high, sizeof entry->high);
		hash = hash_bytes(part, sizeof part);
		if (entry->list != NULL)
			hash ^= acl_hash(entry->list);
	}
	return hash;
}

static size_t aligned(size_t size)
{
	return (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
}

static size_t room_of(const struct acl *acl)
{
	size_t size = aligned(sizeof *acl) + aligned(acl->count * sizeof *acl->entry);

	for (uint32_t i = 0; i < acl->count; i++) {
		if (acl->entry[i].key_name != NULL)
			size += aligned(name_length(acl->entry[i].key_name));
		if (acl->entry[i].list != NULL)
			size += room_of(acl->entry[i].list);
	}
	return size;
}

static void *take(unsigned char **at, size_t size)
{
	void *taken = *at;

	*at += aligned(size);
	return taken;
}

static struct acl *copy_into(const struct acl *acl, unsigned char **at)
{
	struct acl *copy = take(at, sizeof *copy);
	struct acl_entry *entry = take(at, acl->count * sizeof *entry);

	*copy = (struct acl){ .count = acl->count, .rule = acl->rule, .entry = entry };
	for (uint32_t i = 0; i < acl->count; i++) {
		const struct acl_entry *from = &acl->entry[i];
		entry[i] = *from;
		if (from->key_name != NULL) {
			uint8_t *name = take(at, name_length(from->key_name));
			memcpy(name, from->key_name, name_length(from->key_name));
			entry[i].key_name = name;
		}
		if (from->list != NULL)
			entry[i].list = copy_into(from->list, at);
	}
	return copy;
}

struct acl *acl_copy(const struct acl *acl)
{
	unsigned char *block = malloc(room_of(acl)), *at = block;

	return block != NULL ? copy_into(acl, &at) : NULL;
}
