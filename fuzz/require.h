// SPDX-License-Identifier: GPL-3.0-or-later
// What a fuzz target holds to be true of every input: where it is not, the
// target ends as by a crash, in every build.
#pragma once

#include <stdlib.h>

#define REQUIRE(condition) \
	do { \
		if (!(condition)) \
			abort(); \
	} while (0)
