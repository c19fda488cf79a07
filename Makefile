# Development commands. uv installs Python's dependencies; it is itself installed into .uv/ when it is missing.
.DEFAULT_GOAL := help
SHELL := /bin/sh
UV := $(shell command -v uv || echo .uv/bin/uv)
export PATH := $(PATH):$(CURDIR)/.uv/bin
SYNC := $(UV) sync --locked --all-packages --quiet
# The heartzone command without development tools; --inexact keeps those that are installed already.
SYNC_CLI := $(UV) sync --locked --package heartzone-cli --no-default-groups --inexact --quiet
RUN := $(UV) run --no-sync
MEMBERS := $(dir $(wildcard libs/*/pyproject.toml services/*/pyproject.toml cli/pyproject.toml deploy/*/pyproject.toml tests/*/pyproject.toml))

.PHONY: help up test e2e chaos bench lint types generate images release dev clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: $(UV) ## Start Kafka, the registry, the web API and two zone workers; Ctrl-C stops them
	@$(SYNC_CLI)
	@exec .venv/bin/heartzone up $(ARGS)

test: sync ## Run every test, on a real Kafka (ARGS="tests/kafka -k name" selects some)
	@$(RUN) python -m embedded_kafka # seconds after the first run; a download would exceed the tests' time limits
	$(RUN) pytest -n 3 --dist loadfile $(ARGS)

e2e: sync ## Run the tests on a real Kubernetes node that is made for them, as root on Linux (ARGS="-k name" selects some)
	@exec .venv/bin/python -m heartzone_testing.e2e $(ARGS)

chaos: sync ## Harm workers, brokers and services for an hour, and audit what they wrote (ARGS="--help" lists the options)
	@$(RUN) python -m embedded_kafka
	@$(RUN) python -m heartzone_testing.chaos $(ARGS)

lint: sync ## Check format, style, import rules, types, and that each package declares what it imports
	$(RUN) ruff format --check && $(RUN) ruff check && $(RUN) lint-imports && $(RUN) mypy
	$(UV) lock --check --quiet
	@for member in $(MEMBERS); do (cd $$member && $(CURDIR)/.venv/bin/deptry $$(ls -d src 2> /dev/null || echo .)) || exit 1; done

generate: sync ## Write the generated files: schemas, topics, settings table, dashboards, what the chart has of its values.yaml
	$(RUN) python docs/generate.py

bench: sync ## Print throughput as ratios against peers run side by side
	$(RUN) python -m benchmarks

images: ## Build the services' images with docker or buildah (BASE_IMAGE=local where no registry of images is reachable)
	PYTHONPATH=deploy/images python3 -m heartzone_images --tag=$(or $(TAG),dev) $(addprefix --base-image=,$(BASE_IMAGE)) $(ARGS)

release: sync ## Build wheels, chart and images, and push them to REGISTRY (ARGS="--help" lists the options)
	@$(RUN) python -m heartzone_release $(addprefix --registry=,$(REGISTRY)) $(addprefix --version=,$(VERSION)) $(ARGS)

dev: ## Run skaffold dev with this machine's package indexes and certificates (ARGS are skaffold's)
	@exec env PYTHONPATH=deploy/images python3 -m heartzone_images.skaffold $(ARGS)

clean: ## Remove the environment and caches, not the data in .heartzone/
	rm -rf .venv .uv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

.PHONY: sync
sync: $(UV)
	@$(SYNC)

.uv/bin/uv:
	@echo "uv is missing: installing it into .uv/"
	@python3 -m pip install --quiet --disable-pip-version-check --target .uv uv 2>/dev/null \
	  || { python3 -m venv .uv && .uv/bin/pip install --quiet uv; } \
	  || { echo "uv could not be installed: that needs a network and Python's pip or venv (Debian: python3-venv), or install uv yourself" >&2; exit 2; }
