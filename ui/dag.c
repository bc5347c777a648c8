#include "ui/dag.h"

#define DAG_BORDER 2 /* rows of one */

static int
dag_scroll(int lines, int seen, int line)
{
	int top = line < seen ? 0 : line - seen + 1;

	return top > lines - seen ? (lines > seen ? lines - seen : 0) : top;
}

/* What is left over, or lacks, is shared alike. */
static int
dag_beside(const struct dag_stage *stages, int n, int height, int width, struct dag_box *boxes)
{
	int left = width - DAG_GAP * (n - 1), x = 0, tall = 0;

	for (int i = 0; i < n; i++) {
		left -= stages[i].width;
		tall = stages[i].lines > tall ? stages[i].lines : tall;
	}
	tall = tall + DAG_BORDER < height ? tall + DAG_BORDER : height;
	for (int i = 0; i < n; i++) {
		int share = left / (n - i);

		boxes[i] = (struct dag_box){ .x = x,
					     .height = tall,
					     .width = stages[i].width + share,
					     .folded = tall <= DAG_BORDER };
		left -= share;
		x += boxes[i].width + DAG_GAP;
	}
	return tall;
}

/* The stage of the cursor is opened; the others where there is room for all. */
static int
dag_stacked(const struct dag_stage *stages, int n, int height, int width, int stage,
	    struct dag_box *boxes)
{
	int all = 0, y = 0;

	for (int i = 0; i < n; i++)
		all += stages[i].lines + DAG_BORDER;
	for (int i = 0; i < n; i++) {
		int room = all <= height ? height : height - (n - 1);
		int tall = stages[i].lines + DAG_BORDER;

		tall = tall < room ? tall : room;
		if ((all > height && i != stage) || tall <= DAG_BORDER)
			tall = 1;
		boxes[i] = (struct dag_box){
			.y = y, .height = tall, .width = width, .folded = tall == 1
		};
		y += tall;
	}
	return y < height ? y : height;
}

int
dag_layout(const struct dag_stage *stages, int n, int height, int width, int stage, int line,
	   struct dag_box *boxes)
{
	int rows = width >= DAG_WIDE ? dag_beside(stages, n, height, width, boxes)
				     : dag_stacked(stages, n, height, width, stage, boxes);

	if (!boxes[stage].folded)
		boxes[stage].top =
			dag_scroll(stages[stage].lines, boxes[stage].height - DAG_BORDER, line);
	return rows;
}
