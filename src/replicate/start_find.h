// SPDX-License-Identifier: GPL-3.0-or-later
// What a start finds of a zone, in the store and in its file, before anything of
// it is served. For start.c, which takes it up.
#pragma once

#include "replicate/endpoint.h"
#include "replicate/replica.h"
#include "replicate/start_folder.h"
#include "store/store.h"

enum origin { FROM_NOWHERE, FROM_STORE, FROM_FILE };

// What is used of struct store_state, in a third of its size: all zones have
// one at once.
struct kept {
	int64_t transferred, confirmed, refresh_at, expires_at, last_error_at;
	struct endpoint primary;
	uint16_t life;
	char *last_error; // NULL: none
};

struct found { // all zero but stamp.size, -1, before it is looked for
	const struct zone_version *version;
	struct kept state;
	struct file_stamp stamp;
	uint8_t from;          // enum origin
	bool is_stored;        // the store has this very content
	bool is_as_stored;     // … found by reading the file over it
	bool is_changed;       // … another serial, or nothing; or not all were told of it
	struct delta *delta;   // from what the store has; NULL: not known
	bool is_file_served;   // it is what a primary's file has
	bool is_export_behind; // the zone file is older than the version
	char *error;           // what is wrong with a primary's file
};

// Looks for the zone where its role says. On any thread; the folder is the
// thread's own. Version, delta, last error and error are the caller's.
void start_find(struct replica *replica, struct start_folder *folder, struct found *found);

// The same in the store alone.
void start_find_stored(const struct replica *replica, struct found *found);

// The state that was found, and gives back what it kept on the heap.
void start_unkeep(struct kept *kept, struct store_state *state);
