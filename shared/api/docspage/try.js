// Try it: forms that call the API, and samples of the same calls.

// Credentials are kept in memory only. A pasted key has precedence over the session.
const credentials = (function () {
  let key = '', session = null, offered = false, asked = null, checked = false;
  const panels = new Set();

  // renew asks the console for a token. Without a session, the answer is 401; without a
  // console, it is 404.
  function renew() {
    if (!page.console) { checked = true; return Promise.resolve(); }
    asked = asked || fetch(new URL(page.console + '/session/renew', location.href), {
      method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{}', credentials: 'same-origin', cache: 'no-store'
    }).then(async r => {
      const body = r.ok ? await r.json() : {};
      session = body.access_token ? body : null;
      offered = r.status === 401;
    }).catch(() => { session = null; }).finally(() => { asked = null; checked = true; refresh(); });
    return asked;
  }
  // secret returns what to send, or "".
  async function secret() {
    if (key) return key;
    if (!session || !(Date.parse(session.expires_at) - Date.now() > 30000)) await renew();
    return session ? session.access_token : '';
  }
  function use(value) { key = value.trim(); refresh(); }
  function refresh() { panels.forEach(show); }

  function field(panel) {
    const id = 'key-' + panel.id;
    const input = el('input', { id, type: 'password', autocomplete: 'off', spellcheck: 'false', autocapitalize: 'off' });
    const adopt = () => { if (input.value.trim()) { use(input.value); const next = panel.querySelector('button'); if (next) next.focus(); } else input.focus(); };
    return el('div', { class: 'field' }, el('label', { for: id }, 'API key'), input, el('button', { type: 'button', click: adopt }, 'Use key'));
  }
  function show(panel) {
    const typed = panel.querySelector('input');
    if (typed && typed.value && !key) return; // do not disturb who is typing
    const s = session && session.session || {};
    const content = key ? [el('p', null, 'Calls use the key that you pasted. It stays in memory and is gone when you leave the page.'),
      el('button', { type: 'button', click: () => { use(''); const next = panel.querySelector('input'); if (next) next.focus(); } }, 'Forget key')]
      : session ? [el('p', null, 'Signed in' + (s.org ? ' to ' + s.org : '') + (s.role ? ' as ' + s.role : '') + '. Calls use your session. Its calls for data have a small limit of their own.'),
        el('details', null, el('summary', null, 'Use a key instead'), field(panel))]
      : !checked ? [el('p', null, 'Looking for your session…')]
      : [el('p', null, ...(offered ? [el('a', { href: page.console, target: '_blank', rel: 'noopener' }, 'Sign in to the console'), ' in another tab and come back, or paste'] : ['Paste']),
        ' a key. It stays in memory and is never stored.'), field(panel)];
    panel.replaceChildren(...content);
  }
  // Who signed in in another tab comes back to this one.
  addEventListener('focus', () => { if (panels.size && checked && !key && !session) renew(); });

  return {
    secret,
    panel() {
      const p = el('div', { class: 'who', role: 'group', 'aria-label': 'Credentials' });
      p.id = 'who-' + panels.size;
      panels.add(p);
      show(p);
      if (!checked) renew().then(refresh);
      return p;
    },
    // adopt takes a key that was typed but not confirmed.
    adopt(panel) { const typed = panel.querySelector('input'); if (typed && typed.value.trim()) use(typed.value); },
    pasted: () => key !== '',
    offers: () => offered,
    // expired forgets the token, and reports whether there is a new one.
    async expired() { if (key) return false; session = null; await renew(); return session !== null; }
  };
})();

// encoded percent-encodes all but the unreserved characters of RFC 3986.
function encoded(text) {
  const valid = new TextDecoder().decode(new TextEncoder().encode(text)); // replaces lone surrogates
  return encodeURIComponent(valid).replace(/[!'()*]/g, c => '%' + c.charCodeAt(0).toString(16).toUpperCase());
}

let language = stored('language');
if (!samples[language]) language = 'curl';
const endpoints = [];

class Endpoint {
  constructor(article) {
    this.article = article;
    this.id = article.id;
    this.figure = article.querySelector('figure.call');
    this.code = this.figure.querySelector('code');
    // The sample in the page is the call before the form is used.
    const text = this.code.textContent, host = this.code.querySelector('.host'), body = / -d '([^]*)'\s*$/.exec(text);
    this.host = host.textContent;
    this.call = {
      method: article.querySelector('.m').textContent, at: host.nextSibling.data.split('"')[0].replace(/api_key=\$API_KEY&?/, '').replace(/[?&]$/, ''),
      auth: text.includes('$API_KEY') ? page.auth : '', headers: [], body: body ? body[1].replace(/'\\''/g, "'") : ''
    };
    const caption = this.figure.querySelector('figcaption'), copy = caption.querySelector('.copy');
    this.select = el('select', { 'aria-label': 'Language of the sample', change: () => choose(this.select.value) }, ...Object.keys(samples).map(name => el('option', null, name)));
    this.button = el('button', { type: 'button', class: 'copy try', 'aria-expanded': 'false', click: () => this.toggle() }, 'Try it');
    caption.firstChild.replaceWith(this.select);
    caption.insertBefore(this.button, copy);
    this.show();
  }
  show() {
    this.select.value = language;
    if (language === 'curl' && this.shown === undefined) return; // as in the page
    this.shown = true;
    this.code.textContent = samples[language]({ ...this.call, url: this.host + this.call.at });
  }
  async toggle() {
    const opens = this.button.getAttribute('aria-expanded') === 'false';
    this.button.setAttribute('aria-expanded', String(opens));
    this.button.textContent = opens ? 'Close' : 'Try it';
    this.article.classList.toggle('trying', opens);
    if (!this.place) this.figure.after(this.place = el('div', { class: 'tryit' }));
    this.place.hidden = !opens;
    if (!opens) { this.clear(); return; }
    if (this.form || this.loading) return;
    this.loading = true;
    this.place.replaceChildren(el('p', { role: 'status' }, 'Loading the form…'));
    try {
      const d = await openapi();
      this.build(d, operation(d, this.id));
    } catch (e) {
      this.place.replaceChildren(el('p', { class: 'bad', role: 'alert' }, unreachable() + ' Close the form and open it again.'));
    } finally { this.loading = false; }
  }
  clear() {
    if (this.result) { this.result.replaceChildren(); this.status.replaceChildren(); }
  }
  build(d, found) {
    this.path = found.path;
    this.inputs = [];
    const query = new URLSearchParams(this.call.at.split('?')[1] || '');
    const groups = [['path', 'Path'], ['query', 'Query'], ['header', 'Headers']].map(([place, name]) => {
      const fields = (found.op.parameters || []).map(p => deref(d, p)).filter(p => p.in === place).map(p => this.field(d, p, query));
      return fields.length ? el('fieldset', null, el('legend', null, name), ...fields) : null;
    });
    if (found.op.requestBody) {
      const id = 'try-' + this.id + '-body';
      this.body = el('textarea', { id, rows: Math.min(16, this.call.body.split('\n').length + 1), spellcheck: 'false', autocomplete: 'off', required: found.op.requestBody.required === true });
      this.body.value = this.call.body;
      groups.push(el('div', { class: 'field wide' }, el('label', { for: id }, 'Body, in JSON'), this.body));
    }
    this.who = this.call.auth ? credentials.panel() : null;
    this.send = el('button', { type: 'submit', class: 'send' }, 'Send ' + this.call.method);
    this.status = el('p', { class: 'outcome', role: 'status' });
    this.result = el('div', { class: 'result' });
    this.form = el('form', { 'aria-label': 'Try ' + this.article.querySelector('h3').textContent, submit: e => { e.preventDefault(); this.submit(); }, input: () => this.update() },
      this.who, ...groups, el('p', { class: 'go' }, this.send), this.status, this.result);
    this.form.noValidate = true;
    this.place.replaceChildren(this.form);
    const first = this.form.querySelector('input, select, textarea') || this.send;
    first.focus({ preventScroll: true });
  }
  field(d, p, query) {
    const id = 'try-' + this.id + '-' + p.in + '-' + p.name, schema = deref(d, p.schema), values = schema.enum || schema.type === 'boolean' && [true, false];
    const common = { id, required: p.required === true };
    const input = values ? el('select', common, ...(p.required ? values : ['', ...values]).map(v => el('option', null, String(v))))
      : el('input', { ...common, type: 'text', autocomplete: 'off', spellcheck: 'false', autocapitalize: 'off', inputmode: schema.type === 'integer' ? 'numeric' : undefined });
    const example = p.example === undefined ? '' : [].concat(p.example).join(',');
    const value = p.in === 'path' ? example : p.in === 'query' ? query.get(p.name) || '' : '';
    if (value) input.value = value;
    this.inputs.push({ place: p.in, name: p.name, input });
    return el('div', { class: 'field' }, el('label', { for: id }, p.name, p.required ? el('small', null, ' required') : null), input);
  }
  // update takes the call from the form and shows it.
  update() {
    let at = this.path;
    const query = [], headers = [];
    this.inputs.forEach(f => {
      const value = f.input.value;
      if (f.place === 'path' && value) at = at.replace('{' + f.name + '}', () => encoded(value));
      if (f.place === 'query' && value) query.push(encoded(f.name) + '=' + encoded(value));
      if (f.place === 'header' && value) headers.push([f.name, value]);
    });
    Object.assign(this.call, { at: at + (query.length ? '?' + query.join('&') : ''), headers, body: this.body ? this.body.value.trim() : '' });
    this.shown = true;
    this.show();
  }
  // check returns the first invalid field with its problem, or null.
  check() {
    for (const f of this.inputs) {
      const value = f.input.value;
      if (!value && f.input.required) return [f.input, f.name + ': is required'];
      if (f.place === 'path' && /^\.\.?$/.test(value)) return [f.input, f.name + ': must not be ' + value];
      if (f.place === 'header' && !/^[\x20-\x7e]*$/.test(value)) return [f.input, f.name + ': must have only ASCII characters'];
    }
    if (this.body && this.body.value.trim()) {
      try { JSON.parse(this.body.value); } catch (e) { return [this.body, 'Body: is not valid JSON (' + e.message + ')']; }
    } else if (this.body && this.body.required) return [this.body, 'Body: is required'];
    return null;
  }
  say(text, bad) { this.status.replaceChildren(text); this.status.classList.toggle('bad', bad === true); }
  async submit() {
    if (this.busy) return;
    all('[aria-invalid]', this.form).forEach(f => f.removeAttribute('aria-invalid'));
    this.update();
    this.clear();
    const wrong = this.check();
    if (wrong) {
      wrong[0].setAttribute('aria-invalid', 'true');
      wrong[0].focus();
      this.say(wrong[1], true);
      return;
    }
    if (this.who) credentials.adopt(this.who);
    this.busy = true;
    this.send.setAttribute('aria-disabled', 'true');
    try {
      if ('danger' in this.article.dataset && !await sure(this.call)) { this.say('Not sent.'); return; }
      this.say('Waiting for the answer…');
      await this.run();
    } catch (e) {
      this.say(e.name === 'TimeoutError' ? 'No answer within 35 seconds. The API may have done the work or not.'
        : unreachable() + (this.call.method === 'GET' ? ' Try again later.' : ' The API may have done the work or not: check before you send it again.'), true);
    } finally {
      this.busy = false;
      this.send.removeAttribute('aria-disabled');
    }
  }
  async run() {
    const secret = this.call.auth ? await credentials.secret() : '';
    if (this.call.auth && !secret) {
      this.say(credentials.offers() ? 'Sign in or paste a key first.' : 'Paste a key first.', true);
      const field = this.who.querySelector('input');
      if (field) field.focus();
      return;
    }
    if (!/^[\x21-\x7e]*$/.test(secret)) { this.say('The key has characters that no key has. Copy it again.', true); return; }
    let answer = await fetched(this.call, secret);
    if (answer.status === 401 && this.call.auth && await credentials.expired()) answer = await fetched(this.call, await credentials.secret());
    this.answer(answer);
  }
  answer(a) {
    const good = a.status < 400;
    this.say(el('span', null, el('b', { class: 'st' + (good ? ' ok' : '') }, String(a.status)), ' ' + a.text + ' in ' + a.took + ' ms'));
    const words = explained(a), shown = [];
    if (words) shown.push(el('p', { class: 'bad' }, words));
    const names = a.headers.map(([name, value]) => el('div', null, el('dt', null, name), el('dd', null, value)));
    shown.push(el('details', null, el('summary', null, names.length + ' headers'), el('dl', { class: 'heads', tabindex: '0', role: 'group', 'aria-label': 'Headers of the answer' }, ...names)));
    if (a.body) {
      const code = el('code', null, a.body), figure = el('figure', { class: 'code' }, el('figcaption', null, 'Body'),
        el('pre', { tabindex: '0', role: 'group', 'aria-label': 'Body of the answer' }, code));
      if (a.json && a.body.length < 200000) paint(code);
      addCopy(figure);
      shown.push(figure);
    }
    shown.push(el('p', null, el('button', { type: 'button', click: () => { this.clear(); this.send.focus(); } }, 'Clear answer')));
    this.result.replaceChildren(...shown);
  }
}

// fetched makes a call and returns the answer as text.
async function fetched(call, secret) {
  const headers = new Headers(call.headers), began = performance.now();
  let url = api + call.at;
  if (call.body) headers.set('Content-Type', 'application/json');
  if (call.auth === 'bearer') headers.set('Authorization', 'Bearer ' + secret);
  if (call.auth === 'x-api-key') headers.set('X-API-Key', secret);
  if (call.auth === 'api_key') url += (url.includes('?') ? '&' : '?') + 'api_key=' + encoded(secret);
  const r = await fetch(url, { method: call.method, headers, body: call.body || undefined, credentials: 'omit', cache: 'no-store', signal: AbortSignal.timeout(35000) });
  let body = await r.text(), json = false;
  const took = Math.round(performance.now() - began);
  if ((r.headers.get('Content-Type') || '').includes('json')) {
    try { body = JSON.stringify(JSON.parse(body), null, 2); json = true; } catch (e) { /* shown as it is */ }
  }
  return { status: r.status, text: r.statusText || reasons[r.status] || '', took, body, json, headers: [...r.headers] };
}

// HTTP/2 sends no text with the status.
const reasons = {
  200: 'OK', 201: 'Created', 202: 'Accepted', 204: 'No Content', 304: 'Not Modified', 400: 'Bad Request', 401: 'Unauthorized', 403: 'Forbidden',
  404: 'Not Found', 405: 'Method Not Allowed', 409: 'Conflict', 412: 'Precondition Failed', 413: 'Content Too Large', 415: 'Unsupported Media Type',
  422: 'Unprocessable Content', 429: 'Too Many Requests', 500: 'Internal Server Error', 502: 'Bad Gateway', 503: 'Service Unavailable', 504: 'Gateway Timeout'
};

// explained says in words what an answer means for the reader, if it needs words.
function explained(a) {
  const header = name => (a.headers.find(h => h[0].toLowerCase() === name) || [])[1], wait = header('retry-after');
  if (a.status === 401) return credentials.pasted() ? 'The API refuses this key: it is incomplete, expired, revoked or of another environment.' : 'Your session has ended. Sign in to the console again.';
  if (a.status === 403) return 'Your ' + (credentials.pasted() ? 'key' : 'session') + ' may not do this. The scopes that allow it are listed with the endpoint.';
  if (a.status === 412) return 'The object has changed since you read it. Read it again and send its new ETag.';
  if (a.status === 429) return 'The limit of requests is reached.' + (wait ? ' Try again in ' + wait + ' seconds.' : '');
  if (a.status >= 500) return 'The API could not answer.' + (wait ? ' Try again in ' + wait + ' seconds.' : '') + (header('x-request-id') ? ' Give support the request id ' + header('x-request-id') + '.' : '');
  return '';
}

// sure asks before a call that ends or replaces something.
function sure(call) {
  return new Promise(resolve => {
    const cancel = el('button', { type: 'button', click: () => ask.close() }, 'Cancel');
    const ask = el('dialog', { class: 'ask', 'aria-labelledby': 'ask', close: () => { ask.remove(); resolve(ask.returnValue === 'yes'); } },
      el('h2', { id: 'ask' }, 'Send this request?'),
      el('p', null, 'It changes real data at once and cannot be undone.'),
      el('p', null, el('code', null, call.method + ' ' + call.at)),
      el('p', { class: 'go' }, cancel, el('button', { type: 'button', class: 'send', click: () => ask.close('yes') }, 'Send ' + call.method)));
    doc.body.append(ask);
    ask.showModal();
    cancel.focus();
  });
}

function choose(name) {
  language = name;
  stored('language', name);
  endpoints.forEach(e => { if (name === 'curl') e.shown = true; e.show(); });
}
all('article.endpoint').forEach(a => endpoints.push(new Endpoint(a)));
