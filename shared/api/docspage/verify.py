import base64, hashlib, hmac, time

def genuine(signing_secret, headers, body):
    """Whether a delivery is ours: headers by name, body as bytes."""
    if abs(time.time() - int(headers["webhook-timestamp"])) > 300:
        return False  # somebody may be sending an old one again
    key = base64.b64decode(signing_secret.removeprefix("whsec_"))
    signed = f'{headers["webhook-id"]}.{headers["webhook-timestamp"]}.'.encode() + body
    ours = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return any(hmac.compare_digest(ours, one) for one in headers["webhook-signature"].split())
