"""A real mail server for tests: aiosmtpd on a free port, which takes mail only over an encrypted connection.

    python mail_server.py DIRECTORY CERTIFICATE KEY

prints its port and keeps every mail as DIRECTORY/0001.eml, 0002.eml …
"""

import asyncio
import pathlib
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


class Keeper:
    """Keeps mails as files, each complete or not there at all."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.count = 0

    async def handle_DATA(self, _server, _session, envelope):
        self.count += 1
        unfinished = self.directory / "unfinished"
        unfinished.write_bytes(envelope.content)
        unfinished.rename(self.directory / f"{self.count:04}.eml")
        return "250 kept"


def knows_ann(_server, _session, _envelope, mechanism, data):
    """Whoever signs in must be ann with her password; nobody has to."""
    known = mechanism in ("PLAIN", "LOGIN") and data == LoginPassword(b"ann", b"hunter2")
    return AuthResult(success=known, handled=False)


async def serve(directory, certificate, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    keeper = Keeper(directory)

    def conversation():
        return SMTP(
            keeper,
            hostname="mail.example",
            tls_context=context,
            require_starttls=True,
            authenticator=knows_ann,
        )

    server = await asyncio.get_running_loop().create_server(conversation, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(serve(*sys.argv[1:]))
