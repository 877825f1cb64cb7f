// SPDX-License-Identifier: GPL-3.0-or-later
// Compiled access lists. Immutable once the configuration is read: any thread
// may ask, nothing is allocated, the cost is linear in the entries.
//
// The dialects decide differently, so a list carries its rule:
//   ACL_FIRST  (named.conf) the first entry that matches decides; "!" refuses.
//              A list inside a list counts as if written in its place; inside
//              "!" only its allowed part refuses and the rest is passed over.
//   ACL_BLOCK  (nsd.conf) an entry BLOCKED that matches refuses wherever it
//              stands; else any entry that matches allows.
// Where nothing matches, the answer is no.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum acl_rule { ACL_FIRST, ACL_BLOCK };

enum acl_what {
	ACL_EVERYWHERE, // any address of any family
	ACL_RANGE,      // low to high, both included
	ACL_MASKED,     // address & high == low
	ACL_LIST,       // the list `list` decides
};

enum acl_signed {
	ACL_SIGNED_ANYHOW, // the key does not matter
	ACL_SIGNED_NOT,    // only without TSIG (NOKEY)
	ACL_SIGNED_BY,     // only with the key `key_name`, already verified
};

enum acl_answer { ACL_NO_MATCH, ACL_ALLOWED, ACL_REFUSED };

struct acl;

struct acl_entry {
	uint8_t what;         // enum acl_what
	uint8_t signed_how;   // enum acl_signed
	bool refuses;         // "!" or BLOCKED
	bool needs_tls;       // matches nothing that comes without TLS
	uint16_t family;      // AF_INET or AF_INET6; AF_UNSPEC with ACL_EVERYWHERE and ACL_LIST
	uint16_t port;        // source port wanted, 0 any
	uint8_t low[16], high[16]; // network order; IPv4 in the first four bytes
	const uint8_t *key_name;   // wire, lower case
	const struct acl *list;
};

struct acl {
	uint32_t count;
	enum acl_rule rule;
	const char *name; // "acl" name, "localhost", …; NULL for a list without one
	const struct acl_entry *entry; // count of them
};

extern const struct acl acl_any;  // everyone
extern const struct acl acl_none; // nobody

// Whether the source, with the verified TSIG key of that name (wire, lower
// case; NULL: unsigned), is allowed. An IPv4-mapped IPv6 source matches IPv4
// entries. `source` is AF_INET or AF_INET6; any other family, and a NULL list,
// are refused.
bool acl_allows(const struct acl *acl, const struct sockaddr *source,
                const uint8_t *key_name);

// As acl_allows(), and tells which entry decided: *entry is the outermost one,
// NULL where none matched.
enum acl_answer acl_decide(const struct acl *acl, const struct sockaddr *source,
                           const uint8_t *key_name, const struct acl_entry **entry);

// The entry that would let the source in if it signed with that entry's key;
// NULL: none. For messages.
const struct acl_entry *acl_wanting_key(const struct acl *acl, const struct sockaddr *source);

// The entry in the manner of named.conf ("!192.0.2.0/24", "key tr.example",
// "any"), for messages. Cut at `size`; returns `text`.
const char *acl_entry_to_text(const struct acl_entry *entry, char *text, size_t size);

// Whether both decide alike, entry by entry; what they are called does not
// matter. NULL equals NULL alone.
bool acl_equal(const struct acl *one, const struct acl *other) __attribute__((pure));

// Equal lists have equal ones. Keyed by the process.
uint64_t acl_hash(const struct acl *acl) __attribute__((pure));

// A copy without names, with all that is in it in one block: to be given back
// with free(). NULL without memory.
struct acl *acl_copy(const struct acl *acl);
