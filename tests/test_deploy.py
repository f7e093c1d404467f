"""What deploy/ describes: whole, valid, and in the words of the program. No container engine is
needed; what only one could tell is not told here."""

import argparse
import re
import shutil
import subprocess
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from ctdenoise import __version__
from ctdenoise.cli import backup, cluster, serve
from ctdenoise.settings import PACKAGE

DEPLOY = PACKAGE.parent / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OPERATING = (PACKAGE.parent / "docs" / "operating.md").read_text()
SETTINGS = (PACKAGE / "settings.py").read_text()
PINNED = re.compile(r".+:\d+(\.\d+)+[\w.-]*")
MANIFESTS = sorted(each for each in KUBERNETES.rglob("*.yaml") if each.name != "kustomization.yaml")


def names(listed: Any, key: str = "source") -> list[str]:
    """What a list of compose names, in its short and long forms."""
    return [each[key] if isinstance(each, dict) else each.partition(":")[0] for each in listed]


def understood(command: list[str]) -> argparse.Namespace:
    """A command line of the program, parsed by it."""
    program, *rest = command
    assert program == "ctdenoise"
    parser = argparse.ArgumentParser(exit_on_error=False)
    subparsers = parser.add_subparsers()
    for each in (backup, cluster, serve):
        each.add(subparsers)
    return parser.parse_args(rest)


def ours(command: Any) -> Iterator[list[str]]:
    """The calls of our program in a command."""
    if command[0] == "sh":
        found = re.search(r"ctdenoise [^|&;]+", re.sub(r"\$+\(.*?\)", "X", command[-1]))
        assert found
        yield found.group().split()
    else:
        yield list(command)


# compose


@pytest.mark.parametrize("name", SERVICES)
def test_everything_that_a_service_names_is_there(name: str) -> None:
    service = SERVICES[name]
    assert set(names(service.get("secrets", []))) <= set(COMPOSE["secrets"])
    for volume in names(service.get("volumes", [])):
        assert volume in COMPOSE["volumes"] or (volume[0] == "." and (DEPLOY / volume).exists())
    assert set(service.get("networks", [])) <= set(COMPOSE["networks"])
    assert ("networks" in service) != ("network_mode" in service)
    for other, how in service.get("depends_on", {}).items():
        assert other in SERVICES
        if how["condition"] == "service_healthy":
            assert "healthcheck" in SERVICES[other]
            assert set(SERVICES[other]["networks"])
    for command in ours(service["command"]) if "command" in service else []:
        understood(command)
    for variable in service.get("environment", {}):
        if variable.startswith("CTDENOISE_"):
            assert f'"{variable.removesuffix("_FILE")}"' in SETTINGS, variable


@pytest.mark.parametrize("name", SERVICES)
def test_images_are_pinned_and_containers_may_do_little(name: str) -> None:
    service = SERVICES[name]
    assert PINNED.fullmatch(service["image"])
    assert "no-new-privileges:true" in service["security_opt"]
    assert not {"privileged", "cap_add", "pid", "user"} & set(service)
    if name != "database":
        assert service["read_only"] and service["cap_drop"] == ["ALL"]
    if service["image"].startswith("ctdenoise"):
        assert service["image"] == f"ctdenoise:{__version__}"


def test_only_the_proxy_is_reached_from_outside_and_the_engine_reaches_nobody() -> None:
    assert [name for name, each in SERVICES.items() if "ports" in each] == ["proxy"]
    assert COMPOSE["networks"]["engine"] == {"internal": True}
    outside = {name for name, each in SERVICES.items() if "outside" in each.get("networks", [])}
    assert outside == {"worker"}


def test_there_is_a_worker_of_every_role_with_either_profile() -> None:
    for profile in ("cpu", "gpu"):
        roles: list[str] = []
        for service in SERVICES.values():
            if profile in service.get("profiles", [profile]) and "worker" in service.get(
                "command", []
            ):
                roles += understood(service["command"]).role
        assert sorted(roles) == ["files", "interactive", "train"]
    assert "COMPOSE_PROFILES=cpu" in (DEPLOY / ".env").read_text()


def test_what_is_asked_of_who_starts_it_has_a_default() -> None:
    text = (DEPLOY / "compose.yaml").read_text()
    assert re.findall(r"(?<!\$)\$\{\w+\}", text) == []
    assert set(re.findall(r"\$\{(CT_\w+)", text)) == {
        line.partition("=")[0]
        for line in (DEPLOY / ".env").read_text().splitlines()
        if line.startswith("CT_")
    }


def test_secrets_are_made_once_for_the_owner_alone(tmp_path: Path) -> None:
    if not shutil.which("openssl") or not shutil.which("sh"):
        pytest.skip("openssl is not installed")
    script = tmp_path / "make-secrets.sh"
    shutil.copy(DEPLOY / "make-secrets.sh", script)
    subprocess.run(["sh", str(script), "ct.example.org"], check=True, capture_output=True)
    secrets = tmp_path / "secrets"
    files = {name: Path(each["file"]).name for name, each in COMPOSE["secrets"].items()}
    assert set(files.values()) == {each.name for each in secrets.iterdir()}
    assert secrets.stat().st_mode & 0o777 == 0o700
    before = {each.name: each.read_bytes() for each in secrets.iterdir()}
    password = before["database_password"].decode().strip()
    assert len(password) == 48
    assert before["database_url"].decode().strip() == (
        f"postgresql://ctdenoise:{password}@database/ctdenoise"
    )
    subprocess.run(["sh", str(script)], check=True, capture_output=True)
    assert before == {each.name: each.read_bytes() for each in secrets.iterdir()}
    ignored = (DEPLOY / ".gitignore").read_text().split()
    assert "secrets/" in ignored


def test_the_proxy_passes_on_what_the_dashboard_needs() -> None:
    text = (DEPLOY / "proxy" / "nginx.conf").read_text()
    for line in (
        "large_client_header_buffers 4 32k;", "proxy_buffer_size 16k;", "proxy_buffering off;",
        "proxy_set_header Upgrade $http_upgrade;", "proxy_set_header Host $http_host;",
        "proxy_set_header X-Forwarded-For $remote_addr;", "hash $affinity consistent;",
        "proxy_set_header X-Forwarded-Proto https;", "access_log off;",
    ):  # fmt: skip
        assert line in text, line
    assert text.count("{") == text.count("}")
    secrets = set(re.findall(r"/run/secrets/(\w+)", text))
    assert secrets == set(SERVICES["proxy"]["secrets"])
    port = re.search(r"listen (\d+) ssl", text)
    assert port and SERVICES["proxy"]["ports"] == [f"${{CT_PORT:-443}}:{port.group(1)}"]


def test_the_engine_of_docker_understands_it() -> None:
    compose = shutil.which("docker")
    if (
        not compose
        or subprocess.run([compose, "compose", "version"], capture_output=True).returncode
    ):
        pytest.skip("docker compose is not installed")
    for files in (["compose.yaml"], ["compose.yaml", "compose.oidc.yaml"]):
        options = chain.from_iterable(("-f", file) for file in files)
        command = [compose, "compose", *options, "config", "--quiet"]
        subprocess.run(command, cwd=DEPLOY, check=True)


def test_sign_on_adds_a_secret_to_the_pages_alone() -> None:
    more = yaml.safe_load((DEPLOY / "compose.oidc.yaml").read_text())
    assert list(more["services"]) == ["web"]
    secrets = set(names(more["services"]["web"]["secrets"]))
    assert secrets <= set(COMPOSE["secrets"]) | set(more["secrets"])
    assert set(more["services"]["web"]["networks"]) <= set(COMPOSE["networks"])


# Kubernetes


def documents() -> Iterator[tuple[Path, dict[str, Any]]]:
    for path in MANIFESTS:
        for document in yaml.safe_load_all(path.read_text()):
            yield path, document


DOCUMENTS = list(documents())
PODS = [
    (each["metadata"]["name"], each["spec"]["template"])
    for _, each in DOCUMENTS
    if each["kind"] in ("Deployment", "StatefulSet")
]


def valid(document: dict[str, Any]) -> None:
    kubernetes_validate.validate(document, kubernetes_validate.latest_version(), strict=True)


def kind(wanted: str) -> dict[str, dict[str, Any]]:
    return {each["metadata"]["name"]: each for _, each in DOCUMENTS if each["kind"] == wanted}


@pytest.mark.parametrize(
    ("path", "document"),
    DOCUMENTS,
    ids=[f"{path.name}-{each['kind']}-{each['metadata']['name']}" for path, each in DOCUMENTS],
)
def test_every_manifest_is_one_of_kubernetes(path: Path, document: dict[str, Any]) -> None:
    valid(document)


@pytest.mark.parametrize("folder", ["base", "gpu"])
def test_the_list_of_manifests_is_whole(folder: str) -> None:
    listed = yaml.safe_load((KUBERNETES / folder / "kustomization.yaml").read_text())
    files = {each.name for each in MANIFESTS if each.parent.name == folder}
    assert {each for each in listed["resources"] if each.endswith(".yaml")} == files
    assert listed["images"][0]["newTag"] == __version__
    for changed in listed.get("replicas", []):
        assert changed["name"] in kind("Deployment")
    if kubectl := shutil.which("kubectl"):
        built = subprocess.run(
            [kubectl, "kustomize", str(KUBERNETES / folder)], capture_output=True, check=True
        )
        for document in yaml.safe_load_all(built.stdout):
            valid(document)


@pytest.mark.parametrize(("name", "pod"), PODS, ids=[name for name, _ in PODS])
def test_everything_that_a_pod_names_is_there(name: str, pod: dict[str, Any]) -> None:
    (container,) = pod["spec"]["containers"]
    volumes = {each["name"]: each for each in pod["spec"]["volumes"]}
    own = {
        claim["metadata"]["name"]
        for claim in kind("StatefulSet")
        .get(name, {"spec": {}})["spec"]
        .get("volumeClaimTemplates", [])
    }
    assert {each["name"] for each in container["volumeMounts"]} == set(volumes) | own
    for volume in volumes.values():
        if "secret" in volume:
            made = f"kubectl create secret generic {volume['secret']['secretName']} "
            assert made in OPERATING, "nobody is told to make it"
        if "persistentVolumeClaim" in volume:
            assert volume["persistentVolumeClaim"]["claimName"] in kind("PersistentVolumeClaim")
    for each in container.get("envFrom", []):
        told = kind("ConfigMap")[each["configMapRef"]["name"]]["data"]
        for variable, value in told.items():
            assert f'"{variable.removesuffix("_FILE")}"' in SETTINGS or variable == "HOME"
            if value.startswith("/secrets/"):
                mounted = [each["mountPath"] for each in container["volumeMounts"]]
                assert any(value.startswith(path) for path in mounted)
    if container["image"] == "ctdenoise":
        understood(container["command"])
    else:
        assert PINNED.fullmatch(container["image"])


@pytest.mark.parametrize(("name", "pod"), PODS, ids=[name for name, _ in PODS])
def test_pods_may_do_little(name: str, pod: dict[str, Any]) -> None:
    spec = pod["spec"]
    (container,) = spec["containers"]
    assert spec["securityContext"]["runAsNonRoot"] and spec["securityContext"]["runAsUser"] > 0
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["automountServiceAccountToken"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert "memory" in container["resources"]["limits"]
    for volume in spec["volumes"]:
        assert "hostPath" not in volume


def test_services_budgets_and_policies_select_pods_that_are_there() -> None:
    labels = [pod["metadata"]["labels"] for _, pod in PODS]

    def selects(wanted: dict[str, str]) -> bool:
        return any(wanted.items() <= each.items() for each in labels)

    for service in kind("Service").values():
        assert selects(service["spec"]["selector"]), service
    assert selects(kind("PodDisruptionBudget")["web"]["spec"]["selector"]["matchLabels"])
    for policy in kind("NetworkPolicy").values():
        spec = policy["spec"]
        sides = (*spec.get("ingress", []), *spec.get("egress", []))
        peers = [peer for side in sides for peer in (*side.get("from", []), *side.get("to", []))]
        chosen = [spec["podSelector"], *(peer.get("podSelector", {}) for peer in peers)]
        for selector in chosen:
            assert selects(selector.get("matchLabels", {})), policy
    assert kind("NetworkPolicy")["nobody"]["spec"] == {
        "podSelector": {}, "policyTypes": ["Ingress", "Egress"],
    }  # fmt: skip


def test_a_browser_comes_back_to_its_own_pages_and_probes_ask_the_right_ones() -> None:
    assert kind("Service")["web"]["spec"]["sessionAffinity"] == "ClientIP"
    ingress = kind("Ingress")["web"]
    said = ingress["metadata"]["annotations"]
    assert said["nginx.ingress.kubernetes.io/affinity"] == "cookie"
    (host,) = (rule["host"] for rule in ingress["spec"]["rules"])
    assert ingress["spec"]["tls"] == [{"hosts": [host], "secretName": "ctdenoise-tls"}]
    assert "kubectl create secret tls ctdenoise-tls " in OPERATING
    (web,) = kind("Deployment")["web"]["spec"]["template"]["spec"]["containers"]
    assert f"https://{host}" in understood(web["command"]).url
    for probe in ("startupProbe", "livenessProbe"):
        asked = web[probe]["httpGet"]
        assert asked["path"] == "/healthz"
        assert asked["httpHeaders"] == [{"name": "Host", "value": "localhost"}]
    assert "/readyz" in web["readinessProbe"]["exec"]["command"][-1]
    assert "/healthz" in (PACKAGE.parent / "Dockerfile").read_text()


def test_there_is_a_worker_of_every_role_with_and_without_gpus() -> None:
    roles = {
        name: understood(pod["spec"]["containers"][0]["command"]).role
        for name, pod in PODS
        if "worker" in pod["spec"]["containers"][0].get("command", [])
    }
    assert roles == {
        "trainer": ["train"], "trainer-gpu": ["train"], "interactive": ["interactive"],
        "files": ["files"],
    }  # fmt: skip
