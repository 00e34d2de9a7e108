"""Our own documents: a problem and a plan as JSON (docs/PROBLEM.md), with every rule a benchmark format cannot say.

`sweepline solve problem.json -o plan.json` and `sweepline check problem.json plan.json` work as on any instance.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from routing.codec import plan_from_json, plan_to_json, problem_from_json
from routing.errors import BadInstance, BadProblem, BadSolution
from routing.instances.instance import Instance
from routing.instances.shapes import misfit
from routing.plan import Plan
from routing.problem import Problem
from routing.validation.validate import require_valid

KIND = "problem"


def is_document(text: str) -> bool:
    """Whether it may be one: a JSON object that speaks of a network."""
    return text.lstrip().startswith("{") and '"network"' in text


def read_document(text: str, where: str) -> Instance:
    """A problem's document. Raises BadInstance where it is damaged, BadProblem where it contradicts itself."""
    try:
        problem = problem_from_json(_object(text))
    except (BadProblem, ValueError, RecursionError) as error:
        raise BadInstance(
            f"is no document of a problem ({_line(error)})", where, "write it with routing.codec"
        ) from error
    wrong = misfit(problem, Problem, "problem")
    try:
        require_valid(problem)  # tells all that is wrong, where what is of the wrong kind does not stop it
    except (TypeError, ValueError, IndexError):
        if wrong is None:
            raise
    if wrong is not None:
        raise BadInstance(f"is no document of a problem ({wrong})", where, "write it with routing.codec")
    return Instance(Path(where).stem, KIND, problem, (), tuple(f.id for f in problem.facilities), where=where)


def read_plan(text: str, where: str) -> Plan:
    """A plan's document. Raises BadSolution."""
    try:
        plan = plan_from_json(_object(text))
        wrong = misfit(plan, Plan, "plan")
    except (BadProblem, ValueError, RecursionError) as error:
        raise BadSolution(f"is no document of a plan ({_line(error)})", where, "write it with solve -o") from error
    if wrong is not None:
        raise BadSolution(f"is no document of a plan ({wrong})", where, "write it with solve -o")
    return plan


def write_plan(plan: Plan) -> str:
    """A plan's document as text."""
    return json.dumps(plan_to_json(plan), sort_keys=True) + "\n"


def _object(text: str) -> dict[str, Any]:
    found = json.loads(text)
    if not isinstance(found, dict):
        raise ValueError("no object")
    return found


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
