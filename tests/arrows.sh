#!/usr/bin/env bash
# Holds the dependency arrows of ARCHITECTURE.md: the two format libraries stay pure, the packages of the workspace use
# each other only as allowed, and one TLS and RSA backend serves all. Reads the graph only; builds nothing.
set -euo pipefail
cd "$(dirname "$0")/.."

failures=0

# refuse WHO "FLAGS OF CARGO TREE" FORBIDDEN...: fails for each forbidden package in that graph.
refuse() {
  local who=$1 flags=$2 names name
  shift 2
  # shellcheck disable=SC2086
  names=$(cargo tree --locked --quiet $flags --prefix none --format '{p}')
  names=$(cut -d' ' -f1 <<<"$names" | sort -u)
  for name in "$@"; do
    if grep -qx -- "$name" <<<"$names"; then
      echo "arrows: $who depends on $name" >&2
      failures=$((failures + 1))
    fi
  done
}

# What has IO, a runtime or a command line in it.
impure=(tokio kube kube-client k8s-openapi hyper reqwest axum clap crds strongroom strongroom-tests aws-config vaultrs)

refuse 'library kubeseal' '-p kubeseal-rs --no-default-features -e normal' "${impure[@]}" sops-rs
refuse 'library sops' '-p sops-rs --no-default-features -e normal' "${impure[@]}" kubeseal-rs
refuse 'package crds' '-p crds -e normal' strongroom strongroom-tests kubeseal-rs sops-rs reqwest axum clap
refuse 'binary kubeseal-rs' '-p kubeseal-rs -e normal' strongroom strongroom-tests sops-rs axum
refuse 'binary sops-rs' '-p sops-rs -e normal' strongroom strongroom-tests kubeseal-rs axum kube
refuse 'the operator' '-p strongroom --all-features -e normal' strongroom-tests

# Build scripts and tests included: nothing may bring a second backend in by a side door.
refuse 'the workspace' '--workspace --all-features -e normal,build,dev' ring openssl openssl-sys native-tls serde_yaml serde_yml

# The fuzzer has a lock file of its own, which has to fit the packages it fuzzes (`cargo update --workspace` there renews it).
refuse 'the fuzzer' '--manifest-path tests/fuzz/Cargo.toml -e normal,build' ring openssl openssl-sys native-tls serde_yaml serde_yml

# RSA that is not constant-time (RUSTSEC-2023-0071) stays with the keys of one user: in sops-rs, for SSH and OpenPGP.
for who in '-p strongroom --all-features' '-p kubeseal-rs' '-p sops-rs --no-default-features'; do
  # shellcheck disable=SC2086
  if cargo tree --locked --quiet $who -e normal --prefix none --format '{p}' | grep -qE '^rsa v0\.[0-9]\.'; then
    echo "arrows: $who depends on rsa before 0.10" >&2
    failures=$((failures + 1))
  fi
done

# The operator runs no subprocess and writes no file: a secret on a disk or in an argument list outlives it.
if grep -rnE 'process::Command|fs::write|File::create|OpenOptions|tempfile' operator/src >&2; then
  echo 'arrows: the operator runs a subprocess or writes a file' >&2
  failures=$((failures + 1))
fi

# Templates are rendered for Secrets and for nobody who asks over HTTP: whether one fails tells something about the values.
if grep -rn 'template::' operator/src | grep -v '^operator/src/template\|^operator/src/source/' >&2; then
  echo 'arrows: a template is rendered outside of sources' >&2
  failures=$((failures + 1))
fi

if [ "$failures" -gt 0 ]; then
  exit 1
fi
echo 'arrows: hold'
