#!/usr/bin/env bash
# The production set-up on one machine without Docker: Kafka, PostgreSQL and every role as a process of its own.
# Usage: system.sh start|stop|status DIR
#   SWEEPLINE             the command (default: sweepline of .venv, else of the path)
#   SWEEPLINE_PORT        port of the console (default 8020)
#   SWEEPLINE_KAFKA_PORT, SWEEPLINE_KAFKA_HEAP, SWEEPLINE_PG_PORT   as in kafka.sh and postgres.sh
# DIR gets data/ (the data directory), kafka/, postgres/, run/ (pids and logs) and `env`, to be sourced for commands:
#   . DIR/env && sweepline city import city.osm.pbf --data DIR/data
# A role that ends by itself (70: it hung or crashed) is started anew after a second, by its own small supervisor.
set -euo pipefail
export LC_ALL=C.UTF-8
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROLES=(streams views planner relay printer console)
STOP_TRIES=200

usage() { echo "usage: system.sh start|stop|status DIR" >&2; exit 2; }
[ $# -eq 2 ] || usage
mkdir -p "$2"
DIR=$(cd "$2" && pwd)

command_of() {
  if [ -n "${SWEEPLINE:-}" ]; then echo "$SWEEPLINE"; return; fi
  if [ -x "$HERE/../../.venv/bin/sweepline" ]; then echo "$HERE/../../.venv/bin/sweepline"; else echo sweepline; fi
}

services() {
  export SWEEPLINE_KAFKA_DIR=$DIR/kafka SWEEPLINE_PG_DIR=$DIR/postgres
  [ ! -f "$DIR/ports" ] || . "$DIR/ports"
}

alive() { [ -f "$1" ] && kill -0 "$(cat "$1")" 2>/dev/null; }

# Runs a role until told to stop; what ends by itself is started anew.
supervise() {
  local child=0 stopped=0
  trap 'stopped=1; if [ $child != 0 ]; then kill -TERM $child 2>/dev/null || true; fi' TERM
  while [ $stopped = 0 ]; do
    $1 worker "$2" --data "$DIR/data" &
    child=$!
    while kill -0 $child 2>/dev/null; do wait $child || true; done
    child=0
    [ $stopped = 1 ] || sleep 1
  done
}

start() {
  local url broker
  mkdir -p "$DIR/data" "$DIR/run"
  chmod 755 "$DIR"
  printf 'export SWEEPLINE_KAFKA_PORT=%s SWEEPLINE_PG_PORT=%s\n' \
    "${SWEEPLINE_KAFKA_PORT:-29092}" "${SWEEPLINE_PG_PORT:-25432}" >"$DIR/ports"
  services
  url=$("$HERE/postgres.sh" start)
  broker=$("$HERE/kafka.sh" start)
  printf 'export SWEEPLINE_DATABASE_URL=%s SWEEPLINE_BROKER=kafka://%s SWEEPLINE_PORT=%s\n' \
    "$url" "$broker" "${SWEEPLINE_PORT:-8020}" >"$DIR/env"
  . "$DIR/env"
  for role in "${ROLES[@]}"; do
    if alive "$DIR/run/$role.pid"; then continue; fi
    supervise "$(command_of)" "$role" >>"$DIR/run/$role.log" 2>&1 </dev/null &
    echo $! >"$DIR/run/$role.pid"
  done
  echo "console: http://127.0.0.1:$SWEEPLINE_PORT  (. $DIR/env for commands)"
}

stop() {
  services
  for role in "${ROLES[@]}"; do
    if alive "$DIR/run/$role.pid"; then kill -TERM "$(cat "$DIR/run/$role.pid")"; fi
  done
  for role in "${ROLES[@]}"; do
    for _ in $(seq "$STOP_TRIES"); do alive "$DIR/run/$role.pid" || break; sleep 0.1; done
  done
  "$HERE/kafka.sh" stop
  if "$HERE/postgres.sh" status; then "$HERE/postgres.sh" stop; fi
}

status() {
  [ -f "$DIR/env" ] || { echo "system.sh: nothing was started in $DIR" >&2; exit 1; }
  . "$DIR/env"
  $(command_of) health --data "$DIR/data"
}

case $1 in
  start) start ;;
  stop) stop ;;
  status) status ;;
  *) usage ;;
esac
