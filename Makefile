# feedloop: what a person types. `make` alone prints this help from the ## notes.
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3)
DATA ?= .feedloop
# The whole test session ends after this many seconds, whatever hangs.
TEST_SECONDS ?= 1200

BENCHMARKS := $(sort $(basename $(notdir $(wildcard tests/benchmarks/bench_*.py))))

.DEFAULT_GOAL := help
.PHONY: test-long loop-experiment help setup demo up down test check crash bench bench-redact oracles ner-model

help: ## print this list
	@echo "feedloop: are our answers getting better or worse, and what do we do about it?"
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## make .venv from requirements.lock (nothing to do if it is up to date)

# pip runs as `python -m pip`, so that a moved checkout or a long path can't break its script; it
# compiles nothing, as each module is compiled when it is first used: that saves a minute.
$(STAMP): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "feedloop needs Python 3.11 or 3.12 and found no python3: install it, or say make setup PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v < (3, 13) else "feedloop needs Python 3.11 or 3.12; %s is %d.%d. Say make setup PYTHON=/path/to/python3.11" % ((sys.executable,) + v))'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: setup ## the whole loop, live in the terminal, in under 4 minutes (KEEP=1: leave it running)
	$(BIN)/feedloop demo $(if $(KEEP),--keep)

up: setup ## start broker, registry, store and every stage here, in the background (DATA=.feedloop)
	$(BIN)/feedloop up --detach --data $(DATA)

down: setup ## stop what `make up` started; its data stays
	$(BIN)/feedloop down --data $(DATA)

# Two files at a time; what takes longest begins first.
test: setup ## every promise against the real broker, registry and stores; unit tests
	$(BIN)/python -m pytest --session-timeout=$(TEST_SECONDS) -m "not long" -n 2 --dist loadfile --no-loadscope-reorder tests/conformance tests/crash tests/integration tests/unit

test-long: setup ## what takes too long for every change: more ways to fail, one by one
	$(BIN)/python -m pytest --session-timeout=7200 -m long tests/conformance tests/integration tests/crash tests/unit

# SECONDS of load over all rounds, SEED of traffic and faults, FAULTS by name, RATE in events/s.
crash: setup ## the loop under hundreds of faults, every fact compared (SHORT=1: 2 minutes)
	$(BIN)/python -m tests.crash $(if $(SHORT),--short) $(if $(SEED),--seed $(SEED)) \
	$(if $(SECONDS),--seconds $(SECONDS)) $(if $(FAULTS),--faults $(FAULTS)) $(if $(RATE),--rate $(RATE)) \
	$(if $(KEEP),--keep)

# Evidently and datasketches have an environment of their own, outside of the tree.
ORACLES = $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/feedloop/oracles-$(shell cksum < tests/oracles/requirements.lock | cut -d' ' -f1)

oracles: setup ## our distances against Evidently's, our histograms beside datasketches
	@test -x $(ORACLES)/bin/pytest || { $(PYTHON) -m venv $(ORACLES) && \
	$(ORACLES)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r tests/oracles/requirements.lock; }
	PYTHONPATH=. $(ORACLES)/bin/python -m pytest -q -p no:cacheprovider --confcutdir=tests/oracles -c /dev/null --rootdir=. tests/oracles

check: setup ## lint, format, types, import contracts, schema compatibility, deploy files
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/feedloop schemas check
	$(BIN)/python -m pytest tests/unit/test_house.py tests/unit/test_deploy_files.py

# SAMPLES texts of each corpus, TEXTS for memory (1000000 to be sure), WRITE=1: into docs/redaction.md,
# PUBLIC the file of a public set to measure first (tests/benchmarks/redact/public.py says which).
bench-redact: setup ## how well and how fast redaction works, Presidio on the same texts beside it
	$(if $(PUBLIC),$(BIN)/python -m tests.benchmarks.redact.public $(PUBLIC))
	$(BIN)/python -m tests.benchmarks.bench_redact --presidio $(if $(SAMPLES),--samples $(SAMPLES)) \
	$(if $(TEXTS),--texts $(TEXTS)) $(if $(WRITE),--write)

loop-experiment: setup ## half a year of three teams through the real pipeline: does the loop close? (SEED=7)
	$(BIN)/python -m deploy.experiment $(if $(SEED),--seed $(SEED)) $(if $(DAYS),--days $(DAYS))

ner-model: setup ## generate text and train the names model that redaction ships (about 15 min of one core)
	PYTHONHASHSEED=0 $(BIN)/python -m deploy.training.train
	$(BIN)/python -m tests.benchmarks.bench_names --write --scores

bench: setup ## measure speed and delay (tests/benchmarks/README.md says how to read the figures)
	@bad=; for name in $(BENCHMARKS); do echo "== $$name"; \
	$(BIN)/python -m tests.benchmarks.$$name || bad="$$bad $$name"; done; \
	test -z "$$bad" || { echo "a promise was broken, or it did not run:$$bad"; exit 1; }
