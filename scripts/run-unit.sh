#!/bin/sh
# Run unit test programs one after another; show the output of those that fail.
#
# usage: [RUN=COMMAND] run-unit.sh PROGRAM...
set -u
RUN=${RUN:-}
out=$(mktemp)
trap 'rm -f "$out"' EXIT
passed=0
failed=0
for program; do
	# shellcheck disable=SC2086 # RUN is words: "valgrind --quiet"
	$RUN "$program" >"$out" 2>&1
	status=$?
	ok=$(grep -c '^\[       OK \]' "$out")
	bad=$(grep '^\[  FAILED  \] [^0-9]' "$out" | sort -u | wc -l)
	# a program that died left no word about the test that it was in
	[ $status -eq 0 ] || [ "$bad" -gt 0 ] || bad=1
	passed=$((passed + ok))
	failed=$((failed + bad))
	if [ "$bad" -gt 0 ] || [ "$ok" -eq 0 ]; then
		echo "$program: exit status $status"
		cat "$out"
	fi
done
echo "unit: $passed passed, $failed failed"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
