(function () {
  'use strict';
  var doc = document, root = doc.documentElement;
  function all(selector) { return Array.prototype.slice.call(doc.querySelectorAll(selector)); }

  // Insert the page's host if the document has no server.
  if (location.protocol.indexOf('http') === 0) {
    var here = location.origin + location.pathname.replace(/\/api-docs\/?$/, '');
    all('.host').forEach(function (h) {
      if (h.textContent === 'https://your-host.example') h.textContent = here;
    });
  }

  // Theme: the system's setting until the reader chooses one.
  var theme = doc.getElementById('theme');
  function stored(value) {
    try { if (value) localStorage.setItem('theme', value); return localStorage.getItem('theme'); } catch (e) { return value; }
  }
  if (stored()) root.dataset.theme = stored();
  theme.hidden = false;
  theme.addEventListener('click', function () {
    var dark = root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
    root.dataset.theme = dark ? 'light' : 'dark';
    stored(root.dataset.theme);
  });

  // On small screens, the contents are a menu that is closed by default.
  var menu = doc.querySelector('.menu'), narrow = matchMedia('(max-width: 899px)');
  function setMenu() { menu.open = !narrow.matches; }
  setMenu();
  narrow.addEventListener('change', setMenu);
  menu.addEventListener('click', function (e) { if (narrow.matches && e.target.closest('a')) menu.open = false; });

  // Buttons that copy code. Without clipboard access, the text is selected and copied by
  // the browser's command.
  all('figure.code').forEach(function (f) {
    var b = doc.createElement('button');
    b.type = 'button'; b.className = 'copy'; b.textContent = 'Copy';
    b.addEventListener('click', function () {
      var text = f.querySelector('pre').textContent.trim();
      function showResult(text) { b.textContent = text; setTimeout(function () { b.textContent = 'Copy'; }, 1400); }
      function copySelection() {
        var range = doc.createRange(), s = getSelection();
        range.selectNodeContents(f.querySelector('pre'));
        s.removeAllRanges(); s.addRange(range);
        showResult(doc.execCommand('copy') ? 'Copied' : 'Press Ctrl-C');
      }
      if (navigator.clipboard) navigator.clipboard.writeText(text).then(function () { showResult('Copied'); }, copySelection); else copySelection();
    });
    f.querySelector('figcaption').appendChild(b);
  });

  // Search: an endpoint matches if it contains every word.
  var box = doc.querySelector('.find'), find = doc.getElementById('find');
  box.hidden = false;
  function search() {
    var words = find.value.toLowerCase().split(/\s+/).filter(Boolean), hits = 0;
    all('[data-find]').forEach(function (e) {
      var ok = words.every(function (w) { return e.dataset.find.indexOf(w) >= 0; });
      e.hidden = !ok;
      if (ok) hits++;
    });
    all('[data-group]').forEach(function (g) { g.hidden = !g.querySelector('[data-find]:not([hidden])'); });
    root.classList.toggle('searching', words.length > 0);
    all('.none').forEach(function (n) { n.hidden = hits > 0; });
    if (words.length && narrow.matches) menu.open = false;
  }
  find.addEventListener('input', search);
  doc.getElementById('clear').addEventListener('click', function () { find.value = ''; search(); find.focus(); });
  doc.addEventListener('keydown', function (e) {
    var typing = /^(INPUT|TEXTAREA|SELECT)$/.test(e.target.tagName);
    if (e.key === '/' && !typing && !e.ctrlKey && !e.metaKey) { e.preventDefault(); find.focus(); }
    if (e.key === 'Escape' && e.target === find) { find.value = ''; search(); find.blur(); }
  });
  // A link to a hidden element clears the search.
  addEventListener('hashchange', function () {
    var at = doc.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (at && !at.offsetParent && find.value) { find.value = ''; search(); at.scrollIntoView(); }
  });

  // Mark the reader's position in the contents.
  var links = {};
  all('.side a').forEach(function (a) { links[a.getAttribute('href').slice(1)] = a; });
  var current;
  var spy = new IntersectionObserver(function (seen) {
    seen.forEach(function (s) {
      var a = links[s.target.id];
      if (!s.isIntersecting || !a || a === current) return;
      if (current) current.removeAttribute('aria-current');
      (current = a).setAttribute('aria-current', 'true');
      var side = doc.querySelector('.side');
      if (side.scrollHeight > side.clientHeight && !narrow.matches) {
        var r = a.getBoundingClientRect(), s2 = side.getBoundingClientRect();
        if (r.top < s2.top + 40 || r.bottom > s2.bottom - 40) side.scrollTop += r.top - s2.top - side.clientHeight / 2;
      }
    });
  }, { rootMargin: '-80px 0px -70% 0px' });
  all('section.guide, article.endpoint').forEach(function (s) { spy.observe(s); });
})();
