"""The files for containers and clusters, which are not run here, at least fit what reads them."""

import json
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
from ruamel.yaml import YAML

from schemas.settings import ENV_PREFIX, SECTIONS, load_settings
from schemas.topics import INPUTS

DEPLOY = Path(__file__).parents[2] / "deploy"
KUBERNETES_VERSION = "1.33"
NOT_SETTINGS = {"FEEDLOOP_HEALTH_PORT", "FEEDLOOP_HEALTH_HOST"}
MANIFESTS = sorted((DEPLOY / "kubernetes").glob("*.yaml"))


def compose() -> dict[str, Any]:
    return YAML(typ="safe").load((DEPLOY / "compose.yaml").read_text())


def objects() -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{path.name}:{found['kind']}", found)
        for path in MANIFESTS
        for found in YAML(typ="safe").load_all(path.read_text())
    ]


def deployments() -> dict[str, dict[str, Any]]:
    found = [o for _, o in objects() if o["kind"] == "StatefulSet"]
    return {o["metadata"]["name"].removeprefix("feedloop-"): o for o in found}


def dashboard() -> dict[str, Any]:
    return json.loads((DEPLOY / "grafana" / "feedloop.json").read_text())


def test_compose_fits_the_compose_specification() -> None:
    # Only the schema it brings is wanted, not the program.
    vendor = "check_jsonschema/builtin_schemas/vendor/compose-spec.json"
    schema = json.loads(Path(distribution("check-jsonschema").locate_file(vendor)).read_text())
    jsonschema.validate(compose(), schema)
    with pytest.raises(jsonschema.ValidationError):  # and the check can fail
        jsonschema.validate({"services": {"kafka": {"imagine": "x"}}}, schema)


def test_compose_runs_every_worker_once() -> None:
    commands = [s.get("command") for s in compose()["services"].values()]
    workers = [command[1] for command in commands if command and command[0] == "worker"]
    assert sorted(workers) == sorted(INPUTS)


def test_compose_waits_only_for_services_it_has() -> None:
    services = compose()["services"]
    for name, service in services.items():
        assert set(service.get("depends_on", ())) <= set(services), name


def test_compose_names_only_volumes_and_files_it_has() -> None:
    declared = set(compose()["volumes"])
    for service in compose()["services"].values():
        for mount in service.get("volumes", ()):
            source = mount.split(":")[0]
            assert (DEPLOY / source).exists() if source.startswith(".") else source in declared


@pytest.mark.parametrize(("name", "found"), objects(), ids=[name for name, _ in objects()])
def test_each_manifest_fits_the_kubernetes_api(name: str, found: dict[str, Any]) -> None:
    kubernetes_validate.validate(found, KUBERNETES_VERSION, strict=True)


def test_a_wrong_manifest_would_be_found() -> None:
    wrong = json.loads(json.dumps(deployments()["join"]))
    wrong["spec"]["replica"] = 2
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, KUBERNETES_VERSION, strict=True)


def test_each_worker_has_a_deployment_that_starts_it() -> None:
    args = {
        n: d["spec"]["template"]["spec"]["containers"][0]["args"] for n, d in deployments().items()
    }
    assert args == {name: ["worker", name] for name in INPUTS}


@pytest.mark.parametrize("name", INPUTS)
def test_each_deployment_selects_its_own_pods_and_is_probed(name: str) -> None:
    spec = deployments()[name]["spec"]
    labels = spec["template"]["metadata"]["labels"]
    assert spec["selector"]["matchLabels"].items() <= labels.items()
    container = spec["template"]["spec"]["containers"][0]
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert container[probe]["httpGet"] == {"path": "/health", "port": "health"}
    slot = {"fieldRef": {"fieldPath": "metadata.name"}}
    assert {"name": "FEEDLOOP_STAGE_SLOT", "valueFrom": slot} in container["env"]
    budgets = [o for _, o in objects() if o["kind"] == "PodDisruptionBudget"]
    assert spec["selector"] in [b["spec"]["selector"] for b in budgets]


def environments() -> dict[str, dict[str, str]]:
    config = next(o for _, o in objects() if o["kind"] == "ConfigMap")
    return {"kubernetes": config["data"], "compose": compose()["x-environment"]}


@pytest.mark.parametrize("place", ["kubernetes", "compose"])
def test_every_variable_is_a_setting_that_loads(place: str) -> None:
    environ = environments()[place]
    known = {
        f"{ENV_PREFIX}{section}_{name}".upper()
        for section, kind in SECTIONS.items()
        for name in kind.__struct_fields__
    }
    assert set(environ) - known <= NOT_SETTINGS
    settings = load_settings(environ, file=None)
    assert settings.kafka.bootstrap == environ["FEEDLOOP_KAFKA_BOOTSTRAP"]


def test_no_password_is_written_down() -> None:
    for place, environ in environments().items():
        for name, value in environ.items():
            if name.endswith(("PASSWORD", "KEYS")):
                assert value.startswith("${"), f"{place}: {name}"


def test_the_dashboard_has_a_query_in_every_panel_and_ids_of_its_own() -> None:
    panels = dashboard()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    for panel in panels:
        assert panel["datasource"]["uid"] == "feedloop"
        assert all(target["rawSql"].startswith("SELECT ") for target in panel["targets"])


def test_the_image_holds_all_packages() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    for package in ("schemas", "producers", "stream_jobs", "sinks", "deploy"):
        assert f"COPY {package} {package}\n" in text
    assert "--require-hashes -r requirements.lock" in text
