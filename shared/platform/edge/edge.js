// Moves the API key from any transport into Authorization and refuses malformed keys.
var config = {/*CONFIG*/};

// all returns the values of a header or a query parameter, in order.
function all(field) {
  if (!field) return [];
  if (field.multiValue) return field.multiValue.map(function (v) { return v.value; });
  return [field.value];
}

// decoded decodes a query value. An invalid encoding becomes a malformed key.
function decoded(value) {
  try {
    return decodeURIComponent(value.replace(/\+/g, ' '));
  } catch (e) {
    return '\u0000';
  }
}

// pick returns {secret}, or {condition} on failure.
function pick(request) {
  var found = [];
  if (config.transports.indexOf('bearer') >= 0) {
    var sent = all(request.headers.authorization);
    for (var i = 0; i < sent.length; i++) {
      var text = sent[i].trim();
      var space = text.indexOf(' ');
      var scheme = space < 0 ? text : text.slice(0, space);
      if (scheme.toLowerCase() !== 'bearer') {
        if (space < 0) return {condition: 'secret.malformed'};
        continue; // another scheme does not carry an API key
      }
      found.push(space < 0 ? '' : text.slice(space).trim());
    }
  }
  if (config.transports.indexOf('x-api-key') >= 0) found = found.concat(all(request.headers['x-api-key']));
  if (config.transports.indexOf('api_key') >= 0) found = found.concat(all(request.querystring.api_key).map(decoded));
  if (found.length === 0) return {condition: 'secret.missing'};
  for (var j = 1; j < found.length; j++) {
    if (found[j] !== found[0]) return {condition: 'secret.conflict'};
  }
  if (found[0] === '') return {condition: 'secret.missing'};
  return {secret: found[0]};
}

// refuse answers a condition with the contract's error.
function refuse(condition, id) {
  var answer = config.answers[condition];
  var headers = {};
  for (var name in answer.headers) headers[name] = {value: answer.headers[name].split(config.requestId).join(id)};
  return {
    statusCode: answer.status,
    statusDescription: 'Unauthorized',
    headers: headers,
    body: {encoding: 'text', data: answer.body.split(config.requestId).join(id)}
  };
}

function handler(event) {
  var request = event.request;
  var keyed = request.uri.indexOf(config.base + '/') === 0;
  var got = keyed ? pick(request) : {};
  delete request.headers.authorization;
  delete request.headers['x-api-key'];
  delete request.querystring.api_key;
  // The origin gets its own Host and this edge's address.
  request.headers['x-statgate-host'] = {value: request.headers.host ? request.headers.host.value : ''};
  request.headers['x-statgate-viewer'] = {value: event.viewer.ip};
  if (request.method === 'OPTIONS' || !keyed) return request;
  if (got.secret !== undefined && !new RegExp(config.form).test(got.secret)) got = {condition: 'secret.malformed'};
  if (got.secret !== undefined) {
    request.headers.authorization = {value: 'Bearer ' + got.secret};
    return request;
  }
  // If the contract answers missing and invalid keys alike, API Gateway answers: it can
  // tell a missing key from an unknown path (404).
  if (got.condition === 'secret.missing' && !config.answerMissing) return request;
  return refuse(got.condition, event.context.requestId);
}
