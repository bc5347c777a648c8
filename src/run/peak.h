/* The highest resident memory since the last reset.  Source: proc(5). */
#ifndef BIKEOPS_RUN_PEAK_H
#define BIKEOPS_RUN_PEAK_H

void peak_reset(void);
long long peak_kib(void); /* 0 where the kernel does not tell */

#endif
