# Headwater's commands. Two are all a newcomer needs: `make run` and `make test`.
# Stays within GNU make 3.81 and the tools that Linux and macOS both have.

# The first Python of 3.11 or newer that is on the path; or say it: make run PYTHON=/opt/python/bin/python3
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done)

VENV := .venv
BIN := $(VENV)/bin
RUN_SET := $(VENV)/run-set.installed
DEV_SET := $(VENV)/dev-set.installed

.DEFAULT_GOAL := help
.PHONY: help run test check bench eval torture lock clean

help: ## say what there is
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{printf "%-14s%s\n", $$1, $$2}'

run: $(RUN_SET) ## install what is missing, migrate, start the server on 127.0.0.1; PORT=8001 for another port
	@$(BIN)/python -c 'import socket, sys; from chat.config import load_or_leave as load; \
	taken = socket.socket().connect_ex(("127.0.0.1", load().port)) == 0; \
	sys.exit("The port is taken; perhaps Headwater runs already. Another one: make run PORT=8001" if taken else 0)'
	@exec $(BIN)/gunicorn app:app

test: $(DEV_SET) ## run the tests; ARGS="tests/core -k offset" picks some
	@$(BIN)/python -m $(if $(ARGS),pytest $(ARGS),tests)

check: $(DEV_SET) ## lint, types, import contracts, docs: the one truth, here and in CI
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/docs

bench: $(DEV_SET) ## measure latency, CPU, bytes and memory beside a bare relay (about six minutes)
	@$(BIN)/python -m bench $(ARGS)

eval: $(DEV_SET) ## measure how well questions find the passages that answer them (half a minute)
	@$(BIN)/python -m evals $(ARGS)

torture: $(DEV_SET) ## kill, pause and cut off every part, and count what was lost (thirteen minutes); LONG=1 for hours
	@$(BIN)/python -m torture $(ARGS)

lock: $(RUN_SET) ## pin what requirements*.in ask for, for every Python from 3.11 on
	@for set in requirements requirements-dev; do \
	  $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url \
	    --custom-compile-command "make lock" $$set.in -o $$set.txt || exit 1; done

clean: ## remove the virtual environment and what tools left; your data in instance/ stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# ── the virtual environment ──────────────────────────────────────────────────────────────────
# A stamp file remembers that a set is in; only a changed lock file installs again.

$(BIN)/python:
	@test -n "$(PYTHON)" || { \
	  echo "Headwater needs Python 3.11 or newer; here is: $$(python3 --version 2>/dev/null || echo no python3 at all)."; \
	  echo "Install a newer one beside it (it may keep its own name, such as python3.12) and run make again."; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Headwater needs Python 3.11 or newer; $(PYTHON) is $$("$(PYTHON)" --version 2>&1)."; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { \
	  version=$$("$(PYTHON)" -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
	  echo "Python's venv module is missing. Install it, then run make again:"; echo; \
	  if command -v apt-get >/dev/null; then \
	    system=$$(/usr/bin/python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null); \
	    package=python3-venv; test "$$version" = "$$system" || package=python$$version-venv; \
	    echo "    sudo apt install $$package"; \
	  else echo "    the venv package of your system for Python $$version"; fi; echo; exit 1; }
	@echo "Making the virtual environment with $$("$(PYTHON)" --version) …"
	@"$(PYTHON)" -m venv --clear $(VENV)

# uv installs the set in seconds, pip in a minute; where uv cannot be had, pip does it.
define install
	@$(BIN)/python -m uv --version >/dev/null 2>&1 || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv || true
	@echo "Installing $(1) …"
	@$(BIN)/python -m uv pip install --quiet --python $(BIN)/python -r $(1) 2>$(VENV)/uv.log \
	|| { cat $(VENV)/uv.log; echo "uv could not install; trying pip …"; \
	     $(BIN)/python -m pip install --quiet --disable-pip-version-check -r $(1); }
endef

$(RUN_SET): requirements.txt | $(BIN)/python
	$(call install,requirements.txt)
	@touch $@

$(DEV_SET): requirements-dev.txt | $(BIN)/python
	$(call install,requirements-dev.txt)
	@touch $(RUN_SET) $@
