#include "base/mem.h"
#include "cmd/cmd.h"

#include <stdio.h>

#define PRINT_MAX ((size_t)1 << 28)

static void
print_text(const struct cmd_table *tables, size_t n, struct strbuf *out)
{
	for (size_t i = 0; i < n; i++) {
		if (i)
			strbuf_char(out, '\n');
		if (tables[i].title)
			strbuf_printf(out, "%s\n", tables[i].title);
		rows_table(tables[i].rows, out);
	}
}

static void
print_json(const char *schema, const struct cmd_table *tables, size_t n, struct strbuf *out)
{
	strbuf_printf(out, "{\"schema\":\"bikeops.%s/1\"", schema);
	for (size_t i = 0; i < n; i++) {
		strbuf_printf(out, ",\n\"%s\":", tables[i].name);
		rows_json(tables[i].rows, out);
	}
	strbuf_str(out, "}\n");
}

struct err *
cmd_flush(void)
{
	return fflush(stdout) || ferror(stdout) ? err_sys(ERR_REMOTE, "cannot write to stdout")
						: NULL;
}

struct err *
cmd_print(struct cmd *c, const char *schema, const struct cmd_table *tables, size_t n)
{
	AUTO_MEM void *tmp = mem_root();
	struct strbuf out;

	strbuf_init(&out, tmp, PRINT_MAX);
	switch (c->output) {
	case CMD_TABLE:
		print_text(tables, n, &out);
		break;
	case CMD_JSON:
		print_json(schema, tables, n, &out);
		break;
	case CMD_CSV:
		rows_csv(tables[0].rows, &out);
		break;
	}
	if (out.full)
		return err_hint(err_new(ERR_DATA, "the answer is larger than %zu bytes", out.max),
				"ask for less: --limit, one run, or 'bikeops logs' as text");
	fwrite(out.s, 1, out.len, stdout);
	return cmd_flush();
}
