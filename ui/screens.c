#include "ui/screen.h"

extern const struct screen screen_pipeline, screen_layers, screen_logs, screen_runs, screen_dash,
	screen_health;

const struct screen *const screens[] = {
	&screen_pipeline, &screen_layers, &screen_logs, &screen_runs,
	&screen_dash,	  &screen_health, NULL,
};
