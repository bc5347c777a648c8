#include "ui/said.h"

#include "base/mem.h"

#include <string.h>

#define SAID_MANY 128

struct thing {
	char *name; /* owns state */
	char *state;
	bool named; /* in this round */
};

struct said {
	struct thing *things; /* [n] */
	size_t n;
};

struct said *
said_new(void *mem)
{
	return mem_new(mem, struct said);
}

static struct thing *
said_thing(struct said *said, const char *name)
{
	for (size_t i = 0; i < said->n; i++) {
		if (!strcmp(said->things[i].name, name))
			return &said->things[i];
	}
	said->things = mem_grow(said, said->things, struct thing, said->n + 1);
	struct thing *t = &said->things[said->n++];
	*t = (struct thing){ .name = mem_strdup(said, name) };
	return t;
}

bool
said_changed(struct said *said, const char *name, const char *state)
{
	struct thing *t = said_thing(said, name);

	t->named = true;
	if (t->state && !strcmp(t->state, state))
		return false;
	mem_free(t->state);
	t->state = mem_strdup(t->name, state);
	return true;
}

void
said_round(struct said *said)
{
	bool many = said->n > SAID_MANY;
	size_t kept = 0;

	for (size_t i = 0; i < said->n; i++) {
		struct thing t = said->things[i];

		if (many && !t.named) {
			mem_free(t.name);
			continue;
		}
		t.named = false;
		said->things[kept++] = t;
	}
	said->n = kept;
}
