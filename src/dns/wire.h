// SPDX-License-Identifier: GPL-3.0-or-later
// Cursors over bytes of the wire. Errors are sticky: after the first one every
// further call does nothing, so a caller checks once, at the end.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t wire_get16(const uint8_t *p) { return (uint16_t)((p[0] << 8) | p[1]); }
static inline uint32_t wire_get32(const uint8_t *p)
{
	return ((uint32_t)p[0] << 24) | ((uint32_t)p[1] << 16) | ((uint32_t)p[2] << 8) | p[3];
}
static inline void wire_put16(uint8_t *p, uint16_t v) { p[0] = (uint8_t)(v >> 8); p[1] = (uint8_t)v; }
static inline void wire_put32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24); p[1] = (uint8_t)(v >> 16); p[2] = (uint8_t)(v >> 8); p[3] = (uint8_t)v;
}

struct wire_reader {
	const uint8_t *start; // of the message, for compression pointers
	const uint8_t *at;
	const uint8_t *end;
	bool failed;
};

struct wire_writer {
	uint8_t *start;
	uint8_t *at;
	uint8_t *end;  // one past the last byte that may be written
	bool full;     // sticky: something did not fit, nothing of it was written
};

static inline void wire_reader_init(struct wire_reader *r, const uint8_t *bytes, size_t length)
{
	*r = (struct wire_reader){ bytes, bytes, bytes + length, false };
}
static inline size_t wire_reader_left(const struct wire_reader *r) { return (size_t)(r->end - r->at); }

// Points into the message; NULL, and r->failed, where the bytes are not there.
static inline const uint8_t *wire_read_bytes(struct wire_reader *r, size_t length)
{
	const uint8_t *bytes = r->at;
	if (r->failed || length > wire_reader_left(r)) {
		r->failed = true;
		return NULL;
	}
	r->at += length;
	return bytes;
}

// 0 and r->failed where the bytes are not there.
static inline uint8_t wire_read8(struct wire_reader *r)
{
	const uint8_t *p = wire_read_bytes(r, 1);
	return p != NULL ? *p : 0;
}
static inline uint16_t wire_read16(struct wire_reader *r)
{
	const uint8_t *p = wire_read_bytes(r, 2);
	return p != NULL ? wire_get16(p) : 0;
}
static inline uint32_t wire_read32(struct wire_reader *r)
{
	const uint8_t *p = wire_read_bytes(r, 4);
	return p != NULL ? wire_get32(p) : 0;
}
uint64_t wire_read48(struct wire_reader *r);
// A possibly compressed name, uncompressed into `name` (NAME_MAX_WIRE bytes);
// the root where it is malformed.
void wire_read_name(struct wire_reader *r, uint8_t *name);

static inline void wire_writer_init(struct wire_writer *w, uint8_t *bytes, size_t room)
{
	*w = (struct wire_writer){ bytes, bytes, bytes + room, false };
}
static inline size_t wire_writer_length(const struct wire_writer *w) { return (size_t)(w->at - w->start); }
static inline size_t wire_writer_room(const struct wire_writer *w) { return (size_t)(w->end - w->at); }

// Room for `length` bytes, which the caller fills; NULL, and w->full, where
// there is none.
static inline uint8_t *wire_write_room(struct wire_writer *w, size_t length)
{
	uint8_t *bytes = w->at;
	if (w->full || length > wire_writer_room(w)) {
		w->full = true;
		return NULL;
	}
	w->at += length;
	return bytes;
}

static inline void wire_write8(struct wire_writer *w, uint8_t value)
{
	uint8_t *p = wire_write_room(w, 1);
	if (p != NULL)
		*p = value;
}
static inline void wire_write16(struct wire_writer *w, uint16_t value)
{
	uint8_t *p = wire_write_room(w, 2);
	if (p != NULL)
		wire_put16(p, value);
}
static inline void wire_write32(struct wire_writer *w, uint32_t value)
{
	uint8_t *p = wire_write_room(w, 4);
	if (p != NULL)
		wire_put32(p, value);
}
void wire_write48(struct wire_writer *w, uint64_t value);
static inline void wire_write_bytes(struct wire_writer *w, const void *bytes, size_t length)
{
	uint8_t *p = wire_write_room(w, length);
	if (p != NULL && length > 0)
		memcpy(p, bytes, length);
}
