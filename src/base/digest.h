/* SHA-256, incremental and at once.  Source: FIPS 180-4, by OpenSSL. */
#ifndef BIKEOPS_BASE_DIGEST_H
#define BIKEOPS_BASE_DIGEST_H

#include <stddef.h>

struct digest; /* opaque */

#define DIGEST_HEX 65 /* bytes of a printed sum, with its NUL */

struct digest *digest_new(void *mem);
void digest_update(struct digest *d, const void *data, size_t n);
void digest_hex(struct digest *d, char hex[DIGEST_HEX]); /* ends d */
void digest_text(const char *text, char hex[DIGEST_HEX]);

#endif
