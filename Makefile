# A fresh machine needs Python 3.11+ and make; everything else is installed into .venv from the lock files.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
  $$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && echo $$p && break; done)
# `make test PYTHON=/path/to/python3.12` has an environment of its own, beside the usual one
ifeq ($(origin PYTHON) $(MAKECMDGOALS),command line test)
VENV := .venv-$(notdir $(PYTHON))
else
VENV := .venv
endif
BIN := $(VENV)/bin

# `make test TESTS=tests/rules`: only those; all where it is empty
TESTS ?=

.PHONY: run test lint bench lock

run: $(VENV)/run.stamp
	$(BIN)/engine run configs/nasdaq.yaml

test: $(VENV)/dev.stamp
	$(BIN)/python -m pytest $(TESTS)

lint: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/peers.stamp
	$(BIN)/python -m benchmarks

# writes the lock files anew from the ranges in pyproject.toml (needs uv)
lock:
	uv pip compile pyproject.toml --extra build $(LOCK) -o requirements.lock
	uv pip compile pyproject.toml --extra build --extra dev --extra cluster -c requirements.lock $(LOCK) -o requirements-dev.lock
LOCK := --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --quiet

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed and was not found: make PYTHON=/path/to/python"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/run.stamp: requirements.lock pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	# an editable installation is compiled by nobody else: where PYTHONDONTWRITEBYTECODE is set, each start would do it again
	$(BIN)/python -m compileall -q engine
	@touch $@

$(VENV)/dev.stamp: requirements-dev.lock $(VENV)/run.stamp
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

# the peers are measured where they install: without them the table is shorter, not missing
$(VENV)/peers.stamp: benchmarks/peers.lock $(VENV)/dev.stamp
	-$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r benchmarks/peers.lock
	@touch $@
