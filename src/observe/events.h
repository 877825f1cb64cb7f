// SPDX-License-Identifier: GPL-3.0-or-later
// Server-sent events (HTML, 9.2): what changes, told to whoever looks at the
// page. Each event is made once for all listeners and kept in a ring; who falls
// behind by more than the ring is sent away, comes back and begins anew.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "observe/page.h"

#define EVENTS_LISTENERS 64
#define EVENTS_TICK_MS 250 // how often changes are told

struct events;
struct events_listener;

int events_new(struct page *page, struct events **events);
void events_free(struct events *events); // no listener is left

// Listeners at present.
unsigned events_listeners(const struct events *events);

// Tells what changed since the last tick, and once a second how things are.
// True where there is something new to send.
bool events_tick(struct events *events, uint64_t now_ms);

// A new listener, who first gets everything. NULL: too many, or no memory.
struct events_listener *events_join(struct events *events);
void events_leave(struct events_listener *listener);

// Copies what is next for the listener. Returns how much; 0: nothing at
// present; -1: he is too far behind.
ssize_t events_read(struct events_listener *listener, char *to, size_t room);
