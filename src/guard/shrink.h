// SPDX-License-Identifier: GPL-3.0-or-later
// A zone that loses most of its names at once was most likely not meant to: a
// generator that broke, a file that was cut.
#pragma once

#include <stddef.h>
#include <stdint.h>

// Smaller zones may lose anything: there one host in two is an ordinary change.
#define SHRINK_LEAST_NAMES 100u

// `before` and `after`: names of the version served (0: none) and of the new
// one; max_percent of them may go at once, 100 or more: all. Returns 0, or
// ERR_HELD and a phrase.
int shrink_check(size_t before, size_t after, uint32_t max_percent, char why[static 256]);
