#include "remote/redshift_serverless.h"

#include "base/mem.h"
#include "base/text.h"

#include <jansson.h>
#include <string.h>

#define SERVICE	  "redshift-serverless"
#define REPLY_MAX (1U << 20)

static int
json_end(json_t **root)
{
	json_decref(*root);
	return 0;
}

/* Call an action with one text argument; what *out holds lives as long as mem. */
static struct err *
call(void *mem, struct aws *aws, const char *action, const char *argument, const char *value,
     json_t **out)
{
	const struct aws_pair headers[] = {
		{ "content-type", "application/x-amz-json-1.1" },
		{ "x-amz-target", mem_printf(mem, "RedshiftServerless.%s", action) },
	};
	struct aws_request request = { .service = SERVICE,
				       .method = "POST",
				       .path = "/",
				       .headers = headers,
				       .n_headers = 2 };
	struct aws_answer answer;
	json_t **root = mem_new(mem, json_t *);
	struct strbuf body;

	request.max = REPLY_MAX;
	strbuf_init(&body, mem, 4096);
	strbuf_printf(&body, "{\"%s\":", argument);
	strbuf_json(&body, value);
	strbuf_char(&body, '}');
	request.body = body.s;
	request.bytes = (long long)body.len;
	TRY(aws_call(mem, aws, &request, &answer));
	*root = json_loadb(answer.body.s, answer.body.len, 0, NULL);
	mem_on_free(root, json_end);
	if (!json_is_object(*root))
		return err_new(ERR_REMOTE, "the answer to %s is no JSON object", action);
	*out = *root;
	return NULL;
}

/* A text that must be there. */
static struct err *
text(void *mem, const json_t *object, const char *key, const char **out)
{
	const char *s = json_string_value(json_object_get(object, key));

	if (!s)
		return err_new(ERR_REMOTE, "Redshift Serverless answers without '%s'", key);
	*out = mem_strdup(mem, s);
	return NULL;
}

struct err *
redshift_workgroup(void *mem, struct aws *aws, const char *name, struct redshift_workgroup *out)
{
	AUTO_MEM void *tmp = mem_root();
	struct redshift_workgroup w = { 0 };
	json_t *root, *group, *endpoint;

	TRY(call(tmp, aws, "GetWorkgroup", "workgroupName", name, &root));
	group = json_object_get(root, "workgroup");
	endpoint = json_object_get(group, "endpoint");
	TRY(text(mem, group, "status", &w.status));
	TRY(text(mem, group, "namespaceName", &w.space));
	TRY(text(mem, endpoint, "address", &w.address));
	w.port = (int)json_integer_value(json_object_get(endpoint, "port"));
	w.base_capacity = (int)json_integer_value(json_object_get(group, "baseCapacity"));
	*out = w;
	return NULL;
}

/* "IamRole(applyStatus=in-sync, iamRoleArn=arn:..)" as the service has it, or the bare ARN. */
static const char *
role_arn(void *mem, const char *role)
{
	const char *at = strstr(role, "arn:");

	return at ? mem_strndup(mem, at, strcspn(at, ",) ")) : mem_strdup(mem, role);
}

struct err *
redshift_roles(void *mem, struct aws *aws, const char *space, const char ***arns, size_t *n)
{
	AUTO_MEM void *tmp = mem_root();
	json_t *root, *roles, *role;
	size_t i;

	TRY(call(tmp, aws, "GetNamespace", "namespaceName", space, &root));
	roles = json_object_get(json_object_get(root, "namespace"), "iamRoles");
	*n = 0;
	*arns = mem_array(mem, const char *, json_array_size(roles) + 1);
	json_array_foreach(roles, i, role)
	{
		if (json_is_string(role))
			(*arns)[(*n)++] = role_arn(mem, json_string_value(role));
	}
	return NULL;
}

struct err *
redshift_credentials(void *mem, struct aws *aws, const char *workgroup, const char **user,
		     const char **password)
{
	AUTO_MEM void *tmp = mem_root();
	const char *name;
	json_t *root;

	TRY(call(tmp, aws, "GetCredentials", "workgroupName", workgroup, &root));
	TRY(text(mem, root, "dbUser", &name));
	TRY(text(mem, root, "dbPassword", password));
	*user = name;
	return NULL;
}
