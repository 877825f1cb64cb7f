// SPDX-License-Identifier: GPL-3.0-or-later
// What the files of the alerts share. Inside src/observe only.
#pragma once

#include <jansson.h>
#include <stdatomic.h>

#include "observe/watch.h"

// Changes listed in one message; what is beyond is counted.
#define ALERT_EVENTS_MOST 200u
// So many changes at most get a call of the program each; more get one together.
#define ALERT_CALLS_MOST 8u

// A change with all that is known of its zone.
struct alert_event {
	struct watch_event change;
	struct replica_status status; // of a zone
	char name[NAME_MAX_TEXT];     // the zone, or the primary's address
	char reason[1500];
};

struct alert_message {
	struct alert_event *events; // the worst first
	size_t count;
	struct watch_rest rest;
	int64_t time;               // wall seconds
};

// A sentence of all of it: "example.com is stale: …", "37 changes: 30 stale, 7 ok".
#define ALERT_SUMMARY 700
const char *alert_summary(const struct alert_message *message, char text[static ALERT_SUMMARY]);

// Why it is as it is, for an event whose change and status are there.
void alert_explain(struct alert_event *event);

// The whole message as JSON text, to free(); NULL without memory.
char *alert_json(const struct alert_message *message);

struct alert_order {
	uint32_t timeout;              // seconds
	const atomic_bool *cancelled;  // looked at a few times a second
};

// Runs the command with the message on its standard input and the first event, or
// all together, in its environment. 0, ERR_IO with `why`, ERR_CLOSED (cancelled).
int alert_run(const char *command, const struct alert_message *message, const char *json,
              const struct alert_order *order, char why[static 256]);

// POSTs it. 0; ERR_IO where it is worth another try, ERR_DENIED where it is not;
// `why` has neither the path nor what may be secret of the address.
int alert_post(const char *url, const char *json, const struct alert_order *order, char why[static 256]);
