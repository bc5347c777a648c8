#include "pipeline/price.h"

#include "base/mem.h"

#include <string.h>

#define NANO	   1000000000LL
#define USD_DIGITS 9
#define LEAST_US   60000000LL /* of an active period */

static const struct {
	const char *region;
	struct price price;
} prices[] = {
	{ "us-east-1", { 52624000, 5778500, 111000, 375000000, "2026-11-22" } },
	{ "ap-southeast-1", { 65728000, 7189000, 133000, 450000000, "2026-11-22" } },
};

long long
price_parse(const char *text)
{
	size_t whole = strspn(text, "0123456789");
	const char *rest = text + whole;
	size_t part = *rest == '.' ? strspn(rest + 1, "0123456789") : 0;
	long long n = 0;

	if (!whole || whole > 6 || part > USD_DIGITS || rest[part ? part + 1 : 0])
		return -1;
	for (size_t i = 0; i < whole; i++)
		n = n * 10 + (text[i] - '0');
	for (size_t i = 0; i < USD_DIGITS; i++)
		n = n * 10 + (i < part ? rest[1 + i] - '0' : 0);
	return n;
}

bool
price_emr(const char *region, const char *vcpu, const char *gb, struct price *out)
{
	bool found = false;

	*out = (struct price){ 0 };
	for (size_t i = 0; i < sizeof(prices) / sizeof(*prices); i++) {
		if (strcmp(prices[i].region, region))
			continue;
		*out = prices[i].price;
		found = true;
	}
	if (*vcpu || *gb)
		out->day = NULL;
	if (*vcpu)
		out->vcpu_hour = price_parse(vcpu);
	if (*gb)
		out->memory_gb_hour = price_parse(gb);
	return found || (*vcpu && *gb);
}

bool
price_redshift(const char *region, const char *own, long long *rpu_hour, const char **day)
{
	struct price p;
	bool found = price_emr(region, "", "", &p);

	*rpu_hour = *own ? price_parse(own) : p.rpu_hour;
	*day = *own ? NULL : p.day;
	return *own || found;
}

long long
price_active_until(const struct price_busy *busy)
{
	long long least = busy->began_us + LEAST_US;

	return busy->ended_us > least ? busy->ended_us : least;
}

double
price_active_s(const struct price_busy *busy, size_t n)
{
	struct price_busy period = { 0 };
	long long sum = 0;

	for (size_t i = 0; i < n; i++) {
		if (i && busy[i].began_us <= price_active_until(&period)) {
			if (busy[i].ended_us > period.ended_us)
				period.ended_us = busy[i].ended_us;
			continue;
		}
		if (i)
			sum += price_active_until(&period) - period.began_us;
		period = busy[i];
	}
	if (n)
		sum += price_active_until(&period) - period.began_us;
	return (double)sum / 1e6;
}

char *
price_usd(void *mem, double quantity, long long price)
{
	long long nano = (long long)(quantity * (double)price + 0.5);
	long long micro = (nano + 500) / 1000;

	return mem_printf(mem, "%lld.%06lld", micro * 1000 / NANO, micro % 1000000);
}
