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
# Two workers and one thread each: threads that wait for each other on a shared core
# spin. A later -n 0 among the arguments runs them one after another.
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
check pytest -n 2 --dist worksteal "$@"

[ ${#failed[@]} -eq 0 ] || fail "Failed: ${failed[*]}"
say "All checks passed"
