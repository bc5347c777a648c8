/*
 * One flag for the whole process: the operator wants what runs to end.
 * Set by SIGINT and SIGTERM and by a cancel request in the ledger; everything
 * that waits polls cancel_fd() beside its own descriptor.
 */
#ifndef BIKEOPS_BASE_CANCEL_H
#define BIKEOPS_BASE_CANCEL_H

#include "base/err.h"

#include <stdbool.h>

void cancel_init(void);	   /* once, before any thread: installs the signal handlers */
void cancel_request(void); /* async-signal-safe */
bool cancel_requested(void);
int cancel_fd(void); /* becomes readable and stays so; -1 before cancel_init() */
struct err *cancel_check(void) MUST_CHECK; /* ERR_CANCELLED once requested */

#endif
