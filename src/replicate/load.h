// SPDX-License-Identifier: GPL-3.0-or-later
// Zone files read while the server runs: a primary's when it changed, a new
// secondary's cached copy.
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "replicate/deadline.h"

struct replica;
struct replicate;
struct stat;

// What a zone file was when it was looked at.
struct file_stamp {
	int64_t mtime_ns;
	uint64_t inode;
	int64_t size;      // not above 0: not known
	uint64_t includes; // a digest of the same for the files that it includes; 0: none
};
static_assert(sizeof(struct file_stamp) == 32, "a digest is made of it, so it has no gaps");

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

// What is kept of it, for good; 0 where it is not known, which equals nothing.
uint64_t load_digest(const struct file_stamp *stamp) __attribute__((pure));
