
.PHONY: install run

install:
	python -m venv .venv

run:
	python -m customers
