# Read by the scripts beside it (`source`), never run: it makes .venv and keeps it in step with
# pyproject.toml and constraints.txt. It needs bash and a Python with venv and pip, nothing else.

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
VENV="$ROOT/.venv"
PYTHON_IN_VENV="$VENV/bin/python"

die() {
  echo "$*" >&2
  exit 1
}

# show_help "$@": for a script whose arguments go to another program, with that one's own --help.
# Prints the comment at the script's head and ends, before anything is installed for it.
show_help() {
  local line
  [[ "${1:-}" == -h || "${1:-}" == --help ]] || return 0
  while IFS= read -r line && [[ "$line" == "#"* ]]; do
    [[ "$line" == "#!"* ]] || echo "${line#"# "}"
  done <"$0"
  exit
}

# Whether "$1" runs, is new enough, and can make a virtual environment. The version managers'
# stand-ins exist for Pythons that do not run, so only running it tells.
_is_suitable() {
  "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

# Print the command of the newest Python that will do; PYTHON=… in the environment decides itself.
_find_python() {
  local name
  if [[ -n "${PYTHON:-}" ]]; then
    _is_suitable "$PYTHON" && echo "$PYTHON" && return
    die "PYTHON=$PYTHON is no Python 3.11 or newer with the modules venv and ensurepip."
  fi
  for name in python3.14 python3.13 python3.12 python3.11 python3 python; do
    _is_suitable "$name" && echo "$name" && return
  done
  die "No suitable Python was found: this needs Python 3.11 or newer with the modules venv and" \
    "ensurepip. Install one, or name it: PYTHON=/path/to/python3 $0"
}

_make_venv() {
  local python
  python="$(_find_python)"
  echo "Making .venv with $("$python" --version)." >&2
  "$python" -m venv --clear "$VENV" || die "The virtual environment $VENV could not be made."
}

# Install the package with an extra. The constraints also hold for what builds the package:
# pip up to 25.2 takes PIP_CONSTRAINT for that, later ones PIP_BUILD_CONSTRAINT.
_install() {
  local extra="$1" log="$VENV/install.log"
  echo "Installing storage-stream[$extra] into .venv; the first time this takes a while." >&2
  if ! PIP_CONSTRAINT="$ROOT/constraints.txt" PIP_BUILD_CONSTRAINT="$ROOT/constraints.txt" \
    PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_USER=0 \
    "$PYTHON_IN_VENV" -m pip install --quiet --editable "$ROOT[$extra]" >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    die "The installation failed; the lines above are the end of .venv/install.log."
  fi
}

# ensure_venv EXTRA: afterwards $PYTHON_IN_VENV runs with the package and EXTRA (cli or dev).
# A stamp of what was installed makes the second time quick; dev includes cli.
ensure_venv() {
  local extra="$1" stamp
  "$PYTHON_IN_VENV" -c '' >/dev/null 2>&1 || _make_venv
  stamp="$ROOT $(cat "$ROOT/pyproject.toml" "$ROOT/constraints.txt" | cksum)"
  if ! grep -qxF "$stamp" "$VENV/installed-$extra" "$VENV/installed-dev" 2>/dev/null; then
    _install "$extra"
    echo "$stamp" >"$VENV/installed-$extra"
  fi
}
