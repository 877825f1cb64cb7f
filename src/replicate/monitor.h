// SPDX-License-Identifier: GPL-3.0-or-later
// The sync monitor: asks the servers of each zone for its serial, round by round,
// within a rate for all together. All on the loop; what it has seen other threads
// get through replicate/watch.h.
//
// Rounds: each zone's turn comes once in monitor-interval, the zones spread over
// it; with more servers than monitor-rate allows, a round takes longer. A zone
// that was published is asked about sooner, a few times, until all have it.
// Servers that do not answer are known by their address, for all zones: they get
// one question at a time, after growing pauses.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "replicate/deadline.h"
#include "replicate/endpoint.h"
#include "replicate/watch.h"

struct config_key;
struct monitor_question;
struct replica;
struct replicate;

// One address that is asked, whatever the zones.
struct monitor_server {
	struct endpoint endpoint;
	uint32_t number;         // in monitor.server
	uint32_t next;           // in the bucket: number + 1, 0 none
	uint32_t users;          // entries that name it
	uint32_t outstanding;    // questions
	uint32_t failures;       // in a row without any answer
	uint32_t round_trip_us;
	uint64_t retry_at;       // boot ms: not asked before, while it is silent
};

// What a question came to.
enum monitor_outcome {
	MONITOR_ANSWERED,
	MONITOR_SILENT,
	MONITOR_UNREACHABLE,    // ICMP, or no route
	MONITOR_REFUSED,        // an rcode
	MONITOR_LAME,           // an answer without authority
	MONITOR_NO_SOA,
	MONITOR_UNPROVEN,       // TSIG
	MONITOR_MALFORMED,
	MONITOR_CUT,            // truncated, and TCP did not do
	MONITOR_OUTCOMES,
};

// What one server has of one zone: 24 bytes.
struct watch_entry {
	uint32_t server;
	uint32_t serial;
	uint32_t answered_at, asked_at; // wall seconds
	uint32_t behind_since;
	uint8_t outcome;        // enum monitor_outcome, of the last question that came to an end
	uint8_t rcode;          // MONITOR_REFUSED
	uint8_t part;           // enum server_part
	bool has_serial : 1;
	bool is_asked : 1;      // a question is on its way
	bool is_late : 1;       // the log was told that it lags
};
_Static_assert(sizeof(struct watch_entry) == 24, "there may be several for each of 100,000 zones");

// A zone that is asked about again soon.
struct follow_up;

struct watch {
	struct follow_up *follow_up;
	uint32_t chased;        // the serial that a primary or sibling told, and our primaries were asked for
	uint16_t count;
	bool has_chased;
	struct watch_entry entry[];
};

struct monitor {
	struct deadline deadline;     // of the next step
	bool is_on;
	struct watch **watch;         // of each of room->replicas, NULL: not looked at yet
	uint32_t watch_room;
	struct deadline_queue soon;   // follow-ups
	uint32_t cursor;              // the zone whose turn is next
	uint64_t round_at;            // boot ms: when the round began
	bool is_first_round;
	int64_t tokens;               // thousandths of a question; below 0: a debt
	uint64_t tokens_at;
	unsigned turn;
	unsigned outstanding;
	struct monitor_question *questions;
	struct monitor_server **server;
	uint32_t server_count, server_room;
	uint32_t free_server;         // head of those that are unused, linked by next
	uint32_t *bucket;             // MONITOR_BUCKETS of number + 1
};

#define MONITOR_BUCKETS 4096u

// Whether some zone of it has servers to watch. Any thread.
bool monitor_is_wanted(const struct config *config);

// After a configuration was taken over, of which that is known; and for each zone
// that it has in another way than before.
void monitor_configure(struct replicate *room, bool is_wanted);
void monitor_configure_zone(struct replica *replica);

// The zone at the first place was taken out, and the last of the list, which
// was at the second, has its place.
void monitor_move(struct replicate *room, uint32_t to, uint32_t from);

// A new version is served in place of another: its servers are asked soon.
void monitor_published(struct replica *replica);

// No question about this zone any more.
void monitor_forget(struct replica *replica);
void monitor_stop(struct replicate *room);
void monitor_free(struct monitor *monitor);

// The servers of a zone, at most ZONE_SERVERS_MAX (monitor_view.c). Under the
// room's lock, any registered thread. Returns how many.
unsigned monitor_fill(struct replica *replica, struct zone_server servers[static ZONE_SERVERS_MAX]);

// --- within the monitor

// Who is to be watched.
struct monitor_candidate {
	struct endpoint endpoint;      // AF_UNSPEC: no address is known
	struct endpoint source;        // AF_UNSPEC: the system chooses
	const struct config_key *key;  // NULL: unsigned
	const uint8_t *name;           // of the NS target, in the zone's data; NULL none
	enum server_part part;
	bool is_self;
	bool is_unusable;              // no address that one host has
};

// As the zone's policy says (monitor_candidates.c). Returns how many.
unsigned monitor_candidates(struct replica *replica, struct monitor_candidate list[static ZONE_SERVERS_MAX]);

// The zone's watch, or NULL (monitor_watch.c).
struct watch *watch_find(const struct replica *replica);
// … brought up to date with who is to be watched; NULL where there is nobody, or
// no memory. `list` has the candidates.
struct watch *watch_update(struct replica *replica, const struct monitor_candidate *list, unsigned count);
struct watch_entry *watch_entry_of(struct watch *watch, uint32_t server);
void watch_drop(struct replicate *room, uint32_t place);

// What a question came to.
struct monitor_answer {
	enum monitor_outcome outcome;
	uint16_t rcode;
	uint32_t serial;
};
void watch_note(struct replica *replica, uint32_t server, const struct monitor_answer *answer);

// Works out anew who is behind.
void watch_settle(struct replica *replica, struct watch *watch);

// True where some server that answers lacks the newest serial.
bool watch_is_apart(const struct replica *replica, const struct watch *watch);

// Servers (monitor_ask.c).
struct monitor_server *monitor_server_get(struct monitor *monitor, const struct endpoint *endpoint);
struct monitor_server *monitor_server_find(const struct monitor *monitor, const struct endpoint *endpoint);
bool monitor_server_is_silent(const struct monitor_server *server);
void monitor_server_release(struct monitor *monitor, uint32_t number);

// Asks it about the zone. False where it is not the time: it is silent, or has
// too many questions already.
bool monitor_ask(struct replica *replica, const struct monitor_candidate *candidate, struct watch_entry *entry);

// Gives up all questions about the zone, NULL: all there are.
void monitor_cancel(struct replicate *room, const struct replica *replica);

// The outcome as a sentence, "" for a good one (monitor_text.c).
void monitor_text(enum monitor_outcome outcome, unsigned rcode, char text[static 128]);
