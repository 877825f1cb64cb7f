// SPDX-License-Identifier: GPL-3.0-or-later
// What is said on the control socket. One exchange a connection:
//   request: one line of JSON, {"verb":"status","zone":"example.com","json":true};
//            "serials":[1,2] and "primary":true where the verb knows them
//   reply:   one line "understudy 1 CODE LENGTH", then LENGTH bytes of text
// CODE is what the asking process is to exit with. A reply that is cut short
// is thereby told from a whole one.
#pragma once

#define PROTOCOL_VERSION 1
#define PROTOCOL_REQUEST_MOST 4096
#define PROTOCOL_HEAD "understudy %d %d %zu\n"
#define PROTOCOL_HEAD_MOST 64

enum exit_code {
	EXIT_GOOD = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_NOT_RUNNING = 3,
	EXIT_DEGRADED = 4, // status: some zone is stale, expired, empty, held or rolled back
};
