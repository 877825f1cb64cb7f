// SPDX-License-Identifier: GPL-3.0-or-later
// What the files with the verbs share: a request, taken apart.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "daemon/server.h"

struct request {
	const char *zone; // NULL: none was named
	bool json;
	bool primary;     // diff: against what a primary has
	unsigned serials; // how many were named
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

// The zone's status; false where there is none, and that is said.
bool request_zone_status(struct server *server, const struct request *request, FILE *reply,
                         struct replica_status *zone);

// --- verbs_history.c

int run_history(struct server *server, const struct request *request, FILE *reply);
int run_diff(struct server *server, const struct request *request, FILE *reply);
int run_rollback(struct server *server, const struct request *request, FILE *reply);
int run_resume(struct server *server, const struct request *request, FILE *reply);
