/* Memory as talloc trees: one owner, one free.  The only includer of talloc. */
#ifndef BIKEOPS_BASE_MEM_H
#define BIKEOPS_BASE_MEM_H

#include <stddef.h>
#include <stdlib.h>
#include <talloc.h>

/* Out of memory ends the program: nobody tests that path. */
static inline void *
mem_check(void *p)
{
	if (!p)
		abort();
	return p;
}

#define mem_new(mem, type)	((type *)mem_check(talloc_zero((mem), type)))
#define mem_array(mem, type, n) ((type *)mem_check(talloc_zero_array((mem), type, (unsigned)(n))))
#define mem_grow(mem, p, type, n) \
	((type *)mem_check(talloc_realloc((mem), (p), type, (unsigned)(n))))
#define mem_printf(mem, ...)	   ((char *)mem_check(talloc_asprintf((mem), __VA_ARGS__)))
#define mem_strdup(mem, s)	   ((char *)mem_check(talloc_strdup((mem), (s))))
#define mem_strndup(mem, s, n)	   ((char *)mem_check(talloc_strndup((mem), (s), (n))))
#define mem_memdup(mem, p, n)	   mem_check(talloc_memdup((mem), (p), (n)))
#define mem_root()		   mem_check(talloc_new(NULL))
#define mem_child(mem)		   mem_check(talloc_new(mem))
#define mem_move(mem, p)	   ((void)talloc_steal((mem), (p)))
#define mem_free(p)		   ((void)talloc_free(p))
#define mem_on_free(p, destructor) talloc_set_destructor((p), (destructor))

static inline void
mem_auto_free(void *p)
{
	mem_free(*(void **)p);
}

/* Scratch memory of one function: AUTO_MEM void *tmp = mem_root(); */
#define AUTO_MEM __attribute__((cleanup(mem_auto_free)))

#endif
