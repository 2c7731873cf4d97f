#!/usr/bin/env bash
# Holds the documents to the tests: every test that ARCHITECTURE.md or operator/DIFFERENCES.md cites as `module::test` exists.
set -euo pipefail
cd "$(dirname "$0")/.."

failures=0
while read -r cited; do
  name=${cited##*::}
  file=tests/operator/${cited%::*}
  file=${file//:://}.rs
  if ! grep -qs "fn $name(" "$file"; then
    echo "cited: there is no test $cited in $file" >&2
    failures=$((failures + 1))
  fi
done < <(grep -oh '`[a-z_]*::[a-z_:]*`' ARCHITECTURE.md operator/DIFFERENCES.md | tr -d '`' | grep -v '^reference::\|attacks$' | sort -u)

if [ "$failures" -gt 0 ]; then
  exit 1
fi
echo 'cited: every test exists'
