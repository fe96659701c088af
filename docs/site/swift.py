"""Makes a page of the public declarations of the Swift binding, with their comments. Swift's own tool, DocC, exists only on a Mac."""

import html
import re

SOURCES = 'bindings/swift/Sources/EgretWebSocket/*.swift'
TYPE = re.compile(r'(?:\S+ )*?(class|struct|enum|protocol|actor|extension) ([\w.]+)')
ACCESS = re.compile(r'(?:@\w+(?:\([^)]*\))? |nonisolated |final )*public (?!import)')


class Type:
    def __init__(self, name):
        self.name, self.declaration, self.comment, self.members = name, '', '', []


def declarations(text, types):
    """Adds the declarations of a file to `types`, a dictionary by name."""
    # The types around a line, outermost first: name, indentation, and whether its members are public without the keyword.
    around, comment, open_declaration = [], [], None
    for line in text.split('\n'):
        stripped, indent = line.strip(), len(line) - len(line.lstrip())
        if open_declaration is not None:
            open_declaration += ' ' + stripped
        elif stripped.startswith('///'):
            comment.append(stripped[3:].strip())
            continue
        elif not stripped or stripped.startswith('//') or stripped.startswith('@') and 'public' not in stripped and stripped.endswith(')'):
            continue
        else:
            while around and indent <= around[-1][1]:
                around.pop()
            open_declaration = stripped
        # A declaration may have several lines; it ends when its parentheses are closed.
        if open_declaration.count('(') > open_declaration.count(')'):
            continue
        declaration, open_declaration = open_declaration, None
        inside = around[-1] if around else ('', -4, False)
        is_direct = indent == inside[1] + 4
        is_case = declaration.startswith('case ') and inside[2] and is_direct
        is_public = bool(ACCESS.match(declaration)) or is_case or inside[2] == 'protocol' and is_direct
        found = TYPE.match(declaration)
        declared = re.sub(r'\s*\{.*$', '', declaration).strip()
        if found and declaration.endswith('{'):
            name = found[2] if found[1] == 'extension' or not inside[0] else f'{inside[0]}.{found[2]}'
            members_are_public = is_public and found[1] in ('enum', 'protocol') and found[1]
            around.append((name, indent, members_are_public))
            if is_public and found[1] != 'extension':
                of = types.setdefault(name, Type(name))
                of.declaration, of.comment = declared, ' '.join(comment)
        elif is_public and inside[0] and is_direct:
            types.setdefault(inside[0], Type(inside[0])).members.append((declared, ' '.join(comment)))
        comment = []


def prose(text):
    return re.sub(r'`([^`]+)`', r'<code>\1</code>', html.escape(text, quote=False))


def code(text):
    return f'<pre><code class="language-swift">{html.escape(text)}</code></pre>'


def body(types):
    shown = [types[name] for name in sorted(types) if types[name].declaration or types[name].members]
    parts = ['<p>Written from the comments of the sources: DocC is part of Xcode, and this site is built without it.</p>', '<ul>']
    parts += [f'<li><a href="#{each.name}">{each.name}</a></li>' for each in shown]
    parts.append('</ul>')
    for each in shown:
        parts.append(f'<h2 id="{each.name}">{each.name}</h2>')
        parts += [code(each.declaration)] if each.declaration else []
        parts.append(f'<p>{prose(each.comment)}</p>')
        for declared, comment in each.members:
            parts.append(code(declared) + (f'<p>{prose(comment)}</p>' if comment else ''))
    return '\n'.join(parts)


def types_of(tree):
    types = {}
    for path in tree.matching(SOURCES):
        declarations(tree.text(path), types)
    return types
