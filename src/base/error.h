// SPDX-License-Identifier: GPL-3.0-or-later
// Error codes shared by every room: 0 is good, negative says what went wrong.
#pragma once

enum error {
	ERR_OK = 0,
	ERR_MEMORY = -1,      // no memory, or the arena's reservation is used up
	ERR_FORMAT = -2,      // malformed input
	ERR_RANGE = -3,       // a number or a length outside what is allowed
	ERR_NOT_FOUND = -4,
	ERR_EXISTS = -5,
	ERR_LIMIT = -6,       // a configured or built-in bound was reached
	ERR_IO = -7,          // a system call failed; errno or the log says which
	ERR_DENIED = -8,      // an access list or a key forbids it
	ERR_BUSY = -9,
	ERR_TIMEOUT = -10,
	ERR_UNSUPPORTED = -11,// known, but not implemented here
	ERR_SPACE = -12,      // does not fit the buffer that was given
	ERR_STATE = -13,      // not possible in the present state
	ERR_CORRUPT = -14,    // stored data fails its checks
	ERR_CLOSED = -15,     // the other end went away
	ERR_KEY = -16,        // TSIG: unknown key or bad signature
	ERR_TIME = -17,       // TSIG: outside the time window
	ERR_HELD = -18,       // held back by the guard until somebody approves it
};

// A short lower-case phrase for a code ("out of memory"); never NULL.
const char *error_text(int code);
