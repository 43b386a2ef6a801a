"""The stack file as a whole: what is loaded, overridden, kept and refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provisioner.stack import Stack, StackError, load, restore, schema
from provisioner.stack_file.schema import expected
from tests.provisioner.stack_files import BALANCER, EVERYTHING, FUNCTION, SERVICE, loaded, problems, write

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.toml"))
WHOLE = BALANCER + SERVICE + FUNCTION


def test_a_name_is_enough(tmp_path: Path) -> None:
    assert loaded(tmp_path, "") == Stack(name="shop")


def test_defaults_are_those_of_the_manual(tmp_path: Path) -> None:
    stack = loaded(tmp_path, WHOLE)
    service, function = stack.services["web"], stack.functions["caller"]
    assert (stack.network.cidr, stack.network.availability_zones, stack.network.nat_gateways) == (
        "10.0.0.0/16",
        2,
        "one",
    )
    assert (service.cpu, service.memory, service.count, service.architecture) == (256, 512, 1, "x86_64")
    assert (function.handler, function.architecture, function.timeout, function.vpc) == (
        "handler.handler",
        "arm64",
        30,
        True,
    )


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda file: file.stem)
def test_examples_load(example: Path) -> None:
    assert load(example).name == example.stem


def test_the_main_example_is_the_systems_three_functions() -> None:
    stack = load(EXAMPLES[0].with_name("private-lambda.toml"))
    assert list(stack.functions) == ["caller", "wrong-group", "outside-vpc"]
    assert [function.vpc for function in stack.functions.values()] == [True, True, False]
    assert stack.functions["caller"].calls == ("web",)
    assert stack.functions["wrong-group"].egress[0].port == 80


def test_sources_are_absolute_and_count_from_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "stacks"
    folder.mkdir()
    write(folder, WHOLE)
    monkeypatch.chdir(tmp_path)
    stack = load(Path("stacks/stack.toml"))
    assert stack.functions["caller"].source == folder.resolve() / "code"


@pytest.mark.parametrize(
    "text", ["", WHOLE, EVERYTHING, WHOLE + "calls = ['web']\nenvironment = { A1 = '${services.web.url}' }"]
)
def test_a_stack_survives_the_state_file(tmp_path: Path, text: str) -> None:
    stack = loaded(tmp_path, text)
    assert restore(json.loads(json.dumps(stack.model_dump(mode="json")))) == stack


def test_zone_names_survive_the_state_file(tmp_path: Path) -> None:
    stack = loaded(tmp_path, '[network]\navailability_zones = ["eu-west-1a", "eu-west-1b"]')
    assert restore(stack.model_dump(mode="json")).network.availability_zones == ("eu-west-1a", "eu-west-1b")


def test_restoring_needs_no_payload(tmp_path: Path) -> None:
    document = loaded(tmp_path, WHOLE).model_dump(mode="json")
    (tmp_path / "code" / "handler.py").unlink()
    (tmp_path / "code").rmdir()
    assert restore(document).functions["caller"].source == tmp_path.resolve() / "code"


def test_a_recorded_stack_of_another_version_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="unknown key"):
        restore({**loaded(tmp_path, "").model_dump(mode="json"), "colours": 1})


def test_another_name(tmp_path: Path) -> None:
    assert load(write(tmp_path, ""), name="pr-7").name == "pr-7"


@pytest.mark.parametrize(
    ("override", "key", "value"),
    [
        ("services.web.count=3", "services.web.count", 3),
        ("functions.caller.vpc=false", "functions.caller.vpc", False),
        ("functions.caller.handler=handler.handler", "functions.caller.handler", "handler.handler"),
        ("network.nat_gateways=per-az", "network.nat_gateways", "per-az"),
        ('network.nat_gateways="per-az"', "network.nat_gateways", "per-az"),
        ("tags.version=1.0", "tags.version", "1.0"),
        ('tags."a:b"=c=d', "tags.a:b", "c=d"),
        ("functions.caller.environment.PORT=8080", "functions.caller.environment.PORT", "8080"),
        ("cluster.container_insights=false", "cluster.container_insights", False),
        ("services.web.health_check.path=/up", "services.web.health_check.path", "/up"),
        ("name=other", "name", "other"),
        ("region=eu-west-1", "region", "eu-west-1"),
    ],
)
def test_overrides(tmp_path: Path, override: str, key: str, value: object) -> None:
    found: object = loaded(tmp_path, WHOLE, override).model_dump()
    for step in key.split("."):
        assert isinstance(found, dict)
        found = found[step]
    assert found == value


@pytest.mark.parametrize(
    ("override", "path", "value"),
    [
        ("network.egress=endpoints", ("network", "egress"), "endpoints"),
        ('network.endpoints=["secretsmanager", "ssmmessages", "s3"]', ("network", "endpoints", 2), "s3"),
        ("network.transit_gateway.id=tgw-0000000a", ("network", "transit_gateway", "id"), "tgw-0000000a"),
        ("service_connect.namespace=inner", ("service_connect", "namespace"), "inner"),
        ("load_balancer.tls.redirect=false", ("load_balancer", "tls", "redirect"), False),
        ("dns.parent.profile=dns", ("dns", "parent", "profile"), "dns"),
        ("services.web.scaling.maximum=8", ("services", "web", "scaling", "maximum"), 8),
        ("services.web.health_check.protocol=http", ("services", "web", "health_check", "protocol"), "http"),
        ("services.back.priority=7", ("services", "back", "priority"), 7),
        ("functions.caller.url.auth=none", ("functions", "caller", "url", "auth"), "none"),
        ("database.storage=30", ("database", "storage"), 30),
        ("database.version=17.4", ("database", "version"), "17.4"),
        ('api.routes."GET /x"=caller', ("api", "routes", "GET /x"), "caller"),
        ("api.cors.max_age=60", ("api", "cors", "max_age"), 60),
        ("outputs.name=${dns.name}", ("outputs", "name"), "${dns.name}"),
        ("cluster.existing=shared", ("cluster", "existing"), "shared"),
    ],
)
def test_overrides_of_every_table(
    tmp_path: Path, override: str, path: tuple[str | int, ...], value: object
) -> None:
    found: object = loaded(tmp_path, EVERYTHING, override).model_dump()
    for step in path:
        assert isinstance(found, dict | tuple)
        found = found[step]  # type: ignore[index]
    assert found == value


@pytest.mark.parametrize(
    ("override", "key", "words"),
    [
        ("network.transit_gateway.ruotes=[]", "ruotes", 'did you mean "network.transit_gateway.routes"?'),
        ("database.multi-az=true", "multi-az", 'did you mean "database.multi_az"?'),
        ("services.web.scaling.limit=3", "limit", "[services.web.scaling] has minimum, maximum, cpu"),
        ("services.wbe.count=3", "services.wbe.count", 'did you mean "services.web"?'),
        ("services.web.cuont=3", "services.web.cuont", 'did you mean "services.web.count"?'),
        ("nmae=x", "nmae", 'did you mean "name"?'),
        ("name.first=x", "name.first", '"name" has no keys'),
        ("services.web.count", "services.web.count", "services.web.count=3"),
        ("=3", "", "services.web.count=3"),
        ("a..b=3", "a..b", "services.web.count=3"),
        ("name=1\nregion=2", "name", "lower-case"),
    ],
)
def test_bad_overrides_name_the_key_and_the_right_one(tmp_path: Path, override: str, key: str, words: str) -> None:
    found = problems(tmp_path, WHOLE, override)
    assert [words in problem.fix for name, problem in found.items() if name.endswith(key)] == [True]


def test_everything_wrong_is_told_at_once(tmp_path: Path) -> None:
    text = """
    colour = "red"
    [network]
    cidr = "10.0.0.1/16"
    [load_balancer]
    [services.web]
    image = "nginx"
    port = 80
    prot = 80
    memory = 3000
    count = "2"
    [functions.caller]
    source = "nowhere"
    timeout = 1000
    calls = ["wbe"]
    """
    assert set(problems(tmp_path, text, "nmae=x")) == {
        "--set nmae",
        "colour",
        "network.cidr",
        "services.web.prot",
        "services.web.memory",
        "services.web.count",
        "functions.caller.source",
        "functions.caller.timeout",
        "functions.caller.calls",
    }


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ('[functions.a]\nsource = "nope"\nhandler = "h"', {"functions.a.source", "functions.a.handler"}),
        ('[functions.a]\nsource = "nope"\nruntime = "p"', {"functions.a.source", "functions.a.runtime"}),
        (
            BALANCER + '[services."we b"]\nimage = ""\nport = 80\ncpu = 257\nmemory = 600\n'
            '[functions.a]\nsource = "/etc/passwd"\ncalls = ["wbe"]\negress = 3\nvpc = false',
            {
                *("services.we b", "services.we b.image", "services.we b.cpu", "services.we b.memory"),
                *("functions.a.source", "functions.a.calls", "functions.a.egress"),
            },
        ),
        (SERVICE + 'cpu = 257\nmemory = "1"', {"services.web.cpu", "services.web.memory", "load_balancer"}),
        (
            '[functions.a]\nsource = "nope"\nenvironment = { port = 1 }',
            {"functions.a.environment.port", "functions.a.source"},
        ),
        (
            "[network.transit_gateway]\nroutes = ['10.0.0.0/16']",
            {"network.transit_gateway.id", "network.transit_gateway.routes"},
        ),
        (BALANCER + "[dns]\n" + SERVICE + "cpu = 300", {"dns.zone", "services.web.cpu"}),
        ("dns = 3\n" + BALANCER + SERVICE + "cpu = 300", {"dns", "services.web.cpu"}),
        (
            BALANCER + SERVICE + "memory = 600\nscaling = { cpu = 60 }",
            {"services.web.scaling.minimum", "services.web.scaling.maximum", "services.web.memory"},
        ),
        (
            BALANCER + SERVICE + "memory = 600\ncontainer_health_check = { command = [] }",
            {"services.web.container_health_check.command", "services.web.memory"},
        ),
        (
            BALANCER + SERVICE + "memory = 600\npolicy = [{ actions = [] }]",
            {"services.web.policy[0].actions", "services.web.policy[0].resources", "services.web.memory"},
        ),
        (
            FUNCTION + "calls = ['database']\n[database]\nrecovery_window_days = 3",
            {"database.engine", "database.recovery_window_days"},
        ),
        (FUNCTION + "[api]\ntimeout = 31", {"api.routes", "api.timeout"}),
        (FUNCTION + "[api]\ntimeout = 31\nroutes = { 'GET /' = 1 }", {"api.routes.GET /", "api.timeout"}),
        (
            BALANCER + "port = 80\n[load_balancer.tls]\ncertificate_arn = 'mine'\n" + SERVICE,
            {"load_balancer.tls.certificate_arn", "load_balancer.port"},
        ),
        ('region = 3\nservices = 2\n[functions.a]\nsource = "nope"', {"region", "services", "functions.a.source"}),
        (f'region = 3\n[functions.{"f" * 70}]\nsource = "code"', {"region", f"functions.{'f' * 70}"}),
    ],
)
def test_a_fault_hides_no_other(tmp_path: Path, text: str, keys: set[str]) -> None:
    assert set(problems(tmp_path, text)) == keys


def test_a_call_of_a_service_with_a_bad_name_is_not_told_too(tmp_path: Path) -> None:
    text = BALANCER + '[services."we b"]\nimage = "a"\nport = 80\n' + FUNCTION + 'calls = ["we b"]'
    assert set(problems(tmp_path, text)) == {"services.we b"}


def test_what_depends_on_a_broken_value_is_not_judged(tmp_path: Path) -> None:
    found = problems(tmp_path, BALANCER + SERVICE + 'cpu = "256"\nmemory = 3000\n[functions]\ncaller = 3')
    assert set(found) == {"services.web.cpu", "functions.caller"}


def test_the_report_reads_as_text(tmp_path: Path) -> None:
    file = write(tmp_path, BALANCER + SERVICE + "memory = 3000")
    with pytest.raises(StackError) as caught:
        load(file)
    assert str(caught.value) == (
        f"{file}: 1 problem\n"
        "  services.web.memory = 3000\n"
        "    Fargate has no tasks of cpu 256 with this memory\n"
        "    fix: use 2048; with cpu 256 there are 512, 1024, 2048"
    )


def test_no_word_of_the_library_shows(tmp_path: Path) -> None:
    text = (
        "tags = 1\nservices = 2\nregion = 3\nnetwork = []\n[load_balancer]\nport = 1.5\n[functions.a]\nsource = 1"
    )
    with pytest.raises(StackError) as caught:
        load(write(tmp_path, text))
    assert not {"pydantic", "http", "input", "valid "} & set(str(caught.value).lower().split())
    assert len(caught.value.problems) == 6


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'name = "a"\nregion = \n', "line 2"),
        (b'name = "a"\nname = "b"\n', "line 2"),
        (b"\xff\xfe", "UTF-8"),
        (b"name = " + b"[" * 5000, "is not TOML"),
        (b"name = " + b"9" * 5000, "is not TOML"),
        (b"", "is missing"),
    ],
)
def test_files_that_are_no_stack_files(tmp_path: Path, content: bytes, words: str) -> None:
    file = tmp_path / "stack.toml"
    file.write_bytes(content)
    with pytest.raises(StackError, match=words):
        load(file)


def test_a_syntax_error_shows_the_line(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="region = us-east-1"):
        load(write(tmp_path, "region = us-east-1"))


@pytest.mark.parametrize(("name", "words"), [("nowhere.toml", "no such file"), (".", "is a folder")])
def test_files_that_cannot_be_read(tmp_path: Path, name: str, words: str) -> None:
    with pytest.raises(StackError, match=words) as caught:
        load(tmp_path / name)
    assert caught.value.file == tmp_path / name


def test_a_byte_order_mark_is_no_part_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "stack.toml"
    file.write_bytes(b'\xef\xbb\xbfname = "shop"\n')
    assert load(file).name == "shop"


def test_every_key_of_the_schema_is_described() -> None:
    tables = [schema(), *schema()["$defs"].values()]
    assert all(key["description"] for table in tables for key in table["properties"].values())


def test_the_schema_is_json_and_knows_what_is_required() -> None:
    assert json.loads(json.dumps(schema()))["required"] == ["name"]
    assert expected(("functions", "caller", "timeout")) == "a whole number from 1 to 900"
    assert expected(("load_balancer", "port")) == "a whole number from 1 to 65535"


_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
_KEYS = st.sampled_from(
    [
        *("name", "region", "tags", "network.cidr", "network.availability_zones", "network.subnet_prefix"),
        *("services", "services.web", "services.web.cpu", "services.web.memory", "services.web.health_check.path"),
        *("functions", "functions.caller", "functions.caller.source", "functions.caller.handler"),
        *("functions.caller.calls", "functions.caller.environment", "functions.caller.egress", "tags.Owner"),
        *("load_balancer", "load_balancer.port", "services.web.image", "functions.caller.runtime"),
        *("load_balancer.tls", "load_balancer.clients", "dns", "dns.zone", "dns.parent", "dns.parent.zone"),
        *("network.egress", "network.endpoints", "network.vpc_id", "network.vpc_tags", "network.transit_gateway"),
        *("network.transit_gateway.routes", "service_connect", "services.back.paths", "services.back.secrets.KEY"),
        *("services.web.scaling", "services.web.scaling.minimum", "services.web.policy", "services.web.calls"),
        *("database", "database.engine", "api", "api.routes", "api.timeout", "api.cors", "outputs", "outputs.a"),
    ]
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(overrides=st.lists(st.tuples(_KEYS | st.text(max_size=12), _SCALARS | st.lists(_SCALARS, max_size=3))))
def test_no_override_does_anything_but_load_or_be_told(
    tmp_path: Path, overrides: list[tuple[str, object]]
) -> None:
    file = write(tmp_path, EVERYTHING)
    texts = [f"{key}={json.dumps(value) if not isinstance(value, str) else value}" for key, value in overrides]
    try:
        load(file, texts)
    except StackError as error:
        assert error.problems
        assert str(error)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, len(EVERYTHING)), cut=st.integers(0, 6), put=st.text(max_size=4))
def test_no_mangled_file_does_anything_but_load_or_be_told(tmp_path: Path, place: int, cut: int, put: str) -> None:
    file = write(tmp_path, "")
    mangled = (EVERYTHING[:place] + put + EVERYTHING[place + cut :]).encode("utf-8", "surrogatepass")
    file.write_bytes(b'name = "shop"\n' + mangled)
    try:
        load(file)
    except StackError as error:
        assert error.problems
        assert str(error)
