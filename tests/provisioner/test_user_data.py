"""The script that installs MongoDB, run with programs that only pretend and note how they were called."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from provisioner.user_data import mongodb

ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:lab-database-AbCdEf"
PASSWORD = "Zq7correcthorse"
LIMIT = 16 * 1024
"""Bytes of user data. Source: EC2 User Guide, "Run commands when you launch an EC2 instance"."""

PRETENDING = """#!/bin/bash
echo "{name} $*" >> "$CALLED"
{body}
"""
BODIES = {
    "aws": '! fails aws && cat "$SECRET_FILE"',
    "dnf": "! fails dnf",
    "systemctl": "",
    "openssl": "echo 0123456789abcdef",
    "sleep": "",
    "curl": 'case "$*" in *local-ipv4) echo 10.0.5.9;; *) echo token;; esac',
    # What mongosh was told in its environment, for those calls that put users.
    "mongosh": '[ -z "$CREDENTIALS" ] || echo "$AUTHORIZED $ADMIN_PASSWORD $CREDENTIALS" >> "$TOLD"',
}
FAILS = """
fails() {
  local left
  left=$(cat "$FAILING/$1" 2> /dev/null || echo 0)
  [ "$left" -gt 0 ] || return 1
  echo $((left - 1)) > "$FAILING/$1"
}
"""


def script() -> str:
    pieces = mongodb(("secret", "arn"), "us-east-1", "8.0", "notes")
    return "".join(piece if isinstance(piece, str) else ARN for piece in pieces)


@dataclass
class Machine:
    """A folder that stands for an instance's disk."""

    root: Path

    def prepare(self) -> Machine:
        for name in ("etc/yum.repos.d", "root", "bin", "failing"):
            (self.root / name).mkdir(parents=True)
        for name, body in BODIES.items():
            program = self.root / "bin" / name
            program.write_text(PRETENDING.format(name=name, body=FAILS + body))
            program.chmod(0o755)
        self.keep(PASSWORD)
        return self

    def keep(self, password: str) -> None:
        """Have this password in the secret."""
        (self.root / "secret").write_text(json.dumps({"username": "app", "password": password}))

    def failing(self, program: str, times: int) -> None:
        (self.root / "failing" / program).write_text(str(times))

    def boot(self) -> subprocess.CompletedProcess[str]:
        """Run the script with its paths in this folder."""
        text = script().replace("/etc/", f"{self.root}/etc/").replace("/root", f"{self.root}/root")
        for name in ("called", "told"):
            (self.root / name).write_text("")
        return subprocess.run(
            ["/bin/bash", "-x", "-s"],  # as whoever hunts a fault would run it
            input=text,
            capture_output=True,
            text=True,
            check=False,
            env={
                "PATH": f"{self.root / 'bin'}:{os.environ['PATH']}",
                "CALLED": str(self.root / "called"),
                "TOLD": str(self.root / "told"),
                "FAILING": str(self.root / "failing"),
                "SECRET_FILE": str(self.root / "secret"),
            },
        )

    def called(self, program: str = "") -> list[str]:
        lines = (self.root / "called").read_text().splitlines()
        return [line for line in lines if line.startswith(program)]

    def told(self) -> list[str]:
        """What mongosh got to put users with: whether it must log in, the administrator's password, the secret."""
        return (self.root / "told").read_text().splitlines()

    def file(self, name: str) -> str:
        return (self.root / name).read_text()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "disk").prepare()


def test_it_is_a_script_that_bash_understands_and_ec2_takes() -> None:
    text = script()
    assert text.startswith("#!/bin/bash\n")
    assert len(text.encode()) <= LIMIT
    checked = subprocess.run(["/bin/bash", "-n"], input=text, capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_everything_has_been_filled_in() -> None:
    text = script()
    for line in (f"SECRET='{ARN}'", "REGION='us-east-1'", "VERSION='8.0'", "export DATABASE='notes'"):
        assert line in text.splitlines()
    assert "@" not in text.partition("set +x")[2].replace('"$@"', "")


@pytest.mark.parametrize("field", ["region", "version", "database"])
@pytest.mark.parametrize("value", ["a'; reboot; '", "$(id)", "", "two words", "-x"])
def test_what_a_shell_would_read_otherwise_is_refused(field: str, value: str) -> None:
    plain = {"region": "us-east-1", "version": "8.0", "database": "notes", field: value}
    with pytest.raises(ValueError, match=field):
        mongodb(("secret", "arn"), **plain)


def test_users_are_there_before_anybody_else_can_connect(machine: Machine) -> None:
    ran = machine.boot()
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[-1] == "mongodb: answers at 10.0.5.9:27017"
    restarts = [n for n, line in enumerate(machine.called()) if line == "systemctl restart mongod"]
    puts = [n for n, line in enumerate(machine.called()) if "createUser" in line]
    assert len(restarts) == 2
    assert restarts[0] < puts[0] < restarts[1]
    assert "systemctl enable mongod" in machine.called()
    assert machine.told() == [f'no 0123456789abcdef {{"username": "app", "password": "{PASSWORD}"}}']


def test_it_listens_at_the_private_address_and_asks_for_passwords(machine: Machine) -> None:
    machine.boot()
    config = machine.file("etc/mongod.conf").splitlines()
    assert "  bindIp: 127.0.0.1,10.0.5.9" in config
    assert "  authorization: enabled" in config
    assert "X-aws-ec2-metadata-token: token" in machine.called("curl")[-1]


def test_the_password_is_neither_printed_nor_an_argument(machine: Machine) -> None:
    ran = machine.boot()
    for text in (ran.stdout, ran.stderr, *machine.called()):
        assert PASSWORD not in text
        assert "0123456789abcdef" not in text
    assert (machine.root / "root/.mongodb-administrator").stat().st_mode & 0o777 == 0o600


def test_it_comes_from_mongodbs_own_repository(machine: Machine) -> None:
    machine.boot()
    repository = machine.file("etc/yum.repos.d/mongodb-org-8.0.repo").splitlines()
    assert "baseurl=https://repo.mongodb.org/yum/amazon/2023/mongodb-org/8.0/$basearch/" in repository
    assert "gpgkey=https://pgp.mongodb.com/server-8.0.asc" in repository
    assert "gpgcheck=1" in repository


def test_a_young_network_is_waited_for(machine: Machine) -> None:
    machine.failing("dnf", 3)
    machine.failing("aws", 2)
    ran = machine.boot()
    assert ran.returncode == 0, ran.stderr
    assert (len(machine.called("dnf")), len(machine.called("aws"))) == (4, 3)
    assert len(machine.called("sleep")) == 5


def test_giving_up_is_told_and_changes_nothing_more(machine: Machine) -> None:
    machine.failing("aws", 1000)
    ran = machine.boot()
    assert ran.returncode != 0
    assert "mongodb: gave up: read_secret" in ran.stdout
    assert not machine.called("systemctl")


def test_run_again_it_takes_the_new_password_and_keeps_the_administrator(machine: Machine) -> None:
    machine.boot()
    machine.keep("another")
    ran = machine.boot()
    assert ran.returncode == 0, ran.stderr
    assert machine.told() == ['yes 0123456789abcdef {"username": "app", "password": "another"}']
    assert not machine.called("openssl")
    assert "  authorization: enabled" in machine.file("etc/mongod.conf").splitlines()
