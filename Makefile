# Short commands; each sets up what it needs on a fresh machine. `make help` lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash

sources := $(shell find libmcomp models python -type f -not -name '*.pyc' -not -name '*.so')
python_folders := python tests examples models notebooks
c_files := $(shell find libmcomp models tests examples -name '*.[ch]')

.PHONY: help setup setup-study study test test-c test-python test-aarch64 test-all lint bench format clean

help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

setup: .venv/installed ## virtual environment with the package, Debian packages
.venv/installed: .ci/setup .ci/debian-packages-study.txt .ci/debian-packages.txt pyproject.toml CMakeLists.txt $(sources)
	.ci/setup
	@touch .venv/installed-study $@

setup-study: .venv/installed-study ## as setup, only what the study needs
.venv/installed-study: .ci/setup .ci/debian-packages-study.txt pyproject.toml CMakeLists.txt $(sources)
	.ci/setup study
	@touch $@

study: setup-study ## the main job: compress, run, measure and draw LeNet-5, into build/study/
	.venv/bin/mcomp study run notebooks/studies/quick/study.toml --store build/study/quick.sqlite
	.venv/bin/mcomp study figures --store build/study/quick.sqlite --output build/study
	.venv/bin/mcomp study report --store build/study/quick.sqlite
	.venv/bin/mcomp study check --store build/study/quick.sqlite

test: setup lint test-c test-python ## all tests of a push, under 20 minutes on two cores

test-c: setup
	cmake --preset release && cmake --build --preset release && ctest --preset release
	cmake --preset clang && cmake --build --preset clang
	cmake --preset asan && cmake --build --preset asan && ctest --preset asan
	cmake --preset tsan && cmake --build --preset tsan && ctest --preset tsan

test-python: setup
	.venv/bin/pytest -n 2 -m "not slow" tests

test-aarch64: ## the C tests on 64-bit ARM: cross-compiled, run under qemu-user
	.ci/install-debian-packages .ci/debian-packages{-study,,-aarch64}.txt
	cmake --preset aarch64 && cmake --build --preset aarch64 && ctest --preset aarch64
	@sed -n '/^not run under/p' build/aarch64/Testing/Temporary/LastTest.log

test-all: test test-aarch64 ## everything: the long tests too
	.venv/bin/pytest -m slow tests

lint: setup ## formatting, ruff, mypy
	clang-format --dry-run -Werror $(c_files)
	.venv/bin/ruff check $(python_folders)
	.venv/bin/ruff format --check $(python_folders)
	.venv/bin/mypy

bench: setup ## time LeNet-5 on the devices of this machine
	.venv/bin/mcomp bench lenet5 -d cpu
	.venv/bin/mcomp bench lenet5 -d ref

format: setup ## clang-format and ruff, in place
	clang-format -i $(c_files)
	.venv/bin/ruff check --fix $(python_folders)
	.venv/bin/ruff format $(python_folders)

clean: ## remove what was built
	rm -rf build .venv
