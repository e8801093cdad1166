import base64, hashlib, hmac, time

def verify(signing_secret, headers, body):
    """Report whether a delivery is signed and recent. headers: by name. body: bytes."""
    if abs(time.time() - int(headers["webhook-timestamp"])) > 300:
        return False  # too old: it may be a replay
    key = base64.b64decode(signing_secret.removeprefix("whsec_"))
    signed = f'{headers["webhook-id"]}.{headers["webhook-timestamp"]}.'.encode() + body
    expected = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return any(hmac.compare_digest(expected, sent) for sent in headers["webhook-signature"].split())
