#!/usr/bin/env bash
# A one-node Apache Kafka on this machine, for tests and trials. Usage: kafka.sh fetch|start|stop|kill9|status
#   SWEEPLINE_KAFKA_DIR   data, pid and log (default ${TMPDIR:-/tmp}/sweepline-kafka)
#   SWEEPLINE_KAFKA_LIBS  the jars (default ~/.cache/sweepline/kafka); fetched by Maven where they are missing
#   SWEEPLINE_KAFKA_PORT  port on 127.0.0.1 (default 29092); the controller takes the next one
#   SWEEPLINE_KAFKA_ADVERTISED  the port it tells clients, where they come through a proxy (default the port itself)
#   SWEEPLINE_KAFKA_HEAP  memory of the Java machine (default 512m)
# Needs Java 17 or later, and Maven for the first fetch. Nobody but this machine can reach it.
set -euo pipefail
export LC_ALL=C.UTF-8
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
PORT=${SWEEPLINE_KAFKA_PORT:-29092}
ADVERTISED=${SWEEPLINE_KAFKA_ADVERTISED:-$PORT}
RUN=${SWEEPLINE_KAFKA_DIR:-${TMPDIR:-/tmp}/sweepline-kafka}
LIBS=${SWEEPLINE_KAFKA_LIBS:-${HOME:-/root}/.cache/sweepline/kafka}
HEAP=${SWEEPLINE_KAFKA_HEAP:-512m}
PID_FILE=$RUN/pid
READY_TRIES=1800
JAVA=(java -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -Dorg.slf4j.simpleLogger.showDateTime=true)

# A process that has ended but that nobody has waited for yet is not alive.
alive() {
  [ -f "$PID_FILE" ] && kill -0 "$(cat "$PID_FILE")" 2>/dev/null &&
    ! grep -qs '^State:.Z' "/proc/$(cat "$PID_FILE")/status"
}

fetch() {
  if [ -f "$LIBS/complete" ]; then return; fi
  command -v mvn >/dev/null || { echo "kafka.sh: Maven is missing; install the package 'maven'" >&2; exit 75; }
  mkdir -p "$LIBS"
  mvn -q -B -f "$HERE/pom.xml" dependency:copy-dependencies -DoutputDirectory="$LIBS" -DincludeScope=runtime </dev/null >&2
  touch "$LIBS/complete"
}

start() {
  if alive; then echo "127.0.0.1:$PORT"; return; fi
  command -v java >/dev/null || { echo "kafka.sh: Java is missing; install 'default-jre-headless'" >&2; exit 75; }
  fetch
  mkdir -p "$RUN"
  sed -e "s#@PORT@#$PORT#g; s#@ADVERTISED@#$ADVERTISED#g; s#@CONTROLLER_PORT@#$((PORT + 1))#g; s#@DATA@#$RUN/log#g" \
    "$HERE/server.properties" >"$RUN/server.properties"
  if [ ! -f "$RUN/log/meta.properties" ]; then
    local id
    id=$("${JAVA[@]}" -XX:TieredStopAtLevel=1 -cp "$LIBS/*" kafka.tools.StorageTool random-uuid)
    "${JAVA[@]}" -XX:TieredStopAtLevel=1 -cp "$LIBS/*" kafka.tools.StorageTool format --standalone \
      -t "$id" -c "$RUN/server.properties" >/dev/null
  fi
  setsid "${JAVA[@]}" -Xms"$HEAP" -Xmx"$HEAP" -XX:+UseSerialGC -cp "$LIBS/*" kafka.Kafka "$RUN/server.properties" \
    >>"$RUN/out.log" 2>&1 </dev/null &
  echo $! >"$PID_FILE"
  for _ in $(seq "$READY_TRIES"); do
    if (exec 3<>"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null; then echo "127.0.0.1:$PORT"; return; fi
    alive || { tail -20 "$RUN/out.log" >&2; exit 75; }
    sleep 0.1
  done
  echo "kafka.sh: no answer on port $PORT after three minutes, see $RUN/out.log" >&2
  exit 75
}

stop() {
  alive || return 0
  kill "$(cat "$PID_FILE")"
  for _ in $(seq "$READY_TRIES"); do alive || return 0; sleep 0.1; done
  kill -9 "$(cat "$PID_FILE")"
}

case ${1:-} in
  fetch) fetch ;;
  start) start ;;
  stop) stop ;;
  kill9) kill -9 "$(cat "$PID_FILE")" ;;
  status) alive ;;
  *) echo "usage: kafka.sh fetch|start|stop|kill9|status" >&2; exit 2 ;;
esac
