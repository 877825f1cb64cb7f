// SPDX-License-Identifier: GPL-3.0-or-later
// Domain names in wire form (RFC 1035, 3.1): labels with a length byte, ended
// by the root's zero byte, never compressed unless a function says so.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NAME_MAX_WIRE 255   // RFC 1035, 2.3.4, root byte included
#define NAME_MAX_LABELS 127 // root label not counted
#define NAME_MAX_TEXT 1024  // every byte escaped as \DDD, dots, NUL

// Bytes of a valid uncompressed name, root byte included (1 for the root).
size_t name_length(const uint8_t *name) __attribute__((pure));

// Labels without the root (0 for the root).
unsigned name_label_count(const uint8_t *name) __attribute__((pure));

// Checks that an uncompressed name lies wholly in `available` bytes and obeys
// the limits. Returns its length, or ERR_FORMAT.
int name_check(const uint8_t *name, size_t available);

// Reads the name at `offset` of a message, following compression pointers,
// which must point backward (RFC 1035, 4.1.4); bounded. `name` gets it
// uncompressed, case kept. Returns the bytes it took at `offset` (so that the
// cursor goes on behind it), or ERR_FORMAT.
int name_unpack(const uint8_t *message, size_t length, size_t offset,
                uint8_t name[static NAME_MAX_WIRE]);

// ASCII lower case of all labels; in place is fine. Length as name_length().
void name_lower(uint8_t *to, const uint8_t *from);

// Equal without regard to ASCII case.
bool name_equal(const uint8_t *a, const uint8_t *b) __attribute__((pure));

// True where `name` is `ancestor` or below it, without regard to case.
bool name_is_within(const uint8_t *name, const uint8_t *ancestor) __attribute__((pure));

// Canonical order (RFC 4034, 6.1): <0, 0, >0.
int name_compare(const uint8_t *a, const uint8_t *b) __attribute__((pure));

// The name without its first `labels` labels; points into `name`.
const uint8_t *name_skip(const uint8_t *name, unsigned labels) __attribute__((pure));

// Presentation form without a final dot, but "." for the root; escapes as in
// RFC 4343 2.1, so it is safe in a log. Returns `text`.
const char *name_to_text(const uint8_t *name, char text[static NAME_MAX_TEXT]);

// Presentation form with the final dot, as zone files and dig print it.
const char *name_to_text_absolute(const uint8_t *name, char text[static NAME_MAX_TEXT]);

// From presentation form, with or without the final dot, always taken as
// absolute; escapes understood; case kept. Returns the wire length, or
// ERR_FORMAT or ERR_RANGE.
int name_from_text(const char *text, uint8_t name[static NAME_MAX_WIRE]);

// A name taken apart for look-ups: lower case, each label's place, the hash of
// each suffix. hash[n] is that of the last n labels, so hash[0] is the root's
// and hash[label_count] the whole name's.
struct qname {
	uint8_t length;      // of wire, root byte included
	uint8_t label_count;
	uint8_t offset[NAME_MAX_LABELS + 1]; // offset[n]: where the suffix of n labels begins in wire; offset[0] is the root byte
	uint8_t wire[NAME_MAX_WIRE];
	uint64_t hash[NAME_MAX_LABELS + 1];
};

// Takes a valid uncompressed name apart. Cheap in the number of labels: only
// the entries in use are written.
void qname_init(struct qname *q, const uint8_t *name);

// As qname_init() for the name at the start of the bytes, which may be
// anything: returns the bytes it took, or ERR_FORMAT (too long, compressed,
// beyond the end).
int qname_parse(struct qname *q, const uint8_t *bytes, size_t available);
