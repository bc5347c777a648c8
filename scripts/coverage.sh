#!/bin/bash
# Print the lines and branches of some folders or files of src/ that the unit tests did not reach.
# A line is excused by assert(), abort() or a comment "unreachable: REASON".
#
# usage: coverage.sh OBJECTS FOLDER|FOLDER/FILE.c...
set -euo pipefail
objects=$1
shift

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for part; do
	case $part in
	*.c) sources=("src/$part") ;;
	*) sources=(src/"$part"/*.c) ;;
	esac
	for source in "${sources[@]}"; do
		[ -e "$source" ] || continue
		object=${source#src/}
		gcov -b -t -o "$objects/${object%.c}.o" "$source" 2>/dev/null |
			awk -v file="$source" '
				/^ *[-#=0-9*]+: *[0-9]+:/ {
					split($0, part, ":")
					count = part[1]; gsub(/ /, "", count)
					n = part[2] + 0
					text = substr($0, length(part[1]) + length(part[2]) + 3)
					ours = n && mine
					excused = text ~ /assert\(|abort\(|unreachable: ./
					if (n == 0 && text ~ /^Source:/)
						mine = text == "Source:" file
					if (ours && !excused) {
						if (count == "#####" || count == "=====") {
							print file ":" n ": not run: " text
							bad++
						}
						if (count != "-")
							lines++
					}
				}
				/^branch / && ours && !excused {
					branches++
					if (/never executed|taken 0%/ && count !~ /#|=/) {
						print file ":" n ": branch " $2 " not taken: " text
						bad++
					}
				}
				END { printf "%s %d %d %d\n", file, lines, branches, bad >"/dev/stderr" }
			' 2>>"$work/sums"
	done
done
awk '{ lines += $2; branches += $3; bad += $4 }
	END { printf "coverage: %d lines and %d branches, %d not reached\n", lines, branches, bad }' "$work/sums"
