/*
 * What EMR Serverless and Redshift Serverless bill, by list price.  Sources: the price lists of
 * Amazon EMR, for x86, and of Amazon Redshift; verify before quoting.
 */
#ifndef BIKEOPS_PIPELINE_PRICE_H
#define BIKEOPS_PIPELINE_PRICE_H

#include <stdbool.h>
#include <stddef.h>

/* 1e-9 USD, so that every listed price is whole. */
struct price {
	long long vcpu_hour, memory_gb_hour, storage_gb_hour, rpu_hour;
	const char *day; /* of the list, YYYY-MM-DD; NULL: the operator's own */
};

/*
 * vcpu, gb  the operator's own prices in USD, or "" for the list's
 * false     no price is known: neither that region's nor, where one is its own, both
 */
bool price_emr(const char *region, const char *vcpu, const char *gb, struct price *out);
/* own: as above; day as in struct price */
bool price_redshift(const char *region, const char *own, long long *rpu_hour, const char **day);
/* From the first thing that was asked to the end of the last one, microseconds since 1970. */
struct price_busy {
	long long began_us, ended_us;
};
/*
 * What Redshift Serverless charges for them: each second that it was active, from whomever, once,
 * and each active period a minute at least.  Source: "Billing for compute", Redshift Management
 * Guide.
 *
 * busy  [n] by the time they began
 */
double price_active_s(const struct price_busy *busy, size_t n);
/* Until then an active period goes on, even if nothing is asked. */
long long price_active_until(const struct price_busy *busy);
/* USD of so many hours, to 6 digits: "0.002345". */
char *price_usd(void *mem, double quantity, long long price);
/* "0.052624" in 1e-9 USD; -1: it is no price. */
long long price_parse(const char *text);

#endif
