// SPDX-License-Identifier: GPL-3.0-or-later
// A reply being written. There is one way to put records into it, reply_add():
// an RRset with its signatures comes in whole or not at all.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "answer/answer.h"
#include "answer/names.h"
#include "dns/message.h"
#include "dns/types.h"
#include "zone/zone.h"

// CNAMEs and DNAMEs followed for one question. BIND stops at 11, Knot at 5,
// NSD nowhere; longer chains are in no zone that works.
#define CHAIN_MAX 16
// NSEC or NSEC3 sets in one reply: a chain through wildcards may need two a
// step, a proof of absence three.
#define PROOFS_MAX (2 * CHAIN_MAX + 4)
// Targets whose addresses are added; the rest a resolver asks for.
#define TARGETS_MAX 64

#define TTL_AS_STORED UINT32_MAX

struct reply {
	struct answer *answer;
	const struct answer_request *request;
	const struct answer_identity *identity;
	const struct zone_version *version;

	struct wire_writer w;     // its end leaves room for OPT and TSIG
	uint16_t opt_room;
	uint16_t count[4];
	uint8_t section;          // enum message_section, never goes back
	bool authoritative;       // AA
	bool truncated;           // TC: something required did not fit; nothing more is written
	bool incomplete;          // something optional did not fit
	bool has_names;           // `names` is in use
	bool sign;                // DO: signatures go along
	bool prove;               // DO, and the zone can prove denial
	uint16_t rcode;
	int8_t ede;
	const char *ede_text;

	const struct qname *name; // looked up now: the question's, or a CNAME's target
	uint16_t name_at;         // its place in the message, 0: cannot be pointed to
	uint16_t target_at;       // place of the name last written into rdata, 0 likewise
	uint8_t common;           // labels of the question that most names in the reply end in

	// The lists below are filled as far as these tell; nothing clears them.
	unsigned chain;           // steps followed
	unsigned dnames;
	unsigned wildcards;       // expanded, and not yet proved right
	unsigned proofs;
	unsigned targets;
	unsigned places;
	uint64_t chain_hash[CHAIN_MAX + 1]; // of the names looked up before
	const struct zone_node *dname[CHAIN_MAX + 1]; // whose sets are in the answer
	const struct zone_node *proof[PROOFS_MAX];    // whose NSEC or NSEC3 sets are in
	uint64_t target_hash[TARGETS_MAX];  // of the names whose addresses are in
	uint16_t place[TARGETS_MAX];  // of the first names in the set last written, as target_at
	struct {
		uint8_t labels;           // of the closest encloser
		uint8_t name[NAME_MAX_WIRE];
	} wildcard[CHAIN_MAX + 1];
	struct names names;
};

// An owner name: `at` is its place in the message, or 0 where it is to be
// written (and compressed) from `name`.
struct owner {
	const uint8_t *name; // wire, uncompressed
	uint16_t at;
	uint16_t parent;     // where `at` is 0: the place of what is behind the first label, if nothing
	                     // in the message has more of the name; 0: not known
};

// Starts a reply in request->reply with the question as it came.
void reply_open(struct reply *r, struct answer *answer, const struct answer_identity *identity,
                const struct answer_request *request);

// Writes OPT and header, and fills in what the answer tells of the reply.
void reply_close(struct reply *r);

// Adds a set and its signatures (NULL: none) to the present section. TTLs are
// cut to `most_ttl`. False, with nothing written, where they do not fit.
bool reply_add(struct reply *r, struct owner owner, const struct rrset *set,
               const struct rrset *signatures, uint32_t most_ttl);

// As reply_add() for what the reply must have: where it does not fit the reply
// is truncated and ends.
bool reply_require(struct reply *r, struct owner owner, const struct rrset *set,
                   const struct rrset *signatures, uint32_t most_ttl);

// The signatures over the node's set of that type, where the asker wants them
// and there are any, else NULL.
const struct rrset *reply_signatures(const struct reply *r, const struct zone_node *node,
                                     uint16_t type, struct rrset *room);

// The node's set of that type with its signatures, required. False where there
// is none, or it did not fit (r->truncated).
bool reply_require_type(struct reply *r, struct owner owner, const struct zone_node *node,
                        uint16_t type);

// Appends the CNAME that a DNAME stands for (RFC 6672, 3.1).
bool reply_require_cname(struct reply *r, struct owner owner, uint32_t ttl, const uint8_t *target);

// The owners that come up: the name looked up, its last `labels` labels, the apex.
struct owner owner_of_name(const struct reply *r);
struct owner owner_of_suffix(const struct reply *r, unsigned labels);
struct owner owner_of_apex(const struct reply *r);
static inline struct owner owner_of(const uint8_t *name) { return (struct owner){ name, 0, 0 }; }

// An owner of a label below the apex that only an NSEC3 has.
struct owner owner_below_apex(const struct reply *r, const uint8_t *name);

// --- what the files of this room do to a reply

// Looks the name up and writes whatever follows from it (RFC 1034, 4.3.2).
void reply_from_zone(struct reply *r);

// ANY and RRSIG: sets by the node, not by type (RFC 8482). False where the
// node has none to give.
bool reply_any(struct reply *r, const struct zone_node *node);
bool reply_all_signatures(struct reply *r, const struct zone_node *node);

// A referral to the zone cut (RFC 1034, 4.3.2 step 3b; RFC 4035, 3.1.4).
void reply_refer(struct reply *r, const struct zone_find *find);

// No such type, no such name (RFC 2308). `find` is what found the name; for
// no_type it may be a wildcard's.
void reply_no_type(struct reply *r, const struct zone_find *find);
void reply_no_name(struct reply *r, const struct zone_find *find);

// The addresses of the names in the set's records, where its type is one that
// sends its reader on to another name, into the additional section. Optional. Of
// sets with names that are compressed it is the one added last.
void reply_targets(struct reply *r, const struct rrset *set);

// The glue of a referral whose NS set was added just before: required below the
// cut, which is the last `cut_labels` labels of the name (RFC 9471), optional beside it.
void reply_glue(struct reply *r, const struct rrset *ns, unsigned cut_labels);

// Begins the authority section with the proofs that the wildcards expanded on
// the way were rightly used.
void reply_end_answer(struct reply *r);

// What the zone can prove (RFC 4035, 3.1.3; RFC 5155, 7.2).
enum proof {
	PROOF_NO_TYPE,          // the name is there, the type is not
	PROOF_NO_NAME,          // neither the name nor a wildcard for it is there
	PROOF_WILDCARD,         // the name is not there, so the wildcard was right
	PROOF_WILDCARD_NO_TYPE, // the same, and the wildcard has no such type
	PROOF_NO_DS,            // the cut of a referral has no DS
};
void reply_prove(struct reply *r, const struct zone_find *find, enum proof proof);
void reply_prove_nsec(struct reply *r, const struct zone_find *find, enum proof proof);
void reply_prove_nsec3(struct reply *r, const struct zone_find *find, enum proof proof);

// True the first time this reply is asked about this node, so that no proof
// stands in it twice.
bool reply_proof_is_new(struct reply *r, const struct zone_node *node);

// The name of the wildcard below the last `labels` labels of the name.
void reply_wildcard_name(const struct reply *r, unsigned labels, struct qname *wildcard);

// Class CHAOS: what the server says of itself.
void reply_chaos(struct reply *r);
