#include "base/log.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "local/churn.h"
#include "local/cluster.h"
#include "local/env.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void
say(struct cluster_listener *self, const char *what)
{
	(void)self;
	log_info("%s", what);
}

static struct cluster_listener listener = { say };

static struct err *
up(struct cmd *c)
{
	struct local_env *env;
	long long port;
	bool started;

	TRY(cmd_number(c, "port", 0, 65535, CLUSTER_PORT_KEEP, &port));
	TRY(cluster_up(NULL, (int)port, &listener, &started));
	TRY(local_env_read(c->mem, NULL, &env));
	log_info(started ? "the embedded stack in '%s' is up" : "the embedded stack in '%s' was up",
		 env->home);
	return NULL;
}

static struct err *
down(struct cmd *c)
{
	long pid;

	(void)c;
	TRY(cluster_down(NULL, &listener, &pid));
	if (pid)
		log_info("stopped PostgreSQL, process %ld", pid);
	else
		log_info("PostgreSQL was not running");
	return NULL;
}

static struct err *
status(struct cmd *c)
{
	struct cmd_table table = { "services", NULL, NULL };

	TRY(cluster_status(c->mem, NULL, &table.rows));
	return cmd_print(c, "local", &table, 1);
}

/* 'it'\''s' */
static void export(const char *name, const char *value)
{
	printf("export %s='", name);
	for (; *value; value++) {
		if (*value == '\'')
			fputs("'\\''", stdout);
		else
			putchar(*value);
	}
	puts("'");
}

static struct err *
env(struct cmd *c)
{
	struct local_env *env;
	struct cmd_table table = { "variables", NULL, rows_new(c->mem, 2) };

	TRY(local_env_read(c->mem, NULL, &env));
	const char *const variables[][2] = {
		{ "BIKEOPS_SOURCE_DSN", env->source_dsn },
		{ "BIKEOPS_WAREHOUSE_DSN", env->warehouse_dsn },
		{ "BIKEOPS_LEDGER_DSN", env->ledger_dsn },
		{ "BIKEOPS_LAKE", env->lake },
	};
	rows_column(table.rows, 0, "name", ROWS_TEXT);
	rows_column(table.rows, 1, "value", ROWS_TEXT);
	for (size_t i = 0; i < 4; i++) {
		if (c->output == CMD_TABLE)
			export(variables[i][0], variables[i][1]);
		rows_add(table.rows, variables[i]);
	}
	if (c->output != CMD_TABLE)
		return cmd_print(c, "local-env", &table, 1);
	return cmd_flush();
}

/* What follows the database is psql's own. */
static struct err *
psql(struct cmd *c)
{
	bool named = c->argc > 1 && c->argv[1][0] != '-';

	return cluster_psql(NULL, named ? c->argv[1] : "source", c->argv + 1 + named,
			    c->argc - 1 - named);
}

static void
tell(struct churn_listener *self, const struct churn_counts *counts)
{
	AUTO_MEM void *tmp = mem_root();
	struct strbuf line;

	(void)self;
	strbuf_init(&line, tmp, 1024);
	strbuf_printf(&line, "%d s:", counts->seconds);
	for (int i = 0; i < CHURN_KINDS; i++)
		strbuf_printf(&line, "%s %s %lld", i ? "," : "", churn_kind(i), counts->done[i]);
	strbuf_printf(&line, "; blocked %lld, rolled back %lld", counts->blocked, counts->undone);
	if (counts->open)
		strbuf_str(&line, "; a transaction stays open");
	log_info("%s", line.s);
}

static struct err *
play(struct cmd *c)
{
	struct churn_listener teller = { tell };
	struct churn_plan plan = { 0 };
	struct local_env *env;
	long long rate, seconds, seed;

	TRY(cmd_number(c, "rate", 1, 1000, 5, &rate));
	TRY(cmd_number(c, "seconds", 1, 1000000, 0, &seconds));
	TRY(cmd_number(c, "seed", 0, 4000000000, 1, &seed));
	TRY(local_env_read(c->mem, NULL, &env));
	plan.dsn = env->source_dsn;
	plan.rate = (int)rate;
	plan.seconds = (int)seconds;
	plan.seed = (uint64_t)seed;
	return churn(&plan, &teller);
}

/* A terminal is asked; elsewhere --name is the answer. */
static struct err *
confirm(struct cmd *c, const char *home)
{
	const char *name = cmd_option(c, "name");
	char line[64] = "";

	if (!name && isatty(STDIN_FILENO)) {
		fprintf(stderr,
			"This removes '%s': its databases, its lake, its logs.\n"
			"Its name is local; type it to go on: ",
			home);
		name = fgets(line, sizeof(line), stdin) ? line : "";
		line[strcspn(line, "\n")] = '\0';
	}
	if (name && strcmp(name, "local") == 0)
		return NULL;
	return err_hint(err_new(ERR_REFUSED, "'%s' was not destroyed", home),
			"say its name: 'bikeops local destroy --name local'");
}

static struct err *
destroy(struct cmd *c)
{
	struct home *h;

	TRY(home_find(c->mem, NULL, &h));
	if (h->port)
		TRY(confirm(c, h->dir));
	TRY(cluster_destroy(NULL, &listener));
	log_info("destroyed '%s'", h->dir);
	return NULL;
}

static const struct verb {
	const char *name;
	struct err *(*run)(struct cmd *c);
	bool has_args;
} verbs[] = {
	{ "up", up, false },	       { "down", down, false }, { "status", status, false },
	{ "env", env, false },	       { "psql", psql, true },	{ "churn", play, false },
	{ "destroy", destroy, false },
};

static struct err *
run_local(struct cmd *c)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++) {
		if (strcmp(verbs[i].name, c->argv[0]) != 0)
			continue;
		if (c->argc > 1 && !verbs[i].has_args)
			return err_new(ERR_USAGE, "'local %s' does not know what '%s' is",
				       c->argv[0], c->argv[1]);
		return verbs[i].run(c);
	}
	return err_hint(err_new(ERR_USAGE, "'local' does not know what '%s' is", c->argv[0]),
			"'bikeops local --help' shows how");
}

static const struct option options[] = {
	{ "port", "N", "up: listen on 127.0.0.1:N from now on; 0 takes any free port" },
	{ "rate", "N", "churn: changes a second, 5" },
	{ "seconds", "N", "churn: end after so long" },
	{ "seed", "N", "churn: begin the dice here, 1" },
	{ "name", "NAME", "destroy: its name, local, in place of the question" },
	{ NULL, NULL, NULL },
};

const struct command cmd_local = {
	.name = "local",
	.args = "up|down|status|env|psql [DATABASE] [-- ARGS]|churn|destroy",
	.summary = "Keep the embedded stack: a private PostgreSQL and a lake",
	.help = "One directory holds a private PostgreSQL cluster, with the databases bikestore, "
		"warehouse\nand bikeops, and the lake's folders. It is $BIKEOPS_HOME; else for root "
		"/var/lib/bikeops;\nelse ./var of the checkout the program stands in, where "
		"writable; else\n~/.local/share/bikeops.\n\n"
		"up       make what is missing and start what does not run; quick when all is there\n"
		"down     stop it\n"
		"status   show its parts and what they take on disk\n"
		"env      print what a shell can eval: BIKEOPS_SOURCE_DSN, BIKEOPS_WAREHOUSE_DSN,\n"
		"         BIKEOPS_LEDGER_DSN, BIKEOPS_LAKE\n"
		"psql     open psql on source, warehouse or ledger; ARGS are psql's\n"
		"churn    play a shop that changes rows of the source, until Ctrl-C, as a role\n"
		"         with rights on schema store alone\n"
		"destroy  stop it and remove all of it\n\n"
		"PostgreSQL never runs as root: for root it runs as postgres, or nobody. It listens "
		"on a\nsocket in a directory of its own, mode 0700, and on 127.0.0.1 with SCRAM; "
		"the password\nof role bikeops is in the file pgpass.",
	.words = "up down status env psql churn destroy",
	.min_args = 1,
	.max_args = -1,
	.flags = CMD_BARE,
	.options = options,
	.run = run_local,
};
