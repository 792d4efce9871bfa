# SPDX-License-Identifier: LGPL-2.1-or-later
"""A small Hugging Face hub and package index on the loopback interface, for the tests
of tools/npuwhisper-models.

The hub has the layout of the real one. The API lists the files of a repository with their checksums.
The address of a large file redirects to another path, with the headers X-Linked-Size and
X-Linked-Etag. The address of a small file redirects to a relative address. Files can be requested in
parts. The addresses of a renamed repository redirect to its new name.
"""
import hashlib
import http.server
import json
import threading
import time
import urllib.parse

REVISION = '0123456789abcdef0123456789abcdef01234567'
LARGE_BYTES = 1000  # Files of at least this size are stored by their SHA-256 checksum.


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def git_sha1(data):
    return hashlib.sha1(b'blob %d\0' % len(data) + data).hexdigest()


class Hub(http.server.ThreadingHTTPServer):
    """Serves repositories and other pages, records requests, and can misbehave on demand."""
    daemon_threads = True

    def __init__(self):
        super().__init__(('127.0.0.1', 0), Handler)
        self.repositories = {}  # {repository: {name of a file: content}}
        self.renamed = {}  # {old name of a repository: new name}
        self.pages = {}  # {path: body} of other pages.
        self.contents = {}  # {name of a file: body that replaces it}
        self.requests = []  # (path, Range) of each request.
        # Closes the next `breaks` transfers after `break_after` bytes.
        self.break_after, self.breaks = None, 0
        self.drip_s = 0  # Seconds between two bytes of a large file.
        self.portal = None  # Answers requests below this path with the login page of a network.
        self.failures = []  # (path, status, headers): the answers to the next requests of the path.
        self.knows_range, self.knows_length = True, True
        threading.Thread(target=self.serve_forever, kwargs={'poll_interval': 0.01},
                         daemon=True).start()

    @property
    def url(self):
        return f'http://127.0.0.1:{self.server_port}'

    def ranges_of(self, data):
        """Returns the Range of each request for the content `data`."""
        return [asked for path, asked in self.requests if path == f'/cdn/{sha256(data)}']

    def api_answer(self, repository):
        siblings = []
        for name, data in self.repositories[repository].items():
            entry = {'rfilename': name, 'size': len(data), 'blobId': git_sha1(data)}
            if len(data) >= LARGE_BYTES:
                entry['lfs'] = {'sha256': sha256(data), 'size': len(data), 'pointerSize': 134}
            siblings.append(entry)
        return json.dumps({'id': repository, 'sha': REVISION, 'siblings': siblings}).encode()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        hub = self.server
        path = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path)
        hub.requests.append((path, self.headers.get('Range')))
        for failure in hub.failures:
            if failure[0] in path:
                hub.failures.remove(failure)
                self.redirect(failure[1], '', failure[2])
                return
        for old, new in hub.renamed.items():
            if f'/{old}/' in path:
                self.redirect(307, path.replace(f'/{old}/', f'/{new}/'))
                return
        if hub.portal and path.startswith(hub.portal):
            self.send_body(b'<!DOCTYPE html><title>Please log in</title>', 'text/html')
            return
        if path in hub.pages:
            self.send_body(hub.pages[path], 'text/html' if path.endswith('/') else 'a/b')
            return
        for repository, files in hub.repositories.items():
            if path == f'/api/models/{repository}/revision/main':
                self.send_body(hub.api_answer(repository), 'application/json')
                return
            for name, data in files.items():
                if path in (f'/{repository}/resolve/{REVISION}/{name}',
                            f'/{repository}/resolve/main/{name}'):
                    self.redirect_to_file(repository, name, data)
                    return
                if path in (f'/cdn/{sha256(data)}',
                            f'/api/resolve-cache/models/{repository}/{REVISION}/{name}'):
                    self.send_file(hub.contents.get(name, data))
                    return
        self.send_error(404)

    def redirect_to_file(self, repository, name, data):
        if len(data) >= LARGE_BYTES:
            self.redirect(302, f'{self.server.url}/cdn/{sha256(data)}?signature=1', {
                'X-Linked-Size': str(len(data)), 'X-Linked-Etag': f'"{sha256(data)}"',
                'X-Repo-Commit': REVISION})
        else:
            self.redirect(307, f'/api/resolve-cache/models/{repository}/{REVISION}/{name}', {
                'ETag': f'"{git_sha1(data)}"', 'X-Repo-Commit': REVISION})

    def redirect(self, status, location, headers=None):
        self.send_response(status)
        for name, value in {'Location': location, 'Content-Length': '0', **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()

    def send_body(self, body, content_type):
        self.send_response(200)
        self.send_header('Content-Length', str(len(body)))
        self.send_header('Content-Type', content_type)
        self.end_headers()
        self.wfile.write(body)

    def send_file(self, body):
        hub, asked = self.server, self.headers.get('Range')
        first = 0
        if asked and hub.knows_range:
            first = int(asked.removeprefix('bytes=').rstrip('-'))
            self.send_response(206)
            self.send_header('Content-Range', f'bytes {first}-{len(body) - 1}/{len(body)}')
        else:
            self.send_response(200)
        if hub.knows_length:
            self.send_header('Content-Length', str(len(body) - first))
        self.send_header('Content-Type', 'application/octet-stream')
        self.end_headers()
        body = body[first:]
        if hub.breaks and len(body) > hub.break_after:
            hub.breaks -= 1
            body = body[:hub.break_after]
        try:
            self.write_file(body)
        except OSError:
            pass  # The client has closed the connection.

    def write_file(self, body):
        hub = self.server
        if not hub.drip_s or len(body) < LARGE_BYTES:
            self.wfile.write(body)
            return
        for number in range(len(body)):
            self.wfile.write(body[number:number + 1])
            time.sleep(hub.drip_s)
            if not hub.drip_s:  # A test has set drip_s to 0.
                self.wfile.write(body[number + 1:])
                return

    def log_message(self, *_):
        pass
