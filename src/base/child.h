// SPDX-License-Identifier: GPL-3.0-or-later
// Programs of the operator's, started without a shell and without forking: safe
// beside other threads. They get no descriptor but 0, 1 and 2, default signal
// handlers, and a process group of their own.
#pragma once

#include <stddef.h>
#include <sys/types.h>

struct child {
	pid_t pid;
	int pidfd; // readable once it has ended
	int in;    // its standard input
	int out;   // its standard output
	int err;   // its standard error; these three do not block
};

// Starts words[0], looked for along PATH. Both arrays end with NULL. Returns 0,
// or an errno with nothing left behind. SIGPIPE must be ignored.
int child_start(char *const *words, char *const *environment, struct child *child);

// Our environment less what is meant for this process alone (the service
// manager's) and what begins with one of `replaced` ("VERIFY_"; ended by NULL),
// and then `more` ("NAME=value"; ended by NULL). The array alone is to be freed;
// NULL without memory.
char **child_environment(const char *const *replaced, char *const *more);

// Closes what of it is open (descriptors that are not -1).
void child_close(struct child *child);

// The words of a command, parted by blanks, '…' and "…" keeping them together;
// ended by NULL; one allocation, to be freed. NULL: there is none, a quote does
// not end, or no memory.
char **child_words(const char *command);
