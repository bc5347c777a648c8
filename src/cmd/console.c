#include "base/mem.h"
#include "cmd/cmd.h"
#include "ui/main.h"

extern const struct command cmd_console;

static const struct option options[] = {
	{ "resume", NULL, "go on where the last console stood" },
	{ "plain", NULL, "print a line for every event, draw nothing" },
	{ NULL, NULL, NULL },
};

/* What the : prompt completes, and may run: what only reads. */
static struct console_word *
prompt_words(void *mem)
{
	struct console_word *words;
	size_t n = 0, at = 0;

	while (commands[n])
		n++;
	words = mem_array(mem, struct console_word, n + 1);
	for (size_t i = 0; i < n; i++) {
		const struct command *row = commands[i];
		bool bare = row->flags & CMD_BARE;

		if (row->flags & CMD_HIDDEN)
			continue;
		words[at++] = (struct console_word){ row->name, row->words,
						     !bare && !(row->flags & CMD_WRITES) &&
							     row->run != cmd_console.run };
	}
	return words;
}

static struct err *
run_console(struct cmd *c)
{
	struct console_options console = {
		.settings = c->settings,
		.config = cmd_option(c, "config"),
		.words = prompt_words(c->mem),
		.resume = cmd_flag(c, "resume"),
		.plain = cmd_flag(c, "plain"),
	};

	return console.plain ? console_plain(&console) : console_run(&console);
}

const struct command cmd_console = {
	.name = "console",
	.args = "[--resume] [--plain]",
	.summary = "Open the console: what runs, what broke and where, in one picture",
	.help = "The console shows the pipeline, layers, logs, runs and health, and starts, resumes "
		"and\ncancels runs. '?' shows its keys. Runs go on without it. It is what bikeops "
		"without a\ncommand opens on a terminal.",
	.options = options,
	.run = run_console,
};
