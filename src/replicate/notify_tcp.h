// SPDX-License-Identifier: GPL-3.0-or-later
// A NOTIFY by TCP, for a target that does not answer by UDP (RFC 1996, 3.4).
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "replicate/endpoint.h"

struct replicate;
struct notify_tcp;

// The answer as it came, or NULL: there is none.
typedef void notify_tcp_done(void *context, uint8_t *message, size_t length);

// Sends the message; done is called once, never before this has returned, and
// notify_tcp_end() is due then as ever. The caller sets the time limit. NULL
// where no connection can be opened.
struct notify_tcp *notify_tcp_start(struct replicate *room, const struct endpoint *target, const struct endpoint *source,
                                    const uint8_t *message, size_t length, notify_tcp_done *done, void *context);

// Closes it. NULL is fine.
void notify_tcp_end(struct notify_tcp *tcp);
