// SPDX-License-Identifier: GPL-3.0-or-later
// The verbs of the control socket. Threads that are registered with the epoch
// and offline: most of a verb is waiting.
#pragma once

#include <stdio.h>

#include "daemon/server.h"

// Carries one request line out and writes the reply's text. Returns the exit
// code that the asker is to have.
int verbs_run(struct server *server, const char *request, size_t length, FILE *reply);
