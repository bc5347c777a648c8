/* Numbers that look random and are the same everywhere for the same seed: splitmix64. */
#ifndef BIKEOPS_LOCAL_RANDOM_H
#define BIKEOPS_LOCAL_RANDOM_H

#include <stdint.h>

struct random {
	uint64_t state;
};

/* Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014. */
static inline uint64_t
random_mix(uint64_t z)
{
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static inline uint64_t
random_next(struct random *r)
{
	return random_mix(r->state += 0x9e3779b97f4a7c15);
}

/* 0 .. n - 1; the bias, n / 2^32, is nobody's concern here. */
static inline uint32_t
random_below(struct random *r, uint32_t n)
{
	return (uint32_t)(((random_next(r) >> 32) * n) >> 32);
}

/* The numbers of one row: so that a row can be told without those before it. */
static inline struct random
random_at(uint64_t seed, uint32_t table, uint64_t row)
{
	return (struct random){ random_mix(random_mix(seed + 0x9e3779b97f4a7c15 * table) + row) };
}

#endif
