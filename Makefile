# Everything starts here: `make` lists what there is. Only make, a shell and Python are taken for granted.
# Paths are relative on purpose: they stay right in a folder whose name has spaces.
SHELL := /bin/sh
.DEFAULT_GOAL := help
# Each of the product's processes would compile all that it imports again, some seconds of work each.
unexport PYTHONDONTWRITEBYTECODE
.PHONY: help up test demo bench reset lock fmt check browser screenshots venv packages packages-dev

UV := .uv/bin/uv
PYTHON := .venv/bin/python
N ?= 200
LONG_OPTION := $(if $(filter-out 0,$(LONG)),--long)
QUIET_COMPILE := --quiet --universal --generate-hashes --no-emit-index-url --no-header --no-annotate --python-version 3.12

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | while IFS="$$(printf '\t')" read -r name what; do printf '  make %-12s%s\n' "$$name" "$$what"; done

up: packages ## run the product here: PORT=8000, state in KGEN_HOME=.kgen; Ctrl-C stops it
	@exec $(PYTHON) -m kgen.local up

test: packages-dev ## every check and test, on a PostgreSQL and a Valkey of their own; LONG=1: the long tests too
	@exec $(PYTHON) -m kgen.local run --fast --home "$${KGEN_HOME:-.kgen}/test" -- $(PYTHON) -m kgen.local.checks $(LONG_OPTION)

demo: packages ## play a whole tournament against the running product: N=200 gamers
	@exec $(PYTHON) manage.py demo --gamers $(N)

bench: packages-dev ## measure it on this machine (a quarter of an hour and more): ARGS="--quick", ARGS="--against REV", ARGS=--help
	@exec $(PYTHON) -m benchmarks $(ARGS)

reset: ## forget the local state
	@if test -x $(PYTHON); then exec $(PYTHON) -m kgen.local reset; else exec python3 -m kgen.local reset; fi

check: packages-dev ## the checks alone, without the tests
	@exec $(PYTHON) -m kgen.local run --fast --home "$${KGEN_HOME:-.kgen}/test" -- $(PYTHON) -m kgen.local.checks --no-tests

browser: ## install Chromium for the console's tests, where it is missing (Debian, Ubuntu)
	@for name in chromium chromium-browser; do command -v $$name >/dev/null && exit 0; done; \
	command -v apt-get >/dev/null || { echo "kgen: there is no Chromium and no apt-get: install Chromium by hand" >&2; exit 1; }; \
	sudo=; test "$$(id -u)" = 0 || sudo="sudo -n"; echo "kgen: installing Chromium"; \
	out=$$({ $$sudo apt-get -qq update && $$sudo env DEBIAN_FRONTEND=noninteractive apt-get -qqy --no-install-recommends install chromium; } 2>&1) || \
	{ printf '%s\n' "$$out" >&2; echo "kgen: Chromium could not be installed: that needs root and a package mirror" >&2; exit 1; }

screenshots: packages-dev browser ## take the console's pictures in docs/screenshots anew
	@exec $(PYTHON) -m tests.browser.screenshots

fmt: packages-dev ## format the code
	@$(PYTHON) -m ruff check --quiet --fix . ; $(PYTHON) -m ruff format .

lock: $(UV) ## write requirements*.txt anew from pyproject.toml
	@$(UV) pip compile $(QUIET_COMPILE) --upgrade pyproject.toml -o requirements.txt >/dev/null
	@$(UV) pip compile $(QUIET_COMPILE) --upgrade pyproject.toml --group dev -o requirements-dev.txt >/dev/null

# Each step is silent unless it fails; what failed says so in a line that begins with "kgen:".
$(UV):
	@echo "kgen: bringing uv into the checkout"
	@command -v python3 >/dev/null || { echo "kgen: there is no python3: install Python 3.12 or newer, with venv" >&2; exit 1; }
	@out=$$(python3 -m venv --clear .uv 2>&1) || { rm -rf .uv; \
	  echo "kgen: python3 cannot make a venv: install it (Debian and Ubuntu: apt install python3-venv)" >&2; exit 1; }
	@out=$$(.uv/bin/python -m pip install --quiet --disable-pip-version-check uv 2>&1) || { printf '%s\n' "$$out" >&2; \
	  echo "kgen: pip could not install uv; is PyPI reachable?" >&2; exit 1; }

# A copy of .python-version inside tells a finished venv of the right version from any other.
venv: $(UV)
	@if $(PYTHON) -c '' 2>/dev/null && cmp -s .python-version .venv/.python-version; then exit 0; fi; \
	$(UV) venv --quiet --clear --python "$$(cat .python-version)" .venv 2>/dev/null || \
	$(UV) venv --quiet --clear --no-python-downloads --python '>=3.12' .venv 2>/dev/null || \
	{ echo "kgen: no Python 3.12 or newer here, and uv could not fetch one: install python$$(cat .python-version)" >&2; exit 1; }; \
	cp .python-version .venv/.python-version

# Compiling once here makes every later start 2 s faster. .venv keeps a copy of the file that it was synced from;
# the development set contains the other, so `make up` never takes it back.
SYNC = echo "kgen: installing Python packages from $$want"; \
	out=$$($(UV) pip sync --quiet --compile-bytecode --require-hashes --python $(PYTHON) $$want 2>&1) || { printf '%s\n' "$$out" >&2; \
	  echo "kgen: the packages of $$want could not be installed" >&2; exit 1; }; \
	rm -f .venv/.requirements.txt .venv/.requirements-dev.txt; cp $$want .venv/.$$want

packages: venv
	@if cmp -s requirements-dev.txt .venv/.requirements-dev.txt || cmp -s requirements.txt .venv/.requirements.txt; then exit 0; fi; \
	want=requirements.txt; test ! -f .venv/.requirements-dev.txt || want=requirements-dev.txt; $(SYNC)

packages-dev: venv
	@if cmp -s requirements-dev.txt .venv/.requirements-dev.txt; then exit 0; fi; \
	want=requirements-dev.txt; $(SYNC)
