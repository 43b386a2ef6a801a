# The two commands of the README are `make demo` and `make test`; everything else serves whoever works on the tool.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test test-complete check format bench docs lock clean

demo: $(READY)  ## provision examples/private-lambda.toml into the embedded sandbox, and prove that it connects
	@$(BIN)/provisioner provision examples/private-lambda.toml --sandbox --verify
	@echo "in this checkout 'provisioner' is $(BIN)/provisioner; or once: . $(BIN)/activate"

test: $(READY) check  ## lint, types and the test suite; its processes wait more than they work
	@$(BIN)/python -m pytest -n 4 --dist worksteal

test-complete: $(READY)  ## the kill matrix over every mutating call (takes long)
	@$(BIN)/python -m pytest -n 2 -m complete --timeout 600

check: $(READY)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: $(READY)
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(READY)  ## wall clock against the longest chain of waits, and the calls by action
	@$(BIN)/python -m bench.critical_path

docs: $(READY)  ## what is made from the code
	@$(BIN)/python -m provisioner.sandbox.catalogue > docs/sandbox-rules.md
	@$(BIN)/python -m provisioner.stack_file.reference > docs/stack-file.md
	@$(BIN)/python -m provisioner.error_reference > docs/errors.md

lock:  ## needs uv; everyone else only reads requirements.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --quiet \
	    pyproject.toml --extra sandbox --group dev -o requirements.lock

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "Python 3.11 or newer is needed: make PYTHON=python3.11 ..."; exit 1; }
	@echo "setting up $(VENV) (once, about half a minute)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@$(PYTHON) -c "import pathlib, sys; next(pathlib.Path('$(VENV)').glob('lib/python3*/site-packages')).joinpath('provisioner-checkout.pth').write_text(str(pathlib.Path.cwd()) + '\n')"
	@printf '#!/bin/sh\nexec "%s" -m provisioner "$$@"\n' "$(CURDIR)/$(BIN)/python" > $(BIN)/provisioner
	@chmod +x $(BIN)/provisioner
	@touch $(READY)

clean:  ## never .provisioner: what is recorded there may stand on AWS
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache build dist *.egg-info
