// SPDX-License-Identifier: GPL-3.0-or-later
// Looking at the files of many zones: whatever the folders, as stat(2) would.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "replicate/start_folder.h"

static char scratch[] = "/tmp/start-folder-XXXXXX";

static const char *path_of(const char *name)
{
	static char path[256];
	snprintf(path, sizeof path, "%s/%s", scratch, name);
	return path;
}

static void write_file(const char *name, size_t length)
{
	FILE *file = fopen(path_of(name), "w");
	assert_non_null(file);
	while (length-- > 0)
		fputc('x', file);
	fclose(file);
}

static int make_files(void **state)
{
	(void)state;
	if (mkdtemp(scratch) == NULL || mkdir(path_of("ab"), 0700) != 0 || mkdir(path_of("ac"), 0700) != 0)
		return -1;
	write_file("ab/one", 1);
	write_file("ab/two", 2);
	write_file("ac/three", 3);
	write_file("four", 4);
	return 0;
}

static int remove_files(void **state)
{
	char command[64];
	(void)state;
	snprintf(command, sizeof command, "rm -r %s", scratch);
	return system(command);
}

static void assert_size(struct start_folder *folder, const char *path, off_t size)
{
	struct stat file;
	assert_int_equal(start_folder_stat(folder, path, &file), 0);
	assert_int_equal(file.st_size, size);
}

static void assert_missing(struct start_folder *folder, const char *path)
{
	struct stat file;
	errno = 0;
	assert_int_equal(start_folder_stat(folder, path, &file), -1);
	assert_int_equal(errno, ENOENT);
}

static void files_of_all_folders_are_found(void **state)
{
	struct start_folder folder = { 0 };
	(void)state;
	assert_size(&folder, path_of("ab/one"), 1);
	assert_size(&folder, path_of("ab/two"), 2);
	assert_missing(&folder, path_of("ab/three"));
	assert_size(&folder, path_of("ac/three"), 3); // the two have a letter in common, and no folder
	assert_size(&folder, path_of("four"), 4);
	assert_size(&folder, path_of("ab/one"), 1);
	assert_missing(&folder, path_of("ad/one"));
	assert_missing(&folder, "/nowhere/at/all");
	assert_size(&folder, path_of("ab/two"), 2);
	start_folder_close(&folder);
}

static void a_first_folder_may_be_missing(void **state)
{
	struct start_folder folder = { 0 };
	(void)state;
	assert_missing(&folder, path_of("ad/one"));
	assert_missing(&folder, path_of("ad/two"));
	assert_size(&folder, path_of("ab/one"), 1);
	start_folder_close(&folder);
}

static void paths_may_be_relative(void **state)
{
	struct start_folder folder = { 0 };
	(void)state;
	assert_int_equal(chdir(scratch), 0);
	assert_size(&folder, "ab/one", 1);
	assert_size(&folder, "ab/two", 2);
	assert_size(&folder, "four", 4);
	assert_size(&folder, path_of("ac/three"), 3);
	start_folder_close(&folder);
	assert_size(&folder, "four", 4);
	assert_size(&folder, "ab/one", 1);
	start_folder_close(&folder);
	assert_int_equal(chdir("/"), 0);
}

static void nothing_was_looked_at(void **state)
{
	struct start_folder folder = { 0 };
	(void)state;
	start_folder_close(&folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_of_all_folders_are_found),
		cmocka_unit_test(a_first_folder_may_be_missing),
		cmocka_unit_test(paths_may_be_relative),
		cmocka_unit_test(nothing_was_looked_at),
	};
	return cmocka_run_group_tests(tests, make_files, remove_files);
}
