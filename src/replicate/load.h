// SPDX-License-Identifier: GPL-3.0-or-later
// Zone files read while the server runs: a primary's when it changed, a new
// secondary's cached copy.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "replicate/deadline.h"

struct replica;
struct replicate;
struct file_stamp;
struct stat;

struct loads {
	uint32_t cursor;      // replicas before it want nothing
	unsigned running;     // files being read
	unsigned storing;     // what came from them, until it is stored and served
	bool is_full;         // so much is being stored that no more is begun
	struct deadline begin;
	bool is_begun;          // the loop runs, and the store has its thread
};

// The zone's file is to be looked at (wants_load), or its version is to be
// stored (wants_store): at once, or when its turn comes.
void load_request(struct replica *replica);

// Starts what may start.
void load_run(struct replicate *room);

// NOTIFY of what has changed while the server was down, where it has not been
// sent yet: the step is stored, or cannot be.
void load_tell(struct replica *replica);

// What became of a draft or version that came from a file.
void load_published(struct replica *replica, int error, const char *why);

// A file that may change again and keep its time has no size: it equals nothing.
void load_stamp(struct file_stamp *stamp, const struct stat *file);
bool load_stamp_equal(const struct file_stamp *a, const struct file_stamp *b) __attribute__((pure));
