#include "base/mem.h"
#include "ui/console.h"

#include <string.h>

#define NOWHERE_ELSE "'bikeops help --keys' lists keys and actions"

/* Word number i of words parted by spaces, NULL: there are fewer. */
static const char *
bind_word(const char *words, size_t i, size_t *n)
{
	for (; words && *words; i--) {
		*n = strcspn(words, " ");
		if (!i)
			return words;
		words += *n + strspn(words + *n, " ");
	}
	return NULL;
}

static bool
bind_is(const char *word, size_t n, const char *action)
{
	return strlen(action) == n && !strncmp(word, action, n);
}

/* What the operator gave a row's key, or NULL. */
static const struct binding *
bind_find(const struct console *c, const struct key *row, size_t i)
{
	size_t n;
	const char *word = bind_word(row->actions, i, &n);

	for (size_t k = 0; word && k < c->n_bound; k++) {
		if (bind_is(word, n, c->bound[k].action))
			return &c->bound[k];
	}
	return NULL;
}

int
bind_code(const struct console *c, const struct key *row, size_t i)
{
	const struct binding *b = bind_find(c, row, i);

	return b ? *b->key : row->codes[i];
}

char *
bind_name(void *mem, const struct console *c, const struct key *row)
{
	char *name = mem_strdup(mem, "");
	const char *word;
	size_t n;

	for (size_t i = 0; (word = bind_word(row->name, i, &n)) != NULL; i++) {
		const struct binding *b = i < KEY_CODES ? bind_find(c, row, i) : NULL;

		name = mem_printf(mem, "%s%s%s", name, i ? " " : "",
				  b ? b->key : mem_strndup(mem, word, n));
	}
	return name;
}

/* --- over all rows --- */

/* Row number i of those that a screen knows: its own, then everywhere's; NULL after the last. */
static const struct key *
bind_row(const struct screen *s, size_t i)
{
	for (const struct key *row = s->keys; row && row->name; row++) {
		if (!i--)
			return row;
	}
	for (const struct key *row = keys_everywhere; row->name; row++) {
		if (!i--)
			return row;
	}
	return NULL;
}

/* The row that has an action, on the first screen that knows it. */
static const struct key *
bind_has(const char *action)
{
	const struct key *row;
	const char *word;
	size_t n;

	for (size_t s = 0; screens[s]; s++) {
		for (size_t i = 0; (row = bind_row(screens[s], i)) != NULL; i++) {
			for (size_t k = 0; (word = bind_word(row->actions, k, &n)) != NULL; k++) {
				if (bind_is(word, n, action))
					return row;
			}
		}
	}
	return NULL;
}

const char *
ui_key(const struct ui *ui, const char *action)
{
	const struct console *c = ui->console;

	for (size_t k = 0; k < c->n_bound; k++) {
		if (!strcmp(c->bound[k].action, action))
			return c->bound[k].key;
	}
	return bind_has(action)->name;
}

static void
bind_list_row(void *mem, const struct key *row, char **list)
{
	const char *word;
	size_t n;

	for (size_t k = 0; (word = bind_word(row->actions, k, &n)) != NULL; k++) {
		char *padded = mem_printf(mem, " %.*s,", (int)n, word);

		if (!strstr(*list, padded))
			*list = mem_printf(mem, "%s%s", *list, padded);
	}
}

/* " trigger, resume, ...": every action once. */
static char *
bind_list(void *mem)
{
	char *list = mem_strdup(mem, "");

	for (const struct key *row = keys_everywhere; row->name; row++)
		bind_list_row(mem, row, &list);
	for (size_t s = 0; screens[s]; s++) {
		for (const struct key *row = screens[s]->keys; row && row->name; row++)
			bind_list_row(mem, row, &list);
	}
	list[strlen(list) - 1] = '\0';
	return list;
}

/* --- reading the setting --- */

static struct err *
bind_one(struct console *c, const char *name, size_t n, const char *key, size_t n_key)
{
	AUTO_MEM void *tmp = mem_root();
	struct binding *b = &c->bound[c->n_bound];

	b->action = mem_strndup(c->mem, name, n);
	if (!bind_has(b->action))
		return err_hint(err_new(ERR_CONFIG, "there is no action '%s'", b->action),
				"the actions are:%s", bind_list(tmp));
	if (n_key != 1 || *key <= ' ' || *key > '~')
		return err_hint(err_new(ERR_CONFIG, "'%s' cannot have the key '%.*s'", b->action,
					(int)n_key, key),
				"a key is one character from ! to ~ but no comma; control, Alt and "
				"function keys belong to tmux, screen and the shell");
	b->key[0] = *key;
	for (size_t k = 0; k < c->n_bound; k++) {
		if (!strcmp(c->bound[k].action, b->action))
			return err_new(ERR_CONFIG, "'%s' is given two keys", b->action);
	}
	c->n_bound++;
	return NULL;
}

static struct err *
bind_parse(struct console *c, const char *text)
{
	while (*(text += strspn(text, ", \t"))) {
		size_t n = strcspn(text, "=, \t");
		const char *key = text + n + 1;

		if (!n || text[n] != '=')
			return err_hint(err_new(ERR_CONFIG, "'%.*s' is no ACTION=KEY",
						(int)strcspn(text, ", \t"), text),
					"write 'trigger=A, why=w'; " NOWHERE_ELSE);
		size_t n_key = strcspn(key, ", \t");
		if (c->n_bound == BINDINGS_MAX)
			return err_new(ERR_CONFIG, "more than %d keys", BINDINGS_MAX);
		TRY(bind_one(c, text, n, key, n_key));
		text = key + n_key;
	}
	return NULL;
}

/* --- no key twice on a screen --- */

/* How an error names the key i of a row. */
static char *
bind_label(void *mem, const struct key *row, size_t i)
{
	size_t n;
	const char *word = bind_word(row->actions, i, &n);

	return word ? mem_printf(mem, "'%.*s'", (int)n, word) : mem_printf(mem, "'%s'", row->help);
}

static struct err *
bind_clash(const struct console *c, const struct screen *s, const struct key *row, size_t i)
{
	AUTO_MEM void *tmp = mem_root();
	const struct binding *b = bind_find(c, row, i);
	const struct key *other;

	for (size_t r = 0; b && (other = bind_row(s, r)) != NULL; r++) {
		for (size_t k = 0; k < KEY_CODES && other->codes[k]; k++) {
			if (bind_code(c, other, k) != *b->key || bind_find(c, other, k) == b)
				continue;
			return err_hint(err_new(ERR_CONFIG,
						"the key '%s' is taken twice on screen %s: '%s' "
						"and %s",
						b->key, s->name, b->action,
						bind_label(tmp, other, k)),
					"give one of them another key; " NOWHERE_ELSE);
		}
	}
	return NULL;
}

static struct err *
bind_check(const struct console *c)
{
	const struct key *row;

	for (size_t s = 0; screens[s]; s++) {
		for (size_t i = 0; (row = bind_row(screens[s], i)) != NULL; i++) {
			for (size_t k = 0; k < KEY_CODES && row->codes[k]; k++)
				TRY(bind_clash(c, screens[s], row, k));
		}
	}
	return NULL;
}

struct err *
bind_keys(struct console *c)
{
	struct err *e = bind_parse(c, settings_get(c->ui.settings, "keys"));

	if (!e)
		e = bind_check(c);
	return e ? err_wrap(e, "setting 'keys' (%s)", settings_origin(c->ui.settings, "keys"))
		 : NULL;
}
