# Shortcuts for people who have make; ./run and ./test need nothing but Python.
PYTHON := .venv/bin/python
LOCAL := $(PYTHON) -m returns_portal.local

.DEFAULT_GOAL := help
.PHONY: help setup run worker beat migrate seed test test-fast test-races lint fmt types check e2e lock

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## /{printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Install the development environment
	python3 bootstrap.py setup

run: ## Start everything with the demo merchant (same as ./run)
	./run

worker: ## Start one more worker on what ./run has running
	$(LOCAL) with celery -A returns_portal worker --loglevel INFO --without-gossip

beat: ## Start a beat of its own on what ./run has running (it has one already)
	$(LOCAL) with celery -A returns_portal beat --loglevel INFO --schedule .data/beat-schedule

migrate: ## Apply migrations to what ./run has running
	$(LOCAL) manage migrate

seed: ## Create the demo merchant in what ./run has running
	$(LOCAL) manage seed_demo

test: ## Run the whole suite (same as ./test)
	./test

test-fast: ## Run the suite without browser, race and server tests
	./test -q -m "not browser and not race and not services"

test-races: ## Run only the tests with real concurrency
	./test -q -m race

lint: ## Check style
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .

fmt: ## Put style right
	$(PYTHON) -m ruff check --fix .
	$(PYTHON) -m ruff format .

types: ## Check types
	SECRET_KEY=only-for-reading-settings-0123456789-0123456789-01234 \
	    DATABASE_URL=postgres://nobody@localhost/nothing $(PYTHON) -m mypy .

check: ## Run what continuous integration runs
	.ci/run

e2e: ## Run the browser tests
	./test -m browser

lock: ## Make the lock files anew from pyproject.toml
	.venv/tools/bin/uv pip compile --upgrade --generate-hashes --universal -p 3.11 --no-annotate \
	    --no-header pyproject.toml -o requirements.lock
	.venv/tools/bin/uv pip compile --generate-hashes --universal -p 3.11 --no-annotate \
	    --no-header -c requirements.lock --group dev pyproject.toml -o requirements-dev.lock
