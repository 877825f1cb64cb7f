// SPDX-License-Identifier: GPL-3.0-or-later
// One request in, one reply out: a pure function of the request, the zones and
// the identity of the server. No I/O, clock, lock or allocation.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "dns/edns.h"
#include "dns/name.h"
#include "zone/table.h"

enum answer_transport { TRANSPORT_UDP, TRANSPORT_TCP, TRANSPORT_TLS };

// What the server says of itself; NULL: that question is refused. Immutable.
struct answer_identity {
	const char *version;   // version.bind, version.server (CH TXT)
	const char *hostname;  // hostname.bind
	const char *server_id; // id.server
	const uint8_t *nsid;   // NSID option, NULL: not sent
	uint8_t nsid_length;
	uint16_t keepalive;    // edns-tcp-keepalive over TCP where asked, in 100 ms (RFC 7828); 0: not sent
	uint16_t udp_size;     // the most we send by UDP; 0 means EDNS_OWN_SIZE
	bool minimal_any;      // ANY gets one RRset over UDP (RFC 8482); over TCP all
	bool minimal_responses;// leave out the additional data that no one needs
};

// What the caller must do with the outcome.
enum answer_action {
	ANSWER_REPLY,    // send the reply
	ANSWER_SILENCE,  // send nothing (a response, or too short to have an ID)
	ANSWER_NOTIFY,   // a well-formed NOTIFY for `zone`: hand it to replication
	ANSWER_TRANSFER, // a well-formed AXFR or IXFR over TCP (IXFR also by UDP) for `zone`: likewise
};

struct answer_request {
	const uint8_t *bytes;          // the message, TSIG stripped
	size_t length;
	const struct sockaddr *source;
	enum answer_transport transport;
	const uint8_t *key_name;       // verified TSIG key, wire, lower case; NULL: none
	uint32_t now;                  // boot seconds, where the request asks for EDNS EXPIRE; 0: not answered
	uint16_t reserve;              // bytes to keep free at the end for the TSIG of the reply
	uint8_t *reply;                // buffer to write to, not overlapping bytes
	size_t reply_room;             // its size; over UDP at least 512
};

// Where the addresses of a name server below a zone cut are.
struct answer_glue {
	uint64_t hash;
	const void *bucket; // NULL: the name is not below the cut
};
#define ANSWER_GLUE_MOST 13u // name servers looked at ahead; more are found later and slower

struct answer {
	enum answer_action action;
	size_t length;            // of the reply (REPLY), at most what EDNS and transport allow less `reserve`
	uint16_t rcode;           // extended rcode of the reply
	uint16_t type;            // of the question, 0 where unreadable
	uint8_t opcode;
	bool truncated;
	// The bytes behind the ID suit whoever sends the same bytes behind the ID, if
	// his UDP size is at least `length`, until the zone changes.
	bool reusable;
	struct zone_slot *zone;   // the zone that was asked, NULL where none
	struct edns edns;

	// Between the stages; not for callers.
	const struct zone_version *version;
	uint16_t class;
	uint16_t question;        // bytes of the question section as it came, 0 where unreadable
	int8_t ede;               // the extended error of a settled reply, EDE_NONE
	bool settled;             // the rcode is known without looking into a zone
	bool chaos;               // a question about the server itself
	bool over_udp;
	uint8_t glue_count;
	bool glue_plain;          // each of them names another label right below the cut, in lower case
	bool has_soa;             // a SOA of class IN stood in the authority section (IXFR)

	// What the stages found of the name in `version`; nothing clears these.
	struct zone_way way;
	struct zone_find find;
	const struct zone_node *closer; // whose NSEC3 covers the next closer name, NULL: not looked for
	struct answer_glue glue[ANSWER_GLUE_MOST]; // of the first `glue_count` records of the cut's NS

	struct qname qname;       // lower case, hashed; valid where a question could be read
};

// All stages at once.
void answer(const struct zone_table *zones, const struct answer_identity *identity,
            const struct answer_request *request, struct answer *answer);

// The same for a batch: first what needs the zones' memory, stage by stage, each
// for all requests before the next and prefetching for the one after it; then
// answer_write() for each.
void answer_prepare(const struct zone_table *zones, const struct answer_request *requests, struct answer *answers,
                    unsigned count);
void answer_write(const struct answer_identity *identity, const struct answer_request *request, struct answer *answer);

// Reads the request alone, for what is refused before it is looked at further.
void answer_parse(const struct zone_table *zones, const struct answer_request *request, struct answer *answer);

// A reply of header and question alone (as far as it could be read) with this
// rcode, for what other rooms refuse: NOTIFY, transfers, TSIG failures. With
// OPT where the request had one, and an extended error where ede is not
// EDE_NONE. Returns its length.
size_t answer_error(const struct answer_request *request, const struct answer *parsed,
                    uint16_t rcode, int ede, const char *text);
