"""The commands of the embedded AWS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from provisioner.exits import BadInput, Exit
from provisioner.operate import Tools
from provisioner.options import Common, output_options
from provisioner.targets import FOLDER

_PACE = "scaled=30"


def _pace(context: click.Context, parameter: click.Parameter, given: str | None) -> str | None:
    """The profile as given. Raises BadInput, whether or not a sandbox runs already."""
    from provisioner.sandbox.latencies import profile

    try:
        if given is not None:
            profile(given)
    except ValueError as error:
        fix = f"give instant, real, scaled=N or realistic=N with N above 0, for example {_PACE}"
        raise BadInput(f"there is no sandbox profile '{given}'. Fix: {fix}.") from error
    return given


def _faults(context: click.Context, parameter: click.Parameter, given: str) -> str:
    """The faults as given. Raises BadInput for what is none."""
    from provisioner.sandbox.faults import Faults
    from provisioner.sandbox.presets import PRESETS, read

    try:
        Faults().add(read(given) if given else ())
    except (ValueError, TypeError, OSError) as error:
        fix = f"give names ({', '.join(PRESETS)}), or specs as JSON or in @FILE; docs/sandbox.md tells how"
        raise BadInput(f"these are no faults: {error}. Fix: {fix}.") from error
    return given


def _json(context: click.Context, parameter: click.Parameter, given: str) -> str:
    """The event as given. Raises BadInput where it is no JSON."""
    try:
        json.loads(given)
    except ValueError as error:
        fix = "quote it, as in --payload '{}'"
        raise BadInput(f"--payload is no JSON: {error}. Fix: {fix}.") from error
    return given


@contextmanager
def _usable_folder() -> Iterator[None]:
    """What the system refuses in the sandbox's folder is for the user to put right: it is no bug."""
    try:
        yield
    except OSError as error:
        why = error.strerror or str(error)
        fix = "make it a folder that you may write to, or work in another one"
        raise BadInput(f"the sandbox cannot use {error.filename or FOLDER}: {why}. Fix: {fix}.") from error


@click.group()
def sandbox() -> None:
    """The embedded AWS: start, stop, status, reset; invoke a function in it.

    It serves this folder only (.provisioner/), keeps its contents until it is stopped or reset, and needs no
    account, no credentials and no Docker.
    """


@sandbox.command("start")
@click.option(
    "--profile",
    "pace",
    callback=_pace,
    show_default=_PACE,
    metavar="instant|scaled=N|realistic=N|real",
    help="How long AWS's slow things take: at once, N times faster than in reality (the same with chance and "
    "lateness: realistic), or as in reality.",
)
@click.option(
    "--seed", type=int, default=0, metavar="N", help="Let chance fall in another way, the same for one N."
)
@click.option(
    "--faults",
    callback=_faults,
    default="",
    metavar="NAMES|JSON|@FILE",
    help="What is to go wrong: flaky, throttled, late, nat-fails, pull-fails, exits, no-capacity, no-vpc, ...",
)
@click.option("--enforce-iam", is_flag=True, help="Refuse what the caller's IAM policies do not allow.")
@output_options
@click.pass_obj
def sandbox_start(
    tools: Tools, common: Common, pace: str | None, seed: int, faults: str, enforce_iam: bool
) -> int:
    """Start the sandbox of this folder, if it is not running."""
    from provisioner.sandbox.control import Wish

    sandbox, wish = tools.sandbox(), Wish(pace or _PACE, seed, faults, enforce_iam)
    with _usable_folder():
        ran = sandbox.status(FOLDER)
        found = sandbox.start(FOLDER, wish)
    _tell_sandbox(tools, common, found.as_dict())
    special = bool(seed or faults or enforce_iam)
    if ran and (special or (pace and found.profile != pace)):
        wanted = "what you asked for" if special else pace
        tools.screen(common).lines(f"it was running before; to have {wanted}, stop it and start it again")
    return Exit.DONE


@sandbox.command("stop")
@output_options
@click.pass_obj
def sandbox_stop(tools: Tools, common: Common) -> int:
    """Stop the sandbox of this folder; what is in it is gone."""
    with _usable_folder():
        ran = tools.sandbox().stop(FOLDER)
    _tell_sandbox(tools, common, None, "the sandbox is stopped" if ran else _NOT_RUNNING)
    return Exit.DONE


@sandbox.command("status")
@output_options
@click.pass_obj
def sandbox_status(tools: Tools, common: Common) -> int:
    """Tell whether the sandbox of this folder runs, and where."""
    found = tools.sandbox().status(FOLDER)
    _tell_sandbox(tools, common, found.as_dict() if found else None)
    return Exit.DONE


@sandbox.command("invoke")
@click.argument("function")
@click.option("--payload", callback=_json, default="{}", metavar="JSON", help="The event. Default: {}.")
@click.option("--region", help="The stack's region. Default: us-east-1.")
@output_options
@click.pass_obj
def sandbox_invoke(tools: Tools, common: Common, function: str, payload: str) -> int:
    """Run a function in the sandbox's network, and show its answer.

    Its handler really runs, and reaches what AWS would let it reach. Exit code 1 if it fails.
    """
    from provisioner.trial import Untried, invoke

    try:
        found = invoke(FOLDER, function, payload, common.region)
    except Untried as error:
        raise BadInput(str(error)) from error
    if common.as_json:
        click.echo(json.dumps({"answer": found.answer, "error": found.error, "log": found.log}))
    else:
        for line in _shown(found.answer):
            tools.screen(common).answer(line)
    return Exit.FAILED if found.error else Exit.DONE


def _shown(answer: Any) -> list[str]:
    """Members of an object one by one; a text of several lines as it is."""
    if not isinstance(answer, dict):
        return json.dumps(answer, indent=2).splitlines()
    lines: list[str] = []
    for name, value in answer.items():
        text = value if isinstance(value, str) else json.dumps(value)
        first, *rest = text.splitlines() or [""]
        lines += [f"{name}:", *(f"  {line}" for line in [first, *rest])] if rest else [f"{name}: {first}"]
    return lines


@sandbox.command("reset")
@output_options
@click.pass_obj
def sandbox_reset(tools: Tools, common: Common) -> int:
    """Empty the sandbox of this folder."""
    _tell_sandbox(tools, common, tools.sandbox().reset(FOLDER).as_dict())
    return Exit.DONE


_NOT_RUNNING = "the sandbox is not running"


def _tell_sandbox(
    tools: Tools, common: Common, found: dict[str, Any] | None, otherwise: str = _NOT_RUNNING
) -> None:
    """One object on standard output for programs; for people where it is and how to use it."""
    if common.as_json:
        click.echo(json.dumps(found or {"running": False}))
    elif found is None:
        tools.screen(common).lines(otherwise)
    else:
        tools.screen(common).lines(
            f"the sandbox runs at {found['endpoint']} (process {found['pid']}, {found['profile']})",
            f"  aws --endpoint-url {found['endpoint']} ...   speaks with it, with any credentials",
        )
