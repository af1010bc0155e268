# Sourced by demo.sh and test.sh: finds a Python, makes the environment, and installs
# the project into it once. Needs bash, git's checkout and a Python of 3.11 or later.
#
# PYTHON           the Python to use (default: the first suitable one on the PATH)
# NAPARI_SAM_VENV  where the environment is (default: .venv beside the README)

set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
VENV=${NAPARI_SAM_VENV:-$ROOT/.venv}
export PIP_DISABLE_PIP_VERSION_CHECK=1

say() { printf '\n== %s\n' "$*"; }

fail() {
  printf '\n%s\n' "$*" >&2
  exit 1
}

# Newer releases call some packages by another name, with t64 at its end.
is_there() {
  local name status
  for name in "$1" "$1t64"; do
    status=$(dpkg-query -W -f='${Status}' "$name" 2>/dev/null) || continue
    [ "$status" != "install ok installed" ] || return 0
  done
  return 1
}

# system_packages NAME...: install those Debian or Ubuntu packages that are missing.
system_packages() {
  local name sudo missing=()
  command -v dpkg-query >/dev/null && command -v apt-get >/dev/null ||
    fail "Please install these with your system's package manager: $*"
  for name in "$@"; do
    is_there "$name" || missing+=("$name")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ "$(id -u)" = 0 ]; then
    sudo=()
  elif command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
    sudo=(sudo)
  else
    fail "These system packages are missing, and installing them takes root:
  apt-get install ${missing[*]}"
  fi
  say "Installing system packages: ${missing[*]}"
  "${sudo[@]}" apt-get update -qq
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}"
}

# What Qt and napari need to open a window, on a screen that nobody sees.
require_screen() {
  [ "$(uname)" = Linux ] || return 0
  # Elsewhere than on Debian and Ubuntu the person knows how these are called.
  if ! command -v apt-get >/dev/null && command -v Xvfb >/dev/null; then
    return
  fi
  system_packages xvfb xauth libgl1 libegl1 libgl1-mesa-dri libglib2.0-0 \
    libfontconfig1 libdbus-1-3 libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 \
    libxcb-keysyms1 libxcb-shape0 libatomic1
}

# A browser, in which the tests open a notebook.
require_browser() {
  local name
  [ "$(uname)" = Linux ] || return 0
  for name in chromium chromium-browser google-chrome; do
    ! command -v "$name" >/dev/null || return 0
  done
  system_packages chromium
}

is_recent() {
  "$1" -c 'import sys; raise SystemExit(sys.version_info < (3, 11))' 2>/dev/null
}

# Prints the Python to build with.
find_python() {
  local name names=(python3 python3.13 python3.12 python3.11)
  [ -z "${PYTHON:-}" ] || names=("$PYTHON")
  for name in "${names[@]}"; do
    if is_recent "$name"; then
      command -v "$name"
      return
    fi
  done
  fail "napari-sam needs Python 3.11 or later and found none (looked for ${names[*]}).
Install one, or name yours: PYTHON=/path/to/python $0"
}

# Debian packages Python without the part that makes environments.
require_venv() {
  local python=$1
  "$python" -c 'import ensurepip, venv' 2>/dev/null && return
  system_packages "$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"
  "$python" -c 'import ensurepip, venv' 2>/dev/null ||
    fail "$python cannot make virtual environments: its modules venv and ensurepip are missing."
}

make_environment() {
  local python
  if is_recent "$VENV/bin/python" && "$VENV/bin/python" -m pip --version >/dev/null 2>&1; then
    return
  fi
  if [ -n "$(ls -A "$VENV" 2>/dev/null)" ] && [ ! -e "$VENV/pyvenv.cfg" ]; then
    fail "$VENV is a folder of something else; NAPARI_SAM_VENV must name a new one."
  fi
  python=$(find_python)
  require_venv "$python"
  say "Making an environment in $VENV with $("$python" --version)"
  "$python" -m venv --clear "$VENV"
}

# Says what an installation was made from; a change means installing again.
fingerprint() {
  { printf '%s\n' "$ROOT" && cat "$ROOT/pyproject.toml" "$ROOT/constraints.txt"; } | cksum
}

is_installed() {
  [ "$(cat "$VENV/.installed-$1" 2>/dev/null)" = "$(fingerprint)" ]
}

# install_project base|test: the project, editable, with the tested versions.
install_project() {
  local what=$1 target=$ROOT quiet=()
  make_environment
  # Whoever has what the tests need has the base as well.
  if is_installed "$what" || is_installed test; then
    return
  fi
  [ "$what" = base ] || target="${ROOT}[$what]"
  [ -t 1 ] || quiet=(--quiet)
  say "Installing napari-sam ($what). The first time this takes some minutes: torch is large."
  "$VENV/bin/python" -m pip install ${quiet[@]+"${quiet[@]}"} \
    --editable "$target" --constraint "$ROOT/constraints.txt"
  fingerprint >"$VENV/.installed-$what"
}
