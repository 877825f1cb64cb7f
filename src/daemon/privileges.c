// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/privileges.h"

#include <errno.h>
#include <ftw.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"

// Sockets of many workers, connections, transfers and files; more is not used.
#define FILES_WANTED 65536

int privileges_find(const char *user, const char *group, struct identity *identity,
                    char why[static 256])
{
	*identity = (struct identity){ .wanted = user != NULL, .uid = geteuid(), .gid = getegid() };
	if (user == NULL)
		return 0;
	const struct passwd *pw = getpwnam(user);
	if (pw == NULL) {
		snprintf(why, 256, "there is no user \"%s\": make it, or name another", user);
		return ERR_NOT_FOUND;
	}
	identity->uid = pw->pw_uid;
	identity->gid = pw->pw_gid;
	snprintf(identity->name, sizeof(identity->name), "%s", user);
	const struct group *gr = group == NULL ? NULL : getgrnam(group);
	if (group != NULL && gr == NULL) {
		snprintf(why, 256, "there is no group \"%s\": make it, or name another", group);
		return ERR_NOT_FOUND;
	}
	if (gr != NULL)
		identity->gid = gr->gr_gid;
	identity->is_another = identity->uid != geteuid() || identity->gid != getegid();
	if (identity->is_another && geteuid() != 0) {
		snprintf(why, 256, "cannot become user \"%s\": only root can; start as root or leave the user out", user);
		return ERR_DENIED;
	}
	return 0;
}

// nftw() has no context argument; this runs once, before any thread.
static const struct identity *new_owner;

static int give_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)type;
	(void)ftw;
	if (st->st_uid == new_owner->uid && st->st_gid == new_owner->gid)
		return 0;
	if (S_ISREG(st->st_mode) && st->st_nlink > 1)
		return 0; // none of ours has two names: it may be anybody's
	return lchown(path, new_owner->uid, new_owner->gid);
}

int privileges_give(const struct identity *identity, const char *directory, char why[static 256])
{
	if (!identity->is_another)
		return 0;
	new_owner = identity;
	if (nftw(directory, give_one, 16, FTW_PHYS) != 0) {
		snprintf(why, 256, "cannot give %.120s to user \"%.40s\": %s", directory, identity->name, strerror(errno));
		return ERR_IO;
	}
	return 0;
}

bool privileges_give_file(const struct identity *identity, int fd, const char *path)
{
	struct stat opened, named;
	if (!identity->is_another)
		return true;
	if (fstat(fd, &opened) != 0 || lstat(path, &named) != 0)
		return false;
	return S_ISREG(named.st_mode) && named.st_nlink == 1 && opened.st_nlink == 1 &&
	       named.st_dev == opened.st_dev && named.st_ino == opened.st_ino &&
	       fchown(fd, identity->uid, identity->gid) == 0;
}

static int keep_only(uint32_t capabilities)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };
	data[0].effective = data[0].permitted = capabilities;
	return (int)syscall(SYS_capset, &header, data);
}

int privileges_drop(const struct identity *identity, char why[static 256])
{
	if (!identity->is_another)
		return 0;
	const char *step = "initgroups";
	if (initgroups(identity->name, identity->gid) != 0)
		goto fail;
	step = "setgid";
	if (setgid(identity->gid) != 0)
		goto fail;
	prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
	step = "setuid";
	if (setuid(identity->uid) != 0)
		goto fail;
	// Not to have had it is no reason not to serve; to keep another would be one.
	step = "capset";
	if (keep_only(UINT32_C(1) << CAP_NET_BIND_SERVICE) != 0 && keep_only(0) != 0)
		goto fail;
	prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
	return 0;
fail:
	snprintf(why, 256, "cannot become user \"%.40s\": %s: %s", identity->name, step, strerror(errno));
	return ERR_IO;
}

void privileges_raise_files(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	rlim_t wanted = limit.rlim_max < FILES_WANTED ? limit.rlim_max : FILES_WANTED;
	if (limit.rlim_cur < wanted) {
		limit.rlim_cur = wanted;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}
