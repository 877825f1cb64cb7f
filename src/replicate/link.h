// SPDX-License-Identifier: GPL-3.0-or-later
// TCP connections to primaries, kept for the next question to the same one
// (RFC 7766, 6.2.1): so that the first transfer of 100,000 zones neither runs
// out of ports nor pays for a handshake each. A connection serves one user at a
// time: a transfer, or the polls of replicate/pipe.h. All on the loop.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "config/model.h"
#include "replicate/deadline.h"
#include "replicate/endpoint.h"

struct primary_link;
struct replicate;

// What a connection tells whoever uses it. None is called before the call that
// took it has returned, and none after it was kept or closed.
struct primary_link_user {
	void (*connected)(void *context, int status); // 0, or a uv error; a new connection alone
	void (*alloc)(void *context, uv_buf_t *buffer);
	void (*received)(void *context, ssize_t length); // as uv_read_cb, never 0
};

struct primary_links {
	struct primary_link *idle; // the one used last first
	unsigned idle_count;
	// Primaries that let a second question on a connection go unanswered, in a
	// ring: they get one connection for each.
	struct endpoint *once;
	unsigned once_count;
};

// An idle connection to that primary, or NULL.
struct primary_link *primary_link_take_idle(struct replicate *room, const struct config_remote *remote,
                                        const struct primary_link_user *user, void *context);

// A new one, being connected: 0, ERR_MEMORY or ERR_IO (*uv_error tells).
int primary_link_open(struct replicate *room, const struct config_remote *remote, const struct primary_link_user *user,
                    void *context, struct primary_link **link, int *uv_error);

// Sends a message with its length before it; the bytes are copied. 0 or a uv
// error. What fails later is seen by reading.
int primary_link_send(struct primary_link *link, const uint8_t *message, size_t length);

// The same for messages that have their lengths before them, any number of times
// while others are being sent.
int primary_link_send_framed(struct primary_link *link, const uint8_t *bytes, size_t length);

// 0 or a uv error.
int primary_link_read_start(struct primary_link *link);
void primary_link_read_stop(struct primary_link *link);

// Whether something has come on it that was not read yet: bytes, its end, or that
// it is connected.
bool primary_link_has_news(const struct primary_link *link);

// True where it has carried another question before.
bool primary_link_is_reused(const struct primary_link *link);

// Where our questions on it come from, without the port; family AF_UNSPEC where
// the system does not tell.
void primary_link_source(const struct primary_link *link, struct endpoint *source);

// The answer is complete and nothing came behind it: others may use it.
void primary_link_keep(struct primary_link *link);
void primary_link_close(struct primary_link *link);

// It let a second question go unanswered; whether that primary did.
void primary_link_distrust(struct primary_link *link);
bool primary_link_is_distrusted(const struct replicate *room, const struct endpoint *primary);

// Closes those that are idle; from then on none is kept.
void primary_links_end(struct replicate *room);
void primary_links_free(struct replicate *room);
