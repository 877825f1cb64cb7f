// SPDX-License-Identifier: GPL-3.0-or-later
// What the files with the verbs share: a request, taken apart.
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "daemon/server.h"

struct request {
	const json_t *words; // the whole of it
	const char *zone;    // NULL: none was named
	bool all;            // every zone that the verb is for
	bool json;
	bool colour;
	bool primary;        // diff: against what a primary has
	unsigned serials;    // how many were named
	uint32_t serial[2];
	uint8_t origin[NAME_MAX_WIRE];
};

// Takes an order to the loop and waits for its outcome, which is written to
// `reply` where it says something. The asker's share, or NULL where there is no
// outcome; *code is the exit code.
struct order *request_order(struct server *server, enum order_verb verb, const struct request *request, FILE *reply,
                            int *code);

// The same for who needs nothing but the exit code.
int request_give(struct server *server, enum order_verb verb, const struct request *request, FILE *reply);

// Reading: between the two the server does not end. False where it does, and
// that is said.
bool request_read_begin(struct server *server, FILE *reply);
void request_read_end(struct server *server);

// The zone's status, its state being what it is answered with; false where there
// is no such zone, and that is said.
bool request_zone_status(struct server *server, const struct request *request, FILE *reply,
                         struct replica_status *zone);

// The configuration in force, held; NULL where there is none to be had, and that
// is said.
const struct config *request_config(struct server *server, FILE *reply);

// Writes and releases a value as an answer in JSON. The code, or EXIT_FAILED.
int request_write_json(json_t *value, int code, FILE *reply);

// --- verbs_order.c

int run_refresh(struct server *server, const struct request *request, FILE *reply);
int run_retransfer(struct server *server, const struct request *request, FILE *reply);
int run_notify(struct server *server, const struct request *request, FILE *reply);
int run_write(struct server *server, const struct request *request, FILE *reply);
int run_approve(struct server *server, const struct request *request, FILE *reply);
int run_reject(struct server *server, const struct request *request, FILE *reply);
int run_reload(struct server *server, const struct request *request, FILE *reply);
int run_stop(struct server *server, const struct request *request, FILE *reply);
int run_progress(struct server *server, const struct request *request, FILE *reply);

// --- verbs_status.c

int run_status(struct server *server, const struct request *request, FILE *reply);
int run_explain(struct server *server, const struct request *request, FILE *reply);
int run_stats(struct server *server, const struct request *request, FILE *reply);
int run_log_level(struct server *server, const struct request *request, FILE *reply);

// --- verbs_zones.c: lists, written in steps between which nothing is held up

int run_zones(struct server *server, const struct request *request, FILE *reply);
int status_of_all(struct server *server, const struct request *request, FILE *reply);

// What is answered for a zone may differ from what replication believes: what
// is in its slot counts. Within a reading.
void status_take_slot(const struct server *server, struct replica_status *zone);

// --- verbs_self.c

// Asks our own listeners for the SOA of a zone, as anybody would. Takes a second
// at most.
struct status_answered;
void self_ask(const struct config *config, const uint8_t *origin, struct status_answered *answered);

// --- verbs_history.c

int run_history(struct server *server, const struct request *request, FILE *reply);
int run_diff(struct server *server, const struct request *request, FILE *reply);
int run_rollback(struct server *server, const struct request *request, FILE *reply);
int run_resume(struct server *server, const struct request *request, FILE *reply);
