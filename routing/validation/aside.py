"""Planning around what nobody can do: it is taken out before the engines see the problem, and listed in every plan.

Tasks nobody can serve, vehicles that can never drive and facilities that never open (`hindrances`) leave the
problem, so that no engine has to model them. What a plan is bound to (frozen stops) always stays in.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from routing.plan import Plan, Unserved
from routing.problem import Problem, Repeat
from routing.validation.hindrances import Survey


@dataclass(frozen=True, slots=True)
class Aside:
    """The problem engines get, and what was taken out of it: `unserved` goes back into every plan."""

    core: Problem
    unserved: tuple[Unserved, ...]
    prizes: int
    """Prizes of the tasks taken out: what every plan of the core costs more."""

    def whole(self, plan: Plan) -> Plan:
        """A plan of the core as one of the whole problem."""
        if not self.unserved:
            return plan
        terms = {**plan.terms, "prizes": plan.terms.get("prizes", 0) + self.prizes}
        return replace(plan, unserved=(*self.unserved, *plan.unserved), cost=plan.cost + self.prizes, terms=terms)

    def part(self, plan: Plan) -> Plan:
        """A plan of the whole problem as one of the core, for engines that start from one."""
        if not self.unserved:
            return plan
        out = {entry.task for entry in self.unserved}
        kept = tuple(entry for entry in plan.unserved if entry.task not in out)
        prizes = plan.terms.get("prizes", 0) - self.prizes
        return replace(plan, unserved=kept, cost=plan.cost - self.prizes, terms={**plan.terms, "prizes": prizes})


def set_aside(problem: Problem) -> Aside:
    """The problem without what nobody can do. The very same object where there is nothing of the kind."""
    survey = Survey(problem)
    reasons, vehicles, facilities = survey.task_reasons(), survey.idle_vehicles(), survey.closed_facilities()
    if not (reasons or vehicles or facilities):
        return Aside(problem, (), 0)
    tasks = tuple(task for task in problem.tasks if task.id not in reasons)
    core = replace(
        problem,
        tasks=tasks,
        vehicles=tuple(v for v in problem.vehicles if v.id not in vehicles),
        facilities=tuple(f for f in problem.facilities if f.id not in facilities),
        repeats=_repeats_left(problem, reasons),
    )
    unserved = tuple(Unserved(task.id, reasons[task.id]) for task in problem.tasks if task.id in reasons)
    return Aside(core, unserved, sum(task.prize or 0 for task in problem.tasks if task.id in reasons))


def _repeats_left(problem: Problem, reasons: dict[str, str]) -> tuple[Repeat, ...]:
    left = []
    for repeat in problem.repeats:
        tasks = tuple(name for name in repeat.tasks if name not in reasons)
        days = {vehicle.day for vehicle in problem.vehicles}
        patterns = tuple(p for p in repeat.patterns if days.issuperset(p))
        if tasks and (patterns or len(tasks) > 1):
            left.append(replace(repeat, tasks=tasks, patterns=patterns))
    return tuple(left)
