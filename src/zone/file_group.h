// SPDX-License-Identifier: GPL-3.0-or-later
// Zone files written together. What stands under a path is at any moment a whole
// zone: a temporary file is written, reaches the disk, is renamed, and its folder
// reaches the disk. For many small files reaching the disk is nearly all of the
// cost, so it is done once for all of them.
#pragma once

#include <stddef.h>

#include "zone/zone.h"

struct zone_file_group;

// Room for so many files. ERR_MEMORY.
int zone_file_group_new(size_t count, struct zone_file_group **group);

// Writes a version beside its path. An error concerns this file alone; `message`
// gets a sentence then.
int zone_file_group_add(struct zone_file_group *group, const struct zone_version *version, const char *path,
                        char message[static 256]);

// Puts those that were written in place and forgets the group. Told of each of
// them in the order in which they were added: 0, or an error and a sentence.
typedef void zone_file_put(void *context, const char *path, int error, const char *message);
void zone_file_group_end(struct zone_file_group *group, zone_file_put *put, void *context);
