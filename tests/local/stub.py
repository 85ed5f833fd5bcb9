"""A product of a few lines, so that the launcher can be tried without loading the real one."""

import shutil
from pathlib import Path

from tests.support.launcher import CHECKOUT

# One process of the web server; its parent is the real one.
WORKER = '''
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psycopg

if "STUB_CRASH" in os.environ:
    raise RuntimeError("the wheel came off")
if "KGEN_BAD" in os.environ:
    print("kgen: setting KGEN_BAD: is bad", file=sys.stderr)
    sys.exit(78)


class Handler(BaseHTTPRequestHandler):
    """Any path: 200 and this process's number, if the database answers."""

    def do_GET(self):
        try:
            with psycopg.connect(os.environ["DATABASE_URL"], connect_timeout=2) as connection:
                connection.execute("SELECT 1")
            self.send_response(200)
        except psycopg.Error:
            self.send_response(503)
        self.end_headers()
        self.wfile.write(str(os.getpid()).encode())


def work(host, port, *, parent):
    server = ThreadingHTTPServer((host, port), Handler, bind_and_activate=False)
    server.allow_reuse_port = True
    server.server_bind()
    server.server_activate()
    server.serve_forever()
'''

# A main process with one pool process, both asleep.
CELERY = """
import os
import signal
import sys

pool = os.fork()


def stop(number, frame):
    os.kill(pool, signal.SIGTERM)
    sys.exit(0)


if pool:
    signal.signal(signal.SIGTERM, stop)
while True:
    signal.pause()
"""

# The management commands that the launcher calls. Each call is noted in calls.txt.
MANAGE = """
import json
import os
import sys
from datetime import UTC, datetime, timedelta

import psycopg

with open(os.path.join(os.environ["KGEN_HOME"], "calls.txt"), "a") as calls:
    print(*sys.argv[1:], file=calls)
if "KGEN_BAD" in os.environ:
    print("kgen: setting KGEN_BAD: is bad", file=sys.stderr)
    sys.exit(78)
with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
    if sys.argv[1] == "migrate":
        columns = "id bigserial, applied timestamptz DEFAULT now()"
        connection.execute(f"CREATE TABLE IF NOT EXISTS django_migrations ({columns})")
        connection.execute("INSERT INTO django_migrations DEFAULT VALUES")
    else:
        ends_at = datetime.now(UTC) + timedelta(days=float(os.environ.get("STUB_DAYS", "7")))
        names = "client_id client_secret operator_username operator_password tournament_uid"
        facts = {name: f"the-{name}" for name in names.split()}
        print("seeded")
        print(json.dumps(facts | {"tournament_ends_at": ends_at.isoformat()}))
"""

FILES = {
    "kgen/__init__.py": "",
    "kgen/serving/worker.py": WORKER,
    "celery/__init__.py": "",
    "celery/__main__.py": CELERY,
    "manage.py": MANAGE,
    "game/migrations/0001_initial.py": "",
    "kgen/admin_site/roles.py": "",
    "requirements.txt": "",
}


def make_checkout(folder: Path) -> Path:
    """A checkout with the real launcher, the real parent of web's workers, and the stub product."""
    for name, content in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    shutil.copytree(CHECKOUT / "kgen/local", folder / "kgen/local")
    for name in (
        "environment.py",
        "hosts.py",
        *(f"serving/{part}.py" for part in ("__init__", "__main__", "workers")),
    ):
        shutil.copy(CHECKOUT / "kgen" / name, folder / "kgen" / name)
    return folder
