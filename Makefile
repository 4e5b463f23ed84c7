# Two commands: `make demo` sets everything up and does the main job on an example, `make test` runs all tests.
.PHONY: demo test unit lint bench

demo:
	@scripts/setup
	@scripts/demo

test:
	@scripts/setup --test
	@scripts/test

unit:
	@scripts/setup --test
	@.venv/bin/python -m pytest tests/unit tests/conformance

lint:
	@scripts/setup --test
	@.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/mypy

bench:
	@scripts/setup --test
	@.venv/bin/python -m bench
