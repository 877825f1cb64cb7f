// SPDX-License-Identifier: GPL-3.0-or-later
// The access lists in force: copies, each kept once however many zones have it
// and whatever configuration it came with. So a zone that a reload does not
// change keeps its lists, and nothing of it has to be touched. On the loop.
#pragma once

#include <stdint.h>

#include "config/acl.h"

struct access_list;

#define LISTS_BUCKETS 4096u
#define LISTS_LATEST 8u

struct lists {
	struct access_list **bucket; // LISTS_BUCKETS; NULL: none yet
	// Zones that are written together mostly share theirs. Valid while the
	// configuration that they come from is.
	struct lists_latest {
		const struct acl *wanted;
		struct access_list *found;
	} latest[LISTS_LATEST];
};

// Before lists of another configuration are asked for.
void lists_begin(struct lists *lists);

// The list that decides as `wanted` does, with one user more. &acl_none, which
// lets nobody in, where there is no memory; *error is ERR_MEMORY then.
const struct acl *lists_take(struct lists *lists, const struct acl *wanted, int *error);

// One user fewer of what was taken; without any it goes, a grace period later.
void lists_give(struct lists *lists, const struct acl *list);

// At the end, when nobody asks any more.
void lists_free(struct lists *lists);
