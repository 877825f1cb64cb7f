// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/place.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"

#define DEFAULT_FOR_ROOT "/var/lib/understudy"

static int print(char path[static PATH_MAX], const char *first, const char *second)
{
	int n = snprintf(path, PATH_MAX, "%s%s", first, second);
	return n < 0 || n >= PATH_MAX ? ERR_SPACE : 0;
}

static int make_absolute(const char *wanted, char path[static PATH_MAX])
{
	char here[PATH_MAX];
	if (wanted[0] == '/')
		return print(path, wanted, "");
	if (getcwd(here, sizeof(here) - 1) == NULL)
		return ERR_NOT_FOUND;
	strcat(here, "/");
	return print(path, here, wanted);
}

int place_state_dir(const char *wanted, char path[static PATH_MAX])
{
	if (wanted != NULL)
		return make_absolute(wanted, path);
	if (geteuid() == 0)
		return print(path, DEFAULT_FOR_ROOT, "");
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	if (state != NULL && state[0] == '/')
		return print(path, state, "/understudy");
	if (home != NULL && home[0] == '/')
		return print(path, home, "/.local/state/understudy");
	return ERR_NOT_FOUND;
}

int place_socket(const char *state_dir, struct sockaddr_un *address, int *directory)
{
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	*directory = -1;
	size_t room = sizeof(address->sun_path);
	int n = snprintf(address->sun_path, room, "%s/%s", state_dir, PLACE_SOCKET);
	if (n > 0 && (size_t)n < room)
		return 0;
	*directory = open(state_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*directory < 0)
		return ERR_IO;
	snprintf(address->sun_path, room, "/proc/self/fd/%d/%s", *directory, PLACE_SOCKET);
	return 0;
}
