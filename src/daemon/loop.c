// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/loop.h"

#include <poll.h>

#include "base/epoch.h"

#define SLEEP_MOST_MS 1000

void loop_run(uv_loop_t *loop, const bool *ended)
{
	struct pollfd p = { .fd = uv_backend_fd(loop), .events = POLLIN };
	while (!*ended) {
		uv_update_time(loop);
		int timeout = uv_backend_timeout(loop);
		if (timeout != 0) {
			epoch_offline();
			poll(&p, 1, timeout < 0 || timeout > SLEEP_MOST_MS ? SLEEP_MOST_MS : timeout);
			epoch_online();
		}
		uv_run(loop, UV_RUN_NOWAIT);
		epoch_quiescent();
	}
}

static void close_handle(uv_handle_t *handle, void *context)
{
	(void)context;
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

void loop_close(uv_loop_t *loop)
{
	uv_walk(loop, close_handle, NULL);
	while (uv_loop_close(loop) == UV_EBUSY)
		uv_run(loop, UV_RUN_ONCE);
}
