// Samples of a call in four languages. A call has method, url (encoded), auth ("bearer",
// "x-api-key", "api_key" or ""), headers ([name, value]) and body ("" for none). The secret is
// always the variable API_KEY of the environment.
const samples = (function () {
  const hasJSON = c => { try { JSON.parse(c.body); return true; } catch (e) { return false; } };
  const quoted = text => JSON.stringify(text);
  const shell = text => /["$`\\!]/.test(text) ? "'" + text.replace(/'/g, "'\\''") + "'" : '"' + text + '"';
  const indented = (text, by) => text.replace(/\n/g, '\n' + by); // strings of JSON have no line breaks

  // headers lists the name, value and secret of each header. The secret follows the value.
  function headers(c) {
    const list = c.headers.map(h => [h[0], h[1], false]);
    if (c.body) list.unshift(['Content-Type', 'application/json', false]);
    if (c.auth === 'bearer') list.unshift(['Authorization', 'Bearer ', true]);
    if (c.auth === 'x-api-key') list.unshift(['X-API-Key', '', true]);
    return list;
  }
  const query = c => c.auth !== 'api_key' ? '' : (c.url.includes('?') ? '&' : '?') + 'api_key=';

  function curl(c) {
    const lines = ['curl "' + c.url + (query(c) && query(c) + '$API_KEY') + '"'];
    if (c.method !== 'GET') lines.push('-X ' + c.method);
    headers(c).forEach(h => lines.push('-H ' + (h[2] ? '"' + h[0] + ': ' + h[1] + '$API_KEY"' : shell(h[0] + ': ' + h[1]))));
    if (c.body) lines.push((c.body[0] === '@' ? '--data-raw ' : '-d ') + "'" + c.body.replace(/'/g, "'\\''") + "'");
    return lines.join(' \\\n  ');
  }

  function javascript(c) {
    const key = 'process.env.API_KEY', options = [];
    if (c.method !== 'GET') options.push('method: ' + quoted(c.method));
    const sent = headers(c).map(h => '    ' + quoted(h[0]) + ': ' + (!h[2] ? quoted(h[1]) : h[1] ? quoted(h[1]) + ' + ' + key : key));
    if (sent.length) options.push('headers: {\n' + sent.join(',\n') + '\n  }');
    if (c.body) options.push('body: ' + (hasJSON(c) ? 'JSON.stringify(' + indented(c.body, '  ') + ')' : quoted(c.body)));
    const url = quoted(c.url + query(c)) + (query(c) && ' + ' + key);
    return 'const response = await fetch(' + url + (options.length ? ', {\n  ' + options.join(',\n  ') + '\n}' : '') +
      ');\nconsole.log(response.status, await response.text());';
  }

  // literal turns JSON into a literal of Python.
  function literal(json) {
    const words = { 'true': 'True', 'false': 'False', 'null': 'None' };
    return json.replace(/"(?:\\.|[^"\\])*"|true|false|null/g, found => words[found] || found.replace(/\\./g, pair => pair === '\\/' ? '/' : pair));
  }

  function python(c) {
    const key = 'os.environ["API_KEY"]', lines = [];
    const sent = headers(c).map(h => '        ' + quoted(h[0]) + ': ' + (!h[2] ? quoted(h[1]) : h[1] ? quoted(h[1]) + ' + ' + key : key) + ',');
    if (c.body && hasJSON(c)) lines.push('import json');
    if (c.auth) lines.push('import os');
    lines.push('import urllib.request', '', 'request = urllib.request.Request(', '    ' + quoted(c.url + query(c)) + (query(c) && ' + ' + key) + ',',
      '    method=' + quoted(c.method) + ',');
    if (sent.length) lines.push('    headers={', ...sent, '    },');
    if (c.body) lines.push('    data=' + (hasJSON(c) ? 'json.dumps(' + indented(literal(c.body), '    ') + ')' : quoted(c.body)) + '.encode(),');
    lines.push(')', 'with urllib.request.urlopen(request) as response:', '    print(response.status, response.read().decode())');
    return lines.join('\n');
  }

  function go(c) {
    const key = 'os.Getenv("API_KEY")', used = ['fmt', 'io', 'log', 'net/http'];
    if (c.auth) used.push('os');
    if (c.body) used.push('strings');
    const url = quoted(c.url + query(c)) + (query(c) && '+' + key);
    const body = !c.body ? 'nil' : 'strings.NewReader(' + (/[`\r]/.test(c.body) ? quoted(c.body) : '`' + c.body + '`') + ')';
    const fail = '\tif err != nil {\n\t\tlog.Fatal(err)\n\t}';
    return ['package main', '', 'import (', ...used.map(name => '\t"' + name + '"'), ')', '', 'func main() {',
      '\treq, err := http.NewRequest(' + quoted(c.method) + ', ' + url + ', ' + body + ')', fail,
      ...headers(c).map(h => '\treq.Header.Set(' + quoted(h[0]) + ', ' + (!h[2] ? quoted(h[1]) : h[1] ? quoted(h[1]) + '+' + key : key) + ')'),
      '\tres, err := http.DefaultClient.Do(req)', fail, '\tdefer res.Body.Close()', '\tbody, err := io.ReadAll(res.Body)', fail,
      '\tfmt.Println(res.StatusCode, string(body))', '}'].join('\n');
  }

  return { 'curl': curl, 'JavaScript': javascript, 'Python': python, 'Go': go };
})();
