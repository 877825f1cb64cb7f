// SPDX-License-Identifier: GPL-3.0-or-later
#include "replicate/lists.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/epoch.h"
#include "base/error.h"

struct access_list {
	struct access_list *next;
	uint64_t hash;
	uint32_t users;
	struct acl *copy;
};

void lists_begin(struct lists *lists)
{
	memset(lists->latest, 0, sizeof lists->latest);
}

// Those that are in every program.
static const struct acl *standing(const struct acl *wanted)
{
	if (wanted == NULL || wanted == &acl_any || wanted == &acl_none)
		return wanted;
	return wanted->count == 0 ? &acl_none : acl_equal(wanted, &acl_any) ? &acl_any : NULL;
}

static struct access_list *add(struct access_list **bucket, const struct acl *wanted, uint64_t hash)
{
	struct access_list *list = calloc(1, sizeof *list);

	if (list == NULL)
		return NULL;
	list->copy = acl_copy(wanted);
	if (list->copy == NULL) {
		free(list);
		return NULL;
	}
	list->hash = hash;
	list->next = *bucket;
	*bucket = list;
	return list;
}

static struct access_list *find(struct lists *lists, const struct acl *wanted)
{
	uint64_t hash = acl_hash(wanted);
	struct access_list **bucket, *list;

	if (lists->bucket == NULL)
		lists->bucket = calloc(LISTS_BUCKETS, sizeof(struct access_list *));
	if (lists->bucket == NULL)
		return NULL;
	bucket = &lists->bucket[hash % LISTS_BUCKETS];
	for (list = *bucket; list != NULL; list = list->next)
		if (list->hash == hash && acl_equal(list->copy, wanted))
			return list;
	return add(bucket, wanted, hash);
}

static struct access_list **place_of(struct lists *lists, const struct acl *copy)
{
	struct access_list **place = &lists->bucket[acl_hash(copy) % LISTS_BUCKETS];

	while (*place != NULL && (*place)->copy != copy)
		place = &(*place)->next;
	return place;
}

const struct acl *lists_take(struct lists *lists, const struct acl *wanted, int *error)
{
	struct lists_latest *latest = &lists->latest[((uintptr_t)wanted >> 5) % LISTS_LATEST];
	const struct acl *found = standing(wanted);
	struct access_list *list;

	*error = 0;
	if (wanted == NULL || found != NULL)
		return found;
	list = latest->wanted == wanted ? latest->found : find(lists, wanted);
	if (list == NULL) {
		*error = ERR_MEMORY;
		return &acl_none;
	}
	list->users++;
	*latest = (struct lists_latest){ wanted, list };
	return list->copy;
}

static void free_list(void *context)
{
	struct access_list *list = context;

	free(list->copy);
	free(list);
}

void lists_give(struct lists *lists, const struct acl *list)
{
	struct access_list **place, *gone;

	if (list == NULL || list == &acl_any || list == &acl_none)
		return;
	place = place_of(lists, list);
	gone = *place;
	if (gone == NULL || --gone->users > 0)
		return;
	for (unsigned i = 0; i < LISTS_LATEST; i++)
		if (lists->latest[i].found == gone)
			lists->latest[i] = (struct lists_latest){ 0 };
	*place = gone->next;
	epoch_retire(free_list, gone);
}

void lists_free(struct lists *lists)
{
	for (unsigned i = 0; lists->bucket != NULL && i < LISTS_BUCKETS; i++) {
		struct access_list *list = lists->bucket[i], *next;
		for (; list != NULL; list = next) {
			next = list->next;
			free_list(list);
		}
	}
	free(lists->bucket);
	lists->bucket = NULL;
}
