/*
 * Text out of gzip as it comes, piece by piece.  Sources: RFC 1952, by zlib.
 * A file may be several members behind each other, and end in the middle of one: what can be told
 * is told.
 */
#ifndef BIKEOPS_REMOTE_INFLATE_H
#define BIKEOPS_REMOTE_INFLATE_H

#include "base/err.h"
#include "base/stream.h"

struct inflate; /* opaque */

/* What is written into *in comes out of `to`; in is owned by mem and must be freed before to.
 * errors of its write  ERR_DATA: it is no gzip; what to said */
struct inflate *inflate_new(void *mem, struct sink *to);
struct sink *inflate_in(struct inflate *i);

#endif
