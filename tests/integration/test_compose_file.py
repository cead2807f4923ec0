"""compose.yaml: what each profile starts, and what it takes to do so."""

import json
import re
from pathlib import Path

import pytest

from tests.integration.deploy_files import GIVEN_BY_MAKE, REPLICAS, ROOT, must, read_yaml, run, services
from tests.needs import COMPOSE, require


class TestCompose:
    @pytest.fixture
    def secrets(self) -> dict[str, str]:
        """What `docker compose config` has to be given, for tests that run it."""
        require(COMPOSE)
        return dict.fromkeys(GIVEN_BY_MAKE, "x")

    @pytest.mark.parametrize(
        ("profile", "serving"),
        [("single", {"api"}), ("replicas", {*REPLICAS, "balancer", "prometheus"}), ("backup", {"backup"})],
    )
    def test_a_profile_starts_what_it_is_for(self, profile: str, serving: set[str], secrets: dict[str, str]) -> None:
        config = ("docker", "compose", "--env-file", "/dev/null", "--profile", profile, "config", "--services")

        assert set(must(run(*config, variables=secrets)).split()) == {"database", "redis", "migrations"} | serving

    @pytest.mark.parametrize("name", sorted(GIVEN_BY_MAKE))
    def test_without_a_secret_nothing_starts(self, name: str, secrets: dict[str, str]) -> None:
        del secrets[name]

        finished = run("docker", "compose", "--env-file", "/dev/null", "config", "--quiet", variables=secrets)

        assert finished.returncode != 0
        assert name in finished.stderr
        assert "make secrets" in finished.stderr

    def test_only_what_is_meant_for_outside_has_a_port_there(self) -> None:
        assert {name for name, service in services().items() if "ports" in service} == {"api", "balancer", "prometheus"}

    def test_only_backups_get_the_key_that_opens_them(self) -> None:
        given = {name for name, service in services().items() if "BACKUP_IDENTITY" in service.get("environment", {})}

        assert given == {"backup"}

    def test_the_key_can_be_a_file(self, secrets: dict[str, str]) -> None:
        config = ("docker", "compose", "--env-file", "/dev/null", "--profile", "backup", "config", "--format", "json")
        given, none = (
            json.loads(must(run(*config, variables=secrets | variables)))
            for variables in ({"BACKUP_IDENTITY_FILE": "/media/key.txt"}, {})
        )

        assert given["secrets"]["backup_identity"]["file"] == "/media/key.txt"
        assert given["services"]["backup"]["environment"]["BACKUP_IDENTITY_FILE"] == "/run/secrets/backup_identity"
        assert none["services"]["backup"]["environment"]["BACKUP_IDENTITY_FILE"] == ""

    def test_a_proxy_in_front_is_believed_by_the_balancer_and_the_replicas(self, secrets: dict[str, str]) -> None:
        proxy = {"TRUSTED_PROXIES": "203.0.113.7,2001:db8::/32"}
        config = ("docker", "compose", "--env-file", "/dev/null", "--profile", "replicas", "config", "--format", "json")
        found = json.loads(must(run(*config, variables=secrets | proxy)))["services"]

        assert found["balancer"]["environment"] == proxy
        for name in REPLICAS:
            assert found[name]["environment"]["TRUSTED_PROXIES"].endswith(f",{proxy['TRUSTED_PROXIES']}")

    def test_by_default_the_balancer_believes_nobody(self, secrets: dict[str, str]) -> None:
        config = ("docker", "compose", "--env-file", "/dev/null", "--profile", "replicas", "config", "--format", "json")
        found = json.loads(must(run(*config, variables=secrets)))["services"]

        assert found["balancer"]["environment"] == {"TRUSTED_PROXIES": "127.0.0.1"}

    def test_no_secret_is_on_a_command_line(self) -> None:
        for name, service in services().items():
            said = json.dumps([service.get("command"), service.get("entrypoint"), service.get("healthcheck")])
            # "$$" is left to a shell in the container, which is gone, or is none, when the program runs.
            assert "$" not in said.replace("$$", ""), name

    def test_redis_reads_its_password_from_standard_input(self, secrets: dict[str, str]) -> None:
        config = ("docker", "compose", "--env-file", "/dev/null", "config", "--format", "json")
        password = {"REDIS_PASSWORD": "hidden-from-everybody"}
        redis = json.loads(must(run(*config, variables=secrets | password)))["services"]["redis"]

        assert "hidden" not in json.dumps([redis["command"], redis["healthcheck"]])
        assert redis["environment"] == {"REDISCLI_AUTH": password["REDIS_PASSWORD"]}
        assert redis["command"][:2] == ["sh", "-c"]
        assert redis["command"][2].startswith("exec redis-server - <<CONFIGURATION\nrequirepass ")

    @pytest.mark.parametrize("name", sorted(services()))
    def test_a_container_has_no_more_rights_than_it_needs(self, name: str) -> None:
        service = services()[name]

        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        # The database's image prepares its directories as root before it becomes postgres.
        assert set(service.get("cap_add", [])) <= (
            {"CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"} if name == "database" else set[str]()
        )
        assert service.get("read_only", False) is (name != "prometheus")  # which gets its token as a file

    def test_the_api_waits_for_what_it_needs(self) -> None:
        for name in ("api", *REPLICAS):
            assert services()[name]["depends_on"] == {
                "database": {"condition": "service_healthy"},
                "redis": {"condition": "service_healthy"},
                "migrations": {"condition": "service_completed_successfully"},
            }

    def test_balancer_rollout_and_prometheus_know_every_replica(self) -> None:
        balancer = (ROOT / "deploy/balancer/haproxy.cfg").read_text(encoding="utf-8")
        (scraped,) = read_yaml(ROOT / "deploy/prometheus/prometheus.yml")["scrape_configs"]
        rollout = (ROOT / "deploy/rollout.sh").read_text(encoding="utf-8")

        assert re.findall(r"^ +server (\S+) (\S+)", balancer, flags=re.MULTILINE) == [
            (name, f"{name}:8000") for name in REPLICAS
        ]
        assert scraped["static_configs"] == [{"targets": [f"{name}:9100" for name in REPLICAS]}]
        assert f"REPLICAS=({' '.join(REPLICAS)})" in rollout

    def test_every_image_that_is_pulled_is_one_that_ci_gets_ready(self) -> None:
        files = [ROOT / "compose.yaml", ROOT / "Containerfile", *ROOT.glob("deploy/*/Containerfile")]
        text = "\n".join(path.read_text(encoding="utf-8") for path in files)
        stages = set(re.findall(r"^FROM \S+ AS (\S+)", text, flags=re.MULTILINE))
        pulled = set(re.findall(r"^(?:FROM |COPY --from=| +image: )([^\s$@]+)", text, flags=re.MULTILINE)) - stages
        (ready,) = re.findall(r'"\$engine" images (.*)', (ROOT / ".ci/run").read_text(encoding="utf-8"))

        assert pulled == set(ready.split())


class TestMakeSecrets:
    def test_it_writes_what_is_missing_for_nobody_else_to_read(self, tmp_path: Path) -> None:
        env = tmp_path / ".env"
        env.write_text("PORT=9000\nJWT_SECRET=already there", encoding="utf-8")

        for _ in range(2):
            must(run("make", "--file", str(ROOT / "Makefile"), "secrets", cwd=tmp_path))

        lines = dict(line.split("=") for line in env.read_text(encoding="utf-8").split("\n") if line)
        assert lines.keys() == {"PORT"} | GIVEN_BY_MAKE
        assert lines["JWT_SECRET"] == "already there"
        assert all(len(lines[name]) == 128 for name in GIVEN_BY_MAKE - {"JWT_SECRET"})
        assert env.stat().st_mode & 0o777 == 0o600
