# What one types here. `make` alone lists it.

PYTHON ?= python3
PORT ?= 8000
# Where pip finds PyTorch, if not where it finds everything else. Without a GPU:
#   make run TORCH_INDEX=https://download.pytorch.org/whl/cpu
TORCH_INDEX ?=
# Processes that share the fast tests.
JOBS ?= auto

BIN := .venv/bin
PIP_INSTALL := $(BIN)/python -m pip install -q $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX))
OURS := webnas devices searches frontend
FAST := not slow and not faults and not browser and not benchmark

.DEFAULT_GOAL := help
.PHONY: help run test test-fast test-services check bench evidence lock FORCE

help:  ## list these commands
	@sed -nE 's/^([a-z-]+):.*  ## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

run: .venv/run.lock  ## start webnas on this machine: make run PORT=8000
	@PORT=$(PORT) $(BIN)/python -m webnas.launcher

test: test-fast test-services  ## every test that this machine can run
	$(BIN)/pytest -n $(JOBS) -m "slow and not (faults or browser)" --durations=5
	$(BIN)/pytest -m "faults or browser" --durations=5

test-fast: .venv/dev.lock  ## the tests that take less than a second each
	$(BIN)/pytest -n $(JOBS) -m "$(FAST)"

# On servers that nothing else uses: the tests make a database there and use its queues.
test-services: .venv/dev.lock  ## database and queue tests on PostgreSQL and Redis
ifneq ($(and $(WEBNAS_TEST_POSTGRES_URL),$(WEBNAS_TEST_REDIS_URL)),)
	DATABASE_URL=$(WEBNAS_TEST_POSTGRES_URL) CELERY_BROKER_URL=$(WEBNAS_TEST_REDIS_URL) \
	  $(BIN)/pytest -n $(JOBS) -m "services and ($(FAST))"
else
	@echo "Skipped: PostgreSQL and Redis (WEBNAS_TEST_POSTGRES_URL and WEBNAS_TEST_REDIS_URL are not set)"
	@case ",$(WEBNAS_REQUIRE)," in *,all,*|*,services,*) exit 1;; esac
endif

check: .venv/dev.lock  ## style, types, boundaries, migrations, images
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(OURS)
	$(BIN)/lint-imports
	find $(OURS) -name '*.html' -print0 | xargs -0 -r $(BIN)/djhtml --check --tabwidth 2
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python manage.py check --fail-level WARNING
	$(BIN)/hadolint docker/Dockerfile.web docker/Dockerfile.worker
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker/compose.yaml

bench: .venv/bench.lock  ## measured ratios; on a machine that does nothing else
	$(BIN)/pytest -m benchmark -s

evidence: $(if $(filter strategies,$(NAME)),.venv/bench.lock,.venv/dev.lock)  ## measure a claim of the documentation again: make evidence NAME=...
	$(BIN)/python -m tests.evidence.collect $(NAME)

lock:  ## pin the newest versions that pyproject.toml allows
	.ci/lock

# Installed only when a lock file says something else than the last time.
.venv/run.lock: .venv/bin/python FORCE
	@cmp -s requirements.lock $@ || { echo "Installing what webnas needs; this takes a minute or two." \
	  && $(PIP_INSTALL) -r requirements.lock && cp requirements.lock $@; }

.venv/dev.lock: .venv/run.lock FORCE
	@cat requirements.lock requirements-dev.lock | cmp -s - $@ || { echo "Installing the tools for tests." \
	  && $(PIP_INSTALL) -r requirements-dev.lock \
	  && cat requirements.lock requirements-dev.lock > $@; }

.venv/bench.lock: .venv/dev.lock FORCE
	@cmp -s requirements-bench.lock $@ || { echo "Installing what webnas is compared with." \
	  && $(PIP_INSTALL) -r requirements-bench.lock && cp requirements-bench.lock $@; }

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("webnas needs Python 3.11 or newer: make run PYTHON=python3.11")'
	$(PYTHON) -m venv .venv

FORCE:
