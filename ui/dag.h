/* Where the stages of a pipeline stand on a screen: pure. */
#ifndef BIKEOPS_UI_DAG_H
#define BIKEOPS_UI_DAG_H

#include <stdbool.h>

#define DAG_GAP	 2  /* cells between two boxes: the arrow */
#define DAG_WIDE 80 /* below, stages stack */

struct dag_stage {
	int lines; /* in its box */
	int width; /* that it needs, with the border */
};

struct dag_box {
	int y, x, height, width;
	int top;     /* the first line that is seen */
	bool folded; /* its title alone */
};

/*
 * Place n boxes in a window of height rows, side by side where it is wide enough, so that a line
 * of one stage is seen.  Gives the rows that they take.
 */
int dag_layout(const struct dag_stage *stages, int n, int height, int width, int stage, int line,
	       struct dag_box *boxes);

#endif
