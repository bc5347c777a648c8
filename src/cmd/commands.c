#include "cmd/cmd.h"

extern const struct command cmd_local, cmd_generate, cmd_setup, cmd_run, cmd_status, cmd_runs,
	cmd_counts, cmd_rejects, cmd_handoff, cmd_logs, cmd_sql, cmd_doctor, cmd_help_row,
	cmd_version, cmd_console, cmd_worker, cmd_emr, cmd_cost, cmd_s3;

const struct command *const commands[] = {
	&cmd_local,   &cmd_generate, &cmd_setup,  &cmd_run, &cmd_status, &cmd_runs,   &cmd_counts,
	&cmd_rejects, &cmd_handoff,  &cmd_logs,	  &cmd_sql, &cmd_s3,	 &cmd_doctor, &cmd_help_row,
	&cmd_version, &cmd_console,  &cmd_worker, &cmd_emr, &cmd_cost,	 NULL,
};
