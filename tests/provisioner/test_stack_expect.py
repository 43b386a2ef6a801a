"""What a stack file may expect."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioner import stack
from tests.provisioner.stack_files import BALANCER, FUNCTION, SERVICE, loaded, problems

_STACK = BALANCER + SERVICE + FUNCTION
_ONE = _STACK + "[[expect]]\n"
_API = FUNCTION + "[api]\nroutes = { 'POST /x' = 'caller' }\n[[expect]]\n"

REFUSED = [
    (_ONE + "status = 200", "expect[0]", "there is no from"),
    (_ONE + "from = 'caller'", "expect[0]", "there is no to"),
    (_ONE + "from = 'calelr'\nto = 'web'", "expect[0].from", 'did you mean "caller"?'),
    (_ONE + "from = 'caller'\nto = 'wbe'", "expect[0].to", 'did you mean "web"?'),
    (_ONE + "from = 'caller'\nto = 'database'", "expect[0].to", "there is no"),
    (_ONE + "from = 's3'\nto = 'web'", "expect[0].from", "to begin at"),
    (_ONE + "from = 'example.com'\nto = 'web'", "expect[0].from", "to begin at"),
    (_ONE + "from = 'web'\nto = 's3'\nstatus = 200", "expect[0].from", "only a function"),
    (
        _ONE + "from = 'caller'\nto = 'web'\nstatus = 200\nreaches = false",
        "expect[0].reaches",
        "no answer to judge",
    ),
    (_ONE + "request = 'GET /x'\nfrom = 'caller'", "expect[0]", "remove from"),
    (_ONE + "request = 'GET /x'\nreaches = true", "expect[0]", "remove reaches"),
    (_ONE + "request = 'get /x'", "expect[0].request", "write METHOD /path"),
    (_ONE + "request = 'GET ${load_balancer.ulr}/x'", "expect[0].request", 'did you mean "load_balancer.url"?'),
    (FUNCTION + "[[expect]]\nrequest = 'GET /x'", "expect[0].request", "neither an HTTP API nor a load balancer"),
    (_API + "request = 'POST /x'\nbody = '${kept.note}'", "expect[0].body", 'keep = { note = "..." }'),
    (
        _API
        + "request = 'POST /x'\nkeep = { note = 'id' }\n[[expect]]\nrequest = 'POST /x'\nbody = '${kept.noet}'",
        "expect[1].body",
        'did you mean "note"?',
    ),
    (_ONE + "form = 'caller'\nto = 'web'", "expect[0].form", 'did you mean "expect[0].from"?'),
    (_ONE + "source = 'caller'\nto = 'web'\nfrom = 'caller'", "expect[0].source", "unknown key"),
]
TAKEN = [
    _ONE + "from = 'caller'\nto = 'web'\nstatus = 200\ncontains = 'Congratulations'",
    _ONE + "from = 'caller'\nbody = '{}'",
    _ONE + "from = '10.64.0.0/16'\nto = 'load-balancer'\nport = 81\nreaches = false",
    _ONE + "from = 'internet'\nto = '10.0.0.1'\nreaches = false",
    _ONE + "from = 'web'\nto = 'https://example.com/x'",
    _ONE + "from = 'web'\nto = 'ecr.api'",
    _ONE + "request = 'GET /x'\nheaders = { Accept = 'text/html' }\nstatus = 404",
    _ONE + "request = 'GET ${load_balancer.url}/x'",
    _API
    + "request = 'POST /x'\nbody = '{}'\nkeep = { note = 'id' }\n[[expect]]\nrequest = 'POST /x?${kept.note}'",
]


@pytest.mark.parametrize(("text", "key", "words"), REFUSED)
def test_what_is_refused(tmp_path: Path, text: str, key: str, words: str) -> None:
    found = problems(tmp_path, text)
    assert key in found, found
    assert words in str(found[key])


@pytest.mark.parametrize("text", TAKEN)
def test_what_is_taken_and_kept_in_a_state_file(tmp_path: Path, text: str) -> None:
    wanted = loaded(tmp_path, text)
    assert stack.restore(wanted.model_dump(mode="json")) == wanted


def test_each_has_a_title(tmp_path: Path) -> None:
    asked = (
        "from = 'caller'\nto = 'web'\nstatus = 200",
        "from = 'caller'\nto = 'web'\nport = 81\nreaches = false",
        "request = 'GET /x'",
        "name = 'the page'\nrequest = 'GET /x'",
    )
    wanted = loaded(tmp_path, _STACK + "".join(f"[[expect]]\n{one}\n" for one in asked))
    assert [one.title for one in wanted.expect] == [
        "caller is answered by web",
        "caller does not reach web at port 81",
        "GET /x",
        "the page",
    ]
