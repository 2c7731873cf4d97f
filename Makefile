# One step, one place: developers and continuous integration call the same targets.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)
IMAGE ?= strongroom:$(VERSION)
# `CLUSTER=current make demo` uses the current kubeconfig context instead of a control plane of its own.
CLUSTER ?= rig
# `make fuzz TARGET='sops_yaml template' SECONDS=600`: which targets, all when absent, and for how long each.
TARGET ?=
SECONDS ?= 60

.PHONY: help
help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1\t\2/' | expand -t 14

# ---- what people run

.PHONY: demo
demo: need-cargo need-cc need-$(CLUSTER) ## all three kinds of secret arrive on a real control plane
	@if [ $(CLUSTER) = rig ]; then tests/rig/peers.sh etcd kube-apiserver; fi
	@echo 'building the operator and the command lines'
	@cargo build --locked --workspace --bins
	@CLUSTER=$(CLUSTER) cargo run --locked --quiet --bin strongroom-demo

.PHONY: clean-demo
clean-demo: need-cargo ## remove what an interrupted `CLUSTER=current make demo` left behind
	@CLUSTER=current cargo run --locked --quiet --bin strongroom-demo -- --clean

.PHONY: test
test: need-cargo need-cc need-go need-python3 need-gpg need-git peers binaries ## every test, on real peers
	cargo test --locked --workspace

# tests/fuzz is a package outside of the workspace. What it runs are the files of the test `fuzz`, which is built with all other
# tests and sees to it that the rest of the package is complete; `make check` looks at its dependencies.
.PHONY: fuzz
fuzz: need-cargo need-cc need-cxx ## fuzz with coverage: TARGET=NAME… (all), SECONDS=N each (60)
	tests/fuzz.sh $(SECONDS) $(TARGET)

.PHONY: check
check: need-cargo need-cc fmt-check arrows cited deny clippy docs drift ## everything that is not a test

.PHONY: bench
bench: need-cargo need-cc need-go need-python3 need-time peers ## measure, with the originals beside us in the same run
	cargo build --locked --release --workspace --bins
	cargo bench --locked --package strongroom-tests

.PHONY: image
image: ## build the container image $(IMAGE)
	DOCKER_BUILDKIT=1 docker build --file deploy/Dockerfile --tag $(IMAGE) .

.PHONY: fmt
fmt: need-cargo ## format the code
	cargo fmt --all

.PHONY: crds
crds: need-cargo ## write crds/*.yaml from the Rust types
	cargo run --locked --package crds --example generate

# ---- steps

.PHONY: peers
peers: ## build the real systems that the tests run against, once, into a cache
	@tests/rig/peers.sh

# The tests start the programs of this workspace; built with the tests' features, so that nothing is built twice.
.PHONY: binaries
binaries:
	cargo build --locked --workspace --bins --tests

.PHONY: fmt-check arrows cited deny clippy docs drift
fmt-check:
	cargo fmt --all --check

arrows:
	tests/arrows.sh

cited:
	tests/cited.sh

deny:
	tests/deny.sh

clippy:
	cargo clippy --locked --workspace --all-targets -- -D warnings

docs:
	RUSTDOCFLAGS='-D warnings' cargo doc --locked --workspace --no-deps

drift:
	cargo test --locked --workspace --test drift

# ---- prerequisites: one line says what to install

.PHONY: need-cargo need-cc need-cxx need-go need-python3 need-gpg need-git need-time need-rig need-current
need-cargo:
	@command -v cargo >/dev/null || { echo 'missing: cargo. Install Rust with rustup (https://rustup.rs).' >&2; exit 1; }
need-cc:
	@command -v cc >/dev/null || { echo 'missing: cc. Install a C compiler (Debian: build-essential).' >&2; exit 1; }
need-cxx:
	@command -v c++ >/dev/null || { echo 'missing: c++. Install a C++ compiler (Debian: build-essential).' >&2; exit 1; }
need-go:
	@command -v go >/dev/null || { echo 'missing: go. Install Go 1.26 or newer (https://go.dev/dl).' >&2; exit 1; }
need-python3:
	@command -v python3 >/dev/null || { echo 'missing: python3. Install Python 3.11 or newer.' >&2; exit 1; }
	@python3 -c 'import ensurepip, venv' 2>/dev/null || { echo 'missing: venv of python3. Install it (Debian: python3-venv).' >&2; exit 1; }
need-gpg:
	@command -v gpg >/dev/null || { echo 'missing: gpg. Install GnuPG (Debian: gnupg).' >&2; exit 1; }
need-git:
	@command -v git >/dev/null || { echo 'missing: git. Install Git.' >&2; exit 1; }
need-time:
	@command -v /usr/bin/time >/dev/null || { echo 'missing: GNU time. Install it (Debian: time).' >&2; exit 1; }
need-rig: need-go
need-current:
	@true
need-%:
	@echo 'CLUSTER is rig (a control plane of its own, the default) or current (the current kubeconfig context)' >&2; exit 1
