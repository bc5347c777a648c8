#include "run/run.h"

extern const struct task task_open_window, task_extract, task_transform, task_load_staging,
	task_publish, task_clear_staging;
extern const struct task task_prepare_dataset, task_create_source, task_import_source,
	task_create_triggers, task_create_warehouse, task_remove_capture;

const struct task *const pipeline_tasks[] = {
	&task_open_window,   &task_extract, &task_transform, &task_load_staging, &task_publish,
	&task_clear_staging, NULL,
};

const struct task *const setup_tasks[] = {
	&task_prepare_dataset,
	&task_create_source,
	&task_import_source,
	&task_create_triggers,
	&task_create_warehouse,
	&task_remove_capture,
	NULL,
};
