"""deploy/kubernetes: valid objects that fit together, and pods that can do no more than they need to."""

import sys
from collections.abc import Mapping
from typing import Any

import pytest

from tests.integration.deploy_files import KUBERNETES, LONGEST_REQUEST, must, read_yaml, run, the


def pods() -> dict[str, Any]:
    """Return what the pods of each kind of workload are to be."""
    return {
        "Deployment": the("Deployment")["spec"]["template"],
        "Job": the("Job")["spec"]["template"],
        "CronJob": the("CronJob")["spec"]["jobTemplate"]["spec"]["template"],
    }


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


@pytest.mark.parametrize("kind", ["Deployment", "Job", "CronJob"])
def test_pods_have_no_more_rights_than_they_need(kind: str) -> None:
    pod = pods()[kind]

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

    assert pod["terminationGracePeriodSeconds"] >= int(seconds) + LONGEST_REQUEST


def test_a_pod_that_cannot_work_gets_no_requests_and_one_that_lives_is_not_killed() -> None:
    (api,) = the("Deployment")["spec"]["template"]["spec"]["containers"]

    probes = {name: api[f"{name}Probe"]["httpGet"]["path"] for name in ("startup", "liveness", "readiness")}
    assert probes == {"startup": "/health", "liveness": "/health", "readiness": "/health/ready"}


@pytest.mark.parametrize("kind", ["Service", "PodDisruptionBudget", "NetworkPolicy", "Deployment"])
def test_selectors_find_the_pods_that_serve(kind: str) -> None:
    spec = the(kind)["spec"]
    selector = spec["selector"] if "selector" in spec else spec["podSelector"]

    assert pods()["Deployment"]["metadata"]["labels"].items() >= selector.get("matchLabels", selector).items()


def test_jobs_are_not_taken_for_pods_that_serve() -> None:
    selector = the("Service")["spec"]["selector"].items()

    for kind in ("Job", "CronJob"):
        assert not pods()[kind]["metadata"]["labels"].items() >= selector
