// SPDX-License-Identifier: GPL-3.0-or-later
// What the Host header may say. A page that a browser loaded from elsewhere can
// have its own name point at our address (DNS rebinding); it cannot make the
// browser say another name than that one.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http_names {
	const char *own;          // of this machine; "" unknown
	const char *const *other; // as configured
	uint32_t other_count;
};

// True for an address literal, localhost, and those names, in any case, with or
// without a port and a final dot. The text need not end with a NUL.
bool http_host_is_ours(const struct http_names *names, const char *host, size_t length);
