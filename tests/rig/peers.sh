#!/usr/bin/env bash
# Builds the real systems the tests run against, once, into a cache outside the checkout:
#   <cache>/peers/<name>-<version>-<hash of its inputs>/<name>     one directory for each build
#   <cache>/peers/bin/<name>                                       a link to the build this checkout wants
# With names as arguments it builds only those. A build appears under its name only when it is complete,
# so an interrupted run never leaves half a program behind.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
sources=$here/peers
root=${STRONGROOM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/strongroom}/peers
kubernetes=k8s.io/component-base/version
kubernetes_version="-X $kubernetes.gitVersion=v1.36.3 -X $kubernetes.gitMajor=1 -X $kubernetes.gitMinor=36"

# name | version | module under peers/ | package | linker settings | time on 2 cores. The quick ones come first.
peers=(
  "age|1.3.1|age|filippo.io/age/cmd/age|-X main.Version=v1.3.1|10 seconds"
  "age-keygen|1.3.1|age|filippo.io/age/cmd/age-keygen|-X main.Version=v1.3.1|5 seconds"
  "age-plugin-pq|1.3.1|age|filippo.io/age/extra/age-plugin-pq|-X main.Version=v1.3.1|5 seconds"
  "age-vectors|2025.12.8|age-vectors|.||5 seconds"
  "yaml-oracle|3.0.4|yaml-oracle|.||10 seconds"
  "template-oracle|3.3.0|template-oracle|.||20 seconds"
  "sops|3.13.3|sops|github.com/getsops/sops/v3/cmd/sops||2 minutes"
  "sops-oracle|3.13.3|sops-oracle|.||1 minute"
  "kubeseal|0.36.6|sealed-secrets|github.com/bitnami-labs/sealed-secrets/cmd/kubeseal|-X main.VERSION=0.36.6|1 minute"
  "etcd|3.6.16|etcd|go.etcd.io/etcd/server/v3||1 minute"
  "kube-apiserver|1.36.3|kubernetes|k8s.io/kubernetes/cmd/kube-apiserver|$kubernetes_version|4 minutes"
  "sealed-secrets-controller|0.36.6|sealed-secrets|github.com/bitnami-labs/sealed-secrets/cmd/controller|-X main.VERSION=0.36.6|1 minute"
  "kubectl|1.36.3|kubernetes|k8s.io/kubernetes/cmd/kubectl|$kubernetes_version|1 minute"
  "moto_server|5.2.5|moto|||1 minute"
  "kubeconform|0.8.0|kubeconform|github.com/yannh/kubeconform/cmd/kubeconform|-X main.version=v0.8.0|10 seconds"
  "kustomize|5.8.2|kustomize|sigs.k8s.io/kustomize/kustomize/v5|-X sigs.k8s.io/kustomize/api/provenance.version=v5.8.2|30 seconds"
  "vault-core|1.13.1|vault-core|.||4 minutes"
  "kube-controller-manager|1.36.3|kubernetes|k8s.io/kubernetes/cmd/kube-controller-manager|$kubernetes_version|2 minutes"
)

need() {
  command -v "$1" >/dev/null || { echo "missing: $1. $2" >&2; exit 1; }
}

# The hash covers everything that decides what is built: the module's files and the way it is linked.
input_hash() {
  { printf '%s\n' "$2" "$3"; (cd "$sources/$1" && cat -- go.* *.go patch.sh requirements.txt 2>/dev/null || true); } | "${sha256[@]}" | cut -c1-12
}

build_go() { # name, module, package, linker settings, target directory
  need go 'Install Go 1.26 or newer (https://go.dev/dl).'
  local staging patched=()
  staging=$(mktemp -d "$root/.building-XXXXXX")
  if [ -x "$sources/$2/patch.sh" ]; then
    (cd "$sources/$2" && GOFLAGS='' GOWORK=off ./patch.sh "$staging/patched")
    patched=(-modfile "$staging/patched/go.mod")
  fi
  (cd "$sources/$2" && CGO_ENABLED=0 GOFLAGS='' GOWORK=off \
    go build -mod=readonly ${patched[@]+"${patched[@]}"} -buildvcs=false -trimpath -ldflags "-s -w $4" -o "$staging/$1" "$3")
  rm -rf "$staging/patched"
  rm -rf "$5"
  mv "$staging" "$5"
}

# A virtual environment cannot be moved once made, so the link to its program is what marks it complete.
build_moto() { # name, module, target directory
  need python3 'Install Python 3.11 or newer.'
  python3 -c 'import ensurepip, venv' 2>/dev/null || { echo 'missing: venv of python3. Install it (Debian: python3-venv).' >&2; exit 1; }
  rm -rf "$3"
  python3 -m venv "$3/venv"
  "$3/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --requirement "$sources/$2/requirements.txt"
  ln -s "venv/bin/$1" "$3/$1"
}

build() {
  local name version module package linker duration directory started
  IFS='|' read -r name version module package linker duration <<<"$1"
  directory=$root/$name-$version-$(input_hash "$module" "$package" "$linker")
  if [ ! -e "$directory/$name" ]; then
    echo "$name $version: building, about $duration"
    started=$SECONDS
    if [ "$module" = moto ]; then
      build_moto "$name" "$module" "$directory"
    else
      build_go "$name" "$module" "$package" "$linker" "$directory"
    fi
    echo "$name $version: built in $((SECONDS - started)) s"
  fi
  link "$name" "../${directory##*/}/$name"
}

# Renaming replaces the link in one step: a test that starts the program meanwhile finds the old or the new one.
link() { # name, target
  [ "$(readlink "$root/bin/$1" || true)" = "$2" ] && return
  ln -s "$2" "$root/bin/.$1.$$"
  mv -f "$root/bin/.$1.$$" "$root/bin/$1"
}

wanted() { # name, names asked for
  [ $# -eq 1 ] && return
  local name=$1 asked
  shift
  for asked in "$@"; do
    [ "$asked" = "$name" ] && return
  done
  return 1
}

known() {
  local peer
  for peer in "${peers[@]}"; do
    [ "${peer%%|*}" = "$1" ] && return
  done
  return 1
}

for asked in "$@"; do
  known "$asked" || { echo "unknown peer: $asked. Known: $(printf '%s ' "${peers[@]%%|*}")" >&2; exit 2; }
done
if command -v sha256sum >/dev/null; then sha256=(sha256sum); else sha256=(shasum -a 256); fi
mkdir -p "$root/bin"
# Two runs at once would build everything twice.
if command -v flock >/dev/null; then
  exec 9>"$root/.lock"
  flock -n 9 || { echo 'another run is building the peers: waiting for it'; flock 9; }
fi
for peer in "${peers[@]}"; do
  if wanted "${peer%%|*}" "$@"; then build "$peer"; fi
done
