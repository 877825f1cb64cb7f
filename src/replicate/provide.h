// SPDX-License-Identifier: GPL-3.0-or-later
// Transfers out (RFC 5936; RFC 1995): a stream of messages drawn by whoever
// writes to the socket, so that the reader sets the pace. It holds the version
// it began with while the zone goes on changing.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "answer/answer.h"
#include "replicate/replicate.h"

struct provide;

// Checks the request (ANSWER_TRANSFER) against the zone's access list and
// opens the stream. Otherwise *rcode (REFUSED, NOTAUTH, SERVFAIL, FORMERR) and
// `why` tell what to answer; a refusal is logged with the line that would
// allow it. Any registered thread. Returns 0, ERR_DENIED, ERR_STATE,
// ERR_FORMAT, ERR_MEMORY.
int provide_open(struct replicate *replicate, const struct answer_request *request,
                 const struct answer *parsed, struct provide **provide,
                 uint16_t *rcode, char why[static 128]);

// Writes the next message (header to last record, without TSIG; `room` less
// the TSIG's reserve) and its length; *last tells that it ends the transfer.
// The request's ID and question are in the first message. Returns 0 or
// ERR_SPACE. A record that no message can hold ends the stream: ERR_RANGE.
int provide_next(struct provide *provide, uint8_t *message, size_t room,
                 size_t *length, bool *last);

// A stream that has to wait for its turn lets go of what it would send, and
// takes what is served when its turn comes: 0, or ERR_STATE where nothing is.
void provide_rest(struct provide *provide);
int provide_resume(struct provide *provide);

// Writes an answer that refuses in place of the first message, for one that is
// resting.
int provide_refuse(struct provide *provide, uint16_t rcode, const char *why, uint8_t *message, size_t room,
                   size_t *length);

// Whether it is sending an older version than the one that is served, and such
// keep more than they may: max(16 MiB, half the zone).
bool provide_pins_too_much(const struct provide *provide);

// Begins anew with the SOA alone, as an IXFR by UDP whose answer did not fit is
// answered (RFC 1995, 2): the client comes again by TCP.
void provide_shorten(struct provide *provide);

// Says in the log line of its end why it is broken off: a constant.
void provide_blame(struct provide *provide, const char *why);

// Ends it, finished or not, with the log line of its outcome.
void provide_close(struct provide *provide);
