"""`verify`: whether a recorded stack is what its file promises, from what AWS says now."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from provisioner.commands.explain import refuse_the_gone
from provisioner.exits import BadInput, Exit
from provisioner.operate import Tools
from provisioner.options import Common, complete_stack, stack_options
from provisioner.targets import stack_name_of

if TYPE_CHECKING:
    from provisioner.report.screen import Screen
    from provisioner.verify import Scene
    from state.record import StackState


@click.command(short_help="Prove that a stack connects, or say exactly why not.")
@click.argument("target", metavar="[NAME]", required=False, shell_complete=complete_stack)
@stack_options
@click.pass_obj
def verify(tools: Tools, common: Common, target: str | None) -> int:
    """Prove a recorded stack against what AWS says now, a line for each expectation.

    Most of them follow from the stack file by themselves: what must be active, healthy, private, reachable and
    unreachable. Functions that call a service are invoked and must be answered; those that only know its name are
    controls and must not. [[expect]] in the stack file adds others. Nothing is changed but by what is asked.

    \b
    Exit codes: 0 nothing fails, 1 something does. What cannot be told from here fails nothing.

    \b
    Examples:
      provisioner verify
      provisioner provision private-lambda.toml --sandbox --verify
      provisioner verify pr-17 --json | jq 'select(.found == "fail")'
    """
    return verified(tools, common, stack_name_of(target))


def verified(tools: Tools, common: Common, name: str | None) -> int:
    """Verify a recorded stack before the user's eyes; returns the exit code."""
    found = tools.operations().find(name, common.options())
    refuse_the_gone(tools, common, found)
    screen = tools.screen(common)
    try:
        return _proved(_scene(common, found), screen)
    except KeyboardInterrupt:
        screen.err.line("interrupted; functions that were invoked run to their end")
        return Exit.INTERRUPTED


def _proved(scene: Scene, screen: Screen) -> int:
    from provisioner import verify as proof
    from provisioner.report import text
    from provisioner.report import verify as report

    began, stack = time.monotonic(), scene.state.stack
    wanted, results = list(proof.expectations(scene)), []
    screen.lines(report.heading(stack, wanted))
    columns = text.room(screen.out.stream)
    for result in proof.results(wanted, scene.resume):
        results.append(result)
        screen.event("expectation", **report.as_event(stack, result))
        for line in report.lines(result, wanted, columns):
            # What fails is told even to those who want to hear of nothing else.
            (screen.answer if result.finding.mark is proof.Mark.FAIL else screen.lines)(line)
    taken = time.monotonic() - began
    screen.event("verified", **report.summary(stack, results, taken))
    screen.lines(report.closing(results, taken))
    return Exit.FAILED if report.tally(results)[proof.Mark.FAIL] else Exit.DONE


def _scene(common: Common, found: StackState) -> Scene:
    """What is looked at. What AWS refuses to tell is told as any other call that failed."""
    from botocore.exceptions import BotoCoreError, ClientError

    from provisioner import operation
    from provisioner.reach import NoNetwork
    from provisioner.verify import setting
    from steps.aws.errors import verdict
    from steps.aws.remedies import next_move
    from steps.base import StepFailed

    try:
        return setting(operation.reading(found, common.options()), found)
    except NoNetwork as error:
        raise BadInput(str(error)) from error
    except (ClientError, BotoCoreError) as error:
        told = verdict(error)
        raise StepFailed(str(told), next_move(told), told.call, told.code) from error
