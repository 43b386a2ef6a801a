"""The database, the HTTP API and the outputs of a stack file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.provisioner.stack_files import BALANCER, FUNCTION, SERVICE, loaded, problems

_CALLER = FUNCTION + "calls = ['database']\n"
_POSTGRES = _CALLER + "[database]\nengine = 'postgres'\n"
_MONGODB = _CALLER + "[database]\nengine = 'mongodb'\n"
_API = FUNCTION + "[api]\n"
_X = "routes = { 'GET /x' = 'caller' }\n"
_NAMED = BALANCER + SERVICE + "[dns]\nzone = 'api.example.com'\n"
_GIVEN = "[network]\nvpc_id = 'vpc-0a1b2c3d'\nprivate_subnet_ids = ['subnet-0000000a']\n"

REFUSED = [
    (_POSTGRES + "private_zone = 'db.internal'", "database.private_zone", 'or use engine = "mongodb"'),
    (_MONGODB + "multi_az = true", "database.multi_az", 'or use engine = "postgres"'),
    (_MONGODB + "backup_retention_days = 1", "database.backup_retention_days", "only postgres has it"),
    (_MONGODB + "final_snapshot = false", "database.final_snapshot", "only postgres has it"),
    (_MONGODB + "deletion_protection = true", "database.deletion_protection", "only postgres has it"),
    (_MONGODB + "name = 'admin'", "database.name", "keeps for itself"),
    (_POSTGRES + "name = 'rdsadmin'", "database.name", "use another name"),
    (_MONGODB + "version = '8'", "database.version", 'use one such as "8.0"'),
    (_MONGODB + "version = '8.0.4'", "database.version", "by release series"),
    (_MONGODB + "instance_type = 'db.t4g.micro'", "database.instance_type", 'use "t4g.micro"'),
    (_POSTGRES + "instance_type = 't4g.micro'", "database.instance_type", 'use "db.t4g.micro"'),
    (_MONGODB + "recovery_window_days = 6", "database.recovery_window_days", "use 7, or 0"),
    (_POSTGRES + "[network]\navailability_zones = 1", "network.availability_zones", "subnets in two zones"),
    (_GIVEN + _POSTGRES, "network.private_subnet_ids", 'use two, or engine = "mongodb"'),
    (FUNCTION + "[database]\nengine = 'postgres'", "database", 'add calls = ["database"] to a service'),
    (_NAMED + _MONGODB + "private_zone = 'example.com'", "database.private_zone", "hide api.example.com"),
    (_NAMED + _MONGODB + "private_zone = 'api.example.com'", "database.private_zone", '"shop.internal"'),
    (_API + "routes = { 'GET /x' = 'calelr' }", "api.routes.GET /x", 'did you mean "caller"?'),
    ("[api]\n" + _X, "api.routes.GET /x", "add the function, or remove the route"),
    (
        _API + "routes = { 'GET /a/{x}' = 'caller', 'GET /a/{y}' = 'caller' }",
        "api.routes.GET /a/{y}",
        'the same requests as "GET /a/{x}"',
    ),
    (_API + _X + "timeout = 31", "api.timeout", "ends every request after 30 s"),
    (_API + _X + "cors = { allow_credentials = true }", "api.cors.allow_origins", "name the origins"),
    (_API + _X + "[outputs]\na = '${api.ulr}/x'", "outputs.a", 'did you mean "api.url"?'),
    ("[outputs]\na = '${database.host}'", "outputs.a", 'use one of "vpc.id"'),
]
TAKEN = [
    _POSTGRES + "multi_az = true\nbackup_retention_days = 0\nfinal_snapshot = true\ndeletion_protection = true",
    _POSTGRES + "name = 'admin'\nversion = '17.4'\ninstance_type = 'db.r8g.large'",
    _MONGODB + "version = '7.0'\ninstance_type = 't4g.medium'\nrecovery_window_days = 0",
    _POSTGRES + "recovery_window_days = 0",  # so that the engine can be changed for one run
    _MONGODB + "recovery_window_days = 7\n[network]\navailability_zones = 1",
    _GIVEN.replace("'subnet-0000000a'", "'subnet-0000000a', 'subnet-0000000b'") + _POSTGRES,
    _NAMED + _MONGODB + "private_zone = 'internal.example.com'",
    BALANCER + SERVICE + "calls = ['database']\n[database]\nengine = 'postgres'",
    _API + "routes = { 'GET /a/{x}' = 'caller', 'POST /a/{y}' = 'caller', '$default' = 'caller' }",
    _API + "routes = { 'ANY /{all+}' = 'caller', 'GET /' = 'caller' }",
    _API + _X + "timeout = 30\ncors = { allow_origins = ['https://a.example'], allow_credentials = true }",
    _API + _X + "[outputs]\na = '${api.url}/x'\nb = '${functions.caller.arn}'\nc = '${vpc.id}'\nd = 'plain'",
]


@pytest.mark.parametrize(("text", "key", "words"), REFUSED)
def test_what_is_refused(tmp_path: Path, text: str, key: str, words: str) -> None:
    found = problems(tmp_path, text)
    assert list(found) == [key]
    assert words in str(found[key])


@pytest.mark.parametrize("text", TAKEN)
def test_what_is_taken(tmp_path: Path, text: str) -> None:
    assert loaded(tmp_path, text)


def test_routes_are_not_judged_where_one_is_no_text(tmp_path: Path) -> None:
    found = problems(tmp_path, _API + "routes = { 'GET /x' = 3, 'GET /y' = 'nobody' }")
    assert set(found) == {"api.routes.GET /x"}


def test_keys_of_an_engine_that_is_unknown_are_not_judged(tmp_path: Path) -> None:
    found = problems(tmp_path, _CALLER + "[database]\nengine = 'mysql'\nmulti_az = true\nrecovery_window_days = 3")
    assert set(found) == {"database.engine", "database.recovery_window_days"}
