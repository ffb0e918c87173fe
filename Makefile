# `make run` and `make test` do the whole set-up on a fresh Debian 12 or 13, say what they do, and are quick the second time.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
ARGS ?=

KILLS ?= 200

.PHONY: help run test test-full torture lint format bench train-extra wheel clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

run: $(VENV)/.package  ## the loop: netlist -> ngspice -> model -> GPT-2 -> report (ARGS="--set gain_cell.wn=200n")
	$(BIN)/gaincell run $(ARGS)

test: $(VENV)/.dev  ## the tests, with the real simulator
	$(BIN)/python -m pytest -m "not full" --ngspice required $(ARGS)

test-full: $(VENV)/.dev train-extra  ## all tests, the long ones too
	$(BIN)/python -m pytest --ngspice required --timeout 3600 $(ARGS)

torture: $(VENV)/.dev  ## a sweep killed at random moments, KILLS=200 times: the dataset must not care
	$(BIN)/python tests/sweep/torture.py --kills $(KILLS)

lint: $(VENV)/.dev train-extra  ## ruff, mypy (torch too), import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev  ## ruff format and the fixes that are safe
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.dev train-extra  ## every script of benchmarks/, one after the other
	@for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python "$$script"; done

train-extra: $(VENV)/.train  ## torch and transformers, for training and for the tests against them

wheel: $(VENV)/.dev  ## dist/*.whl
	$(BIN)/python -m build --wheel

clean:  ## build products (not the virtual environment, not the results)
	rm -rf dist build/lib .pytest_cache .mypy_cache .ruff_cache .import_linter_cache

# ngspice and its library come from Debian; without apt the tool says what is missing (gaincell doctor)
$(VENV)/bin/python:
	@bash .ci/system-packages "$(SUDO)"
	@python=$$(bash .ci/find-python) && echo "make: virtual environment in $(VENV) with $$python" && $$python -m venv $(VENV)
	@$(PIP) --upgrade pip

$(VENV)/.package: pyproject.toml gaincell_char/version.py $(VENV)/bin/python
	@bash .ci/system-packages "$(SUDO)"
	@echo "make: installing gaincell_char and what it needs (about a minute the first time)"
	@$(PIP) --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.package
	@echo "make: installing the test and lint tools"
	@$(PIP) --editable '.[dev]'
	@touch $@

$(VENV)/.train: $(VENV)/.package .ci/constraints.txt
	@echo "make: installing torch and transformers"
	@$(PIP) --editable '.[train]' --constraint .ci/constraints.txt
	@touch $@
