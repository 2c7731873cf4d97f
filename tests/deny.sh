#!/usr/bin/env bash
# Checks licences, bans, sources and advisories (deny.toml) with a pinned cargo-deny, built once into the cache.
# The advisory database is a Git repository: where it cannot be fetched and no earlier copy exists, the rest is checked
# and one line says what was not.
set -euo pipefail
cd "$(dirname "$0")/.."

version=0.20.2
cache=${STRONGROOM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/strongroom}/cargo
deny=$cache/bin/cargo-deny

if [ "$("$deny" --version 2>/dev/null)" != "cargo-deny $version" ]; then
  echo "cargo-deny $version: building once, about 3 minutes"
  cargo install --quiet --locked cargo-deny --version "$version" --root "$cache"
fi

"$deny" --locked check bans licenses sources

if "$deny" --locked fetch db >/dev/null 2>&1; then
  "$deny" --locked check --disable-fetch advisories
elif [ -n "${STRONGROOM_REQUIRE_ADVISORIES:-}" ]; then
  echo 'error: the advisory database could not be fetched' >&2
  exit 1
else
  echo 'warning: advisories were NOT checked: the advisory database could not be fetched' >&2
fi
