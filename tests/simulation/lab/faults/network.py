"""The ways to the broker and to the database: cut, reset, slow, a black hole."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from tests.simulation.lab.proxy import Proxy
from tests.simulation.lab.site import Site
from tests.simulation.lab.trial import Strike, fault

AWAY_S = 6.0
SLOW_S = {"broker": 0.2, "database": 0.05}
CUTS = 5


def _proxy(site: Site, service: str) -> Proxy:
    return site.broker.proxy if service == "broker" else site.store.proxy


def _counted(proxy: Proxy, strike: Strike, names: tuple[str, ...], act: Callable[[], None]) -> None:
    before = proxy.counts.copy()
    act()
    for name in names:
        strike.proof(f"{name}", proxy.counts[name] - before[name])


def cut(service: str, strike: Strike) -> None:
    """Every connection ended, several times."""
    proxy = _proxy(strike.site, service)
    for _ in range(CUTS):
        strike.proof("connections cut", proxy.cut())
        strike.hold(strike.rng.uniform(0.2, 1))
    strike.healed()


def reset(service: str, strike: Strike) -> None:
    proxy = _proxy(strike.site, service)
    for _ in range(CUTS):
        strike.proof("connections reset", proxy.reset())
        strike.hold(strike.rng.uniform(0.2, 1))
    strike.healed()


def away(service: str, strike: Strike) -> None:
    """Nobody there for a while."""
    proxy = _proxy(strike.site, service)

    def act() -> None:
        proxy.away()
        strike.hold(AWAY_S)
        proxy.heal()
        strike.healed()

    _counted(proxy, strike, ("cut", "refused"), act)


def hole(service: str, strike: Strike) -> None:
    """Bytes go in, nothing comes out."""
    proxy = _proxy(strike.site, service)

    def act() -> None:
        proxy.hole()
        strike.hold(AWAY_S)
        proxy.heal()
        strike.healed()

    _counted(proxy, strike, ("held",), act)


def slow(service: str, strike: Strike) -> None:
    proxy = _proxy(strike.site, service)

    def act() -> None:
        proxy.slow(SLOW_S[service])
        strike.hold(AWAY_S)
        proxy.heal()
        strike.healed()

    _counted(proxy, strike, ("delayed",), act)


for _service in ("broker", "database"):
    for _act in (cut, reset, away, hole, slow):
        fault(f"{_service}-{_act.__name__}", _service, short=_act is away)(partial(_act, _service))
