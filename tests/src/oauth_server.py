"""X's place, held by oauthlib: takes a post only under a good OAuth 1.0a signature.

    python oauth_server.py CONSUMER_KEY CONSUMER_SECRET TOKEN TOKEN_SECRET

prints its port, then the text of every post it took, as JSON, a line each.
"""

import http.server
import json
import sys

from oauthlib.oauth1 import RequestValidator, ResourceEndpoint

CONSUMER_KEY, CONSUMER_SECRET, TOKEN, TOKEN_SECRET = sys.argv[1:]


class Validator(RequestValidator):
    """Knows one application and one account; a nonce counts once."""

    enforce_ssl = False
    client_key_length = nonce_length = access_token_length = (1, 200)
    safe_characters = set(map(chr, range(33, 127)))
    dummy_client = dummy_access_token = "nobody"
    seen = set()

    def check_client_key(self, key):
        return True

    check_nonce = check_access_token = check_client_key

    def validate_client_key(self, key, _request):
        return key == CONSUMER_KEY

    def validate_access_token(self, key, token, _request):
        return (key, token) == (CONSUMER_KEY, TOKEN)

    def get_client_secret(self, _key, _request):
        return CONSUMER_SECRET

    def get_access_token_secret(self, _key, _token, _request):
        return TOKEN_SECRET

    def validate_realms(self, *_args, **_more):
        return True

    def validate_timestamp_and_nonce(self, _key, timestamp, nonce, _request, **_more):
        is_new = (timestamp, nonce) not in self.seen
        self.seen.add((timestamp, nonce))
        return is_new


ENDPOINT = ResourceEndpoint(Validator())


class Handler(http.server.BaseHTTPRequestHandler):
    """Judges each post."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        url = f"http://{self.headers['host']}{self.path}"
        is_good, _ = ENDPOINT.validate_protected_resource_request(url, "POST", body, dict(self.headers))
        if is_good:
            print(json.dumps(json.loads(body)["text"]), flush=True)
        answer = b'{"data":{"id":"1"}}' if is_good else b'{"title":"Unauthorized","status":401}'
        self.send_response(201 if is_good else 401)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
