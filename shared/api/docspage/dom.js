const doc = document, root = doc.documentElement, page = doc.body.dataset;
const all = (selector, within) => [...(within || doc).querySelectorAll(selector)];

// el makes an element. Functions among the attributes are listeners, and true is an attribute
// without a value.
function el(tag, attributes, ...children) {
  const e = doc.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (typeof value === 'function') e.addEventListener(name, value);
    else if (value === true) e.setAttribute(name, '');
    else if (value !== false && value !== undefined) e.setAttribute(name, value);
  }
  e.append(...children.filter(c => c !== null && c !== undefined && c !== ''));
  return e;
}

// The address that the paths of the API are below, and the one that samples show. They differ
// if the document names a server.
const api = new URL(page.root, location.href).href.replace(/\/$/, '');
const placeholder = 'https://your-host.example';
if (location.protocol.startsWith('http')) all('.host').forEach(h => { if (h.textContent === placeholder) h.textContent = api; });

// paint marks the tokens of JSON.
const token = /("(?:\\.|[^"\\])*")(\s*:)?|\b(?:true|false|null)\b|-?\b\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\b/g;
function paint(code) {
  const text = code.textContent, parts = [];
  let at = 0;
  for (const m of text.matchAll(token)) {
    const word = m[1] || m[0], kind = m[2] ? 'k' : m[1] ? 's' : /^[tfn]/.test(word) ? 'w' : 'n';
    parts.push(text.slice(at, m.index), el('span', { class: kind }, word));
    at = m.index + word.length;
  }
  code.replaceChildren(...parts, text.slice(at));
}
const painter = new IntersectionObserver(seen => seen.forEach(s => {
  if (s.isIntersecting) { painter.unobserve(s.target); paint(s.target); }
}), { rootMargin: '600px 0px' });
all('code.j').forEach(code => painter.observe(code));

// openapi fetches the OpenAPI document when it is first needed.
let document31;
function openapi() {
  if (!document31) {
    document31 = fetch(doc.getElementById('openapi').href, { credentials: 'omit' }).then(r => {
      if (!r.ok) throw new Error('status ' + r.status);
      return r.json();
    });
    document31.catch(() => { document31 = undefined; });
  }
  return document31;
}
const deref = (d, x) => x && x.$ref ? x.$ref.slice(2).split('/').reduce((at, name) => at[name], d) : x;
function operation(d, id) {
  for (const [path, methods] of Object.entries(d.paths)) {
    for (const op of Object.values(methods)) if (op.operationId === id) return { path, op };
  }
}
const unreachable = () => navigator.onLine === false ? 'You are offline.' : 'The API cannot be reached.';
