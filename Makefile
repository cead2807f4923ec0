# Needs python3 (3.11 or later) and make, nothing else: packages are fetched when a target first wants them, checked
# against the hashes in requirements/, and kept in .venv.
#
# Settings of the service (PORT, DATA_DIR, DATABASE_URL, ...) come from the environment or the command line:
#     make run PORT=9000 WORKERS=2

PYTHON ?= python3
ENGINE ?= docker
export IMAGE ?= todo-api
# Engines before Docker 23 need to be told; the image is built with cache mounts.
export DOCKER_BUILDKIT ?= 1

VENV := .venv
UV   := $(VENV)/bin/uv
DEV  := $(VENV)/dev.stamp
# The service alone starts sooner than it does with all the tools; but once those are there, nothing is taken away.
RUNTIME := $(if $(wildcard $(DEV)),$(DEV),$(VENV)/runtime.stamp)

.DEFAULT_GOAL := help
.PHONY: help run migrate smoke test-unit test-integration test-faults test test-without-engine lint platforms format \
  bench bench-quick soak audit image up down rollout secrets lock clean

help: ## show the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | awk -F '\t' '{ printf "make %-17s %s\n", $$1, $$2 }'

# ---- the service

run: $(RUNTIME) ## serve on HOST (127.0.0.1) and PORT (8000), with all data in DATA_DIR (data)
	$(VENV)/bin/todo-api serve

migrate: $(RUNTIME) ## bring the database to the newest revision
	$(VENV)/bin/todo-api migrate

smoke: ## try out the instance at BASE_URL
	@$(PYTHON) tools/smoke.py '$(or $(BASE_URL),http://127.0.0.1:$(or $(PORT),8000))'

# ---- development

# Compiling the tests takes longer than running many of them: what is compiled is kept, whatever the environment says.
PYTEST := PYTHONDONTWRITEBYTECODE= $(VENV)/bin/python -m pytest
# Each class of tests, or what else is in its file, runs in one of several processes, with servers of the process's own.
# They are taken in their order: the other one is by the number of tests, not by their length.
PARALLEL := --dist=loadscope --no-loadscope-reorder --numprocesses
# Unit tests keep a core busy; the others wait half of the time for servers, and so get two processes a core.
ALL_CORES := $(PARALLEL) logical
PROCESSES ?= $(shell $(PYTHON) -c 'import os; print(2 * len(os.sched_getaffinity(0)))')
TWICE_ALL_CORES = $(PARALLEL) $(PROCESSES)
# Measuring makes each request twice as slow. What this suite goes through has been measured by the unit tests, where it
# runs on memory, and by the contracts of the stores.
API_ON_DATABASES := tests/integration/test_api.py
# What test-faults runs: one of the two alone takes half the time.
FAULTS := tests/faults tests/abuse
# Where reports of the tests go, if anywhere: tools/skipped.py reads them.
report = $(if $(REPORTS),--junitxml='$(REPORTS)/$(1).xml')

test-unit: $(DEV) ## tests that need nothing but this process
	$(PYTEST) $(ALL_CORES) tests/unit

test-integration: $(DEV) ## tests with databases, processes and sockets
	$(PYTEST) $(TWICE_ALL_CORES) tests/integration

test-faults: $(DEV) ## break what the service runs on, and abuse it: nothing is lost, and nobody is kept out
	$(PYTEST) $(FAULTS) $(call report,$(notdir $(firstword $(FAULTS))))

# No engine answers at port 1.
test-without-engine: $(DEV) ## once more what meets PostgreSQL, on the packaged one, as on a machine without an engine
	DOCKER_HOST=tcp://127.0.0.1:1 REQUIRE_CONTAINERS= $(PYTEST) $(TWICE_ALL_CORES) tests/integration -m postgresql \
	  --ignore=$(API_ON_DATABASES) $(call report,without-engine)

# coverage.py's own threshold counts lines and branches together, hence the last command.
test: $(DEV) ## all tests, with coverage; at least 90 % of the branches in src
	$(PYTEST) $(ALL_CORES) tests/unit --cov=src --cov-branch --cov-report= $(call report,unit)
	$(PYTEST) $(TWICE_ALL_CORES) $(API_ON_DATABASES) $(call report,api)
	$(PYTEST) $(TWICE_ALL_CORES) tests/integration --ignore=$(API_ON_DATABASES) --cov=src --cov-branch --cov-append \
	  --cov-report=term-missing --cov-report=json $(call report,integration)
	@$(PYTHON) -c 'import json; covered = json.load(open("coverage.json"))["totals"]["percent_branches_covered"]; \
	  print(f"{covered:.1f} % of the branches in src are covered."); raise SystemExit(covered < 90)'

# Their schemas are published on the web only, so this is no part of `lint`.
platforms: $(DEV) ## compare fly.toml and railway.json with the schemas that the platforms publish
	$(VENV)/bin/check-jsonschema --schemafile https://railway.com/railway.schema.json railway.json
	$(VENV)/bin/check-jsonschema --schemafile https://json.schemastore.org/fly.json fly.toml

lint: $(DEV) ## style, formatting, types, and which package may import which
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/pyright
	$(VENV)/bin/lint-imports

format: $(DEV) ## format, and repair what can be repaired
	$(VENV)/bin/ruff format
	$(VENV)/bin/ruff check --fix

# The picture is of PostgreSQL.
bench: $(DEV) ## measure CPU a request beside what others take; draws docs/benchmark.svg (DATABASE=sqlite: does not)
	$(VENV)/bin/python -m bench $(if $(filter sqlite,$(DATABASE)),--database sqlite,--svg docs/benchmark.svg) $(ARGS)

bench-quick: $(DEV) ## see that a request takes no more CPU than is recorded (ARGS=--record: record it)
	$(VENV)/bin/python -m bench.quick $(ARGS)

soak: $(DEV) ## hold a load for five minutes, and see that no memory is lost
	$(VENV)/bin/python -m bench.soak $(ARGS)

audit: $(DEV) ## look for known vulnerabilities in what the service is made of; the report goes into the image
	$(VENV)/bin/python tools/audit.py requirements/runtime.txt build/audit.json

# ---- containers

export VERSION = $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
# Which of the two ways of compose.yaml: single, or replicas.
PROFILE ?= single
export COMPOSE_PROFILES = $(PROFILE)
COMPOSE = $(ENGINE) compose
# Both have the same port.
OTHERS = $(if $(filter replicas,$(PROFILE)),api,api-1 api-2 api-3 balancer prometheus)

# What IMAGE is called without its tag, and the commit: what a rollout goes back to (deploy/rollout.sh).
REPOSITORY = $(shell echo '$(IMAGE)' | sed 's|:[^:/]*$$||')
COMMIT = $(shell git describe --always --dirty --exclude '*' 2>/dev/null)

image: ## build the container image, tagged with version and commit, too; the report of `make audit` is in it, if any
	$(ENGINE) build --file Containerfile --build-arg VERSION=$(VERSION) --tag $(IMAGE) \
	  $(foreach tag,$(VERSION) $(COMMIT),--tag $(REPOSITORY):$(tag)) .

up: image secrets ## start it all in containers, on 127.0.0.1:PORT (PROFILE=replicas: three behind a balancer)
	@$(COMPOSE) --profile '*' rm --stop --force $(OTHERS) 2>/dev/null
	$(COMPOSE) up --detach --wait

down: secrets ## stop it (ARGS=--volumes: delete the data and the backups, too)
	$(COMPOSE) --profile '*' down $(ARGS)

rollout: image secrets ## bring this version to the three replicas, one by one, without losing a request
	deploy/rollout.sh

# What compose.yaml asks for; the database keeps the password it was made with, so nothing is ever replaced.
secrets: ## write the secrets that are missing into .env
	@touch .env; chmod 600 .env; for name in POSTGRES_PASSWORD REDIS_PASSWORD JWT_SECRET METRICS_TOKEN; do \
	  grep -q "^$$name=." .env || \
	  printf '\n%s=%s\n' $$name $$($(PYTHON) -c 'import secrets; print(secrets.token_hex(64))') >> .env; done

# ---- packages

# A virtual environment and uv, which installs and compiles everything else.
$(VENV)/uv.stamp: requirements/uv.txt
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 is needed: make PYTHON=...")'
	$(PYTHON) -m venv --clear $(VENV)
	$(VENV)/bin/python -m pip install --quiet --require-hashes -r $<
	@touch $@

# `sync` also removes what is no longer wanted. The project itself is installed as a link to src, with the build tool
# that is already there, so that nothing unchecked comes in.
define install
$(UV) pip sync --quiet --compile-bytecode --python $(VENV) --require-hashes $(filter requirements/%.txt,$^)
$(UV) pip install --quiet --python $(VENV) --offline --no-deps --no-build-isolation --editable .
@touch $@
endef

$(VENV)/runtime.stamp: requirements/runtime.txt requirements/build.txt requirements/uv.txt pyproject.toml \
  $(VENV)/uv.stamp
	$(install)

$(DEV): requirements/dev.txt requirements/build.txt requirements/uv.txt pyproject.toml $(VENV)/uv.stamp
	$(install)

COMPILE = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
  --no-emit-find-links --custom-compile-command 'make lock' $(ARGS)

lock: $(VENV)/uv.stamp ## pin packages anew after a change of pyproject.toml (ARGS=--upgrade: at their newest)
	$(COMPILE) requirements/uv.in -o requirements/uv.txt
	$(COMPILE) pyproject.toml -o requirements/runtime.txt
	$(COMPILE) requirements/build.in -c requirements/runtime.txt -o requirements/build.txt
	$(COMPILE) pyproject.toml --group dev --group bench -c requirements/runtime.txt -c requirements/build.txt \
	  -o requirements/dev.txt

clean: ## remove everything that can be made again; data and secrets stay
	rm -rf $(VENV) bench/fastify/node_modules tests/clients/typescript/node_modules .pytest_cache .ruff_cache .hypothesis .import_linter_cache .coverage .coverage.* coverage.json \
	  build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
