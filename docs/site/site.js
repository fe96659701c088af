// Adds to each page of both books: a menu of versions and a link to the page in the other language.
(function () {
  'use strict';
  const version = VERSION;
  const translated = TRANSLATED; // the pages that the Chinese book has
  const isChinese = document.documentElement.lang.startsWith('zh');
  const page = page_path.replace(/\.md$/, '');
  const buttons = document.querySelector('.right-buttons');
  if (!buttons) return;

  const other = document.createElement('a');
  const name = translated.includes(page) ? page : 'index';
  other.href = `${site_root}${version}/${isChinese ? '' : 'zh/'}${name}.html`;
  other.className = 'site-language';
  other.textContent = isChinese ? 'English' : '中文';
  other.lang = isChinese ? 'en' : 'zh-CN';
  buttons.append(other);

  const versions = window.egret_ws_versions || [version];
  const menu = document.createElement('select');
  menu.className = 'site-versions';
  menu.setAttribute('aria-label', isChinese ? '版本' : 'Version');
  for (const each of versions) menu.add(new Option(each, each, each === version, each === version));
  // Another version may not have this page.
  menu.onchange = () => { location.href = `${site_root}${menu.value}/${isChinese ? 'zh/' : ''}index.html`; };
  buttons.append(menu);

  if (isChinese) {
    const bar = document.getElementById('mdbook-searchbar');
    if (bar) bar.placeholder = '搜索本书…';
    const themes = { default_theme: '自动', light: '浅色', navy: '深色' };
    for (const theme in themes) document.getElementById(`mdbook-theme-${theme}`).textContent = themes[theme];
  } else {
    document.getElementById('mdbook-theme-navy').textContent = 'Dark';
  }
})();
