// SPDX-License-Identifier: GPL-3.0-or-later
// What everybody else gets to see of a zone: our own listener is asked, as a
// resolver would.
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/address.h"
#include "base/clock.h"
#include "daemon/request.h"
#include "dns/message.h"
#include "dns/name.h"
#include "dns/types.h"
#include "observe/status.h"

#define TRIES 2
#define TRY_MS 500 // on the same machine: an eternity

// Where to ask: the first listener; of all addresses, the loopback one.
static bool find_listener(const struct config *config, struct sockaddr_storage *address)
{
	if (config->server.listen_count == 0)
		return false;
	memcpy(address, &config->server.listen[0].address, sizeof(*address));
	if (!address_is_wildcard((const struct sockaddr *)address))
		return true;
	if (address->ss_family == AF_INET)
		((struct sockaddr_in *)address)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else
		((struct sockaddr_in6 *)address)->sin6_addr = in6addr_loopback;
	return true;
}

static size_t build(uint8_t query[static 300], const uint8_t *origin, uint16_t id)
{
	size_t length = name_length(origin);
	memset(query, 0, MESSAGE_HEADER);
	wire_put16(query, id);
	query[5] = 1; // one question
	memcpy(query + MESSAGE_HEADER, origin, length);
	wire_put16(query + MESSAGE_HEADER + length, TYPE_SOA);
	wire_put16(query + MESSAGE_HEADER + length + 2, CLASS_IN);
	return MESSAGE_HEADER + length + 4;
}

static void take_answer(const uint8_t *message, size_t length, const uint8_t *origin, struct status_answered *answered)
{
	struct message_question question;
	struct message_record record;
	struct wire_reader reader;
	answered->rcode = (uint16_t)message_rcode(message);
	wire_reader_init(&reader, message, length);
	wire_read_bytes(&reader, MESSAGE_HEADER);
	if (message_count(message, SECTION_QUESTION) != 1 || !message_read_question(&reader, &question))
		return;
	if (message_count(message, SECTION_ANSWER) == 0 || !message_read_record(&reader, &record))
		return;
	// Two names, then the serial and four timers.
	if (record.type != TYPE_SOA || record.rdata_length < 22 || !name_equal(record.owner, origin))
		return;
	answered->has_serial = true;
	answered->serial = wire_get32(record.rdata + record.rdata_length - 20);
}

// Until an answer to this ID is there, or the time is up.
static bool receive(int fd, uint16_t id, uint64_t until, const uint8_t *origin, struct status_answered *answered)
{
	uint8_t message[1500];
	struct pollfd one = { .fd = fd, .events = POLLIN };
	for (;;) {
		uint64_t now = clock_boot_ms();
		if (now >= until || poll(&one, 1, (int)(until - now)) <= 0)
			return false;
		ssize_t length = recv(fd, message, sizeof(message), MSG_DONTWAIT);
		if (length < 0 && errno != EAGAIN && errno != EINTR) {
			snprintf(answered->error, sizeof(answered->error), "%s", strerror(errno));
			return true;
		}
		if (length < MESSAGE_HEADER || message_id(message) != id || (message_flags(message) & FLAG_QR) == 0)
			continue;
		answered->error[0] = '\0';
		take_answer(message, (size_t)length, origin, answered);
		return true;
	}
}

void self_ask(const struct config *config, const uint8_t *origin, struct status_answered *answered)
{
	uint8_t query[300];
	uint64_t start = clock_boot_ns();
	*answered = (struct status_answered){ 0 };
	if (!find_listener(config, &answered->address))
		return;
	const struct sockaddr *address = (const struct sockaddr *)&answered->address;
	int fd = socket(address->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	answered->was_asked = true;
	snprintf(answered->error, sizeof(answered->error), "no answer within %d ms", TRIES * TRY_MS);
	bool done = false;
	for (unsigned i = 0; i < TRIES && !done; i++) {
		uint16_t id = (uint16_t)(start >> 8);
		size_t length = build(query, origin, id);
		if (connect(fd, address, address_length(address)) != 0 || send(fd, query, length, MSG_NOSIGNAL) < 0) {
			snprintf(answered->error, sizeof(answered->error), "cannot be asked: %s", strerror(errno));
			break;
		}
		done = receive(fd, id, clock_boot_ms() + TRY_MS, origin, answered);
	}
	answered->round_trip_us = (uint32_t)((clock_boot_ns() - start) / 1000);
	close(fd);
}
