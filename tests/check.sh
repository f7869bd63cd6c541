#!/usr/bin/env bash
# Run every machine that keeps the house, and print every failure at the end.
#   tests/check.sh              all of them, as CI does
#   tests/check.sh quick        all but the test suites
#   tests/check.sh NAME…        only these: see the functions below
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH" PYTHONDONTWRITEBYTECODE=1

quick=(ruff format types templates imports messages migrations deploy docs shell)
suites=(sqlite postgresql coverage fsm golang journeys)

# Databases are made, copied and thrown away a thousand times: in memory, where there is room for
# them, and for programs that are started there.
memory=/dev/shm
room=$(df --output=avail --block-size=1M "$memory" 2>/dev/null | tail -n 1) || room=0
if [[ -z ${TMPDIR:-} && $room -ge 4096 && ,$(findmnt -no OPTIONS -T "$memory"), != *,noexec,* ]]; then
  TMPDIR=$memory
fi
out=$(mktemp -d "${TMPDIR:-/tmp}/kpm-check-XXXXXXXX")
trap 'rm -rf "$out"' EXIT
trap 'exit 130' INT TERM HUP
# Browsers and font libraries leave things at home; this is theirs, and goes with the rest.
export GIT_CONFIG_GLOBAL=${GIT_CONFIG_GLOBAL:-$HOME/.gitconfig}
export HOME="$out/home" XDG_CACHE_HOME="$PWD/.cache"
mkdir "$HOME" "$out/tmp"
# PostgreSQL runs as another user, who passes through here.
chmod 0711 "$out" "$out/tmp"
export TMPDIR=$out/tmp

# The settings of a real site, as strict as they get; nothing is stored or served with them.
site() {
  mkdir -p "$out/data"
  python -c 'import secrets; print(secrets.token_urlsafe(64))' >"$out/secret.key"
  env --unset=KPM_DEMO KPM_HOSTS=kpm.example.org KPM_TRUSTED_PROXIES=127.0.0.1 KPM_DATA_DIR="$out/data" \
    KPM_SECRET_KEY_FILE="$out/secret.key" KPM_ROOT_KEY_FILE="$out/root.key" "$@"
}
shell_scripts() {
  git ls-files --cached --others --exclude-standard | while read -r file; do
    [[ -f $file ]] && head -c 64 "$file" | head -n 1 | grep -aqE '^#!.*\b(ba)?sh\b' && echo "$file"
  done
  true
}
suite=(python -m pytest --quiet --numprocesses=2 --dist=worksteal --cov-report= --cov-fail-under=0
  --ignore=tests/journeys)

ruff() { command ruff check --quiet .; }
format() { command ruff format --check --quiet .; }
types() { mypy --no-error-summary; }
templates() { djlint --lint --quiet kpm casework risk_levels audit; }
imports() { lint-imports --no-logo --cache-dir "$out/cache"; }
messages() { tests/messages; }
migrations() { site python manage.py makemigrations --check --dry-run; }
deploy() { site python manage.py check --deploy --fail-level WARNING; }
docs() { site python manage.py write_docs --check; }
shell() { shell_scripts | xargs --no-run-if-empty shellcheck; }
# Both engines count: each has lines that only it reaches. tests/coverage adds them up. What meets no
# engine is only asked beside SQLite (tests/conftest.py).
sqlite() { rm -f .coverage .coverage.* && "${suite[@]}" --cov; }
# Only kpm/database knows which engine it is on, and only audit/ keeps its volumes in another way:
# just their lines are counted a second time, for counting costs half as much again.
postgresql() {
  KPM_TEST_SERVERS=2 tests/postgresql "${suite[@]}" --cov=kpm.database --cov=audit --cov-append
}
fsm() { tests/fsm; }
golang() { tests/golang/verify; }
coverage() { tests/coverage; }
# A whole site beside a browser: on one engine, and measured by what people see.
journeys() { python -m pytest --quiet --numprocesses=2 --dist=worksteal tests/journeys; }

case ${1:-all} in
  all) steps=("${quick[@]}" "${suites[@]}") ;;
  quick) steps=("${quick[@]}") ;;
  *) steps=("$@") ;;
esac

failed=()
for step in "${steps[@]}"; do
  if [[ $(type -t "$step") != function || " ${quick[*]} ${suites[*]} " != *" $step "* ]]; then
    echo "No machine is called '$step'. There are: ${quick[*]} ${suites[*]}" >&2
    exit 2
  fi
  printf '%-12s' "$step"
  start=$SECONDS
  if "$step" >"$out/$step" 2>&1; then
    printf 'ok      %4d s\n' $((SECONDS - start))
  else
    printf 'FAILED  %4d s\n' $((SECONDS - start))
    failed+=("$step")
  fi
done
for step in "${failed[@]+"${failed[@]}"}"; do
  printf '\n--- %s %s\n' "$step" "$(printf -- '-%.0s' {1..60})"
  cat "$out/$step"
done
if [[ ${#failed[@]} -gt 0 ]]; then
  printf '\n%d of %d failed: %s\n' ${#failed[@]} ${#steps[@]} "${failed[*]}"
  exit 1
fi
printf '\nAll %d are satisfied.\n' ${#steps[@]}
