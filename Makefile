# make demo     the demo city's storm, to its end, on SQLite; prints a summary and where the sheets lie
# make console  the same live: prints an address and a sign-in
# make test     the tests;  make check  linters, types, imports, dependencies
# make mutants  is there a slip in the checker that its tests would not notice? (about ten minutes)
# make faults   the fault laboratory: every fault at three seeds (an hour and more); FAULT=name SEED=n for one;
#               what passed is kept in OUTCOMES (faults.jsonl), so that a run that was stopped goes on
# make pictures each page of the console by day and by night, into docs/pictures (SWEEPLINE_TEST_CHROMIUM=/path/to/chromium)
# make lock     resolve dependencies anew into requirements.lock (hashes, no index)

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
SEED ?= 7
FAULT ?=
OUTCOMES ?= faults.jsonl

.PHONY: demo console test check mutants faults pictures lock clean setup

setup: $(READY)

$(READY): requirements.lock pyproject.toml package-lock.json
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the locked dependencies (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@echo "Compiling the routing kernels and fetching the map library (once) ..."
	@$(BIN)/python -m console.vendor
	@$(BIN)/python -m routing.engines.warm
	@touch $(READY)

demo: $(READY)
	@$(BIN)/sweepline demo --once --data demo-data --seed $(SEED)

console: $(READY)
	@$(BIN)/sweepline demo --data demo-data-live --seed $(SEED)

test: $(READY)
	@$(BIN)/python -m pytest tests -n 3 --dist loadfile --no-loadscope-reorder --durations=30

check: $(READY)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/deptry .

mutants: $(READY)
	@$(BIN)/python -m bench.mutants

faults: $(READY)
	@nice -n 5 $(BIN)/python -m tests.simulation.lab $(if $(FAULT),--fault $(FAULT) $(if $(filter command line,$(origin SEED)),--seed $(SEED)),--outcomes $(OUTCOMES) --table docs/reliability.md)

pictures: $(READY)
	@$(BIN)/python -m pytest -q tests/browser/pictures.py

lock:
	@$(BIN)/uv pip compile --quiet --generate-hashes --no-annotate --no-header --python-version 3.11 --group dev pyproject.toml -o requirements.lock

clean:
	rm -rf $(VENV) demo-data demo-data-live
