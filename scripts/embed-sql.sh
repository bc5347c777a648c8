#!/bin/sh
# Print the C source of sql_files[] (src/base/sql.h) for the .sql files under DIR.
#
# usage: embed-sql.sh DIR
#
# Every byte but the plain ones becomes an octal escape, so that no text can end its literal.
set -eu
LC_ALL=C
export LC_ALL

cd "$1"
echo '#include "base/sql.h"'
echo
echo 'const struct sql_file sql_files[] = {'
find . -type f -name '*.sql' | sed 's/^\.\///; s/\.sql$//' | sort | while IFS= read -r name; do
	printf '\t{"%s",\n\t "' "$name"
	od -An -v -tu1 "$name.sql" | awk '
		BEGIN {
			for (i = 0; i < 256; i++)
				char[i] = i >= 32 && i < 127 ? sprintf("%c", i) : sprintf("\\%03o", i)
			char[34] = "\\\""
			char[92] = "\\\\"
			char[63] = "\\077"
			char[10] = "\\n\"\n\t \""
		}
		{ for (i = 1; i <= NF; i++) printf "%s", char[$i] }'
	printf '"},\n'
done
printf '\t{0, 0},\n};\n'
