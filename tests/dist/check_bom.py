#!/usr/bin/env python3
"""check_bom.py BOM: fails if the file BOM is not valid for the official schema of CycloneDX 1.6, or refers to a component that it
does not list."""
import json
import pathlib
import sys

import cyclonedx.schema._res as schemas
import fastjsonschema

FOLDER = pathlib.Path(schemas.__file__).parent


def load(uri):
    """Returns a schema. The schemas refer to each other by their addresses."""
    return json.loads((FOLDER / uri.rsplit('/', 1)[1]).read_text())


def main():
    bom = json.loads(pathlib.Path(sys.argv[1]).read_text())
    schema = load('/bom-1.6.SNAPSHOT.schema.json')
    try:
        fastjsonschema.compile(schema, handlers={'http': load, 'https': load})(bom)
    except fastjsonschema.JsonSchemaException as error:
        sys.exit(f'check_bom.py: {sys.argv[1]}: {error}')
    listed = [component['bom-ref'] for component in (bom['metadata']['component'], *bom['components'])]
    if len(set(listed)) != len(listed):
        sys.exit('check_bom.py: two components have equal references')
    used = {ref for dependency in bom['dependencies'] for ref in (dependency['ref'], *dependency.get('dependsOn', ()))}
    if used != set(listed):
        sys.exit(f'check_bom.py: not listed, or not used: {sorted(used ^ set(listed))}')
    spdx = set(load('/spdx.SNAPSHOT.schema.json')['enum'])
    for component in bom['components']:
        for licence in component.get('licenses', ()):
            words = licence['expression'].replace('(', ' ').replace(')', ' ').split()
            unknown = [word for word in words if word not in spdx and word not in ('OR', 'AND', 'WITH')]
            if unknown:
                sys.exit(f'check_bom.py: {component["bom-ref"]}: these are not SPDX licences: {unknown}')


if __name__ == '__main__':
    main()
