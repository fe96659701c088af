"""Checks links: a relative link leads to a file, a folder or a heading of the project, another link to an https address."""

import re
from urllib.parse import unquote, urlsplit

from pages import resolve

# Samples use these addresses of this machine.
LOCAL = re.compile(r'(localhost|127\.0\.0\.1|\[::1\])$')
# Names and addresses that RFC 2606, RFC 6761 and RFC 5737 reserve for documentation.
EXAMPLE = re.compile(r'((.*\.)?example(\.(com|org|net))?|.*\.(test|invalid)|192\.0\.2\.\d+|198\.51\.100\.\d+|203\.0\.113\.\d+)$')
# A page contains the name of a package, not the host of a registry, because companies have their own mirrors. Links to the web
# pages of registries are allowed.
REGISTRY = re.compile(r'(registry\.|repo\.|repo1?\.|index\.|static\.|files\.|proxy\.|mirrors?\.|deb\.|archive\.|ftp\.)'
                      r'.*(npm|yarn|maven|crates|pypi|pythonhosted|golang|debian|ubuntu|rubygems|cocoapods)')


def check(tree):
    for path in tree.matching('*.md'):
        page = tree.page(path)
        for line, target, is_image in page.links():
            if problem := relative_problem(tree, path, target, is_image):
                yield path, line, problem
        for line, url in page.urls():
            if problem := url_problem(url):
                yield path, line, problem


def relative_problem(tree, path, target, is_image):
    if re.match(r'[a-z][a-z0-9+.-]*:', target):
        # These addresses are checked together with the addresses outside of links.
        scheme = target.split(':')[0]
        return None if scheme in ('http', 'https', 'mailto') else f'link to {target}: use https'
    if not target:
        return 'a link without a target'
    if target.startswith('/'):
        return f'link to {target}: an absolute path does not work everywhere; use a relative one'
    file, _, anchor = target.partition('#')
    resolved = resolve(path, unquote(file))
    if resolved is None or resolved not in tree.paths:
        return f'link to {target}: there is no such file'
    if is_image and resolved not in tree.files:
        return f'image {target} is not a file'
    if anchor and not resolved.endswith('.md'):
        return f'link to {target}: only pages have anchors'
    if '#' in target and unquote(anchor) not in tree.page(resolved).anchors():
        return f'link to {target}: {resolved} has no such heading'
    return None


def url_problem(url):
    try:
        host = urlsplit(url).hostname or ''
    except ValueError:
        return f'{url} is not an address'
    if re.search(r'[A-Z$]', url.split('/')[2]) or '.' not in host and ':' not in host and not LOCAL.match(host):
        return None  # a placeholder, such as https://ADDRESS or http://host:port
    if REGISTRY.match(host):
        return f"{url}: the address of a registry; name the package only"
    if url.startswith('http:') and not LOCAL.match(host) and not EXAMPLE.match(host):
        return f'{url}: use https'
    return None
