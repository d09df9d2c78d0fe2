"""Says hello, and /healthz says ok."""


def application(environ, start_response):
    path = environ.get("PATH_INFO", "/")
    answers = {"/": b"hello\n", "/healthz": b"ok\n"}
    body = answers.get(path)
    status = "404 Not Found" if body is None else "200 OK"
    body = body or b"nothing here\n"
    start_response(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
