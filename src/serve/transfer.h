// SPDX-License-Identifier: GPL-3.0-or-later
// Transfers out: messages are drawn from replicate's stream as the socket
// drains, signed on the way.
#pragma once

#include "serve/exchange.h"

struct transfer;

// Opens the stream that the exchange asks for; x->transfer gets it. Otherwise
// *rcode and `why` tell what to answer.
int transfer_open(struct exchange *x, uint16_t *rcode, char why[static 128]);

// The reply to an IXFR by UDP: the one message that the stream then consists
// of (RFC 1995, 2). 0: *rcode and `why`.
size_t transfer_by_udp(struct exchange *x, uint16_t *rcode, char why[static 128]);

// May it draw now? Only so many transfers draw at once; the others wait, not
// more than twice as many and none for longer than half a minute: then what it
// draws is a refusal. Once true it stays true until transfer_close().
bool transfer_admit(struct transfer *transfer, uint32_t limit);

// Appends the next message with its two length bytes at `to`. Returns the
// bytes written, 0 at the end of the transfer, or a negative code: the
// connection must then be closed, which tells the peer that it is incomplete.
// `room` is at least 2 + MESSAGE_MAX.
int transfer_next(struct transfer *transfer, uint8_t *to, size_t room);

void transfer_close(struct transfer *transfer);

// Milliseconds in which its peer takes something, or is gone.
uint64_t transfer_idle_ms(const struct transfer *transfer);

// When it was asked for (boot ms), where what it sends is an old version and
// such keep too much memory; UINT64_MAX: it may go on.
uint64_t transfer_pins_since(const struct transfer *transfer);

// Says in the log line of its end why: a constant.
void transfer_blame(struct transfer *transfer, const char *why);
