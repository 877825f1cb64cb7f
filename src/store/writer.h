// SPDX-License-Identifier: GPL-3.0-or-later
// The store's two threads. The store thread owns all writing to LMDB: it takes
// whatever waits and commits it at once. The file thread writes the files of
// large zones before their commit, so that a large zone delays no small one;
// what comes for a zone that it has under way waits behind it.
#pragma once

#include "store/store.h"

struct store_writer;

int writer_start(struct store *store, struct store_writer **writer);

// Writes out what waits, ends the threads and frees the writer.
void writer_stop(struct store_writer *writer);
