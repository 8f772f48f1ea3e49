"""A mail server for tests: smtp.py PORT MODE FOLDER. MODE is starttls, tls or none.

It writes each mail to FOLDER/mail-N. A recipient `rejected@…` is refused for good, `later@…` for now, `silent@…` never answered. A mail to `slow@…`
is taken and answered 25 s later, one to `mute@…` never. With TLS it wants user `user` with password `p@ss word`. FOLDER/ca.pem has the authority of
its certificate.
"""

import asyncio, datetime, ipaddress, pathlib, ssl, sys

from aiosmtpd.smtp import SMTP, AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

port, mode, folder = int(sys.argv[1]), sys.argv[2], pathlib.Path(sys.argv[3])


def certificate(name, key, issuer, issuer_key, extension):
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(issuer).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).add_extension(extension, critical=True)
    builder = builder.not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=1))
    return builder.sign(issuer_key, hashes.SHA256())


def context():
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority, name = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, n)]) for n in ("test authority", "test"))
    root = certificate(authority, authority_key, authority, authority_key, x509.BasicConstraints(True, None))
    host = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    leaf = certificate(name, key, authority, authority_key, host)
    pem = serialization.Encoding.PEM
    (folder / "ca.pem").write_bytes(root.public_bytes(pem))
    (folder / "leaf.pem").write_bytes(leaf.public_bytes(pem))
    form = serialization.PrivateFormat.PKCS8
    (folder / "key.pem").write_bytes(key.private_bytes(pem, form, serialization.NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "leaf.pem", folder / "key.pem")
    return context


class Handler:
    count = 0

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("rejected@"):
            return "550 no such user"
        if address.startswith("silent@"):
            await asyncio.sleep(3600)
        if address.startswith("later@"):
            return "450 try again"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.count += 1
        tls = server.transport.get_extra_info("ssl_object") is not None
        told = f"X-Test-Recipients: {','.join(envelope.rcpt_tos)}\r\nX-Test-TLS: {tls}\r\n"
        part = folder / "part"
        part.write_bytes(told.encode() + envelope.content)
        part.rename(folder / f"mail-{self.count}")
        for name, pause in (("slow@", 25), ("mute@", 3600)):
            if envelope.rcpt_tos[0].startswith(name):
                await asyncio.sleep(pause)
        return "250 taken"


def authenticate(server, session, envelope, mechanism, data):
    right = (data.login, data.password) == (b"user", b"p@ss word")
    return AuthResult(success=right, handled=False)


async def main():
    tls = context() if mode != "none" else None
    handler = Handler()

    def make():
        if mode == "starttls":
            return SMTP(handler, tls_context=tls, require_starttls=True, authenticator=authenticate, auth_required=True)
        if mode == "tls":
            return SMTP(handler, authenticator=authenticate, auth_required=True, auth_require_tls=False)
        return SMTP(handler)

    over = tls if mode == "tls" else None
    server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", port, ssl=over)
    await server.serve_forever()


asyncio.run(main())
