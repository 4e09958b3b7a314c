"""A real mail server for tests: aiosmtpd on a free port, which takes mail only over an encrypted connection, and only from
whoever knows the password when there is one.

    python mail_server.py DIRECTORY CERTIFICATE KEY [USER PASSWORD]

prints its port and keeps every mail as DIRECTORY/0001.eml, 0002.eml …
"""

import asyncio
import pathlib
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult


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


async def serve(directory, certificate, key, *known):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    keeper = Keeper(directory)

    def knows(_server, _session, _envelope, _mechanism, data):
        is_known = (data.login.decode(), data.password.decode()) == known
        return AuthResult(success=is_known, handled=False)

    def conversation():
        options = {"authenticator": knows, "auth_required": True} if known else {}
        return SMTP(keeper, hostname="mail.example", tls_context=context, require_starttls=True, **options)

    server = await asyncio.get_running_loop().create_server(conversation, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(serve(*sys.argv[1:]))
