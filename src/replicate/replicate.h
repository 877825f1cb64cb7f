// SPDX-License-Identifier: GPL-3.0-or-later
// Replication: keeps every configured zone as fresh as its primaries, or its
// file, allow. It lives on the control loop; other threads reach it only by
// the calls that say so.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <uv.h>

#include "base/lane.h"
#include "config/model.h"
#include "store/store.h"
#include "zone/table.h"

struct replicate;

struct replicate_setup {
	uv_loop_t *loop;          // the control loop; all but the thread-safe calls belong to its thread
	struct zone_table *table; // only replicate adds and removes slots
	struct store *store;
	struct lane *short_lane;  // drafts of small changes
	struct lane *long_lane;   // large parses of files, and what must keep its order
};

int replicate_new(const struct replicate_setup *setup, struct replicate **replicate);

// Takes the first configuration, at the start and before store_start(); holds
// it. Zones are loaded from the store, in parallel, from their file where the
// store has nothing, then refreshed, spread over time. Returns 0 or ERR_MEMORY;
// what concerns one zone fails that zone alone, with a log line.
int replicate_configure(struct replicate *replicate, const struct config *config);

// What a reload touched: so many zones, and no others.
struct replicate_reload {
	uint32_t added, removed;
	uint32_t changed; // kept in another way than before
	uint32_t reread;  // whose file has changed since it was read (mtime, size, inode)
};
typedef void replicate_reloaded(void *context, int error, const struct replicate_reload *reload);

// Takes over the new configuration of a plan (replicate/plan.h), which is kept
// until `done` is called: on the loop, under a lock, so it only sends a message;
// with ERR_CLOSED where the server stops meanwhile. One at a time. ERR_MEMORY,
// and done is not called.
struct plan;
int replicate_reconfigure(struct replicate *replicate, const struct plan *plan, replicate_reloaded *done, void *context);

// Ends transfers, writes the zone files that wait, stores all deadlines, then
// calls done on the loop; free after that.
void replicate_stop(struct replicate *replicate, void (*done)(void *context), void *context);
void replicate_free(struct replicate *replicate);

// --- NOTIFY in (RFC 1996). Any registered thread.

struct notify_in {
	struct zone_slot *slot;
	const struct sockaddr *source;
	const uint8_t *key_name; // verified; NULL: unsigned
	bool has_serial;         // a SOA stood in the answer section
	uint32_t serial;
};

// Decides by the zone's access list, and wakes the zone where accepted. *rcode
// gets what to answer (NOERROR, REFUSED, NOTAUTH), `why` a sentence for an
// extended error where it is not NOERROR.
void replicate_notify(struct replicate *replicate, const struct notify_in *notify,
                      uint16_t *rcode, char why[static 128]);

// --- Commands, from the control loop's thread.

// Polls now. ERR_NOT_FOUND, ERR_STATE (a primary zone).
int replicate_refresh(struct replicate *replicate, const uint8_t *origin);
// Transfers the whole zone now, whatever the serial. ERR_BUSY too: it is rolled
// back.
int replicate_retransfer(struct replicate *replicate, const uint8_t *origin);
// Publishes the version that is held, or drops it; `why` gets a sentence either
// way. With a serial, that one and no other. ERR_NOT_FOUND, ERR_STATE (nothing
// is held, or another serial), ERR_BUSY (what is held is just changing).
int replicate_approve(struct replicate *replicate, const uint8_t *origin, const uint32_t *serial,
                      char why[static 256]);
int replicate_reject(struct replicate *replicate, const uint8_t *origin, const uint32_t *serial,
                     char why[static 256]);

// How something ended that took a while; called on the loop. `text` is a
// sentence, or of a comparison that went well the primary's address; that has
// the delta, which who wants to keep it holds, from what is served to what the
// primary has.
struct delta;
typedef void replicate_done(void *context, int error, const char *text, struct delta *delta);

// Serves an older serial that the journal leads back to, until the newest is
// resumed. They return at once; `done` comes only after 0, perhaps before they
// return. Else ERR_NOT_FOUND, ERR_STATE, ERR_BUSY, ERR_MEMORY; `why`.
int replicate_rollback(struct replicate *replicate, const uint8_t *origin, uint32_t serial,
                       replicate_done *done, void *context, char why[static 256]);
int replicate_resume(struct replicate *replicate, const uint8_t *origin, replicate_done *done, void *context,
                     char why[static 256]);
// Fetches the zone of a primary and compares it with what is served. As above.
int replicate_compare(struct replicate *replicate, const uint8_t *origin, replicate_done *done, void *context,
                      char why[static 256]);

// --- Status. Any thread: a copy of what is known at this moment.

enum replica_phase {
	REPLICA_EMPTY,   // never had a copy
	REPLICA_CURRENT,
	REPLICA_STALE,   // the refresh time has passed and no primary confirmed it
	REPLICA_EXPIRED,
};

struct replica_status {
	uint8_t origin[NAME_MAX_WIRE];
	enum config_role role;
	enum replica_phase phase;
	bool has_version;
	bool unsaved;             // the store failed to take the newest version
	bool file_failed;         // the zone file could not be written the last time
	bool transferring;
	bool polling;
	uint32_t serial;
	uint32_t primary_serial;  // newest seen at a primary, where has_primary_serial
	bool has_primary_serial;
	struct sockaddr_storage primary; // of the last contact; family 0: none yet
	int64_t transferred;      // wall seconds, 0 never
	int64_t confirmed;
	int64_t refresh_at;
	int64_t expires_at;
	int64_t life_since;       // from when its life runs to expires_at: later than confirmed where a version is held
	int64_t behind_since;     // since when a newer serial is known at a primary, 0: not behind
	size_t records, names, bytes;
	bool rolled_back;         // an older version is served, until the operator resumes
	uint32_t newest_serial;   // … in place of this one
	int64_t rolled_back_since;
	bool held;                // the guard holds back a version
	bool rejected;            // … or the operator has rejected it: it is not fetched again
	uint32_t held_serial;
	int64_t held_since;
	size_t held_records, held_names;
	char held_check[24];      // "max-shrink", "zonemd", …
	char held_why[256];
	char last_error[256];     // empty: none since the last success
	int64_t last_error_at;
	char file[256];           // the configured zone file, cut
};

// ERR_NOT_FOUND.
int replicate_status(struct replicate *replicate, const uint8_t *origin, struct replica_status *status);

// All zones in canonical order of their names; a nonzero return of visit ends it.
typedef int replicate_visit(void *context, const struct replica_status *status);
int replicate_status_each(struct replicate *replicate, replicate_visit *visit, void *context);
