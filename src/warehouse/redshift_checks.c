#include "base/mem.h"
#include "remote/redshift_serverless.h"
#include "warehouse/redshift.h"

#include <string.h>

static void
add(struct rows *r, const char *name, const char *value, const char *limit, bool ok,
    const char *hint)
{
	const char *cells[] = { name, value, limit, ok ? "ok" : "fail", ok ? NULL : hint };

	rows_add(r, cells);
}

/* Takes e, which names the action and the resource that are not allowed. */
static void
add_error(struct rows *r, const char *name, struct err *e)
{
	AUTO_MEM void *tmp = mem_root();

	add(r, name, err_text(tmp, e), NULL, false, err_hint_of(e));
	err_free(e);
}

static void
check_role(struct rows *r, struct aws *aws, const struct settings *settings, const char *space)
{
	AUTO_MEM void *tmp = mem_root();
	const char *role = settings_get(settings, "redshift_role_arn"), **arns;
	bool found = false;
	size_t n;
	struct err *e = redshift_roles(tmp, aws, space, &arns, &n);

	if (e) {
		add_error(r, "role", e);
		return;
	}
	for (size_t i = 0; i < n; i++)
		found |= !strcmp(arns[i], role);
	add(r, "role", *role ? role : "not set", mem_printf(tmp, "attached to '%s'", space), found,
	    "attach it to the namespace, and name it in redshift_role_arn");
}

static void
check_workgroup(struct rows *r, struct aws *aws, const struct settings *settings, const char *name,
		bool asked)
{
	AUTO_MEM void *tmp = mem_root();
	struct redshift_workgroup w;
	struct err *e = redshift_workgroup(tmp, aws, name, &w);

	if (e) {
		add_error(r, "workgroup", e);
		return;
	}
	add(r, "workgroup",
	    mem_printf(tmp, "%s, %d RPU, %s:%d", w.status, w.base_capacity, w.address, w.port),
	    "AVAILABLE", !strcmp(w.status, "AVAILABLE"), "wait, or look at it in the AWS console");
	if (asked)
		check_role(r, aws, settings, w.space);
}

static void
check_login(struct rows *r, struct aws *aws, const struct settings *settings, const char *name)
{
	AUTO_MEM void *tmp = mem_root();
	const char *user, *password;

	if (strcmp(settings_get(settings, "warehouse_auth"), "iam"))
		return;
	struct err *e = redshift_credentials(tmp, aws, name, &user, &password);
	if (e)
		add_error(r, "credentials", e);
	else
		add(r, "credentials", user, NULL, true, NULL);
}

struct rows *
warehouse_service(void *mem, const struct settings *settings, bool asked)
{
	static const char *const names[] = { "name", "value", "limit", "state", "hint" };
	AUTO_MEM void *tmp = mem_root();
	struct rows *r = rows_new(mem, 5);
	const char *name;
	struct aws *aws;

	for (size_t i = 0; i < 5; i++)
		rows_column(r, i, names[i], ROWS_TEXT);
	struct err *e = settings_need(settings, "redshift_workgroup", &name);
	if (!e)
		e = redshift_aws(tmp, settings, &aws);
	if (e) {
		add_error(r, "workgroup", e);
		return r;
	}
	check_workgroup(r, aws, settings, name, asked);
	if (asked)
		check_login(r, aws, settings, name);
	return r;
}
