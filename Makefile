# Every target sets up what it needs: a clone and `make demo` are enough on a fresh machine.
# PYTHON=... names an interpreter; without it the first fitting one is taken.

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
CANDIDATES := $(PYTHON) python3.13 python3.14 python3.12 python3 python

# A candidate must start (a pyenv shim may not), be of a supported version, and be able to make an
# environment (Debian splits that off).
USABLE := import ensurepip, sys, venv; sys.exit(not (3, 12) <= sys.version_info[:2] <= (3, 14))

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
unexport PYTEST_ADDOPTS  # what somebody's pytest is told changes nothing here
.PHONY: help demo test units check format bench clients soak clean distclean

help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

demo: $(READY) ## Trade on the loopback venue and watch nonce faults heal
	@$(BIN)/lighter-nonce demo

test: $(READY) ## Run the tests
	@$(BIN)/python -m pytest -n auto --dist loadfile

units: $(READY) ## Run the unit tests alone: no story, socket, process or real millisecond
	@$(BIN)/python -m pytest --units -n auto

check: $(READY) ## Check format, lint, types, the direction of imports, and life without Nautilus
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m tests.without_nautilus

format: $(READY) ## Format the code and mend what lint can mend
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(READY) ## Measure against lighter-sdk on the loopback venue
	@$(BIN)/python -m benchmarks

clients: $(READY) ## Let strict clients trade on the loopback venue, each in its own environment
	@$(BIN)/python -m tests.clients.check --install

soak: $(READY) ## Let everything go wrong for 100,000 orders (SOAK="--seed 1" to repeat one)
	@$(BIN)/python -m tests.chaos.run --soak --orders 100000 $(SOAK)

clean: ## Remove caches and builds
	@rm -rf build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@find . -path './$(VENV)*' -prune -o -name __pycache__ -type d -exec rm -rf {} +

distclean: clean ## Remove the environments too
	@rm -rf $(VENV) .venv-clients

# The environment is made again when its interpreter is gone, and filled when pyproject.toml changes.
$(READY): pyproject.toml
	@if ! $(BIN)/python -c '$(USABLE)' >/dev/null 2>&1; then \
		for candidate in $(CANDIDATES) "$$(uv python find '>=3.12,<3.15' 2>/dev/null)"; do \
			if [ -n "$$candidate" ] && "$$candidate" -c '$(USABLE)' >/dev/null 2>&1; then \
				found=$$candidate; break; \
			fi; \
		done; \
		if [ -z "$$found" ]; then \
			echo "No Python 3.12, 3.13 or 3.14 with the venv module was found." >&2; \
			echo "Install one ('uv python install 3.13', 'pyenv install 3.13', or your system's" >&2; \
			echo "python3.13 and python3.13-venv packages), or name one: make PYTHON=<path> ..." >&2; \
			exit 1; \
		fi; \
		echo "Creating $(VENV) with $$("$$found" --version)"; \
		"$$found" -m venv --clear $(VENV) || exit 1; \
	fi
	@echo "Installing what pyproject.toml asks for (once, about a minute)"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --editable '.[dev]'
	@touch $@
