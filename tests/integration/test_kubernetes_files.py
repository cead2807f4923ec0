"""deploy/kubernetes: valid objects that fit together, and pods that can do no more than they need to."""

import sys
from collections.abc import Mapping
from typing import Any

import pytest

from tests.integration.deploy_files import KUBERNETES, MAX_REQUEST_TIME, kubernetes_objects, must, read_yaml, run, the

API, MIGRATIONS, BACKUP, CHECK = "todo-api", "todo-api-migrations", "todo-api-backup", "todo-api-check"


def pods() -> dict[str, Any]:
    """Return what the pods of each workload are to be, by its name."""
    cron_jobs = {
        item["metadata"]["name"]: item["spec"]["jobTemplate"]["spec"]["template"]
        for item in kubernetes_objects()
        if item["kind"] == "CronJob"
    }
    return {API: the("Deployment")["spec"]["template"], MIGRATIONS: the("Job")["spec"]["template"], **cron_jobs}


def containers(pod: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]


def test_every_object_is_valid() -> None:
    files = [str(path) for path in KUBERNETES.glob("*.yaml") if path.name != "kustomization.yaml"]

    must(run(sys.executable, "-m", "kubernetes_validate", "--strict", *files))


def test_everything_but_the_example_is_applied() -> None:
    applied = read_yaml(KUBERNETES / "kustomization.yaml")["resources"]

    assert sorted([*applied, "kustomization.yaml", "secret.example.yaml"]) == sorted(
        path.name for path in KUBERNETES.iterdir()
    )


@pytest.mark.parametrize("name", [API, MIGRATIONS, BACKUP, CHECK])
def test_pods_have_no_more_rights_than_they_need(name: str) -> None:
    pod = pods()[name]

    assert pod["spec"]["automountServiceAccountToken"] is False
    assert (
        pod["spec"]["securityContext"].items()
        >= {
            "runAsNonRoot": True,
            "runAsUser": 10001,
            "seccompProfile": {"type": "RuntimeDefault"},
        }.items()
    )
    for container in containers(pod):
        assert container["image"] == "todo-api"
        assert container["resources"].keys() == {"requests", "limits"}
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


def test_a_pod_that_stops_has_time_for_its_requests() -> None:
    pod = the("Deployment")["spec"]["template"]["spec"]
    (api,) = pod["containers"]
    _, seconds = api["lifecycle"]["preStop"]["exec"]["command"]

    assert pod["terminationGracePeriodSeconds"] >= int(seconds) + MAX_REQUEST_TIME


def test_a_pod_that_cannot_work_gets_no_requests_and_one_that_lives_is_not_killed() -> None:
    (api,) = the("Deployment")["spec"]["template"]["spec"]["containers"]

    probes = {name: api[f"{name}Probe"]["httpGet"]["path"] for name in ("startup", "liveness", "readiness")}
    assert probes == {"startup": "/health", "liveness": "/health", "readiness": "/health/ready"}


@pytest.mark.parametrize("kind", ["Service", "PodDisruptionBudget", "NetworkPolicy", "Deployment"])
def test_selectors_find_the_pods_that_serve(kind: str) -> None:
    spec = the(kind)["spec"]
    selector = spec["selector"] if "selector" in spec else spec["podSelector"]

    assert pods()[API]["metadata"]["labels"].items() >= selector.get("matchLabels", selector).items()


def test_whoever_may_come_in_is_named() -> None:
    rules = the("NetworkPolicy")["spec"]["ingress"]
    checklist = {"podSelector": {"matchLabels": pods()[CHECK]["metadata"]["labels"]}}

    assert [[port["port"] for port in rule["ports"]] for rule in rules] == [[8000], [9100]]
    for rule in rules:
        assert checklist in rule["from"]
        for peer in rule["from"]:
            assert all(selector.get("matchLabels") for selector in peer.values()), "an empty selector is everybody"


def test_jobs_are_not_taken_for_pods_that_serve() -> None:
    selector = the("Service")["spec"]["selector"].items()

    for name in (MIGRATIONS, BACKUP, CHECK):
        assert not pods()[name]["metadata"]["labels"].items() >= selector


def test_the_checklist_sees_the_backups_that_are_made() -> None:
    (check,) = containers(pods()[CHECK])

    for container in containers(pods()[BACKUP]):
        assert {"name": "backups", "mountPath": "/backups"} in container["volumeMounts"]
    assert {"name": "backups", "mountPath": "/backups", "readOnly": True} in check["volumeMounts"]
    assert {"name": "BACKUP_DIR", "value": "/backups"} in check["env"]
    claims = [
        volume.get("persistentVolumeClaim") for name in (BACKUP, CHECK) for volume in pods()[name]["spec"]["volumes"]
    ]
    assert [claim for claim in claims if claim] == [{"claimName": the("PersistentVolumeClaim")["metadata"]["name"]}] * 2


def test_the_checklist_reaches_the_service_and_its_metrics() -> None:
    (check,), service = containers(pods()[CHECK]), the("Service")
    own_pods = {"podSelector": {"matchLabels": service["spec"]["selector"]}}
    to_pods = [rule["ports"] for rule in the("NetworkPolicy")["spec"]["egress"] if own_pods in rule.get("to", [])]

    assert check["args"] == ["check", "--deploy", "--url", f"http://{service['metadata']['name']}"]
    assert {"name": "METRICS_HOST", "value": service["metadata"]["name"]} in check["env"]
    assert [port["port"] for port in service["spec"]["ports"]] == [80, int(the("ConfigMap")["data"]["METRICS_PORT"])]
    assert to_pods == [[{"port": 8000}, {"port": 9100}]]
