// SPDX-License-Identifier: GPL-3.0-or-later
// Addresses of servers and clients, as they stand in logs.
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define ADDRESS_TEXT 80 // bytes of an address with its port and scope, NUL included

// "192.0.2.1@53", "2001:db8::1@53"; without the "@" where the port is 0. An
// IPv4-mapped IPv6 address is written as the IPv4 address it is. "?" for
// another family. Returns `text`.
const char *address_to_text(const struct sockaddr *address, char text[static ADDRESS_TEXT]);

// The same without the port.
const char *address_host_to_text(const struct sockaddr *address, char text[static ADDRESS_TEXT]);

// 0 for a family that has none.
uint16_t address_port(const struct sockaddr *address);

// Bytes of the structure of its family, as bind(2) wants them.
socklen_t address_length(const struct sockaddr *address);

// Same family, address, scope and port.
bool address_equal(const struct sockaddr *a, const struct sockaddr *b);

// 0.0.0.0 or ::.
bool address_is_wildcard(const struct sockaddr *address);
