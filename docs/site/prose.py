"""Checks plain English: finds patterns of sentences, in pages and comments, that many readers would have to read twice."""

import io
import re
import tokenize

from pages import CODE_SPAN, blank, line_of

# A sentence ends with one of these characters before a space; the next word begins another sentence.
START = r'(?:^|(?<=[.!?:]\s))(?:[("*_]|\d+\.\s)*'
NOT_A_QUESTION = r'\b(?![^.!?]*\?)'

# Patterns, and the reasons for their refusal. A pattern is compared with a paragraph in one line, without quotations and code.
PATTERNS = [
    (START + r'What' + NOT_A_QUESTION, 'a sentence with a clause as its subject: name the thing ("The packages that are missing ...")'),
    (START + r'Who(?:ever)?' + NOT_A_QUESTION, 'a sentence with a clause as its subject: name the person or the part of the program'),
    (START + r'The same\b', 'nothing is named: say which thing, or "This also applies to ..."'),
    (r'\b(?:[Tt]ells?|[Tt]old|[Tt]elling)\b', '"tell" has many meanings: use notify, report, return, show or distinguish'),
    (r'\bof other hands\b', 'a riddle: say who made it'),
    (r'\bha(?:s|ve) [\d.,]+ ?[KMG]i?B\b', 'a size: "is 1.1 MB"'),
    (r'\b[Ll]est\b', 'an archaic word: "so that ... not"'),
    (r'\b[Mm]end(?:s|ed|ing)?\b', 'an archaic word: repair, correct, provide'),
    (r'\b(?:there|here|where)(?:of|upon|unto|withal)\b', 'an archaic word: "of it", "then"'),
    (r'\b(?:whilst|albeit|nought|thrice|hitherto|forthwith|betwixt)\b', 'an archaic word'),
    (r'\bsigns? of life\b', 'a metaphor: say which data or frame'),
]
PATTERNS = [(re.compile(pattern), reason) for pattern, reason in PATTERNS]

# Texts of other authors, data, and copies: Swift's copy of the header, and the header of an earlier release.
FOREIGN = re.compile(r'LICENSE|packaging/(notices|debian/copyright)|fuzz/corpus/|docs/zh/|.*\.zh(-CN)?\.md$|.*\.lock$|.*package-lock\.json$|'
                     r'tests/abi/baseline\.h|bindings/swift/Sources/CEgretWS/egret_ws\.h')
QUOTATION = re.compile(r'"[^"\n]{1,200}"|“[^”]*”')
SLASHES = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.[^\'\n]*|[^\'\\\n])\'|(?P<block>/\*.*?\*/)|(?P<line>//[^\n]*)', re.S)
ITEM = re.compile(r'^(?:[-+•|]|\d+\.|@(?:param|throws) \S+|@\w+)\s+')
RUST_RAW = re.compile(r'\br(#*)".*?"\1', re.S)


def check(tree):
    for path in tree.files:
        if FOREIGN.match(path):
            continue
        for paragraph in paragraphs_of(path, tree):
            yield from ((path, line, problem) for line, problem in problems(paragraph))


def paragraphs_of(path, tree):
    """Returns the paragraphs of a file that are prose, each as a list of lines with their numbers."""
    name = path.rsplit('/', 1)[-1]
    suffix = name.rsplit('.', 1)[-1] if '.' in name else ''
    if suffix == 'md':
        return markdown(tree.page(path))
    if suffix in ('rs', 'c', 'h', 'hpp', 'cpp', 'cc', 'java', 'kt', 'swift', 'js', 'mjs', 'ts', 'mts', 'ets', 'm', 'mm', 'gradle', 'json5'):
        text = blank(RUST_RAW, tree.text(path)) if suffix == 'rs' else tree.text(path)
        return comments(slashes(text))
    if suffix == 'py':
        return comments(python(tree.text(path)))
    if suffix in ('sh', 'toml', 'cmake', 'yml', 'yaml') or name in ('Makefile', 'CMakeLists.txt', 'requirements.txt'):
        return comments(hashes(tree.text(path)))
    return []


def problems(paragraph):
    """Yields (line, reason) for the refused patterns in a paragraph."""
    text, starts = '', []
    for line, part in paragraph:
        starts.append((len(text), line))
        text += part.strip() + ' '
    # Code and quotations are replaced by words. Otherwise a sentence that begins with code would seem to begin with its second
    # word.
    clean = re.sub(CODE_SPAN, lambda found: 'x' * len(found[0]), text)
    clean = QUOTATION.sub(lambda found: 'x' * len(found[0]), clean)
    for pattern, reason in PATTERNS:
        for found in pattern.finditer(clean):
            line = max(number for start, number in starts if start <= found.start())
            yield line, f'"{text[found.start():found.end() + 25].strip()}": {reason}'


def markdown(page):
    paragraph = []
    for number, line in enumerate(page.prose.split('\n'), 1):
        item = re.match(r'\s*(?:[-*+]|\d+\.|>|\|)\s+', line)
        if item or not line.strip() or line.startswith('#'):
            yield paragraph
            paragraph = []
        if line.startswith('#'):
            # A short heading may be "What changes" or "Who reports".
            words = line.lstrip('# ').split()
            if len(words) > 4 or words[:1] not in (['What'], ['Who']):
                yield [(number, ' '.join(words))]
        elif line.lstrip().startswith('|'):
            yield from ([(number, cell)] for cell in line.split('|'))
        else:
            paragraph.append((number, line[item.end():] if item else line))
    yield paragraph


def comments(lines):
    """Joins comments in adjacent lines. An empty line, a list item or a table row begins another paragraph."""
    paragraph, last = [], None
    for number, line in lines:
        text = re.sub(r'^[\s/*!#<]+', '', line).strip()
        if last is None or number != last + 1 or not text:
            yield paragraph
            paragraph = []
        if ITEM.match(text):
            yield paragraph
            paragraph = []
        if text:
            paragraph.append((number, ITEM.sub('', text)))
        last = number
    yield paragraph


def slashes(text):
    for found in SLASHES.finditer(text):
        comment = found['block'] or found['line']
        if comment:
            first = line_of(text, found.start())
            for at, line in enumerate(comment.removesuffix('*/').split('\n')):
                yield first + at, line


def python(text):
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        is_docstring = token.type == tokenize.STRING and token.string.startswith('"""')
        if token.type == tokenize.COMMENT or is_docstring:
            for at, line in enumerate(token.string.strip('"').split('\n')):
                yield token.start[0] + at, line


def hashes(text):
    for number, line in enumerate(text.split('\n'), 1):
        found = re.match(r'(?:[^\'"#]|"[^"]*"|\'[^\']*\')*?(?:^|\s)#+(?: (.*)|$)', line)
        if found:
            yield number, found[1] or ''
