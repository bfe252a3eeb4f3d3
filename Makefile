# Three commands are enough: `make demo`, `make serve` and `make test`. Each makes .venv and installs what it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

# The real pictures, for tests and benchmarks beside the project; tests that need them skip where they are absent.
export CERVINET_REAL_DATA ?= $(abspath ../shared/data)

.PHONY: help demo serve test test-fast lint types check bench soak schema visuals lock clean
help:           ## show this list
	@sed -n 's/^\([a-z-]*\): .*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "cervinet needs Python 3.11 or newer; set PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' || { echo "Python's venv module is missing (Debian: apt install python3-venv)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

demo: $(READY)  ## train, evaluate and predict on synthetic phantoms
	$(BIN)/cervinet demo

serve: $(READY) ## the newest run over HTTP, with a page to try it
	$(BIN)/cervinet serve

test: $(READY)  ## the whole test suite
	$(BIN)/python -m pytest -n auto --dist worksteal

test-fast: $(READY)  ## without what trains a network or starts processes
	$(BIN)/python -m pytest -n auto --dist worksteal -m "not slow"

lint: $(READY)  ## ruff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)  ## mypy
	$(BIN)/mypy

check: lint types test  ## what CI runs

bench: $(READY)  ## speed against a plain Keras recipe, as JSON
	$(BIN)/python scripts/bench.py

soak: $(READY)   ## kill trainings at thirty random moments and compare them with one in one piece
	$(BIN)/python scripts/soak.py

schema: $(READY)  ## write configs/schema.json anew
	$(BIN)/cervinet config schema > configs/schema.json

visuals: $(READY)  ## draw visuals/ anew, from phantoms
	$(BIN)/python scripts/draw_visuals.py

lock: $(READY)  ## pin and hash every dependency anew
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --generate-hashes --no-emit-index-url \
	  --no-header --quiet --upgrade -o requirements.lock
	for name in requirements build-requirements; do \
	  $(BIN)/uv pip compile docker/$$name.in --constraints requirements.lock --universal --python-version 3.11 \
	    --generate-hashes --no-emit-index-url --no-header --quiet --upgrade -o docker/$$name.txt || exit; \
	done

clean:          ## remove the environment and caches of this folder
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache
