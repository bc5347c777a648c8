#!/bin/sh
# Print C source that holds the text of files.
#
# usage: embed.sh sql DIR               sql_files[] (src/base/sql.h): the .sql files under DIR
#        embed.sh deploy KEY=FILE...    deploy_files[] (src/run/deploy.h)
#
# Every byte but the plain ones becomes an octal escape, so that no text can end its literal.
set -eu
LC_ALL=C
export LC_ALL

row() {
	printf '\t{"%s",\n\t "' "$1"
	od -An -v -tu1 "$2" | awk '
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
}

sql() {
	cd "$1"
	find . -type f -name '*.sql' | sed 's/^\.\///; s/\.sql$//' | sort | while IFS= read -r name; do
		row "$name" "$name.sql"
	done
}

deploy() {
	for pair; do
		row "${pair%%=*}" "${pair#*=}"
	done
}

of=$1
shift
case $of in
sql) header=base/sql.h ;;
deploy) header=run/deploy.h ;;
*) exit 2 ;;
esac
printf '#include "%s"\n\nconst struct %s_file %s_files[] = {\n' "$header" "$of" "$of"
"$of" "$@"
printf '\t{0, 0},\n};\n'
