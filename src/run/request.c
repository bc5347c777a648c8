#include "base/mem.h"
#include "run/run.h"

#include <jansson.h>
#include <stdlib.h>

struct err *
run_request_json(void *mem, const struct run_request *request, char **out)
{
	json_t *json = json_pack("{s:s*, s:s*, s:b, s:s*, s:b, s:b, s:b, s:b, s:o*, s:s*, s:s*}",
				 "from", request->from, "to", request->to, "no_full",
				 request->no_full, "dataset", request->dataset, "recreate",
				 request->recreate, "adopt", request->adopt, "uninstall",
				 request->uninstall, "drop_audit", request->drop_audit, "undo",
				 request->undo ? json_integer(request->undo) : NULL, "airflow",
				 request->airflow, "engine", request->engine);

	if (!json)
		return err_hint(err_new(ERR_USAGE, "an option of the run is no UTF-8"),
				"give the data set's folder another name");
	char *text = json_dumps(json, JSON_COMPACT);
	*out = mem_strdup(mem, text);
	free(text);
	json_decref(json);
	return NULL;
}

static const char *
request_text(void *mem, const json_t *json, const char *name)
{
	const char *text = json_string_value(json_object_get(json, name));

	return text ? mem_strdup(mem, text) : NULL;
}

struct err *
run_request_parse(void *mem, const char *mode, const char *text, struct run_request *out)
{
	json_t *json = json_loads(text, 0, NULL);

	if (!json)
		return err_new(ERR_DATA, "the options of the run are no JSON: '%s'", text);
	*out = (struct run_request){
		.mode = mem_strdup(mem, mode),
		.from = request_text(mem, json, "from"),
		.to = request_text(mem, json, "to"),
		.no_full = json_is_true(json_object_get(json, "no_full")),
		.engine = request_text(mem, json, "engine"),
		.dataset = request_text(mem, json, "dataset"),
		.recreate = json_is_true(json_object_get(json, "recreate")),
		.adopt = json_is_true(json_object_get(json, "adopt")),
		.uninstall = json_is_true(json_object_get(json, "uninstall")),
		.drop_audit = json_is_true(json_object_get(json, "drop_audit")),
		.undo = json_integer_value(json_object_get(json, "undo")),
		.airflow = request_text(mem, json, "airflow"),
	};
	json_decref(json);
	return NULL;
}
