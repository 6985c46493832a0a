#!/usr/bin/env bash
# Validates the InstanceProfiles among the files: the hook of pre-commit, which passes every YAML and JSON file that is committed. Options of `validate`
# come first, each as one word, as in --class=classes.yaml. Needs Node.js 22.21 or later, and npm for the first run in a new clone.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# The kind of a document, in YAML or in JSON. Policy tests and classes are checked with their InstanceProfiles, which pre-commit may not pass.
profile="^kind:[[:space:]]*[\"']?InstanceProfile[\"']?[[:space:]]*(#.*)?\$|\"kind\"[[:space:]]*:[[:space:]]*\"InstanceProfile\""
options=()
files=()
for word in "$@"; do
  if [[ $word == -* ]]; then
    options+=("$word")
  elif grep -qE "$profile" -- "$word"; then
    files+=(-f "$word")
  fi
done
if ((${#files[@]} == 0)); then exit 0; fi

version=$(node --version 2>/dev/null || echo none)
if [[ ! $version =~ ^v([0-9]+)\.([0-9]+) ]] || ((BASH_REMATCH[1] * 1000 + BASH_REMATCH[2] < 22021)); then
  echo "validate-instance-profiles needs Node.js 22.21 or later on PATH, and found: $version" >&2
  exit 1
fi
# pre-commit has a clone of its own for each revision. The packages are those of the lock file, and none runs a script.
if [[ ! -d $root/node_modules ]]; then
  npm ci --omit=dev --ignore-scripts --no-audit --no-fund --prefix "$root" >&2
fi
exec node "$root/src/main.ts" validate "${files[@]}" ${options[@]+"${options[@]}"}
