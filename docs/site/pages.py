"""Reads the project's files, and the parts of a Markdown page that the checks and the site need."""

import fnmatch
import os
import re
import subprocess
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[2]
MARKER = re.compile(r'\s*<!-- (from|diff|tested by|not run): (.*?) -->\s*$')
FENCE = re.compile(r'^(\s*(?:[-*]\s+)?)(```+|~~~+)\s*([^\s`]*)[^`]*$')
LINK = re.compile(r'(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(\s*<?([^)\s>]*)>?(?:\s+"[^"]*")?\s*\)')
REFERENCE = re.compile(r'^\s{0,3}\[[^\]]+\]:\s+<?([^\s>]+)>?', re.M)
URL = re.compile(r'\bhttps?://[^\s<>()"\'`|\\]+')
CODE_SPAN = re.compile(r'(?<!`)(`+)(?!`)((?:(?!\n\s*\n).)+?)(?<!`)\1(?!`)', re.S)
COMMENT = re.compile(r'<!--.*?-->', re.S)


class Tree:
    """Returns the files under a folder that git tracks or would add. Without git, it returns all files."""

    def __init__(self, root=ROOT):
        self.root = Path(root)
        if (self.root / '.git').exists():
            command = ['git', '-C', str(root), 'ls-files', '-z', '--cached', '--others', '--exclude-standard']
            listed = subprocess.run(command, check=True, capture_output=True).stdout.decode().split('\0')
            found = {path for path in listed if path and (self.root / path).is_file()}
        else:
            found = {path.relative_to(self.root).as_posix() for path in self.root.rglob('*') if path.is_file()}
        self.files = sorted(found)
        self.paths = found | {str(parent) for path in found for parent in PurePosixPath(path).parents}
        self.texts = {}

    def matching(self, *patterns):
        return [path for path in self.files if any(fnmatch.fnmatch(path, pattern) for pattern in patterns)]

    def text(self, path):
        if path not in self.texts:
            self.texts[path] = (self.root / path).read_text(encoding='utf-8')
        return self.texts[path]

    def page(self, path):
        return Page(path, self.text(path))


class Block:
    """A fenced block: `line` is the line of its fence, and `marker` is a pair such as ('from', 'examples/hello.c'), or None."""

    def __init__(self, line, language, marker):
        self.line, self.language, self.marker, self.lines = line, language, marker, []


class Page:
    def __init__(self, path, text):
        self.path, self.text = path, text
        self.blocks, self.headings, prose, block = [], [], [], None
        before = ''
        for number, line in enumerate(text.split('\n'), 1):
            fence = FENCE.match(line)
            if block is not None:
                if fence and fence[2].startswith(block.fence) and not fence[3]:
                    block = None
                else:
                    cut = len(block.indent) if line[:len(block.indent)].isspace() else 0
                    block.lines.append(line[cut:].rstrip())
                prose.append(' ' * len(line))
            elif fence:
                marker = MARKER.match(before)
                block = Block(number, fence[3], (marker[1], marker[2].strip()) if marker else None)
                block.fence, block.indent = fence[2], ' ' * len(fence[1])
                self.blocks.append(block)
                prose.append(' ' * len(line))
            else:
                prose.append(line)
                heading = re.match(r'(#{1,6})\s+(.*?)\s*#*\s*$', line)
                if heading:
                    self.headings.append((number, len(heading[1]), heading[2]))
            before = line
        # The page, with spaces in place of its blocks and comments.
        self.prose = blank(COMMENT, '\n'.join(prose))

    def link_spans(self):
        """Yields for each link the position of its target, the target, and whether it is an image."""
        text = blank(CODE_SPAN, self.prose)
        for link in LINK.finditer(text):
            yield link.start(3), link[3], bool(link[1])
            # The text of a link may be an image.
            for inner in LINK.finditer(link[2]):
                yield link.start(2) + inner.start(3), inner[3], True
        for link in REFERENCE.finditer(text):
            yield link.start(1), link[1], False

    def links(self):
        """Yields for each link its line, the target, and whether it is an image."""
        for at, target, is_image in self.link_spans():
            yield line_of(self.text, at), target, is_image

    def urls(self):
        for url in URL.finditer(self.text):
            yield line_of(self.text, url.start()), url[0].rstrip('.,;:')

    def anchors(self):
        """Returns the ids of the headings by the rules of GitHub, which mdBook also uses."""
        seen, anchors = {}, set()
        for _, _, heading in self.headings:
            slug = slug_of(heading)
            count = seen.get(slug, 0)
            seen[slug] = count + 1
            anchors.add(f'{slug}-{count}' if count else slug)
        return anchors


def blank(pattern, text):
    """Returns the text with spaces in place of all matches of the pattern, so that lines keep their numbers."""
    return pattern.sub(lambda found: re.sub(r'[^\n]', ' ', found[0]), text)


def line_of(text, position):
    return text.count('\n', 0, position) + 1


def slug_of(heading):
    text = LINK.sub(lambda link: link[2], heading)
    text = re.sub(r'[*`]|<[^>]*>', '', text).strip().lower()
    return ''.join('-' if c.isspace() else c for c in text if c.isalnum() or c in '_-' or c.isspace())


def resolve(page, target):
    """Returns the path in the repository to which a relative link of a page leads, or None if it is outside."""
    path = os.path.normpath(os.path.join(os.path.dirname(page), target)) if target else page
    return None if path.startswith('..') else path


def summary(tree, path='docs/SUMMARY.md'):
    """Returns the pages that a SUMMARY.md lists, as paths in the repository."""
    return [resolve(path, target) for _, target, _ in tree.page(path).links()]
