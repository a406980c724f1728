# What can be done here. Everything runs in .venv, which the first target that needs it makes from constraints.txt.
#
#   make demo FAULT=missing-evidence     break one thing first (`make demo FAULT=list` names all)
#   make demo AGENT=claude               have your own claude (or codex), with your login, work as the engineers
#   make cheat TRICK=fake-report         play one trick without asking (`make cheat TRICK=list` names all)
#   make up PORT=8080                    choose the port of Airflow's UI
#   make fuzz TARGET=junit INPUTS=1000   one parser, and fewer inputs; SEED=7 for the same ones again, INPUT=FILE for a single one
#   make mutation MODULE="people verify" only these modules of the gate
#   make demo PYTHON=/path/to/python3.12 choose the interpreter .venv is made with

SHELL := /bin/bash
BIN := .venv/bin
FAULT ?=
TRICK ?=
AGENT ?=
PORT ?=
KEEP ?=
TARGET ?=
INPUTS ?=
SEED ?=
INPUT ?=
MODULE ?=
PYTHON ?=

export PHASEGATE_PYTHON := $(PYTHON)
quote = '$(subst ','\'',$(1))'
OPTIONS = $(if $(FAULT),--fault $(call quote,$(FAULT))) $(if $(AGENT),--agent $(call quote,$(AGENT))) $(if $(PORT),--port $(call quote,$(PORT)))

.DEFAULT_GOAL := help
.PHONY: help demo cheat up test check compose bench fuzz mutation pictures constraints clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

demo: ## run the standard workflow on a real Airflow, from beginning to end
	@scripts/bootstrap demo
	@exec $(BIN)/phasegate demo $(OPTIONS)

up: ## the same, and Airflow's UI stays up until Ctrl-C
	@scripts/bootstrap demo
	@exec $(BIN)/phasegate demo --up $(OPTIONS)

cheat: ## sit at the engineer's desk of a real run, and try to get something past the gates
	@scripts/bootstrap demo
	@exec $(BIN)/phasegate cheat $(if $(TRICK),--trick $(call quote,$(TRICK))) $(if $(PORT),--port $(call quote,$(PORT)))

check: ## linters, types, import floors, unit tests
	@scripts/bootstrap dev
	@scripts/quietly ruff $(BIN)/ruff check .
	@scripts/quietly format $(BIN)/ruff format --check .
	@scripts/quietly mypy $(BIN)/mypy
	@scripts/quietly imports $(BIN)/lint-imports
	@scripts/quietly unit $(BIN)/pytest -q -n auto --dist loadfile --cov --cov-report=term --cov-fail-under=90 tests/unit

test: check ## all of that, the pages in a real browser, and the tests on a real Airflow and with real agents
	@scripts/quietly browser $(BIN)/pytest -q tests/browser
	@scripts/quietly airflow $(BIN)/pytest -q tests/integration
	@scripts/quietly agents $(BIN)/pytest -q -n auto --dist loadfile tests/agents

compose: ## run the standard workflow on docker-compose.yaml's services as processes (needs PostgreSQL and Redis)
	@scripts/bootstrap compose
	@PHASEGATE_REQUIRE_SERVICES=1 $(BIN)/pytest -q tests/unit/test_compose_file.py tests/integration/test_compose.py

bench: ## measure Phasegate beside its peers, and print the ratios (BENCH="parse gates" for some)
	@scripts/bootstrap dev
	@exec $(BIN)/python -m benchmarks $(BENCH)

fuzz: ## spoilt inputs for every parser of evidence and for the envelopes, 100,000 each; crashing ones are kept
	@scripts/bootstrap dev
	@exec $(BIN)/python -m fuzzing $(TARGET) $(if $(INPUTS),--inputs $(call quote,$(INPUTS))) $(if $(SEED),--seed $(call quote,$(SEED))) \
	  $(if $(INPUT),--input $(call quote,$(INPUT)))

mutation: ## change the gate's rules one place at a time, and see whether a test notices
	@scripts/bootstrap dev
	@exec $(BIN)/python -m mutation $(MODULE)

pictures: ## take the pictures of docs/ anew, of a real run (needs Chromium)
	@scripts/bootstrap dev
	@exec $(BIN)/python scripts/pictures.py

constraints: ## resolve every dependency anew, and write constraints.txt (KEEP=1 leaves every pin that still fits)
	@KEEP=$(call quote,$(KEEP)) scripts/constraints

clean: ## remove everything that was made here
	rm -rf .venv .venv-peers .phasegate dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage .coverage.*
