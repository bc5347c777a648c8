/* Where bytes go, and what is counted while they pass. */
#ifndef BIKEOPS_BASE_STREAM_H
#define BIKEOPS_BASE_STREAM_H

#include "base/err.h"

#include <stddef.h>

/* A receiver of bytes; embed it first in the struct that does the work. */
struct sink {
	struct err *(*write)(struct sink *self, const void *data, size_t n);
};

#endif
