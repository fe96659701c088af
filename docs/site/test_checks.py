#!/usr/bin/env python3
"""test_checks.py: tests that the checks of the documentation refuse faulty pages and accept good ones. Also tests parts of the site."""

import contextlib
import io
import tempfile
import unittest
from pathlib import Path

import build
import chinese
import follows
import links
import prose
import samples
import swift
from pages import Tree, slug_of


class Checks(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)

    def tree(self, files=None):
        for path, text in (files or {}).items():
            (self.root / path).parent.mkdir(parents=True, exist_ok=True)
            (self.root / path).write_text(text, encoding='utf-8')
        return Tree(self.root)

    def faults(self, check, files=None):
        return [f'{path}:{line}: {problem}' for path, line, problem in check(self.tree(files))]

    def passes(self, check, files=None):
        self.assertEqual(self.faults(check, files), [])

    def refuses(self, check, files, *expected):
        """Checks that each fault is reported with its place, and nothing else."""
        faults = self.faults(check, files)
        self.assertEqual(len(faults), len(expected), faults)
        for fault, part in zip(sorted(faults), sorted(expected)):
            self.assertIn(part, fault)


class Links(Checks):
    GOOD = ('# A `title` & more\n\n[a](b/c.md#two-words) [self](#a-title--more) [folder](b/) ![p](p.svg) <https://x.org/y>\n'
            '[ref]: b/c.md\n`[no](link)` ws://127.0.0.1:9000/ http://127.0.0.1:80/x http://proxy.example:1 https://ADDRESS\n'
            '[![badge](p.svg)](b/c.md)\n```c\n[no](link)\n```\n<!-- [no](link) -->\n')

    def files(self, **more):
        return {'b/c.md': '# Two words\n\n# Two words\n', 'p.svg': '<svg/>', **more}

    def test_good_links_pass(self):
        self.passes(links.check, self.files(**{'a.md': self.GOOD, 'd.md': '[x](b/c.md#two-words-1)\n'}))

    def test_faulty_links_are_refused(self):
        for link, reason in [
            ('[a](none.md)', 'a.md:2: link to none.md: there is no such file'),
            ('[a](../outside.md)', 'there is no such file'),
            ('[a](/b/c.md)', 'an absolute path'),
            ('[a](b/c.md#three-words)', 'b/c.md has no such heading'),
            ('[a](#nothing)', 'a.md has no such heading'),
            ('[a](p.svg#x)', 'only pages have anchors'),
            ('[a]()', 'without a target'),
            ('![a](b)', 'is not a file'),
            ('![a](b/q.svg)', 'there is no such file'),
            ('[![a](q.svg)](b/c.md)', 'link to q.svg'),
            ('[ref]: b/d.md', 'link to b/d.md'),
            ('[a](http://x.org/)', 'use https'),
            ('see http://x.org/ there', 'use https'),
            ('[a](ftp://x.org/)', 'use https'),
            ('https://registry.npm.x.com/ws', 'the address of a registry'),
            ('```sh\nnpm --registry https://mirror.npm.x.com/\n```', 'a.md:3: https://mirror.npm.x.com/: the address of a registry'),
        ]:
            self.refuses(links.check, self.files(**{'a.md': f'\n{link}\n'}), reason)

    def test_ids_of_headings_are_those_of_github(self):
        for heading, slug in [('`egret_ws_send`: sends', 'egret_ws_send-sends'), ('A [link](x.md), *and* more', 'a-link-and-more'),
                              ('TLS – 证书（一）', 'tls--证书一'), ('1. Step', '1-step')]:
            self.assertEqual(slug_of(heading), slug)


class Samples(Checks):
    PROGRAM = 'int a(void) {\n    one();\n    two();\n\n    three();\n    return 0;\n}\n'

    def page(self, marker, block, language='c', path='docs/a.md'):
        return {'examples/a.c': self.PROGRAM, 'examples/b.c': self.PROGRAM.replace('two', 'other'), 'other/c.c': self.PROGRAM,
                'tests/a.rs': '// runs a.md\n', path: f'# A\n\n{marker}\n```{language}\n{block}\n```\n'}

    def test_excerpts_pass(self):
        for block in ['one();\ntwo();\n\nthree();', self.PROGRAM[:-1], 'one();\n...\nthree();', '...\none();\n...',
                      'int a(void) {\n    ...\n    return 0;\n}', '    two();\n\n    three();']:
            self.passes(samples.check, self.page('<!-- from: examples/a.c -->', block))

    def test_other_text_is_refused(self):
        for block, where in [('one();\nthree();', 'one();'), ('three();\n...\none();', 'one();'), ('one();\n    two();', 'two();'),
                             ('one();\n...\ntwo();', 'two();'), ('once();', 'once();'), ('...', '...')]:
            fault = 'the block is empty' if block == '...' else f'not an excerpt of examples/a.c: look at "{where}"'
            self.refuses(samples.check, self.page('<!-- from: examples/a.c -->', block), fault)

    def test_markers(self):
        self.passes(samples.check, self.page('<!-- not run: needs Xcode -->', 'x', 'swift'))
        self.passes(samples.check, self.page('<!-- tested by: tests/a.rs -->', 'x', 'sh'))
        self.passes(samples.check, self.page('<!-- tested by: tests -->', 'x', 'sh'))
        self.passes(samples.check, self.page('', '{}', 'json'))
        for marker, language, reason in [
            ('', 'c', 'docs/a.md:4: the c block has no marker'),
            ('<!-- from: examples/a.c -->\n', 'c', 'has no marker'),  # not on the line before
            ('', 'sh', 'has no marker'),
            ('', '', 'has no language'),
            ('', 'klingon', "the language 'klingon'"),
            ('<!-- not run: no -->', 'c', 'gives no reason'),
            ('<!-- tested by: tests/b.rs -->', 'c', 'there is no test tests/b.rs'),
            ('<!-- from: examples/none.c -->', 'c', 'there is no examples/none.c'),
            ('<!-- from: other/c.c -->', 'c', 'not in a folder whose programs'),
            ('<!-- from: examples/a.c examples/b.c -->', 'c', 'does not fit'),
            ('<!-- diff: examples/a.c examples/b.c -->', 'c', 'does not fit'),
        ]:
            self.refuses(samples.check, self.page(marker, 'one();', language), reason)

    def test_a_test_mentions_the_page(self):
        self.refuses(samples.check, self.page('<!-- tested by: tests/a.rs -->', 'x', path='docs/b.md'), 'tests/a.rs does not mention b.md')

    def test_a_readme_is_mentioned_with_its_folder(self):
        files = self.page('<!-- tested by: tests/a.rs -->', 'x', 'js', 'bindings/js/README.md')
        self.refuses(samples.check, {**files, 'tests/a.rs': '// README.md'}, 'does not mention bindings/js/README.md')
        self.passes(samples.check, {'tests/a.rs': '// bindings/js/README.md'})

    def test_diffs(self):
        good = '@@ -1,6 +1,6 @@\n int a(void) {\n     one();\n-    two();\n+    other();\n\n     three();\n     return 0;'
        marker = '<!-- diff: examples/a.c examples/b.c -->'
        self.passes(samples.check, self.page(marker, good, 'diff'))
        self.passes(samples.check, self.page(marker, good.replace('\n\n', '\n \n'), 'diff'))
        for bad, reason in [
            (good.replace('+    other', '+    another'), 'does not lead to the second file'),
            (good.replace('one', 'once'), '"    once();" is not line 2 of the first file'),
            (good.replace('+1,6', '+2,6'), 'a number in a line with @@'),
            (good.replace('@@ -1,6 +1,6 @@\n', ''), 'does not begin with @@'),
            (f'{good}\n{good}', 'overlap'),
            (good + '\nx', 'is not a line of a diff'),
        ]:
            self.refuses(samples.check, self.page(marker, bad, 'diff'), reason)

    def test_each_sample_is_quoted(self):
        files = self.page('<!-- from: docs/samples/c/a.c -->', 'one();')
        self.passes(samples.check, {**files, 'docs/samples/c/a.c': self.PROGRAM})
        self.refuses(samples.check, {'docs/samples/c/b.c': self.PROGRAM}, 'docs/samples/c/b.c:1: no page quotes')


class Chinese(Checks):
    ENGLISH = '# A\n\n## B\n\n<!-- from: x.c -->\n```c\none();\n```\n\n```text\nword\n```\n'

    def book(self):
        files = {'README.md': '# R\n', 'docs/SUMMARY.md': '[A](a.md)\n', 'docs/zh/SUMMARY.md': '[甲](a.md)\n[词](glossary.md)\n',
                 'docs/a.md': self.ENGLISH, 'README.zh-CN.md': '# 读\n', 'docs/zh/a.md': self.ENGLISH.replace('word', '词'),
                 'docs/zh/glossary.md': '# 词\n'}
        tree = self.tree(files)
        for page in ['README.zh-CN.md', 'docs/zh/a.md']:
            follows.renew(tree, page)

    def change(self, path, *edits):
        text = (self.root / path).read_text(encoding='utf-8')
        for before, after in edits:
            self.assertIn(before, text)
            text = text.replace(before, after)
        return {path: text}

    def test_translations_pass(self):
        self.book()
        self.passes(chinese.check)

    def test_an_english_page_that_changed_is_found_until_the_hash_is_renewed(self):
        self.book()
        self.refuses(chinese.check, self.change('docs/a.md', ('# A', '# A new')), 'docs/zh/a.md:1: docs/a.md has changed')
        follows.renew(self.tree(), 'docs/zh/a.md')
        self.passes(chinese.check)
        with contextlib.redirect_stderr(io.StringIO()), self.assertRaises(SystemExit):
            follows.renew(self.tree(), 'docs/zh/glossary.md')

    def test_other_faults_are_found(self):
        for edit, reason in [
            (('<!-- follows', '<!-- after'), 'the first line has to be <!-- follows: docs/a.md '),
            (('follows: docs/a.md', 'follows: docs/b.md'), 'the first line has to be'),
            (('## B', '### B'), 'docs/zh/a.md:4: the heading "B" has level 3'),
            (('## B\n', ''), 'has 1 headings; docs/a.md has 2'),
            (('one();', 'two();'), 'docs/zh/a.md:8: the block differs from that in line 6'),
            (('from: x.c', 'from: y.c'), 'another language or marker'),
            (('```text\n词\n```\n', ''), 'has 1 blocks; docs/a.md has 2'),
        ]:
            self.book()
            self.refuses(chinese.check, self.change('docs/zh/a.md', edit), reason)

    def test_missing_pages_are_found(self):
        self.book()
        (self.root / 'docs/zh/a.md').unlink()
        self.refuses(chinese.check, None, 'there is no translation docs/zh/a.md')
        self.book()
        self.refuses(chinese.check, {'docs/zh/b.md': '# B\n'}, 'no page of docs/SUMMARY.md has this translation')
        (self.root / 'docs/zh/b.md').unlink()
        self.refuses(chinese.check, {'docs/zh/SUMMARY.md': '[词](glossary.md)\n'}, 'the pages are not those of docs/SUMMARY.md')
        self.book()
        self.refuses(chinese.check, {'docs/b.md': '# B\n'}, 'docs/b.md:1: docs/SUMMARY.md does not list this page')


class Prose(Checks):
    def test_good_sentences_pass(self):
        self.passes(prose.check, {
            'a.md': ('# What changes\n\n"What a day" is a text. `What` is code. What happens then? It returns what it knows. Somewhat.\n'
                     'It uses the same loop and at most 128 KiB; each message has at most 5 MB.\n\n```c\n// What it tells\n```\n'),
            'a.c': 'const char *a = "// What it tells\\""; /* It says "I tell you". */\n',
            'a.rs': '//! Reports it.\nconst A: &str = r#"// What it tells"#; const B: char = \'"\'; // fine\n',
            'a.sh': 'echo "# What it tells"\n', 'LICENSE-MIT': 'What it tells'})

    def test_bad_sentences_are_found_in_each_kind_of_file(self):
        for path, text, line in [
            ('a.md', '# A\n\nIt works.\nIt sends. What else is sent is unknown.\n', 4),
            ('a.md', '| A |\n|---|\n| What it does |\n', 3),
            ('a.md', '# What a long heading this is\n', 1),
            ('a.rs', 'fn a() {} //! One.\n/// Two\n/// lines. The same is\n/// true.\n', 3),
            ('a.h', '/* One.\n *\n * What follows is long. */\n', 3),
            ('a.cpp', 'int a; // Who calls it, waits.\n', 1),
            ('a.java', '/**\n * Text.\n * @param x What it is.\n */\n', 3),
            ('a.kt', '// It tells\n', 1),
            ('a.swift', '/// Told\n', 1),
            ('a.js', 'let a = "x"; // telling\n', 1),
            ('a.py', '"""A text.\n\nWhat it does.\n"""\n', 3),
            ('a.py', 'a = 1\nb = 2  # Who knows\n', 2),
            ('a.sh', '#!/bin/sh\na=1 # What it is\n', 2),
            ('Makefile', 'all: ## What it makes\n', 1),
        ]:
            faults = self.faults(prose.check, {path: text})
            self.assertEqual(len(faults), 1, (path, text, faults))
            self.assertTrue(faults[0].startswith(f'{path}:{line}: '), faults)
            (self.root / path).unlink()

    def test_each_pattern_is_found(self):
        for text in ['The same is true.', 'It tells.', 'We told it.', 'code of other hands', 'It has 1.1 MB.', 'They have 3 KB.', 'lest it fails',
                     'It mends it.', 'the end thereof', 'albeit slow', 'a sign of life', 'Yes: what? No. Who does it must wait.',
                     'A question? What it does. Really?']:
            self.assertEqual(len(self.faults(prose.check, {'a.md': text + '\n'})), 1, text)


class Site(Checks):
    def site(self):
        tree = self.tree({
            'docs/SUMMARY.md': '- [A](a.md)\n- [B](deep/b.md)\n', 'docs/zh/SUMMARY.md': '- [甲](a.md)\n', 'docs/pictures/p.svg': '<svg/>',
            'docs/a.md': ('# A\n\n<!-- from: x.c -->\n```c\n[no](../README.md)\n```\n[b](deep/b.md#x) ![p](pictures/p.svg) [r](../README.md)\n'
                          '[h](../src/x.c) [d](../bindings) [l](../src) [w](https://x.org/y) [s](#a) [z](zh/)\n'),
            'docs/deep/b.md': '# B\n\n[a](../a.md) [r](../../README.md)\n', 'docs/zh/a.md': '# 甲\n\n[r](../../README.md) ![p](../pictures/p.svg)\n',
            'README.md': '# R\n\n[a](docs/a.md) [s](SECURITY.md)\n', 'SECURITY.md': '# S\n', 'bindings/README.md': '# B\n', 'src/x.c': 'a < b\n', 'src/deep/y.md': '# Y\n',
            'Cargo.toml': 'version = "1.2.3"\n'})
        return build.Site(tree, self.root / 'work')

    def test_links_lead_to_pages_of_the_site(self):
        site = self.site()
        text = site.text('docs/a.md')
        self.assertNotIn('<!--', text)
        self.assertIn('```c\n[no](../README.md)\n', text)
        self.assertIn('[b](deep/b.html#x) ![p](pictures/p.svg) [r](files/README.html)', text)
        self.assertIn('[h](files/src/x.c.html) [d](files/bindings/README.html) [l](files/src/index.html) [w](https://x.org/y) [s](#a) [z](zh/index.html)', text)
        self.assertIn('[a](../a.html) [r](../files/README.html)', site.text('docs/deep/b.md'))
        self.assertIn('[r](../files/README.html) ![p](../pictures/p.svg)', site.text('docs/zh/a.md'))
        self.assertIn('[a](../a.html) [s](SECURITY.html)', site.text('README.md'))

    def test_files_become_pages_and_links_that_lead_nowhere_are_found(self):
        site = self.site()
        book, made = site.stage('en'), self.root / 'made'
        self.assertIn('- [S](files/SECURITY.md)\n', (book / 'src/SUMMARY.md').read_text())
        self.assertIn('# Y', (book / 'src/files/src/deep/y.md').read_text())
        self.assertIn('# S', (book / 'src/files/SECURITY.md').read_text())
        site.write_files(made)
        self.assertIn('a &lt; b', (made / 'files/src/x.c.html').read_text())
        self.assertIn('<a href="x.c.html">x.c</a>', (made / 'files/src/index.html').read_text())
        faults = [fault for fault in build.broken_links(made) if 'files/src/index.html' in fault]
        self.assertIn('files/src/index.html: ../../highlight.js', faults)
        self.assertFalse([fault for fault in faults if 'x.c' in fault])

    def test_public_declarations_of_swift_are_found(self):
        types = {}
        swift.declarations('extension E {\n    /// One\n    /// word.\n    public enum S: Int {\n        // no\n        case a = 0, b\n'
                           '        case c\n    }\n    struct P {\n        public var x: Int\n    }\n}\n/// Text.\npublic struct T {\n'
                           '    /// Sends\n    /// it.\n    public func send(\n        _ a: Int, b: Int\n    ) async -> Int { 1 }\n'
                           '    var hidden = 1\n    public func body() {\n        public var no = 1\n    }\n}\n', types)
        self.assertEqual(types['E.S'].comment, 'One word.')
        self.assertEqual([name for name, _ in types['E.S'].members], ['case a = 0, b', 'case c'])
        self.assertEqual(types['T'].members, [('public func send( _ a: Int, b: Int ) async -> Int', 'Sends it.'), ('public func body()', '')])


if __name__ == '__main__':
    unittest.main()
