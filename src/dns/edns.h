// SPDX-License-Identifier: GPL-3.0-or-later
// EDNS(0) (RFC 6891): reading a request's OPT and laying out ours.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dns/wire.h"

#define EDNS_OWN_SIZE 1232 // what we offer, and the most we send by UDP unless configured

enum edns_option {
	EDNS_NSID = 3, EDNS_EXPIRE = 9, EDNS_COOKIE = 10, EDNS_KEEPALIVE = 11,
	EDNS_PADDING = 12, EDNS_EDE = 15,
};

struct edns {
	bool present;
	bool dnssec_ok;
	bool nsid;          // the option was there (RFC 5001)
	bool expire;        // RFC 7314
	bool keepalive;     // RFC 7828
	uint8_t version;
	uint8_t extended_rcode;
	uint16_t udp_size;  // as sent, at least 512
	uint32_t expire_value; // valid where expire_given (in a response)
	bool expire_given;
	const uint8_t *cookie; // into the message, NULL if none
	uint8_t cookie_length;
};

// Reads the fixed part and options of an OPT whose owner was the root:
// `class`, `ttl`, `rdata` as they stand in the record. Returns 0 or ERR_FORMAT
// (an option runs over the end).
int edns_read(uint16_t class, uint32_t ttl, const uint8_t *rdata, uint16_t length,
              struct edns *edns);

// Appends an OPT record: begins it, options follow, edns_write_end() patches
// the length. extended_rcode: the upper 8 bits of the rcode. What does not fit
// sets writer->full and leaves no part of itself behind.
struct edns_writer {
	struct wire_writer *writer;
	uint8_t *rdlength;
};
void edns_write_begin(struct edns_writer *e, struct wire_writer *w, uint16_t udp_size,
                      uint8_t extended_rcode, bool dnssec_ok);
void edns_write_option(struct edns_writer *e, uint16_t code, const void *data, uint16_t length);
// EDE with its text (may be NULL), RFC 8914, 2.
void edns_write_error(struct edns_writer *e, uint16_t info_code, const char *text);
void edns_write_end(struct edns_writer *e);
