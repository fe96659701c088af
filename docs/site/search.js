// The search of the Chinese book, which replaces mdBook's search: it finds the sections that contain each word of the query
// literally.
window.search = window.search || {};
(function (search) {
  'use strict';
  const part = (name) => document.getElementById(`mdbook-${name}`);
  const wrapper = part('search-wrapper'), bar = part('searchbar'), list = part('searchresults');
  const outer = part('searchresults-outer'), header = part('searchresults-header'), toggle = part('search-toggle');
  const MOST = 30, BEFORE = 30, AFTER = 90;

  function load(then) {
    if (window.site_index) return then();
    const script = document.createElement('script');
    script.src = window.path_to_searchindex_js;
    script.onload = then;
    document.head.append(script);
  }

  function find(words) {
    const found = [];
    for (const [url, title, path, body] of window.site_index) {
      const texts = [title.toLowerCase(), body.toLowerCase(), path.toLowerCase()];
      if (!words.every((word) => texts.some((text) => text.includes(word)))) continue;
      let points = 0;
      for (const word of words) points += (texts[0].includes(word) ? 100 : 0) + Math.min(20, texts[1].split(word).length - 1);
      found.push({ url, path, body, points });
    }
    return found.sort((a, b) => b.points - a.points);
  }

  // Returns the text around the first word, with each word marked.
  function teaser(body, words) {
    const lower = body.toLowerCase();
    const places = words.map((word) => lower.indexOf(word)).filter((place) => place >= 0);
    const start = Math.max(0, (places.length ? Math.min(...places) : 0) - BEFORE);
    const text = body.slice(start, start + BEFORE + AFTER);
    const result = document.createElement('span');
    result.className = 'teaser';
    const escaped = words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    for (const [at, piece] of text.split(new RegExp(`(${escaped.join('|')})`, 'i')).entries()) {
      const node = at % 2 ? document.createElement('em') : document.createTextNode('');
      node.textContent = piece;
      result.append(node);
    }
    return result;
  }

  function show() {
    const words = bar.value.toLowerCase().split(/\s+/).filter((word) => word);
    list.replaceChildren();
    outer.classList.toggle('hidden', !words.length);
    if (!words.length) return;
    const found = find(words);
    header.textContent = found.length ? `“${bar.value}”：${found.length} 条结果` : `没有找到“${bar.value}”`;
    for (const { url, path, body } of found.slice(0, MOST)) {
      const item = document.createElement('li'), link = document.createElement('a');
      link.href = path_to_root + url;
      link.textContent = path;
      item.append(link, teaser(body, words));
      list.append(item);
    }
  }

  function open(isOpen) {
    wrapper.classList.toggle('hidden', !isOpen);
    toggle.setAttribute('aria-expanded', isOpen);
    if (isOpen) load(() => { bar.select(); show(); });
    else outer.classList.add('hidden');
  }

  search.hasFocus = () => bar === document.activeElement;
  toggle.addEventListener('click', () => open(wrapper.classList.contains('hidden')));
  bar.addEventListener('input', () => load(show));
  part('searchbar-outer').addEventListener('submit', (event) => event.preventDefault());
  document.addEventListener('keydown', (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (event.key === 'Escape') open(false);
    const isTyping = /^(input|select|textarea)$/i.test(event.target.tagName);
    if (!isTyping && (event.key === 's' || event.key === '/')) {
      event.preventDefault();
      open(true);
    }
  });
  // For links that contain a query: ?search=...
  const question = new URLSearchParams(location.search).get('search');
  if (question) {
    bar.value = question;
    open(true);
  }
})(window.search);
