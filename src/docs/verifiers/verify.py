import hashlib
import hmac
import time


# header: X-Ollagraph-Signature. body: the raw bytes as they arrived,
# not JSON that was parsed and written again.
def verify(secret: str, header: str, body: bytes, tolerance_seconds: int = 300) -> bool:
    pairs = [part.strip().partition("=")[::2] for part in header.split(",")]
    timestamp = next((value for name, value in pairs if name == "t"), "")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        return False
    if abs(time.time() - int(timestamp)) > tolerance_seconds:
        return False
    signed = timestamp.encode() + b"." + body
    expected = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return any(
        name == "v1" and hmac.compare_digest(value.encode(), expected.encode())
        for name, value in pairs
    )
