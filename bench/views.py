"""What a position costs the process of the view `last_fix`: processor microseconds, Faust and its client included.

    python -m bench.views --broker 127.0.0.1:9092 --rate 800 --seconds 10

Positions come at a steady rate from another process, a hundred in a request; what is counted is this process from the
first of them until the last is committed. Topics of its own, which are deleted at the end. Judge by ratios, in turn.
"""

from __future__ import annotations

import argparse
import json
import secrets
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from typing import Any

from kafka import KafkaAdminClient

from bench.load_traffic import Traffic, add_vehicles
from bench.machine import machine
from demo.city import build_demo_city
from dispatch.intake import parse_body
from models.events.base import Event, dump_event
from models.times import iso
from streams.driver import Message
from streams.kafka_driver import KafkaDriver
from streams.views.faust_app import COMMIT_INTERVAL_S, run_faust_view
from streams.views.last_fix import LAST_FIX

INTERVAL_S = 5.0
TICK_S = 0.125
WARM_S = 3.0
LOOK_S = 0.5
JSON_LINES = "application/x-ndjson"


def send(broker: str, prefix: str, rate: float, seconds: float) -> None:
    """Publish positions as they come due."""
    driver = KafkaDriver(broker, prefix)
    city = build_demo_city(1)
    traffic = Traffic(city, add_vehicles(city, round(rate * INTERVAL_S)), INTERVAL_S, datetime.now(UTC), 1)
    began, due = time.monotonic(), 0.0
    while due < seconds:
        due += TICK_S
        time.sleep(max(0.0, began + due - time.monotonic()))
        events = parse_body(b"\n".join(traffic.positions(due)), JSON_LINES, datetime.now(UTC))
        driver.publish([Message("positions", e.key.encode(), dump_event(e)) for e in events if isinstance(e, Event)])
    driver.close()


def measured(options: argparse.Namespace, prefix: str) -> dict[str, Any]:
    """Send for a while to warm up, then for the time that counts."""
    driver = KafkaDriver(options.broker, prefix)
    driver.ensure_topics()
    stop = threading.Event()
    view = threading.Thread(target=run_faust_view, args=(LAST_FIX, options.broker, stop, prefix, COMMIT_INTERVAL_S))
    view.start()

    def through(seconds: float) -> int:
        before = sum(driver.end_offsets(("positions",)).values())
        given = ["--broker", options.broker, "--rate", str(options.rate), "--seconds", str(seconds)]
        subprocess.run([sys.executable, "-m", "bench.views", "--prefix", prefix, *given], check=True)
        while driver.lag(LAST_FIX.group, ("positions",)):
            time.sleep(LOOK_S)
        return sum(driver.end_offsets(("positions",)).values()) - before

    try:
        through(WARM_S)
        began = time.process_time()
        count = through(options.seconds)
        return {"positions": count, "us_per_position": round((time.process_time() - began) / count * 1e6, 1)}
    finally:
        stop.set()
        view.join()
        driver.close()


def main() -> None:
    """Print one document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--broker", required=True, help="host:port of Kafka")
    parser.add_argument("--rate", type=float, default=800.0, help="positions a second")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--prefix", default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.prefix:
        send(options.broker, options.prefix, options.rate, options.seconds)
        return
    prefix = f"bench{secrets.token_hex(4)}-"
    report: dict[str, Any] = {"machine": machine(), "at": iso(datetime.now(UTC))}
    report |= measured(options, prefix)
    admin = KafkaAdminClient(bootstrap_servers=options.broker)
    admin.delete_topics([name for name in admin.list_topics() if name.startswith(prefix)])
    admin.close()
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
