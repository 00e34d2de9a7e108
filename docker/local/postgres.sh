#!/usr/bin/env bash
# A throw-away PostgreSQL on this machine, for tests and trials. Usage: postgres.sh start|stop|status
#   SWEEPLINE_PG_DIR   folder of the cluster (default ${TMPDIR:-/tmp}/sweepline-postgres)
#   SWEEPLINE_PG_PORT  port on 127.0.0.1 (default 25432)
#   SWEEPLINE_PG_FSYNC on or off (default off: quick tests)
# Nobody but this machine can reach it; it trusts local users, with fsync off keeps nothing on a crash, and is not for real data.
set -euo pipefail
export LC_ALL=C.UTF-8
PORT=${SWEEPLINE_PG_PORT:-25432}
RUN=${SWEEPLINE_PG_DIR:-${TMPDIR:-/tmp}/sweepline-postgres}
BIN=$(find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -1)
BIN=${BIN:-$(dirname "$(command -v initdb || true)")}
if [ ! -x "$BIN/initdb" ]; then
  echo "postgres.sh: no PostgreSQL found; install the package 'postgresql'" >&2
  exit 75
fi

# PostgreSQL refuses to run as root: root hands it to the account the package made.
as_owner() {
  if [ "$(id -u)" = 0 ]; then (cd / && setpriv --reuid=postgres --regid=postgres --init-groups "$@"); else "$@"; fi
}

status() { as_owner "$BIN/pg_ctl" -D "$RUN/data" status >/dev/null; }

start() {
  local url="postgresql+psycopg://sweepline@127.0.0.1:$PORT/sweepline"
  if [ ! -f "$RUN/data/PG_VERSION" ]; then
    mkdir -p "$RUN"
    if [ "$(id -u)" = 0 ]; then chown postgres "$RUN"; fi
    as_owner "$BIN/initdb" -D "$RUN/data" -A trust -U sweepline --no-instructions -E UTF8 --locale=C.UTF-8 -N >/dev/null
  fi
  if status; then echo "$url"; return; fi
  as_owner "$BIN/pg_ctl" -D "$RUN/data" -s -w -t 60 -l "$RUN/log" start \
    -o "-p $PORT -k $RUN -c listen_addresses=127.0.0.1 -c shared_buffers=64MB -c max_connections=100 -c fsync=${SWEEPLINE_PG_FSYNC:-off}"
  if ! "$BIN/psql" -h 127.0.0.1 -p "$PORT" -U sweepline -d sweepline -c '' >/dev/null 2>&1; then
    "$BIN/createdb" -h 127.0.0.1 -p "$PORT" -U sweepline sweepline
  fi
  echo "$url"
}

case ${1:-} in
  start) start ;;
  stop) as_owner "$BIN/pg_ctl" -D "$RUN/data" -s -w -m fast stop ;;
  status) status ;;
  *) echo "usage: postgres.sh start|stop|status" >&2; exit 2 ;;
esac
