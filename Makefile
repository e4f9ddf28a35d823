# make run     starts everything on this machine        make test    all tests
# make check   style, types, layers, deployment         make bench   benchmarks
# make lock    pins requirements/*.in anew              make clean   removes what make made, never .data

# The first that is new enough; a name may be a version manager's stand-in that fails to run.
PYTHON ?= $(shell for p in python3.13 python3 python3.12 python3.14; do \
	$$p -c 'import sys; sys.exit(not (3, 12) <= sys.version_info < (3, 15))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes
WORKERS ?= 2
# For commands that need settings but no server and no data folder.
OFFLINE := env FVDASH_SECRET_KEY=of-the-build-only-never-of-a-running-installation-0123456789 \
	FVDASH_PUBLIC_URL=https://dashboard.example.org DATABASE_URL=postgresql:///offline \
	DATABASE_OWNER_URL= REDIS_URL=redis://offline EMAIL_URL=smtp://mail.example.org/ PYTHONWARNINGS=ignore::RuntimeWarning

.PHONY: run test check bench lock clean python
.DELETE_ON_ERROR:

# Called by its path and by exec, so that a signal to make reaches it.
run: .venv/base.stamp build/catalogs.stamp build/static.stamp
	@exec $(BIN)/python manage.py up

test: .venv/dev.stamp build/catalogs.stamp build/static.stamp
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile $(ARGS)

check: .venv/dev.stamp build/catalogs.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(OFFLINE) $(BIN)/mypy .
	$(OFFLINE) $(BIN)/lint-imports
	$(OFFLINE) $(BIN)/python manage.py check_templates
	$(OFFLINE) $(BIN)/python manage.py catalogs check
	$(OFFLINE) $(BIN)/python manage.py makemigrations --check --dry-run
	$(OFFLINE) $(BIN)/python manage.py check --deploy --fail-level WARNING

bench: .venv/peers.stamp build/catalogs.stamp build/static.stamp
	$(BIN)/python -m tests.bench.run

lock: .venv/dev.stamp
	for name in base dev; do \
		$(BIN)/uv pip compile --quiet --universal --python-version 3.12 --generate-hashes \
			--custom-compile-command "make lock" requirements/$$name.in -o requirements/$$name.txt; \
	done

clean:
	rm -rf .venv build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

python:
	@test -n "$(PYTHON)" || { echo "Python 3.12 or newer is needed: install it, or name it: make run PYTHON=/path/to/python3" >&2; exit 1; }

.venv/bin/python: | python
	@echo "making .venv with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo "$(PYTHON) cannot make a virtual environment: install its venv module" >&2; exit 1; }

.venv/base.stamp: requirements/base.txt | .venv/bin/python
	@echo "installing what the product needs (about a minute, once)"
	@$(PIP) -r requirements/base.txt
	@touch $@

.venv/peers.stamp: requirements/peers.txt .venv/dev.stamp
	@$(PIP) --no-deps -r requirements/peers.txt
	@touch $@

.venv/dev.stamp: requirements/dev.txt | .venv/base.stamp
	@echo "installing what checks and tests need (once)"
	@$(PIP) -r requirements/dev.txt
	@touch $@

build/catalogs.stamp: $(shell find . -path ./.venv -prune -o -name django.po -print) | .venv/base.stamp
	@mkdir -p build
	@$(OFFLINE) $(BIN)/python manage.py catalogs compile
	@touch $@

build/static.stamp: $(shell find static -type f) .venv/base.stamp
	@mkdir -p build
	@$(OFFLINE) $(BIN)/python manage.py collectstatic --no-input --clear --verbosity 0
	@touch $@
