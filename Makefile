# Everything here runs from a fresh clone: each target sets up what it needs in .venv.
# PYTHON=/path/to/python chooses the interpreter that .venv is made from, WORKERS=n the test processes.

VENV = .venv
BIN = $(VENV)/bin
PYTHON =
WORKERS = logical
PIP_INSTALL = $(BIN)/python -m pip install -qq --disable-pip-version-check --constraint constraints.txt
PYTEST = $(BIN)/python -m pytest -n $(WORKERS) --maxprocesses 4 --dist worksteal

.PHONY: help workbench test lint format check docs benchmarks notebooks constraints browser clean

help: ## list what make can do
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

workbench: $(VENV)/.ready ## set up, then serve the workbench on an embedded sample
	@$(BIN)/cafe-workbench serve

test: $(VENV)/.ready-dev browser ## set up, then run every test
	@$(PYTEST)

lint: $(VENV)/.ready-dev ## check style, formatting and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: $(VENV)/.ready-dev ## put the code into the project's format
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

check: lint browser ## lint, and every test with coverage
	@$(PYTEST) --cov --cov-report=term

docs: $(VENV)/.ready-dev ## build the documentation as a site, without the network; a broken link fails it
	@$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going -c docs . docs/_build/html
	@echo "The site is in docs/_build/html; its first page is docs/_build/html/docs/index.html."

benchmarks: $(VENV)/.ready-dev ## run every benchmark
	@ls benchmarks/[a-z]*.py >/dev/null 2>&1 || { echo "There is no script in benchmarks/." >&2; exit 1; }
	@for script in benchmarks/[a-z]*.py; do \
		echo "== $$script"; PYTHONPATH=. $(BIN)/python "$$script" || exit 1; done

# The dashboard and the review page are run to see that they work, and stored without output: Voila runs them again for
# each reader. The teaching page is stored as text to read, without the widget that only a kernel brings to life.
STORED_AS_TEXT = import nbformat, sys; book = nbformat.read(sys.argv[1], 4); book.metadata.pop("widgets", None); \
	[out.get("data", {}).pop("application/vnd.jupyter.widget-view+json", None) for cell in book.cells for out in cell.get("outputs", [])]; \
	nbformat.write(book, sys.argv[1])
notebooks: $(VENV)/.ready-dev ## run every notebook and store its output
	@ls notebooks/*.ipynb >/dev/null 2>&1 || { echo "There is no notebook in notebooks/." >&2; exit 1; }
	@for notebook in notebooks/*.ipynb; do \
		case "$$notebook" in */dashboard.ipynb|*/legal_review.ipynb) keep='--stdout' ;; *) keep='--inplace' ;; esac; \
		echo "== $$notebook"; \
		$(BIN)/jupyter nbconvert --log-level=WARN --to notebook --execute "$$keep" \
			--ExecutePreprocessor.record_timing=False "$$notebook" >/dev/null || exit 1; done
	@$(BIN)/python -c '$(STORED_AS_TEXT)' notebooks/teaching.ipynb

# The interpreter's own pip resolves in an environment of its own, so that only what we depend on is pinned.
constraints: $(VENV)/.ready-dev ## pin the newest versions that pyproject.toml allows
	@set -e; fresh=$$(mktemp -d); trap 'rm -rf "$$fresh"' EXIT; \
	$(BIN)/python -m venv "$$fresh"; \
	"$$fresh/bin/python" -m pip install -qq --disable-pip-version-check '.[all,dev]'; \
	{ echo "# Versions that the tests ran with, written by \`make constraints\`. Installing without this file works too."; \
	  "$$fresh/bin/python" -m pip freeze --exclude cafe-workbench | grep -E '^[A-Za-z0-9._-]+==[^ ]+$$'; } > "$$fresh/pins"; \
	cp "$$fresh/pins" constraints.txt; echo "constraints.txt: $$(grep -c == constraints.txt) packages"

clean: ## remove caches and build products (.venv stays)
	@rm -rf build dist htmlcov test-results coverage.xml .coverage .coverage.* \
		.mypy_cache .pytest_cache .ruff_cache .hypothesis
	@find . -path ./$(VENV) -prune -o \( -name __pycache__ -o -name .ipynb_checkpoints \) -type d -exec rm -rf {} +

$(VENV)/.ready: pyproject.toml constraints.txt $(BIN)/python
	@echo "Installing the workbench into $(VENV); the first time takes a few minutes."
	@$(PIP_INSTALL) --editable '.[all]' || { \
		echo "The installation failed; pip says why above. When that is solved, run the same command again." >&2; exit 1; }
	@touch $@

$(VENV)/.ready-dev: pyproject.toml constraints.txt $(BIN)/python
	@echo "Installing the workbench and its test tools into $(VENV); the first time takes a few minutes."
	@$(PIP_INSTALL) --editable '.[all,dev]' || { \
		echo "The installation failed; pip says why above. When that is solved, run the same command again." >&2; exit 1; }
	@touch $(VENV)/.ready $@

$(BIN)/python:
	@python=; for candidate in $(if $(PYTHON),'$(PYTHON)',python3 python3.14 python3.13 python3.12 python3.11 python); do \
		if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
			python=$$candidate; break; fi; done; \
	if [ -z "$$python" ]; then \
		found=$$('$(or $(PYTHON),python3)' --version 2>&1) || found='none that runs'; \
		echo "The workbench needs Python 3.11 or newer; found: $$found." >&2; \
		echo "Install a newer Python, or name one: make $(or $(MAKECMDGOALS),workbench) PYTHON=/path/to/python3.12" >&2; \
		exit 1; fi; \
	if ! "$$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then \
		echo "$$("$$python" --version) has no venv module, which the set-up needs." >&2; \
		echo "On Debian and Ubuntu: apt-get install python3-venv. Then run the same command again." >&2; \
		exit 1; fi; \
	"$$python" -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

# The browser tests need a Chromium. Without one they are skipped, except under CI, where they fail.
browser:
	@for name in "$$CAFE_WORKBENCH_BROWSER" chromium chromium-browser google-chrome google-chrome-stable; do \
		if command -v "$$name" >/dev/null 2>&1; then exit 0; fi; done; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
		echo "Installing Chromium for the browser tests."; \
		export DEBIAN_FRONTEND=noninteractive; \
		if apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null; then exit 0; fi; fi; \
	echo "No Chromium or Chrome found. Install one (Debian: apt-get install chromium), or set CAFE_WORKBENCH_BROWSER" >&2; \
	echo "to its path, to run the browser tests." >&2; \
	if [ -n "$$CI" ]; then exit 1; fi; \
	echo "They will be skipped." >&2
