#!/usr/bin/env python3
"""sbom.py OUT [DIST]: writes the list of all parts that are linked into the packages of a release to the file OUT, as CycloneDX 1.6.

The components are the crates with their checksums from Cargo.lock, OpenSSL, parts of the compiler and of the system, the sets of
linked.py, and the files in DIST with their checksums. `dependencies` lists the components of each set, and the sets of each file. Equal
inputs make equal files: the time is SOURCE_DATE_EPOCH.
"""
import datetime
import hashlib
import json
import os
import pathlib
import re
import sys
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import linked  # noqa: E402


def checksums():
    """Returns the SHA-256 of each crate's package, by name and version."""
    lock = (linked.ROOT / 'Cargo.lock').read_text()
    found = re.findall(r'^name = "(.*)"\nversion = "(.*)"\nsource = .*\nchecksum = "(.*)"', lock, re.MULTILINE)
    return {(name, version): checksum for name, version, checksum in found}


def component(kind, ref, name, version=None, licence=None, **more):
    made = {'type': kind, 'bom-ref': ref, 'name': name}
    if version:
        made['version'] = version
    if licence:
        # Old crates write a slash instead of OR.
        made['licenses'] = [{'expression': licence.replace('/', ' OR ')}]
    return {**made, **more}


def sha256(value):
    return [{'alg': 'SHA-256', 'content': value}]


def crate_component(package, sums):
    name, version = package['name'], package['version']
    purl = f'pkg:cargo/{name}@{version.replace("+", "%2B")}'
    more = {'purl': purl, 'hashes': sha256(sums[name, version])}
    if package['repository']:
        more['externalReferences'] = [{'type': 'vcs', 'url': package['repository']}]
    return component('library', purl, name, version, package['license'], **more)


def openssl_component(known, sums):
    package, version = linked.openssl(known)
    purl = f'pkg:generic/openssl@{version}'
    source = crate_component(package, sums)
    return component('library', purl, 'OpenSSL', version, 'Apache-2.0', purl=purl, cpe=f'cpe:2.3:a:openssl:openssl:{version}:*:*:*:*:*:*:*',
                     pedigree={'ancestors': [source], 'notes': 'The sources are those in this crate, unchanged.'})


def files(dist):
    """Yields name, sets and checksum of each package with linked parts."""
    for path in sorted(path for path in dist.rglob('*') if path.is_file()):
        name = path.relative_to(dist).as_posix()
        sets = linked.sets_of(name, path)
        if sets:
            yield name, sets, hashlib.sha256(path.read_bytes()).hexdigest()


def bom(dist):
    packages = list(files(dist)) if dist else []
    known, sums, version = linked.packages(), checksums(), linked.version()
    main = f'pkg:cargo/egret-ws@{version}'
    components, depends = {}, {main: [f'set:{name}' for name in linked.SETS]}
    for name, of_set in linked.SETS.items():
        parts = [crate_component(known[crate], sums) for crate in linked.crates(name)]
        if linked.is_vendored(name):
            parts.append(openssl_component(known, sums))
        parts += [component('library', f'part:{part}', linked.COMPONENTS[part].name, None, linked.COMPONENTS[part].licence,
                            externalReferences=[{'type': 'website', 'url': linked.COMPONENTS[part].url}]) for part in of_set.components]
        components.update((part['bom-ref'], part) for part in parts)
        components[f'set:{name}'] = component('library', f'set:{name}', f'egret-ws for {of_set.title}', version, 'MIT OR Apache-2.0')
        depends[f'set:{name}'] = [part['bom-ref'] for part in parts]
    for name, sets, checksum in packages:
        components[f'file:{name}'] = component('file', f'file:{name}', name, hashes=sha256(checksum))
        depends[f'file:{name}'] = [f'set:{of_set}' for of_set in sets]
    time = datetime.datetime.fromtimestamp(int(os.environ.get('SOURCE_DATE_EPOCH', '315532800')), datetime.timezone.utc)
    content = {
        'metadata': {
            'timestamp': time.strftime('%Y-%m-%dT%H:%M:%SZ'),
            'component': component('library', main, 'egret-ws', version, 'MIT OR Apache-2.0', purl=main),
        },
        'components': [components[ref] for ref in sorted(components)],
        'dependencies': [{'ref': ref, 'dependsOn': sorted(set(depends.get(ref, ())))} for ref in sorted({main, *components})],
    }
    serial = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(content, sort_keys=True))
    return {'bomFormat': 'CycloneDX', 'specVersion': '1.6', 'serialNumber': f'urn:uuid:{serial}', 'version': 1, **content}


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    out = pathlib.Path(sys.argv[1])
    out.write_text(json.dumps(bom(pathlib.Path(sys.argv[2]) if sys.argv[2:] else None), indent=1) + '\n')


if __name__ == '__main__':
    main()
