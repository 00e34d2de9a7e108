"""People who are too late, or click twice."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable

from sqlmodel import col, func, select

from models.tables.plans import Approval, PlanVersion
from models.tables.work import Report
from tests.simulation.lab.events import Speaker
from tests.simulation.lab.health import ask_for_plan, newest_of, planned
from tests.simulation.lab.trial import Strike, fault
from tests.simulation.lab.ways_in import Http

CLICKS = 20
PLAN_S = 60.0


def _new_version(strike: Strike) -> str:
    """A version that waits to be approved."""
    site = strike.site
    request, plan = ask_for_plan(site)

    def there() -> bool:
        with site.database.read() as session:
            return planned(session, request) is not None

    strike.until("a version", there, PLAN_S, 0.2)
    with site.database.read() as session:
        newest = newest_of(session, plan)
    assert newest is not None
    return newest


def _at_once(strike: Strike, click: Callable[[Http], str]) -> Counter[str]:
    """What a number of callers were answered who all began at the same instant."""
    callers = [Http(strike.site, strike.site.ledger) for _ in range(CLICKS)]
    callers[0].ask("GET", "/api/session")
    callers[0].ask("GET", "/api/plans")
    for caller in callers[1:]:
        caller.share(callers[0])
    start = threading.Barrier(CLICKS)
    answers: Counter[str] = Counter()

    def press(caller: Http) -> None:
        start.wait()
        answers[click(caller)] += 1

    threads = [threading.Thread(target=press, args=(caller,)) for caller in callers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for caller in callers:
        caller.close()
    return answers


@fault("stale-approval", "people")
def stale_approval(strike: Strike) -> None:
    """A version is approved that another has overtaken: refused, and nothing has changed."""
    first = _new_version(strike)
    second = _new_version(strike)
    http = Http(strike.site, strike.site.ledger)
    answer = http.ask("POST", f"/api/plans/{first}/approve")
    http.close()
    strike.demand(second != first, "there is no second version")
    strike.demand(answer.status_code == 409, f"a stale approval was answered with {answer.status_code}")
    with strike.site.database.read() as session:
        strike.demand(session.get(Approval, first) is None, "the stale version is approved")
    strike.proof("stale approvals refused", answer.status_code == 409)
    strike.healed()


@fault("double-click-approval", "people")
def double_click_approval(strike: Strike) -> None:
    """Twenty times at once: one approval, and nobody is answered with a fault of ours."""
    version = _new_version(strike)
    plan = version.partition("@")[0]
    answers = _at_once(strike, lambda http: str(http.ask("POST", f"/api/plans/{version}/approve").status_code))
    strike.proof("clicks", sum(answers.values()))
    strike.demand(set(answers) <= {"200", "409", "503"}, f"answers {dict(answers)}")
    with strike.site.database.read() as session:
        approvals = session.exec(
            select(func.count()).select_from(Approval).where(col(Approval.plan_version) == version)
        ).one()
        active = session.exec(
            select(func.count())
            .select_from(PlanVersion)
            .where(PlanVersion.plan == plan, col(PlanVersion.state).in_(("approved", "active")))
        ).one()
    newest = _newest(strike, plan)
    strike.demand(answers["200"] == 1 or newest != version, f"answers {dict(answers)}")
    strike.demand(approvals <= 1 and active <= 1, f"{approvals} approvals, {active} live versions")
    strike.healed()


def _newest(strike: Strike, plan: str) -> str | None:
    with strike.site.database.read() as session:
        return newest_of(session, plan)


@fault("double-click-complaint", "people")
def double_click_complaint(strike: Strike) -> None:
    """Twenty times at once with one key: one report."""
    said = Speaker(f"click{strike.seed}-{strike.rng.randrange(10**9)}").complaint(strike.rng.randrange(100))

    def click(http: Http) -> str:
        http.say(said)
        return "500" if http.answers[500] else "taken"

    answers = _at_once(strike, click)
    strike.proof("clicks", answers["taken"])
    strike.demand(answers["taken"] == CLICKS, f"answers {dict(answers)}")

    def reports() -> int:
        with strike.site.database.read() as session:
            return session.exec(select(func.count()).select_from(Report).where(Report.text == said.mark)).one()

    strike.until("a report", lambda: reports() > 0, PLAN_S, 0.2)
    strike.demand(reports() == 1, f"{reports()} reports")
    strike.healed()
