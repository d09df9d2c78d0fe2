"""Answers every request in a thread of its own; asked to end, it goes on."""

import signal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Hello(BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"ok\n" if self.path == "/health" else b"nothing here\n"
        self.send_response(200 if self.path == "/health" else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


signal.signal(signal.SIGTERM, signal.SIG_IGN)
ThreadingHTTPServer(("0.0.0.0", 8000), Hello).serve_forever()
