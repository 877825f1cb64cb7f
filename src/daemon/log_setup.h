// SPDX-License-Identifier: GPL-3.0-or-later
// Where the log goes, as the command line and the configuration say.
#pragma once

#include "daemon/daemon.h"

// Sends the log where the configuration wants it, in its form, and as much. A
// log file that cannot be opened leaves the log where it is, and says so there.
void log_setup(const struct daemon_options *options, const struct config *config);

// Opens the log file anew, so that it can be rotated; nothing where there is none.
void log_setup_reopen(const struct config *config);

// True where the log goes to the configured file, as far as that can be opened.
bool log_setup_uses_file(const struct config *config);
