"""What the service is deployed with is valid, and says nothing that the service does not know."""

import json
import re
import sys

import pytest

from entrypoints.settings import Settings
from tests.integration.deploy_files import (
    MAX_REQUEST_TIME,
    REPLICAS,
    ROOT,
    SECRETS,
    fly,
    known_settings,
    must,
    railway,
    run,
    services,
    the,
)

COMMAND = re.compile(r"^\s*(?:- )?(?:run: |command: )?make ([a-z-]+)", re.MULTILINE)
"""A line that runs a target of the Makefile."""


class TestSettings:
    @pytest.mark.parametrize("name", ["migrations", "api", *REPLICAS, "backup"])
    def test_compose_gives_only_settings_that_there_are(self, name: str) -> None:
        assert services()[name]["environment"].keys() <= known_settings()

    def test_the_image_gives_only_settings_that_there_are(self) -> None:
        instructions = (ROOT / "Containerfile").read_text(encoding="utf-8").replace("\\\n", " ")
        last_stage = instructions.rpartition("\nFROM ")[2]
        (variables,) = re.findall(r"^ENV (.*)", last_stage, flags=re.MULTILINE)
        names = {assignment.partition("=")[0] for assignment in variables.split()}

        assert names - {"PATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"} <= known_settings()

    def test_what_fly_is_given_are_settings_that_fit_together(self) -> None:
        given = fly()["env"]

        assert given.keys() <= known_settings() - SECRETS
        assert Settings.read(given | {"JWT_SECRET": "s" * 64}).force_https

    def test_what_kubernetes_is_given_are_settings_that_fit_together(self) -> None:
        given, secret = the("ConfigMap")["data"], the("Secret")["stringData"]

        assert given.keys() <= known_settings() - SECRETS
        assert secret.keys() <= known_settings() & SECRETS
        assert Settings.read(given | {"JWT_SECRET": "s" * 64}).force_https

    def test_the_example_of_a_secret_has_no_secrets(self) -> None:
        assert set(the("Secret")["stringData"].values()) == {""}


class TestPlatforms:
    """Their schemas are published on the web only, where the workflow of GitHub Actions asks for them."""

    def test_fly_migrates_forces_https_and_asks_for_both_kinds_of_health(self) -> None:
        config = fly()

        assert config["deploy"]["release_command"] == "migrate"
        assert config["http_service"]["force_https"] is True
        assert [check["path"] for check in config["http_service"]["checks"]] == ["/health/ready"]
        assert config["checks"]["alive"]["path"] == "/health"
        assert (config["kill_signal"], config["kill_timeout"] > MAX_REQUEST_TIME) == ("SIGTERM", True)
        assert (ROOT / config["build"]["dockerfile"]).exists()

    def test_fly_reaches_the_ports_that_the_service_has(self) -> None:
        config, settings = fly(), Settings.read(fly()["env"] | {"JWT_SECRET": "s" * 64})

        assert config["http_service"]["internal_port"] == config["checks"]["alive"]["port"] == settings.port
        assert config["metrics"]["port"] == settings.metrics_port
        assert "services" not in config  # which could make the metrics public

    def test_railway_migrates_and_waits_until_the_service_is_ready(self) -> None:
        deploy = railway()["deploy"]

        assert deploy["preDeployCommand"] == ["todo-api migrate"]
        assert deploy["healthcheckPath"] == "/health/ready"
        assert deploy["drainingSeconds"] > MAX_REQUEST_TIME
        assert (ROOT / railway()["build"]["dockerfilePath"]).exists()


class TestImage:
    @pytest.mark.parametrize("image", ["registry.example.com:5000/todo", "registry.example.com:5000/todo:blue"])
    def test_it_is_tagged_with_what_a_rollout_can_go_back_to(self, image: str) -> None:
        command = must(run("make", "--dry-run", "image", f"IMAGE={image}", "VERSION=1.2.3", "COMMIT=4f2c9d1"))

        repository = "registry.example.com:5000/todo"
        assert re.findall(r"--tag (\S+)", command) == [image, f"{repository}:1.2.3", f"{repository}:4f2c9d1"]

    def test_without_a_repository_it_has_its_version(self) -> None:
        command = must(run("make", "--dry-run", "image", "IMAGE=todo", "VERSION=1.2.3", "COMMIT="))

        assert re.findall(r"--tag (\S+)", command) == ["todo", "todo:1.2.3"]


class TestContinuousIntegration:
    @pytest.mark.parametrize(
        ("schema", "file"),
        [
            ("vendor.github-workflows", ".github/workflows/ci.yml"),
            ("custom.github-workflows-require-timeout", ".github/workflows/ci.yml"),
            ("vendor.circle-ci", ".circleci/config.yml"),
            ("vendor.compose-spec", "compose.yaml"),
            ("vendor.renovate", ".github/renovate.json"),
        ],
    )
    def test_the_file_is_valid(self, schema: str, file: str) -> None:
        must(run(sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, file))

    def test_actions_are_named_by_commit_and_version(self) -> None:
        workflow = (ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8")
        used = re.findall(r"uses: (.*)", workflow)

        assert used
        assert [action for action in used if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action)] == []

    def test_what_is_pinned_is_kept_current(self) -> None:
        renovate = json.loads((ROOT / ".github/renovate.json").read_text(encoding="utf-8"))

        assert {"docker:pinDigests", "helpers:pinGitHubActionDigestsToSemver"} <= set(renovate["extends"])
        assert set(renovate["enabledManagers"]) == {"dockerfile", "docker-compose", "github-actions"}

    @pytest.mark.parametrize("file", ["Containerfile", ".github/workflows/ci.yml", ".circleci/config.yml"])
    def test_nothing_is_installed_at_whatever_is_newest(self, file: str) -> None:
        text = (ROOT / file).read_text(encoding="utf-8")

        assert ":latest" not in text
        assert "pipx run" not in text

    def test_ci_meets_postgresql_with_an_engine_and_without(self) -> None:
        for file in (".ci/run", ".github/workflows/ci.yml"):
            text = (ROOT / file).read_text(encoding="utf-8")
            assert [word in text for word in ("make test-without-engine", "tools/skipped.py")] == [True, True], file
        command = must(run("make", "--dry-run", "test-without-engine", "REPORTS=/tmp/reports"))
        assert "DOCKER_HOST=tcp://127.0.0.1:1 REQUIRE_CONTAINERS= " in command
        assert "tests/integration -m postgresql" in command
        assert "--junitxml='/tmp/reports/without-engine.xml'" in command

    @pytest.mark.parametrize("file", [".github/workflows/ci.yml", ".circleci/config.yml", ".ci/run"])
    def test_it_runs_what_a_developer_runs(self, file: str) -> None:
        commands = set(re.findall(COMMAND, (ROOT / file).read_text(encoding="utf-8")))
        targets = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))

        assert commands >= {"lint", "test", "audit", "up", "smoke", "down"}
        assert commands <= targets
