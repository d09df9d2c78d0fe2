"""Writes its configuration, state, cache, log and pid file; then it serves."""

import os
import signal
import sys
import tempfile
from http.server import BaseHTTPRequestHandler, HTTPServer


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)


class Ok(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(204 if self.path == "/ping" else 404)
        self.end_headers()


write("/etc/app/generated.conf", "port = 8080\n")
write("/var/lib/app/data/state.db", "empty\n")
write("/opt/app/cache/index", "nothing\n")
write("/var/log/app/app.log", "started\n")
write("/run/app/app.pid", f"{os.getpid()}\n")
write(os.path.expanduser("~/.config/app/id"), "42\n")
tempfile.TemporaryFile().close()

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
HTTPServer(("0.0.0.0", 8080), Ok).serve_forever()
