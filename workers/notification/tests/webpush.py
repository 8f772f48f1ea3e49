"""A browser for tests. Prints its subscription, then reads a push as JSON and prints what it says.

The push is {"body": base64, "authorization": …}; the answer {"plain": …, "claims": …} once the signature was checked.
"""

import base64, json, os, sys

import http_ece
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def point(key):
    return encode(key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


key, auth, vapid = ec.generate_private_key(ec.SECP256R1()), os.urandom(16), ec.generate_private_key(ec.SECP256R1())
private = encode(vapid.private_numbers().private_value.to_bytes(32, "big"))
print(json.dumps({"p256dh": point(key), "auth": encode(auth), "vapid": [private, point(vapid)]}), flush=True)

push = json.loads(sys.stdin.readline())
plain = http_ece.decrypt(base64.b64decode(push["body"]), private_key=key, auth_secret=auth, version="aes128gcm")
scheme, values = push["authorization"].split(" ", 1)
values = dict(part.strip().split("=", 1) for part in values.split(","))
assert scheme == "vapid" and values["k"] == point(vapid)
signed, signature = values["t"].rsplit(".", 1)
r, s = (int.from_bytes(part, "big") for part in (decode(signature)[:32], decode(signature)[32:]))
vapid.public_key().verify(utils.encode_dss_signature(r, s), signed.encode(), ec.ECDSA(hashes.SHA256()))
print(json.dumps({"plain": plain.decode(), "claims": json.loads(decode(signed.split(".")[1]))}))
