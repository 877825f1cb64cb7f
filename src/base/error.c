// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/error.h"

#include <stddef.h>

static const char *const texts[] = {
	[-ERR_OK] = "no error",
	[-ERR_MEMORY] = "out of memory",
	[-ERR_FORMAT] = "malformed",
	[-ERR_RANGE] = "out of range",
	[-ERR_NOT_FOUND] = "not found",
	[-ERR_EXISTS] = "exists already",
	[-ERR_LIMIT] = "limit reached",
	[-ERR_IO] = "input or output failed",
	[-ERR_DENIED] = "not allowed",
	[-ERR_BUSY] = "busy",
	[-ERR_TIMEOUT] = "timed out",
	[-ERR_UNSUPPORTED] = "not implemented",
	[-ERR_SPACE] = "does not fit",
	[-ERR_STATE] = "not possible in this state",
	[-ERR_CORRUPT] = "stored data is damaged",
	[-ERR_CLOSED] = "closed by the other end",
	[-ERR_KEY] = "unknown key or bad signature",
	[-ERR_TIME] = "signature outside its time window",
	[-ERR_HELD] = "held back by the guard",
};

const char *error_text(int code)
{
	if (code > 0 || code < -(int)(sizeof(texts) / sizeof(texts[0]) - 1))
		return "unknown error";
	return texts[-code];
}
