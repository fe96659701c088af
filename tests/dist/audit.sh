#!/usr/bin/env bash
# audit.sh: tests that `make audit` fails for a known vulnerability, a database that cannot be fetched, a licence that is not
# allowed, and a crate that is not from the registry. Only the registries need the network: git gets the database from a folder.
set -euo pipefail
cd "$(dirname "$0")/../.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export EGRET_WS_DENY_TOML=$scratch/deny.toml

database() { # FOLDER VERSIONS: makes a database with one advisory, for these versions of the crate url
    mkdir -p "$1/crates/url"
    cat >"$1/crates/url/RUSTSEC-2026-0001.md" <<ADVISORY
\`\`\`toml
[advisory]
id = "RUSTSEC-2026-0001"
package = "url"
date = "2026-01-01"
url = "https://example.com/"
categories = ["denial-of-service"]

[versions]
patched = ["$2"]
\`\`\`

# A fault of a test
ADVISORY
    git -C "$1" init -q -b main
    git -C "$1" add .
    git -C "$1" -c user.name=test -c user.email=test@example.com commit -q -m "an advisory"
}
database "$scratch/fault" ">= 99.0.0"
database "$scratch/clean" ">= 0.1.0"

audit() { # STATUS TEXT FOLDER [SED]: runs make audit with the database in FOLDER, and with the rules after the change SED
    local status=0 log=$scratch/log
    sed -e "${4:-}" deny.toml >"$EGRET_WS_DENY_TOML"
    grep -q '^yanked' "$EGRET_WS_DENY_TOML"
    rm -rf "$scratch/dbs"
    sed -i "s|^yanked.*|&\ndb-path = \"$scratch/dbs\"|" "$EGRET_WS_DENY_TOML"
    GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0="url.file://$scratch/$3.insteadOf" GIT_CONFIG_VALUE_0=https://github.com/RustSec/advisory-db \
        packaging/audit/audit.sh >"$log" 2>&1 || status=$?
    if [ "$status" -ne "$1" ] || ! grep -q -- "$2" "$log"; then
        cat "$log"
        echo "audit.sh: status $status instead of $1, or no line with: $2" >&2
        exit 1
    fi
    echo "ok: $2"
}
audit 0 "^audit: passed" clean
audit 1 "RUSTSEC-2026-0001" fault
audit 1 "^NOT CHECKED: advisories" none
SKIP=advisories audit 0 "^SKIPPED: advisories" none
audit 1 "error\[rejected\]" clean 's/, "Zlib"//'
audit 1 "error\[duplicate\]" clean '/^skip = /,/^]/d'
audit 1 "error\[source-not-allowed\]" clean '/^unknown-registry/a allow-registry = []'
