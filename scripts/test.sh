#!/usr/bin/env bash
# Install what the tests need, then run every check that CI runs.
#
#   ./scripts/test.sh [PYTEST ARGUMENTS]

source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

failed=()

check() {
  say "$*"
  "$VENV/bin/$1" "${@:2}" || failed+=("$1")
}

require_screen
require_browser
install_project test
cd "$ROOT"

check ruff check .
check ruff format --check .
check mypy
check lint-imports
check npe2 validate napari.yaml
check pytest "$@"

[ ${#failed[@]} -eq 0 ] || fail "Failed: ${failed[*]}"
say "All checks passed"
