// Theme: the system's setting until the reader chooses one.
root.classList.add('js');
const theme = doc.getElementById('theme');
function stored(name, value) {
  try { if (value) localStorage.setItem(name, value); return localStorage.getItem(name); } catch (e) { return value; }
}
if (stored('theme')) root.dataset.theme = stored('theme');
theme.hidden = false;
theme.addEventListener('click', () => {
  const dark = root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
  root.dataset.theme = dark ? 'light' : 'dark';
  stored('theme', root.dataset.theme);
});

// On small screens, the contents are a menu. The page comes with it closed, so that nothing moves
// when this script runs.
const menu = doc.querySelector('.menu'), narrow = matchMedia('(max-width: 899px)');
function setMenu() { menu.open = !narrow.matches; }
setMenu();
narrow.addEventListener('change', setMenu);
menu.addEventListener('click', e => { if (narrow.matches && e.target.closest('a')) menu.open = false; });

// Buttons that copy code. Without clipboard access, the text is selected and copied by the
// browser's command.
function addCopy(figure) {
  const button = el('button', { type: 'button', class: 'copy' }, 'Copy');
  function show(text) { button.textContent = text; setTimeout(() => { button.textContent = 'Copy'; }, 1400); }
  button.addEventListener('click', () => {
    const pre = figure.querySelector('pre');
    function copySelection() {
      getSelection().selectAllChildren(pre);
      show(doc.execCommand('copy') ? 'Copied' : 'Press Ctrl-C');
    }
    if (navigator.clipboard) navigator.clipboard.writeText(pre.textContent.trim()).then(() => show('Copied'), copySelection); else copySelection();
  });
  figure.querySelector('figcaption').append(button);
}
all('figure.code').forEach(addCopy);

// Search: an endpoint matches if it contains every word.
const box = doc.querySelector('.find'), find = doc.getElementById('find');
box.hidden = false;
let texts;
function search() {
  texts = texts || all('article.endpoint').map(a => [a, doc.querySelector('.side a[href="#' + a.id + '"]').parentNode,
    (a.id + ' ' + all('h3, .say > p', a).map(e => e.textContent).join(' ')).toLowerCase()]);
  const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
  let hits = 0;
  texts.forEach(t => {
    t[0].hidden = t[1].hidden = !words.every(w => t[2].includes(w));
    if (!t[0].hidden) hits++;
  });
  all('[data-group]').forEach(g => { g.hidden = !g.querySelector('article:not([hidden]), li:not([hidden])'); });
  root.classList.toggle('searching', words.length > 0);
  all('.none').forEach(n => { n.hidden = hits > 0; });
  if (words.length && narrow.matches) menu.open = false;
}
function clearSearch() { find.value = ''; search(); }
find.addEventListener('input', search);
doc.getElementById('clear').addEventListener('click', () => { clearSearch(); find.focus(); });
doc.addEventListener('keydown', e => {
  const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(e.target.tagName);
  if (e.key === '/' && !typing && !e.ctrlKey && !e.metaKey && !doc.querySelector('dialog[open]')) { e.preventDefault(); find.focus(); }
  if (e.key === 'Escape' && e.target === find) { clearSearch(); find.blur(); }
});

// A link to an element that is hidden by the search or closed shows it.
function reveal() {
  let id = '';
  try { id = decodeURIComponent(location.hash.slice(1)); } catch (e) { return; } // no element has a malformed name
  const at = doc.getElementById(id);
  if (!at || at.getClientRects().length) return;
  if (find.value) clearSearch();
  const closed = at.closest('details');
  if (closed) closed.open = true;
  at.scrollIntoView();
}
addEventListener('hashchange', reveal);
reveal();

// Details that name an object of the section of objects show its fields when they open. Those
// of errors show the cases of their operation, from the OpenAPI document.
doc.addEventListener('toggle', e => {
  const at = e.target, name = at.dataset.object;
  if (!at.open || at.dataset.filled) return;
  if (name) {
    at.dataset.filled = 'true';
    const fields = doc.getElementById('o-' + name).cloneNode(true);
    fields.removeAttribute('id');
    at.lastElementChild.replaceWith(fields);
  }
  if ('errors' in at.dataset) showErrors(at);
}, true);
async function showErrors(at) {
  try {
    const d = await openapi(), op = operation(d, at.closest('article').id).op;
    if (at.dataset.filled) return;
    at.dataset.filled = 'true';
    const shown = Object.keys(op.responses).filter(status => status >= '4').sort().map(status => {
      const response = deref(d, op.responses[status]), cases = Object.entries((response.content['application/json'] || {}).examples || {});
      return el('div', { class: 'fail' }, el('p', null, el('b', { class: 'st' }, status), ' ' + response.description), ...cases.map(([, c]) => {
        const code = el('code', { class: 'j' }, JSON.stringify(c.value, null, 2));
        painter.observe(code);
        return el('details', null, el('summary', null, c.summary), el('pre', null, code));
      }));
    });
    at.lastElementChild.replaceWith(...shown);
  } catch (e) { /* the list of codes stays */ }
}

// Mark the reader's position in the contents.
const links = {};
all('.side a').forEach(a => { links[a.getAttribute('href').slice(1)] = a; });
let current;
const spy = new IntersectionObserver(seen => seen.forEach(s => {
  const a = links[s.target.id];
  if (!s.isIntersecting || !a || a === current) return;
  if (current) current.removeAttribute('aria-current');
  (current = a).setAttribute('aria-current', 'true');
  const side = doc.querySelector('.side');
  if (side.scrollHeight > side.clientHeight && !narrow.matches) {
    const r = a.getBoundingClientRect(), frame = side.getBoundingClientRect();
    if (r.top < frame.top + 40 || r.bottom > frame.bottom - 40) side.scrollTop += r.top - frame.top - side.clientHeight / 2;
  }
}), { rootMargin: '-80px 0px -70% 0px' });
all('section.guide, article.endpoint').forEach(s => spy.observe(s));
