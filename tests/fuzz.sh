#!/usr/bin/env bash
# Coverage-guided fuzzing: fuzz.sh SECONDS [TARGET…]. Builds tests/fuzz with the compiler's own instrumentation and libFuzzer, on
# the stable toolchain and without a sanitizer, and runs each target for that long, beginning with tests/fuzz/corpus/TARGET.
# What it finds on the way stays in tests/fuzz/target/corpus and is where the next run begins. The folder has the layout of
# cargo-fuzz, which works on it as well: `cargo fuzz run --fuzz-dir tests/fuzz --sanitizer none TARGET`.
set -euo pipefail
cd "$(dirname "$0")/fuzz"

duration=$1
shift
[[ $duration =~ ^[0-9]+$ ]] || { echo "error: SECONDS is a number, not $duration" >&2; exit 2; }
if [ $# -eq 0 ]; then
  for file in fuzz_targets/*.rs; do
    set -- "$@" "$(basename "$file" .rs)"
  done
fi

host=$(rustc -vV | sed -n 's/^host: //p')
flags='-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters'
flags+=' -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares'
binaries=()
for target in "$@"; do
  [ -e "fuzz_targets/$target.rs" ] || { echo "error: there is no target $target; they are listed in tests/fuzz/targets.rs" >&2; exit 2; }
  binaries+=(--bin "$target")
done
echo "building $# targets with instrumentation"
# With --target the flags are for the programs alone, not for what builds them.
RUSTFLAGS=$flags cargo build --locked --quiet --release --target "$host" "${binaries[@]}"

failed=()
for target in "$@"; do
  corpus=target/corpus/$target log=target/$target.log
  mkdir -p "$corpus" target/failures
  echo "$target: $duration seconds"
  if "target/$host/release/$target" -max_total_time="$duration" -max_len=65536 -timeout=30 -rss_limit_mb=2048 \
    -print_final_stats=1 -artifact_prefix="target/failures/$target-" "$corpus" "corpus/$target" 2>"$log"; then
    sed -n 's/^stat::number_of_executed_units: */  executions: /p' "$log"
  else
    failed+=("$target")
    grep -E 'panicked at|^ERROR:|^Test unit written' -A1 "$log" >&2 || tail -20 "$log" >&2
    echo "error: $target failed: tests/fuzz/$log. Once mended, its input belongs into tests/fuzz/corpus/$target" >&2
  fi
done
[ ${#failed[@]} -eq 0 ]
