// SPDX-License-Identifier: GPL-3.0-or-later
// What is said on the control socket. One exchange a connection:
//   request: one line of JSON with "verb", and what the verb knows of
//            "zone":"example.com"; "all":true; "json":true, the text is JSON;
//            "colour":true; "serials":[1,2]; "primary":true; "level":"debug";
//            "names", "filter":["stale", …], "sort":"lag", "reverse", "pattern"
//   reply:   a line "understudy 2", then pieces, each a line with its length and
//            so many bytes of text; at last a line "0 CODE"
// CODE is what the asking process is to exit with. A reply that is cut short
// lacks its last line. Nobody waits for an asker without an end: a request has
// PROTOCOL_REQUEST_S to come, a reply from its first piece on PROTOCOL_REPLY_S
// to be taken.
#pragma once

#define PROTOCOL_VERSION 2
#define PROTOCOL_REQUEST_MOST 4096
#define PROTOCOL_HEAD "understudy %d\n"
#define PROTOCOL_LINE_MOST 64
#define PROTOCOL_PIECE_MOST 65536 // bytes of text in one piece
#define PROTOCOL_REQUEST_S 10
#define PROTOCOL_REPLY_S 60

enum exit_code {
	EXIT_GOOD = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_NOT_RUNNING = 3,
	EXIT_DEGRADED = 4, // some zone is stale, expired, empty, held, rolled back, unsaved, or not answered for as it should be
};
