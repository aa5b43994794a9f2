# One entry point for every chore. Needs python3 (3.10 or newer, with venv) and make; the rest goes into .venv.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check install --quiet
ARGS ?=

.PHONY: help tutorial test test-all bench fuzz soak lint format docs clean
.DELETE_ON_ERROR:

help: ## say what can be made (the default)
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

tutorial: $(VENV)/course ## set up, lay the notebooks out, open JupyterLab (ARGS="--no-browser --port 8899")
	@$(PY) -m dockermagic tutorial $(ARGS)

test: lint ## set up and run the checks and the tests (ARGS="-k layout")
	$(PY) -m pytest $(ARGS)

test-all: lint ## the same, with every notebook twice and in shuffled order on every engine
	DOCKERMAGIC_NOTEBOOKS=all DOCKERMAGIC_POD=1 $(PY) -m pytest $(ARGS)

bench: $(VENV)/bench ## every table of docs/benchmarks.md, with the engines of DOCKERMAGIC_ENGINES (ARGS="--quick")
	$(PY) benchmarks/client.py $(ARGS)
	$(PY) benchmarks/start.py $(ARGS)
	$(PY) benchmarks/engine.py $(ARGS)
	$(PY) benchmarks/growth.py $(ARGS)

fuzz: $(VENV)/test ## nonsense for the practice engine, ten minutes of it (ARGS="--seconds 60 --seed 7")
	$(PY) tools/fuzz.py $(ARGS)

soak: $(VENV)/test ## an hour of thirty clients on the practice engine: what is left, what grows (ARGS="--minutes 5")
	$(PY) tools/soak.py $(ARGS)

lint: $(VENV)/test ## ruff and mypy
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

format: $(VENV)/test ## let ruff put the code into shape
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

docs: $(VENV)/test ## write all that is generated: the reference, the coverage, the README's table, cells of notebooks, the catalogue of messages
	$(PY) tools/reference.py
	$(PY) tools/coverage.py
	$(PY) tools/lessons.py
	$(PY) tools/catalogue.py

clean: ## remove .venv and what tools left
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/made:
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not installed; Python 3.10 or newer is needed" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	  { echo "Python 3.10 or newer is needed, $(PYTHON) is `$(PYTHON) -V`; name another: make PYTHON=python3.12 …" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "$(PYTHON) has no venv module; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(VENV)/course: $(VENV)/made pyproject.toml
	@echo "Installing dockermagic and JupyterLab into $(VENV) (a minute or two the first time)"
	@$(PIP) --editable .
	@touch $@

$(VENV)/test: $(VENV)/made pyproject.toml
	@echo "Installing dockermagic and its test tools into $(VENV) (a minute or two the first time)"
	@$(PIP) --editable '.[test]'
	@touch $(VENV)/course $@

$(VENV)/bench: $(VENV)/test
	@$(PIP) --editable '.[test,bench]'
	@touch $@
