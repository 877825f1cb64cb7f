// SPDX-License-Identifier: GPL-3.0-or-later
// Stream threads: each runs its connections by epoll; all share the listening
// sockets.
#pragma once

#include "serve/server.h"

// The listening sockets of a thread; malloc'ed.
struct stream_set {
	unsigned count;
	int fd[];
};

// Starts a thread over the set, which it takes over. ERR_MEMORY, ERR_IO.
int stream_thread_start(struct serve *serve, unsigned number, struct stream_set *set,
                        struct stream_thread **thread);

// Hands it another set, which it takes over, and returns when it has left the
// old one. Connections live on.
void stream_thread_switch(struct stream_thread *thread, struct stream_set *set);

// Takes no more connections, lets the others end what they write for up to a
// second, and ends. First tell all threads, then wait for each.
void stream_thread_end(struct stream_thread *thread);
void stream_thread_join(struct stream_thread *thread);

const struct serve_counters *stream_thread_counters(const struct stream_thread *thread);
