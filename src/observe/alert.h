// SPDX-License-Identifier: GPL-3.0-or-later
// Tells the operator, through a program and a webhook of his, when the state of
// a zone changes. All of it happens on one thread of low priority, which asks
// replicate what changed and then waits for whom it tells: nobody waits for it.
#pragma once

#include "config/model.h"
#include "replicate/watch.h"

struct alert;

// ERR_MEMORY. What was told is kept in `state_dir`.
int alert_new(struct replicate *replicate, const char *state_dir, struct alert **alert);

// Takes over what the configuration says, and holds it. Starts the thread where
// there is somebody to tell.
void alert_configure(struct alert *alert, const struct config *config);

// Ends the thread; a program that runs is killed, a request is broken off. To be
// called while zones may still be read. NULL is fine.
void alert_free(struct alert *alert);
