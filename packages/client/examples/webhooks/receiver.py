# Receives webhooks, with nothing but Python: WEBHOOK_SECRET=whsec_… python3 receiver.py
import base64
import hashlib
import hmac
import json
import os
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock

SECRET = os.environ.get("WEBHOOK_SECRET", "")
if not SECRET.startswith("whsec_"):
    raise SystemExit("WEBHOOK_SECRET is the secret of the webhook: whsec_…")
KEY = base64.b64decode(SECRET.removeprefix("whsec_"))

# Seconds by which the time of a delivery may differ from that of this machine: older ones may be recorded and sent again.
TOLERANCE_S = 300
# Largest delivery that is read, in bytes.
MOST_BYTES = 1_000_000
# Ids of events that were processed. A backend stores them with what it writes, in one transaction.
processed = set()
lock = Lock()


def is_genuine(headers, body):
    """Whether a request was signed with the secret, a short time ago. The signature is of the bytes, so nothing may parse them before."""
    event_id, sent = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not sent.isdigit() or abs(time.time() - int(sent)) > TOLERANCE_S:
        return False
    digest = hmac.new(KEY, f"{event_id}.{sent}.".encode() + body, hashlib.sha256).digest()
    expected = "v1," + base64.b64encode(digest).decode()
    # While a secret is replaced, there is a signature by each.
    signatures = headers.get("webhook-signature", "").split()
    return any(hmac.compare_digest(expected.encode(), given.encode()) for given in signatures)


def handle(event):
    """What the application does with an event."""
    print(event["type"], json.dumps(event["data"], ensure_ascii=False, separators=(",", ":")), flush=True)


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        length = self.headers.get("content-length", "")
        if not length.isdigit() or int(length) > MOST_BYTES:
            self.close_connection = True
            return self.answer(413)
        body = self.rfile.read(int(length))
        if not is_genuine(self.headers, body):
            return self.answer(401)
        event_id = self.headers["webhook-id"]
        # Every event is delivered at least once: it may come again. If this fails, Chorus retries.
        with lock:
            if event_id not in processed:
                handle(json.loads(body))
                processed.add(event_id)
        self.answer(204)

    def answer(self, status):
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "8000"))), Receiver)
print(f"listening on port {server.server_port}", flush=True)
server.serve_forever()
