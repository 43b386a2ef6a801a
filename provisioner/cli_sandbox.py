"""The commands of the embedded AWS."""

from __future__ import annotations

import json
from typing import Any

import click

from provisioner.exits import Exit
from provisioner.operate import Tools
from provisioner.options import Common, output_options
from provisioner.targets import FOLDER


@click.group()
def sandbox() -> None:
    """The embedded AWS: start, stop, status, reset.

    It serves this folder only (.provisioner/), keeps its contents until it is stopped or reset, and needs no
    account, no credentials and no Docker.
    """


@sandbox.command("start")
@click.option(
    "--profile",
    "pace",
    default="scaled=30",
    show_default=True,
    metavar="instant|scaled=N|real",
    help="How long AWS's slow things take: at once, N times faster than in reality, or as in reality.",
)
@output_options
@click.pass_obj
def sandbox_start(tools: Tools, common: Common, pace: str) -> int:
    """Start the sandbox of this folder, if it is not running."""
    found = tools.sandbox().start(FOLDER, pace)
    _tell_sandbox(tools, common, found.as_dict())
    if found.profile != pace:
        tools.screen(common).lines(f"it was running before; to have {pace}, stop it and start it again")
    return Exit.DONE


@sandbox.command("stop")
@output_options
@click.pass_obj
def sandbox_stop(tools: Tools, common: Common) -> int:
    """Stop the sandbox of this folder; what is in it is gone."""
    tools.sandbox().stop(FOLDER)
    _tell_sandbox(tools, common, None)
    return Exit.DONE


@sandbox.command("status")
@output_options
@click.pass_obj
def sandbox_status(tools: Tools, common: Common) -> int:
    """Tell whether the sandbox of this folder runs, and where."""
    found = tools.sandbox().status(FOLDER)
    _tell_sandbox(tools, common, found.as_dict() if found else None)
    return Exit.DONE


@sandbox.command("reset")
@output_options
@click.pass_obj
def sandbox_reset(tools: Tools, common: Common) -> int:
    """Empty the sandbox of this folder."""
    _tell_sandbox(tools, common, tools.sandbox().reset(FOLDER).as_dict())
    return Exit.DONE


def _tell_sandbox(tools: Tools, common: Common, found: dict[str, Any] | None) -> None:
    """One object on standard output for programs; for people where it is and how to use it."""
    if common.as_json:
        click.echo(json.dumps(found or {"running": False}))
    elif found is None:
        tools.screen(common).lines("the sandbox is not running")
    else:
        tools.screen(common).lines(
            f"the sandbox runs at {found['endpoint']} (process {found['pid']}, {found['profile']})",
            f"  aws --endpoint-url {found['endpoint']} ...   speaks with it, with any credentials",
        )
