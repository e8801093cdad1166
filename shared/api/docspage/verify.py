import base64, hashlib, hmac, time

def genuine(signing_secret, headers, body):
    """Check the signature of a delivery: headers by name, body as bytes."""
    if abs(time.time() - int(headers["webhook-timestamp"])) > 300:
        return False  # too old: it may be a replay
    key = base64.b64decode(signing_secret.removeprefix("whsec_"))
    signed = f'{headers["webhook-id"]}.{headers["webhook-timestamp"]}.'.encode() + body
    ours = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return any(hmac.compare_digest(ours, one) for one in headers["webhook-signature"].split())
