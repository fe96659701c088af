#!/usr/bin/env bash
# sbom.sh DIST: tests that the list of contents is valid for the official schema of CycloneDX, is equal to the list that the sources
# produce, and contains each package with its checksum. Each package must contain its licences.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
dist=$(cd "$1" && pwd)
root=$here/../..
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
die() {
    echo "sbom.sh: $*" >&2
    exit 1
}

python3 -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary :all: -r "$here/requirements.txt"
valid() { "$scratch/venv/bin/python" "$here/check_bom.py" "$1"; }

boms=("$dist"/egret-ws-*.cdx.json)
[ -f "${boms[0]}" ] && [ ${#boms[@]} -eq 1 ] || die "not one list of contents: ${boms[*]}"
valid "${boms[0]}"
# Faulty lists must be refused.
change() { sed "$1" "${boms[0]}" >"$scratch/faulty.json"; cmp -s "${boms[0]}" "$scratch/faulty.json" && die "no change by $1" || :; }
for fault in 's/"type": "library"/"type": "book"/' 's/"alg": "SHA-256"/"alg": "SHA-25"/' 's/"MIT OR Apache-2.0"/"MIT or nothing"/' \
    '0,/"bom-ref": "pkg:cargo\/url@/s//"bom-ref": "pkg:cargo\/other@/'; do
    change "$fault"
    ! valid "$scratch/faulty.json" 2>/dev/null || die "accepted after $fault"
done

# The list must contain each package with its checksum, and nothing else.
python3 - "$dist" "${boms[0]}" <<'PYTHON'
import hashlib, json, pathlib, sys
dist, bom = pathlib.Path(sys.argv[1]), json.loads(pathlib.Path(sys.argv[2]).read_text())
files = {part['name']: part['hashes'][0]['content'] for part in bom['components'] if part['type'] == 'file'}
for name, checksum in files.items():
    assert hashlib.sha256((dist / name).read_bytes()).hexdigest() == checksum, f'{name} is another'
packages = ('.deb', '.aar', '.har', '.jar', '.tgz')
missing = [path.relative_to(dist).as_posix() for path in dist.rglob('*') if path.suffix in packages]
missing = [name for name in missing if name not in files and not name.endswith(('-sources.jar', '-javadoc.jar'))]
assert not missing, f'not listed: {missing}'
PYTHON

cmp -s <(cd "$dist/THIRD-PARTY-NOTICES" && cat ./*) <(cd "$root/packaging/notices" && cat ./*.txt) || die "THIRD-PARTY-NOTICES differs from packaging/notices"
"$here/licences.py" "$dist"
