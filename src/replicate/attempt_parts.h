// SPDX-License-Identifier: GPL-3.0-or-later
// What the files of an attempt share: its state, and the steps that lead from
// one file to the other.
#pragma once

#include "base/log.h"
#include "config/model.h"
#include "replicate/attempt.h"
#include "replicate/fetch.h"
#include "replicate/primary.h"

struct poll;

struct attempt {
	struct replica *replica;
	const struct config *config;        // held
	const struct config_policy *policy;
	struct slot_wait slot;
	struct poll_turn turn;
	struct primary *primary;            // being asked
	struct poll *poll;
	struct fetch *fetch;
	bool is_forced;
	bool is_direct;                     // the first is fetched from, unasked
	bool is_publishing;
	bool is_parked;                     // waits for a slot or a turn, and keeps nobody else from starting
	enum fetch_kind kind;               // of the fetch
	bool is_plain;                      // the primary does not understand EDNS
	bool wants_axfr;                    // what came by IXFR from it was no sound zone
	bool was_incremental;               // what came
	bool has_no_ixfr;                   // the primary does not do IXFR, as it seems
	bool was_unproven, was_bad_time;    // some primary's TSIG did not verify, or by its time
	bool was_equal;                     // some primary has the serial that we have
	bool was_held;                      // … or the one that is held back
	bool was_asked;                     // some primary was worth asking
	uint64_t ask_at;                    // boot ms: when the first of those that were not will be
	uint32_t at, count;                 // place in order
	char udp_why[60];
	char why[256];                      // the last failure
	uint16_t order[];                   // of policy->primaries
};

// The primary whose turn it is; its address as text, in `text`.
const struct config_remote *attempt_remote(const struct attempt *attempt);
const char *attempt_remote_text(const struct attempt *attempt, char text[static ADDRESS_TEXT]);

// Begins with a zone that is idle and in no queue. ERR_MEMORY, which is noted.
int attempt_start(struct replica *replica);

// Takes the zone out of the queue of those that are due, if it is there.
void attempt_dequeue(struct replicate *room, struct replica *replica);

// Says what went wrong: in the status, and in the log where it is new.
void attempt_note(struct attempt *attempt, enum log_level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void attempt_note_tsig(struct attempt *attempt, int error);
void attempt_note_silence(struct attempt *attempt, const char *why);

// The primary is not asked, as others are finding out whether it still is silent.
void attempt_pass_over(struct attempt *attempt);

// Goes on with the next primary, or ends the attempt where there is none.
void attempt_next_primary(struct attempt *attempt);

// Asks the primary for its serial when it is its turn (attempt_poll.c); and draws the conclusions
// from a serial that it told: may_fetch where the zone may be fetched from it.
void attempt_poll(struct attempt *attempt);
void attempt_take_serial(struct attempt *attempt, uint32_t serial, uint32_t expire, bool may_fetch);

// Fetches from the primary when there is a transfer slot (attempt_fetch.c); or
// at once, for who has one or needs none.
void attempt_fetch_when_slot(struct attempt *attempt);
void attempt_fetch(struct attempt *attempt, enum fetch_kind kind, fetch_done *done);

// IXFR wherever there is something to go on from. What is taken whatever its
// serial comes whole.
bool attempt_may_ixfr(const struct attempt *attempt, const struct config_remote *remote,
                      const struct primary *primary);
