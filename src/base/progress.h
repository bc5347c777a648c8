/* How a long job tells how far it is.  Callers may call from one thread at a time only. */
#ifndef BIKEOPS_BASE_PROGRESS_H
#define BIKEOPS_BASE_PROGRESS_H

struct progress {
	/*
	 * step   "extract.orders"
	 * rows   done so far; total  expected, or -1 when not known
	 */
	void (*tell)(struct progress *self, const char *step, long long rows, long long bytes,
		     long long total);
	/* What it waits for, in words; NULL: nobody wants to know. */
	void (*note)(struct progress *self, const char *step, const char *text);
};

/* NULL is a listener that hears nothing. */
static inline void
progress_tell(struct progress *p, const char *step, long long rows, long long bytes,
	      long long total)
{
	if (p)
		p->tell(p, step, rows, bytes, total);
}

static inline void
progress_note(struct progress *p, const char *step, const char *text)
{
	if (p && p->note)
		p->note(p, step, text);
}

#endif
