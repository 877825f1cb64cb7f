// SPDX-License-Identifier: GPL-3.0-or-later
// Who we are: dropped only to a user that was named.
#pragma once

#include <stdbool.h>
#include <sys/types.h>

struct identity {
	bool wanted;      // a user was named
	bool is_another;  // and it is not the one we are
	uid_t uid;
	gid_t gid;
	char name[64];
};

// Looks the user (NULL: none was named) and group (NULL: the user's own) up.
// Returns 0, ERR_NOT_FOUND, or ERR_DENIED where we may not become them; `why`
// says so.
int privileges_find(const char *user, const char *group, struct identity *identity,
                    char why[static 256]);

// Makes a directory and all in it theirs (links are not followed, files with
// several names left alone). ERR_IO.
int privileges_give(const struct identity *identity, const char *directory, char why[static 256]);

// Makes an open file theirs where `path` is a name of that file, its only one,
// and no link: who may write to its folder must not choose what root gives away.
bool privileges_give_file(const struct identity *identity, int fd, const char *path);

// Becomes them for good, before other threads exist. Of all capabilities
// CAP_NET_BIND_SERVICE is kept, so that a reload can open further addresses.
int privileges_drop(const struct identity *identity, char why[static 256]);

// As many open files as the system lets us have, up to what we can use.
void privileges_raise_files(void);
