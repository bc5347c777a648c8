/* Small files, directories, and trees of them. */
#ifndef BIKEOPS_LOCAL_FILES_H
#define BIKEOPS_LOCAL_FILES_H

#include "base/err.h"

#include <stdbool.h>
#include <sys/stat.h>

/* A small file's text; ERR_NOTFOUND where there is none. */
struct err *file_read(void *mem, const char *path, char **text) MUST_CHECK;
/* The whole lines in its last max bytes; ERR_NOTFOUND where there is no file. */
struct err *file_read_end(void *mem, const char *path, size_t max, char **text) MUST_CHECK;
/* Open a private file; where it is new it is its directory's owner's, also when we are root. */
struct err *file_open(const char *path, int flags, int *fd) MUST_CHECK;
/* All of it, in as many writes as it takes; false: errno says why not. */
bool file_put(int fd, const char *text, size_t n);
/* Write a small file whole or not at all. */
struct err *file_write(const char *path, const char *text) MUST_CHECK;

/* Make a directory of that mode, and those above it; ERR_REFUSED where it cannot be written. */
struct err *dir_make(const char *path, mode_t mode) MUST_CHECK;
bool dir_is_empty(const char *path);

struct err *tree_remove(const char *path) MUST_CHECK; /* not there: fine */
/* What it takes on disk; what cannot be read counts as nothing. */
long long tree_bytes(const char *path);

#endif
