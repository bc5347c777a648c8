/* What a server says, as our errors. */
#include "base/cancel.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "remote/pg_session.h"

#include <string.h>

char *
pg_message(void *mem, const char *text)
{
	static const char *const labels[] = { "ERROR:  ", "FATAL:  " };
	char *line = mem_strndup(mem, text, strcspn(text, "\n"));

	for (size_t i = 0; i < 2; i++) {
		char *at = strstr(line, labels[i]);

		if (at)
			line = at + strlen(labels[i]);
	}
	return line;
}

/* Redshift frames its details over many lines. */
static char *
pg_one_line(void *mem, const char *text)
{
	struct strbuf sb;

	strbuf_init(&sb, mem, 1 << 16);
	for (const char *s = text + strspn(text, " \n"); *s; s += strspn(s, " \n")) {
		size_t n = strcspn(s, " \n");

		strbuf_str(&sb, sb.len ? " " : "");
		strbuf_add(&sb, s, n);
		s += n;
	}
	return sb.s;
}

static enum err_code
pg_code(const char *state)
{
	static const struct {
		const char *prefix;
		enum err_code code;
	} rows[] = {
		{ "40001", ERR_CONFLICT }, { "40P01", ERR_CONFLICT },  { "55P03", ERR_CONFLICT },
		{ "28", ERR_AUTH },	   { "42501", ERR_AUTH },      { "08", ERR_NET },
		{ "57P", ERR_NET },	   { "57014", ERR_CANCELLED },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!strncmp(state, rows[i].prefix, strlen(rows[i].prefix)))
			return rows[i].code;
	}
	return ERR_REMOTE;
}

struct err *
pg_lost_error(struct pg *pg)
{
	AUTO_MEM void *tmp = mem_root();

	return err_hint(err_new(ERR_NET, "lost the connection to the %s database: %s", pg->what,
				pg_message(tmp, PQerrorMessage(pg->conn))),
			"'bikeops doctor' shows which part does not answer");
}

struct err *
pg_result_error(struct pg *pg, const PGresult *res)
{
	AUTO_MEM void *tmp = mem_root();
	const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
	const char *text = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
	const char *detail = PQresultErrorField(res, PG_DIAG_MESSAGE_DETAIL);
	const char *context = PQresultErrorField(res, PG_DIAG_CONTEXT);
	const char *hint = PQresultErrorField(res, PG_DIAG_MESSAGE_HINT);

	if (!state)
		return pg_lost_error(pg);
	enum err_code code = pg_code(state);
	if (text && !strcmp(text, "1023")) { /* Redshift's serializable isolation violation */
		code = ERR_CONFLICT;
		state = text;
	}
	if (code == ERR_CANCELLED) { /* by us, or by somebody else */
		TRY(cancel_check());
		code = ERR_TIMEOUT;
	}
	struct err *e = err_new(code, "the %s database says: %s%s%s", pg->what,
				text ? text : pg_message(tmp, PQresultErrorMessage(res)),
				detail ? "; " : "", detail ? pg_one_line(tmp, detail) : "");
	if (context)
		log_debug("context: %s", context);
	if (hint)
		e = err_hint(e, "%s", pg_one_line(tmp, hint));
	return err_remote(e, state);
}

void
pg_notice(void *arg, const PGresult *res)
{
	const struct pg *pg = arg;
	const char *severity = PQresultErrorField(res, PG_DIAG_SEVERITY_NONLOCALIZED);

	if (severity && !strcmp(severity, "WARNING"))
		log_warn("%s: %s", pg->what, PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY));
}
