#!/usr/bin/env python3
"""build.py MDBOOK WORK OUT [FEATURES...]: writes the documentation of this version to OUT/VERSION, for a browser without a network.

OUT/index.html links to the newest version in OUT. WORK is a folder for intermediate files. The pages of docs/ are not changed: the links
are changed in a copy, and mdBook makes HTML from that copy. Files of the project that a page links to are in the site under files/.
"""

import html
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote, unquote

import swift
from pages import COMMENT, ROOT, Page, Tree, resolve, summary

HERE = Path(__file__).resolve().parent
IMAGES = ('.svg', '.png', '.jpg', '.gif')
TEXTS = {
    'en': {'summary': 'docs/SUMMARY.md', 'language': 'en', 'reference': 'Reference', 'api': 'API reference', 'up': '',
           'files': 'Pages of the project', 'intro': 'Each function, type and constant of the library and its bindings.',
           'table': 'Language | Reference'},
    'zh': {'summary': 'docs/zh/SUMMARY.md', 'language': 'zh-CN', 'reference': '参考', 'api': 'API 参考', 'up': '../',
           'files': '', 'intro': '本库及各语言绑定的全部函数、类型和常量。内容为英文。', 'table': '语言 | 参考'},
}
REFERENCES = [
    ('C', 'c/index.html', 'egret_ws.h (Doxygen)'),
    ('C++', 'files/bindings/cpp/egret_ws.hpp.html', 'egret_ws.hpp'),
    ('Rust', 'rust/index.html', 'egret_ws (rustdoc)'),
    ('Java, Kotlin', 'java/index.html', 'org.egret.websocket (Javadoc)'),
    ('Swift', 'swift/index.html', 'EgretWebSocket'),
    ('JavaScript, TypeScript', 'files/bindings/js/types.d.ts.html', 'types.d.ts'),
]


class Site:
    def __init__(self, tree, work):
        self.tree, self.work = tree, work
        self.pages = {language: [path for path in summary(tree, texts['summary']) if path in tree.files]
                      for language, texts in TEXTS.items()}
        self.missing = [path for texts in TEXTS.values() for path in summary(tree, texts['summary']) if path not in tree.files]
        if self.missing:
            print(f'build.py: these pages do not exist and are left out: {" ".join(self.missing)}', file=sys.stderr)
        # Pages of the project outside of the book, and files that become a page.
        self.others, self.files = [], []

    def place(self, path):
        """Returns the path of a file or folder of the project in the site, relative to the folder of the version. Records that it is needed."""
        for folder, book in [('docs/zh', 'zh/'), ('docs', '')]:
            if path in (folder, f'{folder}/SUMMARY.md'):
                return f'{book}index.html'
        if path in self.pages['en'] + self.pages['zh']:
            return path[len('docs/'):-len('.md')] + '.html'
        if path.startswith('docs/') and path.endswith(IMAGES):
            return path[len('docs/'):]
        if path + '/README.md' in self.tree.files:
            path += '/README.md'
        found = self.others if path.endswith('.md') else self.files
        if path not in found:
            found.append(path)
            # This is done now, because a page that is found after mdBook has run would be missing.
            for entry in self.inside(path):
                self.place(entry)
        if path.endswith('.md'):
            return f'files/{path[:-3]}.html'
        return f'files/{path}' + ('' if path.endswith(IMAGES) else '.html' if path in self.tree.files else '/index.html')

    def inside(self, folder):
        start = folder + '/'
        return sorted({start + file[len(start):].split('/')[0] for file in self.tree.files if file.startswith(start)})

    def text(self, path):
        """Returns a page with the links of the site, without comments."""
        page = self.tree.page(path)
        text = page.text
        folder = os.path.dirname(self.place(path))
        for at, target, _ in sorted(page.link_spans(), reverse=True):
            file, mark, anchor = target.partition('#')
            linked = resolve(path, file)
            if file and not re.match(r'[a-z][a-z0-9+.-]*:', target) and linked in self.tree.paths:
                text = text[:at] + quote(os.path.relpath(self.place(linked), folder or '.')) + mark + anchor + text[at + len(target):]
        lines = iter(Page(path, text).prose.split('\n'))
        # A line that contained only a comment is left out.
        kept = (line for line in text.split('\n') if next(lines).strip() or not COMMENT.fullmatch(line.strip()))
        return '\n'.join(kept)

    def stage(self, language):
        """Makes the copy that mdBook reads."""
        texts, book = TEXTS[language], self.work / language
        prefix = os.path.dirname(texts['summary']) + '/'
        write = lambda path, text: write_file(book / 'src' / path, text)
        for path in self.pages[language]:
            write(path[len(prefix):], self.text(path))
        listed = []
        for line in self.tree.text(texts['summary']).split('\n'):
            target = re.search(r'\]\((.*)\)', line)
            if not target or prefix + target[1] in self.pages[language]:
                listed.append(line)
        references = ''.join(f'| {name} | [{title}]({texts["up"]}{place}) |\n' for name, place, title in REFERENCES)
        api = f'# {texts["api"]}\n\n{texts["intro"]}\n\n| {texts["table"]} |\n|---|---|\n{references}'
        write('api.md', api)
        listed += ['', f'# {texts["reference"]}', '', f'- [{texts["api"]}](api.md)', '']
        if language == 'en':
            for path in self.others:  # the list grows during the loop
                write(f'files/{path}', self.text(path))
            listed += [f'# {texts["files"]}', '']
            for path in sorted(self.others, key=lambda path: (path.count('/'), path)):
                title = next((heading for _, level, heading in self.tree.page(path).headings if level == 1), path)
                listed.append(f'- [{title}{" (中文)" if ".zh-CN." in path else ""}](files/{path})')
            for path in self.tree.matching('docs/*'):
                if path.endswith(IMAGES):
                    copy(self.tree.root / path, book / 'src' / path[len('docs/'):])
        write('SUMMARY.md', '\n'.join(listed) + '\n')
        version = version_of(self.tree)
        config = (f'[book]\ntitle = "egret-ws {version}"\nlanguage = "{texts["language"]}"\nsrc = "src"\n'
                  '[build]\nuse-default-preprocessors = false\n'
                  '[output.html]\nno-section-label = true\ndefault-theme = "light"\npreferred-dark-theme = "navy"\nhash-files = false\n'
                  'smart-punctuation = false\nadmonitions = false\ndefinition-lists = false\ninput-404 = ""\n'
                  'additional-css = ["site.css"]\nadditional-js = ["site.js"]\n'
                  '[output.html.print]\nenable = false\n[output.html.playground]\nrunnable = false\n')
        write_file(book / 'book.toml', config)
        translated = [path[len('docs/zh/'):-len('.md')] for path in self.pages['zh']]
        script = (HERE / 'site.js').read_text(encoding='utf-8')
        write_file(book / 'site.js', script.replace('TRANSLATED', json.dumps(translated)).replace('VERSION', json.dumps(version)))
        copy(HERE / 'site.css', book / 'site.css')
        root = '{{ path_to_root }}' + texts['up'] + '../'
        write_file(book / 'theme/head.hbs', f'<script>const site_root = "{root}", page_path = "{{{{ path }}}}";</script>\n'
                                            f'<script src="{root}versions.js"></script>\n')
        return book

    def write_files(self, out):
        """Writes the files of the project that pages link to, each as a page. A folder becomes a list."""
        for path in self.files:
            place = out / self.place(path)
            source = self.tree.root / path
            if path.endswith(IMAGES):
                copy(source, place)
            elif source.is_dir():
                links = (f'<li><a href="{quote(os.path.relpath(self.place(entry), os.path.dirname(self.place(path))))}">'
                         f'{html.escape(entry[len(path) + 1:])}{"/" if entry not in self.tree.files else ""}</a></li>' for entry in self.inside(path))
                write_file(place, file_page(out, place, path, f'<ul>{"".join(links)}</ul>'))
            else:
                try:
                    text = source.read_text(encoding='utf-8')
                except UnicodeDecodeError:
                    text = f'({source.stat().st_size} bytes)'
                language = {'h': 'c', 'hpp': 'cpp', 'cc': 'cpp', 'rs': 'rust', 'kt': 'kotlin', 'py': 'python', 'toml': 'ini', 'mts': 'ts'}
                suffix = path.rsplit('.', 1)[-1]
                write_file(place, file_page(out, place, path, f'<pre><code class="language-{language.get(suffix, suffix)}">'
                                                              f'{html.escape(text)}</code></pre>'))


def file_page(out, place, title, body):
    root = os.path.relpath(out, place.parent)
    return (HERE / 'file.html').read_text(encoding='utf-8').replace('{title}', html.escape(title)).replace('{root}', root).replace('{body}', body)


def write_file(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding='utf-8')


def copy(source, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def run(*command, **environment):
    print('build.py:', *command, flush=True)
    if subprocess.run([str(part) for part in command], cwd=ROOT, env={**os.environ, **environment}).returncode:
        sys.exit(f'build.py: {command[0]} failed')


def version_of(tree):
    return re.search(r'^version = "(.*)"', tree.text('Cargo.toml'), re.M)[1]


def doxygen(work):
    out = work / 'c'
    out.mkdir()
    run('doxygen', 'docs/site/Doxyfile', EGRET_WS_DOXYGEN_OUT=str(out))
    return out / 'html' if (out / 'html').exists() else out


def rustdoc(work, features):
    # A separate folder, because the list of crates contains all documentation in the folder.
    target = work.parent / 'rustdoc'
    shutil.rmtree(target / 'doc', ignore_errors=True)
    run('cargo', 'doc', '--locked', '--quiet', '--lib', '--no-deps', '--package', 'egret-ws', '--target-dir', target, *features)
    write_file(target / 'doc/index.html', '<!DOCTYPE html><meta charset="utf-8"><meta http-equiv="refresh" content="0; url=egret_ws/index.html">'
                                          '<a href="egret_ws/index.html">egret_ws</a>\n')
    return target / 'doc'


def javadoc(work):
    # The script fetches the jar, and prints this folder.
    run('tests/java/android.sh', work.parent)
    run('bindings/java/android/javadoc.sh', work.parent / 'android-23/android.jar', work / 'java')
    return work / 'java'


def shrink_index(zh):
    """mdBook's index contains words between spaces, and Chinese has no such spaces. Therefore search.js searches the texts themselves."""
    script = (zh / 'searchindex.js').read_text(encoding='utf-8')
    # A text of JavaScript between single quotes.
    text = re.search(r"JSON\.parse\('(.*)'\)", script, re.S)[1]
    index = json.loads(re.sub(r"\\(['\\])", r'\1', text))
    documents = index['index']['documentStore']['docs']
    rows = [[index['doc_urls'][int(number)], document['title'], document['breadcrumbs'], document['body']]
            for number, document in sorted(documents.items(), key=lambda item: int(item[0]))]
    write_file(zh / 'searchindex.js', f'window.site_index = {json.dumps(rows, ensure_ascii=False)};\n')
    copy(HERE / 'search.js', zh / 'searcher.js')
    for name in ('elasticlunr.min.js', 'mark.min.js'):
        write_file(zh / name, '')


def broken_links(made):
    """Returns the broken links of the books and of files/. The programs that make the other references check their own links."""
    for page in sorted(made.rglob('*.html')):
        name = page.relative_to(made).as_posix()
        if name.split('/')[0] in ('c', 'rust', 'java'):
            continue
        for target in re.findall(r'\s(?:href|src)="([^"#?]+)', COMMENT.sub('', page.read_text(encoding='utf-8'))):
            target = html.unescape(target)
            # versions.js is written later.
            if not re.match(r'[a-z][a-z0-9+.-]*:', target) and not target.endswith('versions.js') and not (page.parent / unquote(target)).exists():
                yield f'{name}: {target}'


def main(mdbook, work, out, *features):
    tree, work, out = Tree(), Path(work).resolve(), Path(out).resolve()
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    version = version_of(tree)
    site = Site(tree, work)
    parts = {'c': doxygen(work), 'rust': rustdoc(work, features), 'java': javadoc(work)}
    for _, place, _ in REFERENCES:
        if place.startswith('files/'):
            site.place(place[len('files/'):-len('.html')])
    zh, en = site.stage('zh'), site.stage('en')  # both before mdBook runs, because the Chinese pages also link to files
    made = work / version
    run(mdbook, 'build', en, '--dest-dir', made)
    run(mdbook, 'build', zh, '--dest-dir', made / 'zh')
    shrink_index(made / 'zh')
    site.write_files(made)
    for name, folder in parts.items():
        shutil.copytree(folder, made / name)
    place = made / 'swift/index.html'
    write_file(place, file_page(made, place, 'EgretWebSocket for Swift', swift.body(swift.types_of(tree))))
    if broken := list(broken_links(made)):
        report = 'build.py: broken links:\n' + '\n'.join(broken)
        print(report, file=sys.stderr) if site.missing else sys.exit(report)
    shutil.rmtree(out / version, ignore_errors=True)
    out.mkdir(parents=True, exist_ok=True)
    made.rename(out / version)
    versions = [folder.name for folder in out.iterdir() if re.match(r'\d+\.\d+\.\d+', folder.name) and (folder / 'index.html').exists()]
    # Numbers, then a version before its release candidates.
    versions.sort(key=lambda name: ([int(part) for part in name.split('-')[0].split('.')], '-' not in name, name), reverse=True)
    write_file(out / 'versions.js', f'window.egret_ws_versions = {json.dumps(versions)};\n')
    copy(HERE / 'start.html', out / 'index.html')
    print(f'build.py: {out}/index.html has the versions {", ".join(versions)}')


if __name__ == '__main__':
    if len(sys.argv) < 4:
        sys.exit('usage: build.py MDBOOK WORK OUT [FEATURES...]')
    main(*sys.argv[1:])
