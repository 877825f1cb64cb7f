// SPDX-License-Identifier: GPL-3.0-or-later
// What sets two configurations apart, zone by zone: compared by what they say,
// wherever that lies in memory or stands in a file.
#pragma once

#include "config/model.h"

// In which respects a zone is another; a set.
enum config_difference {
	CONFIG_DIFFERS_ROLE = 1,
	CONFIG_DIFFERS_FILE = 2,      // its path
	CONFIG_DIFFERS_PRIMARIES = 4, // whom it is copied from, in which way and with which keys
	CONFIG_DIFFERS_TARGETS = 8,   // who is told of it, and with which keys
	CONFIG_DIFFERS_ACCESS = 16,   // who may ask for it, transfer it, or notify
	CONFIG_DIFFERS_POLICY = 32,   // anything else
};

// Policies that many zones share are compared once: what was found of a pair is
// remembered here. Zero-initialise.
#define CONFIG_DIFFER_PAIRS 256
struct config_differ {
	struct config_differ_pair {
		const struct config_policy *one, *other;
		unsigned differs;
	} pair[CONFIG_DIFFER_PAIRS];
};

// 0 where both zones are kept in the very same way. Where a zone stands in its
// file, and comments, do not count.
unsigned config_zone_differs(struct config_differ *differ, const struct config_zone *one,
                             const struct config_zone *other);
