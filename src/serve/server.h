// SPDX-License-Identifier: GPL-3.0-or-later
// What the files of this room share.
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "serve/listen.h"
#include "serve/peers.h"
#include "serve/runtime.h"
#include "serve/serve.h"

struct udp_worker;
struct stream_thread;

struct serve {
	const struct zone_table *zones;
	struct replicate *replicate;
	runtime_slot runtime;
	struct listener **listeners;
	unsigned listener_count;
	unsigned worker_count, stream_count;
	struct udp_worker **workers;    // NULL until serve_start()
	struct stream_thread **streams; // likewise
	struct peers *peers;
	_Atomic uint32_t transfers_out; // running now
	_Atomic uint32_t transfers_waiting;
};

// Starts a thread that takes no signal but SIGURG, which only interrupts
// calls. Returns 0 or ERR_IO.
int serve_thread_start(pthread_t *thread, const char *name, unsigned number,
                       void *(*run)(void *), void *argument);
