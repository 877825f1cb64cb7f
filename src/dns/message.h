// SPDX-License-Identifier: GPL-3.0-or-later
// The header of a message (RFC 1035, 4.1.1) and the walk over its records.
#pragma once

#include "dns/name.h"
#include "dns/wire.h"

#define MESSAGE_HEADER 12
#define MESSAGE_MAX 65535

#define FLAG_QR 0x8000u
#define FLAG_AA 0x0400u
#define FLAG_TC 0x0200u
#define FLAG_RD 0x0100u
#define FLAG_RA 0x0080u
#define FLAG_Z  0x0040u
#define FLAG_AD 0x0020u
#define FLAG_CD 0x0010u

static inline uint16_t message_id(const uint8_t *m) { return wire_get16(m); }
static inline uint16_t message_flags(const uint8_t *m) { return wire_get16(m + 2); }
static inline unsigned message_opcode(const uint8_t *m) { return (m[2] >> 3) & 15u; }
static inline unsigned message_rcode(const uint8_t *m) { return m[3] & 15u; }
static inline uint16_t message_count(const uint8_t *m, unsigned section) { return wire_get16(m + 4 + 2 * section); }

enum message_section { SECTION_QUESTION, SECTION_ANSWER, SECTION_AUTHORITY, SECTION_ADDITIONAL };

struct message_question {
	uint8_t name[NAME_MAX_WIRE]; // uncompressed, case kept
	uint16_t type;
	uint16_t class;
};

// One record of a message. rdata points into the message and may hold
// compressed names: see rdata_unpack().
struct message_record {
	uint8_t owner[NAME_MAX_WIRE];
	uint16_t type;
	uint16_t class;
	uint32_t ttl;
	uint16_t rdata_length;
	const uint8_t *rdata;
	const uint8_t *start; // first byte of the record in the message
};

// Each reads at the cursor and moves it on; a malformed one sets r->failed and
// returns false.
bool message_read_question(struct wire_reader *r, struct message_question *question);
bool message_read_record(struct wire_reader *r, struct message_record *record);

// Longest rdata after unpacking.
#define RDATA_MAX 65535

// Writes the record's rdata to `rdata` (room for RDATA_MAX bytes) with the
// names of the types that RFC 3597, 4 allows to be compressed in full length,
// and checks that it is well formed for its type by libknot's descriptors
// (lengths, names, nothing left over). Case kept. Returns the length,
// ERR_FORMAT or ERR_RANGE. `message`..`length` is the whole message.
int rdata_unpack(const uint8_t *message, size_t length,
                 const struct message_record *record, uint8_t *rdata);

// As above for rdata that is already uncompressed (from a zone file, a store).
// Returns 0 or ERR_FORMAT.
int rdata_check(uint16_t type, const uint8_t *rdata, size_t length);

// Canonical order of two rdata of one type as RFC 4034, 6.3 has it (names
// within compared in lower case for the types of 6.2). <0, 0, >0. Equal means
// that they are the same record (RFC 2181, 5).
int rdata_compare(uint16_t type, const uint8_t *a, size_t a_length,
                  const uint8_t *b, size_t b_length);

// Brings rdata into canonical form where it stands: the names within in lower
// case, for the types of RFC 4034, 6.2 but NSEC (RFC 6840, 5.1).
void rdata_to_canonical(uint16_t type, uint8_t *rdata, size_t length);

// A record in presentation form as a zone file has it: "owner ttl class type
// rdata", one line without newline, rdata through libknot where every scanner
// reads that back as the same bytes, else in the form of RFC 3597. Rdata that
// rdata_check() refuses is written so too. Returns the length, or ERR_SPACE.
int record_to_text(const uint8_t *owner, uint16_t type, uint16_t class, uint32_t ttl,
                   const uint8_t *rdata, uint16_t rdata_length, char *text, size_t room);

// Fields of a SOA (RFC 1035, 3.3.13).
struct soa {
	uint32_t serial, refresh, retry, expire, minimum;
};

// From uncompressed rdata. 0 or ERR_FORMAT.
int soa_read(const uint8_t *rdata, size_t length, struct soa *soa);
