// SPDX-License-Identifier: GPL-3.0-or-later
// Read-copy-update in its quiescent-state form (liburcu QSBR): readers of zone
// versions take no lock; what they might still see is freed a grace period
// later.
#pragma once

// Every thread that reads published data registers, says when it holds no
// reference (once a batch), and goes offline around calls that may block.
void epoch_register(void);
void epoch_unregister(void);
void epoch_quiescent(void);
void epoch_offline(void);
void epoch_online(void);

// Runs fn(arg) after a grace period, on the epoch thread. fn must be short and
// must not wait for a grace period itself. Thread-safe. Out of memory waits
// for a grace period in place.
void epoch_retire(void (*fn)(void *arg), void *arg);

// Waits for a grace period. Not from a registered thread that is online
// between two quiescent states with references held.
void epoch_synchronize(void);

// Waits until all that was retired before has run; for tests and for the end.
void epoch_barrier(void);
