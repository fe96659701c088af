#!/usr/bin/env python3
"""notices.py [--check] [FOLDER]: writes FOLDER/SET.txt for each set of linked.py: the licences of all parts in its packages.

The default of FOLDER is packaging/notices. With --check it writes nothing, and fails if a file differs from the text that it would
write. The licence texts of a crate come from its package. If there is a choice that includes MIT, the text is the text of MIT.
"""
import collections
import pathlib
import re
import sys

import linked

NOTICES = pathlib.Path(__file__).resolve().parent / 'notices'
LICENCE_FILE = re.compile(r'(LICEN[CS]E|COPYING|COPYRIGHT|NOTICE|UNLICENSE)', re.IGNORECASE)
# Each licence text must contain these words, so that the text of another licence is not used by mistake.
WORDS = {
    'Apache-2.0': 'Apache License',
    'MIT': 'Permission is hereby granted, free of charge',
    'Unicode-3.0': 'UNICODE LICENSE V3',
    'Zlib': "This software is provided 'as-is'",
}


def chosen(package):
    """Returns the licence that we choose from the licences of the crate."""
    offered = re.split(r'/| OR ', package['license'] or '')
    licence = 'MIT' if 'MIT' in offered else package['license']
    if licence not in WORDS:
        sys.exit(f'notices.py: {package["name"]} has a licence that is new here, {licence}: add it to WORDS, and to deny.toml')
    return licence


def texts_of(package):
    folder = pathlib.Path(package['manifest_path']).parent
    if package['name'] == 'openssl-src':
        folder = folder / 'openssl'
    files = sorted(file for file in folder.iterdir() if file.is_file() and LICENCE_FILE.match(file.name))
    licence = chosen(package)
    texts = [re.sub(r'[ \t\r]+$', '', file.read_text(), flags=re.MULTILINE).strip('\n') for file in files]
    # The other texts belong to licences that we do not choose. A notice belongs to each licence.
    texts = [text for file, text in zip(files, texts)
             if re.sub(r'\s+', ' ', text).find(WORDS[licence]) >= 0 or file.name.upper().startswith('NOTICE')]
    if not texts:
        sys.exit(f'notices.py: {package["name"]} {package["version"]} has no text of its licence, {licence}')
    return texts


def notices(name, known):
    """Returns the text for the set `name`."""
    of_set = linked.SETS[name]
    lines = [f'Third-party notices of egret-ws: {of_set.title}', '',
             'The libraries and programs of this package contain parts with the licences below. Where there is a choice and MIT is part',
             'of it, the text is that of MIT.', '']
    texts = collections.defaultdict(list)
    for crate in linked.crates(name):
        package = known[crate]
        lines.append(f'{crate[0]} {crate[1]} ({package["repository"]}): {package["license"]}')
        for text in texts_of(package):
            texts[text].append(' '.join(crate))
    if linked.is_vendored(name):
        package, version = linked.openssl(known)
        lines.append(f'OpenSSL {version} (https://www.openssl.org): Apache-2.0')
        for text in texts_of({**package, 'license': 'Apache-2.0'}):
            texts[text].append(f'OpenSSL {version}')
    lines += ['', 'Parts of the compiler and of the system, and what the Rust standard library contains:', '']
    for component in (linked.COMPONENTS[part] for part in of_set.components):
        lines.append(f'{component.name} ({component.url}): {component.licence}')
        texts[(NOTICES / 'parts' / f'{component.text}.txt').read_text().strip('\n')].append(component.name)
    for text, users in texts.items():
        lines += ['', '-' * 80, ', '.join(users) + ':', '', text]
    return '\n'.join(lines) + '\n'


def main():
    arguments = sys.argv[1:]
    is_check = arguments[:1] == ['--check']
    folder = pathlib.Path(*arguments[is_check:][:1] or [NOTICES])
    known = linked.packages()
    wanted = {folder / f'{name}.txt': notices(name, known) for name in linked.SETS}
    if not is_check:
        for path, text in wanted.items():
            path.write_text(text)
    wrong = [path.name for path, text in wanted.items() if not path.exists() or path.read_text() != text]
    wrong += [path.name for path in folder.glob('*.txt') if path not in wanted]
    if wrong:
        sys.exit(f'notices.py: not what is linked: {", ".join(sorted(wrong))} in {folder}. Run: make notices')


if __name__ == '__main__':
    main()
