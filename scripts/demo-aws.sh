#!/bin/bash
# AWS's services on this machine, and the pipeline through them; no account, no network.
#
# usage: [DATASET=dir] demo-aws.sh up BIKEOPS PYTHON DIR    start them, set up, load, change, load again
#        demo-aws.sh serve BIKEOPS PYTHON DIR               only start them, until Ctrl-C
#        demo-aws.sh down BIKEOPS PYTHON DIR                end them
#
# up adds a section [profile aws] to ~/.config/bikeops/bikeops.conf, between two lines of its own;
# down takes it out.
set -euo pipefail
verb=$1 bikeops=$2 python=$3 dir=$4
conf=${HOME:?}/.config/bikeops/bikeops.conf
first='# demo-aws begins' last='# demo-aws ends'

say() { echo "demo-aws: $*" >&2; }

running() { [ -s "$dir/pid" ] && kill -0 "$(cat "$dir/pid")" 2>/dev/null; }

take_out() {
	[ ! -e "$conf" ] || sed -i "/^$first/,/^$last/d" "$conf"
}

add_profile() {
	take_out
	if grep -qs '^\[profile aws\]' "$conf"; then
		say "'$conf' has a [profile aws] of its own: rename it, or use --config $dir/bikeops.conf"
		exit 2
	fi
	mkdir -p "${conf%/*}"
	(umask 077 && touch "$conf")
	{ echo "$first"; cat "$dir/bikeops.conf"; echo "$last"; } >>"$conf"
}

# A process of its own session, which outlives us; its own children end with it.
start() {
	rm -rf "$dir"
	mkdir -p "$dir"
	setsid "$python" tests/peers/aws.py --dir "$dir" --bikeops "$bikeops" \
		</dev/null >"$dir/ready" 2>"$dir/log" &
	echo $! >"$dir/pid"
	for _ in $(seq 600); do
		! grep -q '^ready' "$dir/ready" || return 0
		running || break
		sleep 0.2
	done
	cat "$dir/log" >&2
	say "the services did not start; their logs are in '$dir'"
	exit 1
}

run() {
	say "$ bikeops --profile aws $*"
	"$bikeops" --profile aws "$@"
}

# One changed row and one new line, as a shop makes them.
change() {
	"$python" - "$dir" <<-'END'
		import pathlib, sys
		sys.path.insert(0, "tests/peers")
		import psycopg
		conf = (pathlib.Path(sys.argv[1]) / "bikeops.conf").read_text()
		dsn = next(line.split(" = ", 1)[1] for line in conf.splitlines() if line.startswith("source_dsn"))
		with psycopg.connect(dsn, autocommit=True) as conn:
		    conn.execute("UPDATE store.customers SET city = 'Reno' WHERE customer_id = '7'")
		    conn.execute("UPDATE store.order_items SET quantity = quantity + 1 WHERE order_id = '12' AND item_id = 1")
	END
}

up() {
	if running; then
		say "runs already, process $(cat "$dir/pid"); 'make demo-aws-down' ends it"
		exit 0
	fi
	say "starts S3, RDS, EMR Serverless and Redshift Serverless on this machine"
	start
	add_profile
	# shellcheck disable=SC1091
	. "$dir/env"
	if [ -z "${DATASET:-}" ]; then
		"$bikeops" generate --out "$dir/shop" >/dev/null
	fi
	run setup --dataset "${DATASET:-$dir/shop}"
	run run full
	change
	run run incremental
	run counts --live
	say "all of it runs on, process $(cat "$dir/pid"); 'make demo-aws-down' ends it"
	say "in this shell: . $dir/env; $bikeops --profile aws"
}

down() {
	take_out
	if ! running; then
		say "does not run"
		return 0
	fi
	local pid
	pid=$(cat "$dir/pid")
	kill "$pid"
	while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
	rm -rf "$dir"
	say "ended"
}

case $verb in
up) up ;;
serve) exec "$python" tests/peers/aws.py --dir "$dir" --bikeops "$bikeops" ;;
down) down ;;
*) say "what is '$verb'?"; exit 2 ;;
esac
