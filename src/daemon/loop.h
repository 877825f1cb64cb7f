// SPDX-License-Identifier: GPL-3.0-or-later
// The control loop as a reader of published data: libuv sleeps inside its own
// poll and calls back from there, so we sleep outside of it, offline, and let
// it run without waiting.
#pragma once

#include <stdbool.h>
#include <uv.h>

// Runs until *ended. The thread is registered with the epoch.
void loop_run(uv_loop_t *loop, const bool *ended);

// Closes what handles are left and the loop.
void loop_close(uv_loop_t *loop);
