"""`explain`: whether one end reaches another in the live network, and which entry decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from provisioner.exits import BadInput
from provisioner.operate import Tools, life_of
from provisioner.options import Common, complete_stack, stack_options
from provisioner.report.life import EMPTIED
from provisioner.targets import stack_name_of

if TYPE_CHECKING:
    from provisioner.reach import Snapshot, Verdict
    from state.record import StackState
    from steps.aws.context import Aws

REACHES, BLOCKED, UNKNOWN = 0, 1, 5
_TOP = 65535


@click.command(short_help="Whether one end reaches another, and which entry decides.")
@click.argument("source", metavar="FROM")
@click.argument("destination", metavar="TO")
@click.argument("target", metavar="[NAME]", required=False, shell_complete=complete_stack)
@click.option("--port", type=click.IntRange(1, _TOP), help="TCP port. Default: where TO listens.")
@click.option("--host", default="", help="Host that a load balancer is asked for.")
@click.option("--path", default="", help="Path that a load balancer is asked for.")
@stack_options
@click.pass_obj
def explain(
    tools: Tools,
    common: Common,
    source: str,
    destination: str,
    target: str | None,
    port: int | None,
    host: str,
    path: str,
) -> int:
    """Follow a connection through the live network, there and back, and tell which entry lets it pass or stops it.

    FROM and TO are names of the stack file (caller, web, load-balancer, database), internet, an AWS service (ecr,
    s3, logs, secretsmanager), a step, an id, an address, a network such as 10.64.0.0/16, a host or a URL. Nothing
    is sent and nothing changed: what AWS describes now is read and judged.

    \b
    Exit codes: 0 it reaches, 1 it does not, 5 nobody can tell from here.

    \b
    Examples:
      provisioner explain caller web
      provisioner explain web ecr
      provisioner explain 10.64.0.0/16 load-balancer
      provisioner explain internet web --path /api/profile --json | jq .fix.change
    """
    from provisioner.report import reach as report
    from provisioner.report import text

    found = tools.operations().find(stack_name_of(target), common.options())
    refuse_the_gone(tools, common, found)
    verdict = _judged(common, found, source, destination, port, host, path)
    screen = tools.screen(common)
    screen.event("verdict", **report.as_event(found.stack, verdict))
    for line in report.lines(verdict, whole=common.verbose, columns=text.room(screen.out.stream)):
        screen.answer(line)
    return {"reaches": REACHES, "blocked": BLOCKED, "unknown": UNKNOWN}[verdict.outcome]


def refuse_the_gone(tools: Tools, common: Common, found: StackState) -> None:
    """Raises BadInput where nothing of a stack is left to look at."""
    if found.destroyed:
        raise BadInput(f"{found.stack} is destroyed: there is no network to look at. Fix: provision it again.")
    if life_of(tools, common, found).emptied:
        raise BadInput(f"{found.stack}: {EMPTIED}. Fix: provision it again.")


def _judged(
    common: Common,
    found: StackState,
    source: str,
    destination: str,
    port: int | None,
    host: str,
    path: str,
) -> Verdict:
    from provisioner import reach

    aws, snapshot = _looked(common, found, (source, destination))
    try:
        verdict = reach.judge(snapshot, source, destination, port, host=host, path=path)
    except (reach.UnknownEnd, reach.Unfit) as error:
        raise BadInput(str(error)) from error
    return _answered(verdict, snapshot, aws, found) if verdict.stop else verdict


def _answered(verdict: Verdict, snapshot: Snapshot, aws: Aws, found: StackState) -> Verdict:
    """With what `verify` says to what hands changed, as far as this version can read what was recorded."""
    from provisioner.stack import StackError
    from provisioner.verify import judging, scene

    try:
        return judging.answered(scene.around(snapshot, aws, found), verdict)
    except StackError:
        return verdict


def _looked(common: Common, found: StackState, typed: tuple[str, ...]) -> tuple[Aws, Snapshot]:
    """The live network, and the way to AWS. What AWS refuses to tell is told as any other call that failed."""
    from botocore.exceptions import BotoCoreError, ClientError

    from provisioner import operation, reach
    from steps.aws.errors import verdict
    from steps.aws.remedies import next_move
    from steps.base import StepFailed

    try:
        aws = operation.reading(found, common.options())
        return aws, reach.take(aws, found, reach.hosts_in(*typed))
    except reach.NoNetwork as error:
        raise BadInput(str(error)) from error
    except (ClientError, BotoCoreError) as error:
        told = verdict(error)
        raise StepFailed(str(told), next_move(told), told.call, told.code) from error
