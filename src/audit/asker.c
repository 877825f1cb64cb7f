// SPDX-License-Identifier: GPL-3.0-or-later
#include "audit/asker.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/address.h"
#include "base/clock.h"
#include "base/error.h"

#define STREAM_PREFIX 2 // length before a message by TCP (RFC 1035, 4.2.2)

enum stage { FLIGHT_UDP, FLIGHT_CONNECT, FLIGHT_SEND, FLIGHT_LENGTH, FLIGHT_MESSAGE };

// One question outstanding.
struct flight {
	struct ask *ask; // NULL: free
	int fd;          // -1 none
	enum stage stage;
	uint32_t tries;  // that have begun by UDP
	uint64_t began, until; // clock_boot_ms()
	struct ask_wire wire;
	size_t done;     // bytes sent or received at this stage
	size_t expected; // bytes of the message that comes by TCP
	uint8_t in[STREAM_PREFIX + MESSAGE_MAX];
};

void asker_init(struct asker *asker, struct pool *pool, uint32_t timeout_ms, uint32_t seconds,
                uint32_t questions)
{
	*asker = (struct asker){
		.pool = pool, .timeout_ms = timeout_ms, .tries = 3, .left = questions,
		.deadline = clock_boot_ms() + seconds * 1000ull,
	};
	asker->flights = pool_new(pool, ASKER_OUTSTANDING * sizeof *asker->flights);
	for (unsigned i = 0; i < ASKER_OUTSTANDING; i++)
		asker->flights[i].fd = -1;
}

static void hang_up(struct flight *flight)
{
	if (flight->fd >= 0)
		close(flight->fd);
	flight->fd = -1;
}

void asker_close(struct asker *asker)
{
	for (unsigned i = 0; asker->flights != NULL && i < ASKER_OUTSTANDING; i++)
		hang_up(&asker->flights[i]);
}

static void land(struct flight *flight, int error, int system_error)
{
	struct ask *ask = flight->ask;
	hang_up(flight);
	ask->error = error;
	ask->system_error = system_error;
	ask->took_ms = (uint32_t)(clock_boot_ms() - flight->began);
	flight->ask = NULL;
}

static uint16_t random_id(void)
{
	uint16_t id = 0;
	// So few bytes come whole once the kernel is seeded, which it is by now.
	if (getrandom(&id, sizeof id, 0) != (ssize_t)sizeof id)
		id = (uint16_t)clock_wall_ns();
	return id;
}

// A fresh socket, connected: the kernel then chooses a port at random and hands on
// only what comes from that address and port.
static bool open_socket(struct flight *flight, int kind)
{
	const struct sockaddr *to = (const struct sockaddr *)&flight->ask->server;
	hang_up(flight);
	flight->done = flight->expected = 0;
	flight->fd = socket(to->sa_family, kind | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (flight->fd >= 0 && (connect(flight->fd, to, address_length(to)) == 0 || errno == EINPROGRESS))
		return true;
	land(flight, ERR_IO, errno);
	return false;
}

static bool write_question(struct flight *flight)
{
	int error = ask_write(flight->ask, random_id(), &flight->wire);
	if (error == 0)
		return true;
	land(flight, error, 0);
	return false;
}

static void begin_tcp(struct asker *asker, struct flight *flight)
{
	flight->stage = FLIGHT_CONNECT;
	flight->until = clock_boot_ms() + 2ull * asker->timeout_ms;
	if (write_question(flight))
		open_socket(flight, SOCK_STREAM);
}

static void begin_udp(struct asker *asker, struct flight *flight)
{
	flight->stage = FLIGHT_UDP;
	flight->until = clock_boot_ms() + asker->timeout_ms;
	flight->tries++;
	if (write_question(flight) && open_socket(flight, SOCK_DGRAM) &&
	    send(flight->fd, flight->wire.bytes, flight->wire.length, 0) < 0)
		land(flight, ERR_IO, errno);
}

static void take_off(struct asker *asker, struct flight *flight, struct ask *ask)
{
	flight->ask = ask;
	flight->tries = 0;
	flight->began = clock_boot_ms();
	ask->reply = NULL;
	ask->was_truncated = false;
	if (asker->left == 0 || flight->began >= asker->deadline || asker->pool->bytes > ASKER_MEMORY) {
		asker->reached_bounds = true;
		land(flight, ERR_LIMIT, 0);
		return;
	}
	asker->left--;
	if (ask->flags & ASK_TCP)
		begin_tcp(asker, flight);
	else
		begin_udp(asker, flight);
}

static void receive_udp(struct asker *asker, struct flight *flight)
{
	struct ask *ask = flight->ask;
	ssize_t length = recv(flight->fd, flight->in, sizeof flight->in, 0);
	if (length < 0) {
		if (errno != EAGAIN && errno != EINTR)
			land(flight, ERR_IO, errno);
		return;
	}
	int error = ask_read(ask, &flight->wire, asker->pool, flight->in, (size_t)length);
	if (error == 0)
		return;
	if (error > 0 && ask->reply->flags & FLAG_TC && !(ask->flags & ASK_KEEP_TRUNCATED)) {
		ask->was_truncated = true;
		ask->reply = NULL;
		begin_tcp(asker, flight);
		return;
	}
	land(flight, error > 0 ? 0 : error, 0);
}

static void send_tcp(struct flight *flight)
{
	uint8_t out[STREAM_PREFIX + ASK_MOST_BYTES];
	size_t length = STREAM_PREFIX + flight->wire.length;
	int error = 0;
	socklen_t size = sizeof error;
	if (flight->stage == FLIGHT_CONNECT) {
		getsockopt(flight->fd, SOL_SOCKET, SO_ERROR, &error, &size);
		if (error != 0) {
			land(flight, ERR_IO, error);
			return;
		}
		flight->stage = FLIGHT_SEND;
	}
	wire_put16(out, (uint16_t)flight->wire.length);
	memcpy(out + STREAM_PREFIX, flight->wire.bytes, flight->wire.length);
	ssize_t sent = send(flight->fd, out + flight->done, length - flight->done, MSG_NOSIGNAL);
	if (sent < 0) {
		if (errno != EAGAIN && errno != EINTR)
			land(flight, ERR_IO, errno);
		return;
	}
	flight->done += (size_t)sent;
	if (flight->done < length)
		return;
	flight->stage = FLIGHT_LENGTH;
	flight->done = 0;
	flight->expected = STREAM_PREFIX;
}

static void finish_tcp(struct asker *asker, struct flight *flight)
{
	int error = ask_read(flight->ask, &flight->wire, asker->pool, flight->in, flight->expected);
	// On a connection of its own nothing else can come: no answer to this is a fault.
	if (error == 1) {
		struct reply *reply = pool_copy(asker->pool, flight->ask->reply, sizeof *reply);
		reply->by_tcp = true;
		flight->ask->reply = reply;
	}
	land(flight, error == 1 ? 0 : error == 0 ? ERR_FORMAT : error, 0);
}

static void receive_tcp(struct asker *asker, struct flight *flight)
{
	ssize_t length = recv(flight->fd, flight->in + flight->done, flight->expected - flight->done, 0);
	if (length <= 0) {
		if (length == 0)
			land(flight, ERR_CLOSED, 0);
		else if (errno != EAGAIN && errno != EINTR)
			land(flight, errno == ECONNRESET ? ERR_CLOSED : ERR_IO, errno);
		return;
	}
	flight->done += (size_t)length;
	if (flight->done < flight->expected)
		return;
	if (flight->stage == FLIGHT_MESSAGE) {
		finish_tcp(asker, flight);
		return;
	}
	flight->stage = FLIGHT_MESSAGE;
	flight->expected = wire_get16(flight->in);
	flight->done = 0;
	if (flight->expected == 0)
		land(flight, ERR_FORMAT, 0);
}

static void on_ready(struct asker *asker, struct flight *flight)
{
	switch (flight->stage) {
	case FLIGHT_UDP:
		receive_udp(asker, flight);
		break;
	case FLIGHT_CONNECT:
	case FLIGHT_SEND:
		send_tcp(flight);
		break;
	case FLIGHT_LENGTH:
	case FLIGHT_MESSAGE:
		receive_tcp(asker, flight);
		break;
	}
}

static void on_time(struct asker *asker, struct flight *flight, uint64_t now)
{
	if (now < flight->until && now < asker->deadline)
		return;
	if (flight->stage == FLIGHT_UDP && flight->tries < asker->tries && now < asker->deadline)
		begin_udp(asker, flight);
	else
		land(flight, ERR_TIMEOUT, 0);
}

// Waits for something to happen to those in flight and lets it. Where none is,
// nothing.
static void turn(struct asker *asker)
{
	struct pollfd watched[ASKER_OUTSTANDING];
	struct flight *who[ASKER_OUTSTANDING];
	nfds_t count = 0;
	uint64_t now = clock_boot_ms(), until = asker->deadline;
	for (unsigned i = 0; i < ASKER_OUTSTANDING; i++) {
		struct flight *flight = &asker->flights[i];
		if (flight->ask == NULL)
			continue;
		bool sends = flight->stage == FLIGHT_CONNECT || flight->stage == FLIGHT_SEND;
		watched[count] = (struct pollfd){ .fd = flight->fd, .events = sends ? POLLOUT : POLLIN };
		who[count++] = flight;
		if (flight->until < until)
			until = flight->until;
	}
	if (count == 0)
		return;
	int ready = poll(watched, count, until > now ? (int)(until - now) : 0);
	for (nfds_t i = 0; ready > 0 && i < count; i++)
		if (watched[i].revents != 0)
			on_ready(asker, who[i]);
	now = clock_boot_ms();
	for (nfds_t i = 0; i < count; i++)
		if (who[i]->ask != NULL)
			on_time(asker, who[i], now);
}

static bool may_be_asked(const struct asker *asker, const struct ask *ask)
{
	unsigned outstanding = 0;
	for (unsigned i = 0; i < ASKER_OUTSTANDING; i++) {
		const struct ask *other = asker->flights[i].ask;
		outstanding += other != NULL && address_equal((const struct sockaddr *)&other->server,
		                                              (const struct sockaddr *)&ask->server);
	}
	return outstanding < ASKER_PER_SERVER;
}

static struct flight *free_flight(struct asker *asker)
{
	for (unsigned i = 0; i < ASKER_OUTSTANDING; i++)
		if (asker->flights[i].ask == NULL)
			return &asker->flights[i];
	return NULL;
}

static bool is_in_flight(const struct asker *asker)
{
	for (unsigned i = 0; i < ASKER_OUTSTANDING; i++)
		if (asker->flights[i].ask != NULL)
			return true;
	return false;
}

// An error that no ask can have had: it has not begun.
#define NOT_YET 1

void asker_run(struct asker *asker, struct ask *asks, size_t count)
{
	size_t waiting = count;
	for (size_t i = 0; i < count; i++)
		asks[i].error = NOT_YET;
	while (waiting > 0 || is_in_flight(asker)) {
		for (size_t i = 0; i < count && waiting > 0; i++) {
			if (asks[i].error != NOT_YET || !may_be_asked(asker, &asks[i]))
				continue;
			struct flight *flight = free_flight(asker);
			if (flight == NULL)
				break;
			asks[i].error = ERR_BUSY;
			waiting--;
			take_off(asker, flight, &asks[i]);
		}
		turn(asker);
	}
}
