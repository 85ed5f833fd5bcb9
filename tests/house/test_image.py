"""The container image holds the product: it starts from exactly the files that the image gets."""

import base64
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psycopg
import pytest
import yaml
from django.conf import settings
from django_otp.oath import totp

from kgen.local.home import Home
from kgen.local.valkey import Valkey
from tests.support.databases import url_of
from tests.support.image import DOCKERFILE, copied, export, in_context, tracked
from tests.support.launcher import CHECKOUT, clean_environment, free_port
from tests.support.waiting import START_SECONDS, eventually

OPERATOR, PASSWORD = "first", "the first operator's password"
# Folders that only develop, describe or deploy the product.
LEFT_OUT = ("tests/", "docs/", "benchmarks/", "deploy/", ".")
# The local stack's servers are not in the image, so neither is what starts them.
LAUNCHER = "kgen/local/"


def test_the_image_has_every_tracked_file_of_the_product() -> None:
    folders = [name for name in tracked() if "/" in name and not name.startswith((*LEFT_OUT, LAUNCHER))]
    expected = {*folders, "manage.py", "requirements.txt"}
    assert copied(tracked()) == {name: name for name in expected}
    apps = {app for app in settings.INSTALLED_APPS if (CHECKOUT / app).is_dir()}
    assert {*apps, "templates"} <= {name.partition("/")[0] for name in expected}


@pytest.mark.parametrize(
    "name", ["demo/services/rich.py", "clients/web/kgen.js", "console/templates/console/page.html"]
)
def test_a_new_folder_is_copied_into_the_image(name: str) -> None:
    assert copied([name]) == {name: name}


@pytest.mark.parametrize(
    "name",
    [
        ".env",
        ".git/config",
        ".kgen/secrets.json",
        ".venv/lib/x.py",
        "dump.sql",
        "kgen.env",
        "wallet/ledger/__pycache__/accounts.cpython-313.pyc",
        "tests/conftest.py",
        "kgen/local/home.py",
    ],
)
def test_untracked_files_of_a_working_folder_stay_out_of_the_image(name: str) -> None:
    assert not in_context(name)


@dataclass
class Container:
    """The exported product, run with the commands of deploy/ and nothing but the settings of compose.yaml."""

    folder: Path
    scratch: Path
    environment: dict[str, str]
    port: int = field(default_factory=free_port)
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment | environment,
            capture_output=True,
            text=True,
            timeout=300,
        )

    def start(self, name: str, command: list[str]) -> None:
        """Start a process; its ports and its one file that it writes are the test's own."""
        own = {"8000": str(self.port), "0.0.0.0": "127.0.0.1", "/tmp/beat-schedule": str(self.scratch / "beat")}
        with (self.scratch / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                [own.get(word, word) for word in command],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.started.append(process)

    def end(self) -> None:
        """Stop everything, the last process first."""
        for process in reversed(self.started):
            os.killpg(process.pid, signal.SIGTERM)
        for process in reversed(self.started):
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(20)

    def said(self) -> str:
        """The logs' last lines."""
        return "\n".join(f"{log.name}: {log.read_text()[-1000:]}" for log in self.scratch.glob("*.log"))


@pytest.fixture
def container(tmp_path: Path) -> Iterator[Container]:
    """The exported product beside an empty database and a Valkey of its own."""
    name = f"image_{os.getpid()}"
    with psycopg.connect(url_of("postgres"), autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}"')
        scratch = tmp_path / "scratch"
        scratch.mkdir()
        valkey = Valkey(Home(scratch), scratch)
        valkey.prepare()
        given = yaml.safe_load((CHECKOUT / "deploy/compose.yaml").read_text())["services"]["web"]["environment"]
        own = {"DATABASE_URL": url_of(name), "REDIS_URL": valkey.url}
        secrets = {"KGEN_SECRET_KEY": "s" * 40, "KGEN_TOKEN_KEYS": f"k1:{'a' * 43}", "KGEN_PEPPER": "b" * 43}
        defaults = {key: re.sub(r"^\$\{\w+:-(.*)\}$", r"\1", value) for key, value in given.items()}
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        # There is no proxy here that speaks TLS.
        own |= {"KGEN_SECURE_COOKIES": "0"}
        stages = {"PYTHONDONTWRITEBYTECODE": "1", "DJANGO_SETTINGS_MODULE": "kgen.settings", "PATH": path}
        environment = clean_environment(**defaults, **stages) | own | secrets
        container = Container(export(tmp_path / "kgen"), scratch, environment)
        try:
            container.start("valkey", valkey.spec().command)
            eventually(valkey.ready)
            yield container
        finally:
            container.end()
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def files_of(folder: Path) -> dict[str, int]:
    """Every file below the folder and when it was changed."""
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


@pytest.mark.long
def test_the_product_starts_from_the_image(container: Container) -> None:
    for line in re.findall(r"^RUN (python -m compileall -q (?!/).+)$", DOCKERFILE.read_text(), flags=re.M):
        compiled = container.run(*shlex.split(line), PYTHONDONTWRITEBYTECODE="")
        assert compiled.returncode == 0, compiled.stdout
    before = files_of(container.folder)
    services = yaml.safe_load((CHECKOUT / "deploy/compose.yaml").read_text())["services"]
    migrated = container.run(*services["migrate"]["command"])
    assert migrated.returncode == 0, migrated.stderr
    options = ("--no-input", "--username", OPERATOR, "--email", "first@example.com")
    made = container.run("python", "manage.py", "createsuperuser", *options, DJANGO_SUPERUSER_PASSWORD=PASSWORD)
    assert made.returncode == 0, made.stderr
    for part in ("web", "worker", "messenger", "beat"):
        container.start(part, services[part]["command"])
    check = re.search(r"^HEALTHCHECK .*\\\n +CMD (\[.+\])$", DOCKERFILE.read_text(), flags=re.M)
    assert check
    healthy = [word.replace(":8000/", f":{container.port}/") for word in json.loads(check[1])]
    eventually(lambda: container.run(*healthy).returncode == 0, START_SECONDS)
    address = f"http://127.0.0.1:{container.port}"
    with httpx.Client(base_url=address, timeout=20) as first, httpx.Client(base_url=address, timeout=20) as second:
        eventually(lambda: every_part_works(first), START_SECONDS)
        log_in(second, set_up_a_second_factor(first))
    assert files_of(container.folder) == before, "the image's file system is read-only"
    assert "Traceback" not in container.said()


def every_part_works(client: httpx.Client) -> bool:
    """Whether web, worker, messenger and beat do: every queue was served."""
    said = client.get("/readyz").json()
    ages = [said["last_sweep_age_seconds"], *said["last_run_age_seconds"].values()]
    return said["broker"] == "ok" and None not in ages


def send(client: httpx.Client, path: str, **form: str) -> httpx.Response:
    """Fill in the form on a page of the console."""
    page = client.get(path)
    assert page.status_code == 200, (path, page.status_code)
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
    assert token
    return client.post(path, data=form | {"csrfmiddlewaretoken": token[1]})


def set_up_a_second_factor(client: httpx.Client) -> bytes:
    """The first operator's first login; the secret of the factor."""
    told = send(client, "/console/login/", username=OPERATOR, password=PASSWORD)
    assert (told.status_code, told.headers["location"]) == (302, "/console/login/enrol/")
    page = client.get("/console/login/enrol/")
    assert page.status_code == 200
    shown = re.search(r'id="factor-secret">([A-Z2-7 ]+)<', page.text)
    assert shown
    secret = base64.b32decode(shown[1].replace(" ", ""))
    codes = send(client, "/console/login/enrol/", code=f"{totp(secret):06}")
    assert re.search(r"<code>[a-z0-9]{5}-[a-z0-9]{5}</code>", codes.text)
    assert client.get("/console/").status_code == 200
    return secret


def log_in(client: httpx.Client, secret: bytes) -> None:
    """Log in with password and code, and see a page with its styles."""
    told = send(client, "/console/login/", username=OPERATOR, password=PASSWORD)
    assert (told.status_code, told.headers["location"]) == (302, "/console/login/code/")
    # The code of now was used for setting up.
    told = send(client, "/console/login/code/", code=f"{totp(secret, drift=1):06}")
    assert told.status_code == 302
    home = client.get("/console/")
    assert home.status_code == 200
    (style,) = set(re.findall(r'href="(/static/console/console\.css)"', home.text))
    assert client.get(style).status_code == 200
