#include "base/digest.h"

#include "base/mem.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

struct digest {
	EVP_MD_CTX *ctx;
};

static int
digest_destroy(struct digest *d)
{
	EVP_MD_CTX_free(d->ctx);
	return 0;
}

struct digest *
digest_new(void *mem)
{
	struct digest *d = mem_new(mem, struct digest);

	d->ctx = mem_check(EVP_MD_CTX_new());
	mem_on_free(d, digest_destroy);
	EVP_DigestInit_ex(d->ctx, EVP_sha256(), NULL);
	return d;
}

void
digest_update(struct digest *d, const void *data, size_t n)
{
	EVP_DigestUpdate(d->ctx, data, n);
}

void
digest_hex(struct digest *d, char hex[DIGEST_HEX])
{
	unsigned char sum[32];

	EVP_DigestFinal_ex(d->ctx, sum, NULL);
	for (size_t i = 0; i < sizeof(sum); i++)
		snprintf(hex + 2 * i, 3, "%02x", (unsigned)sum[i]);
}

void
digest_text(const char *text, char hex[DIGEST_HEX])
{
	struct digest *d = digest_new(NULL);

	digest_update(d, text, strlen(text));
	digest_hex(d, hex);
	mem_free(d);
}
