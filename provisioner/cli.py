"""The commands: what is typed, and which operation it means.

Only click is imported here: whoever asks for help must not wait for boto3, pydantic or rich.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, TextIO

import click
from click.shell_completion import get_completion_class

from provisioner import __version__, exits, starters
from provisioner.commands.explain import explain
from provisioner.commands.preflight import preflight
from provisioner.commands.sandbox import sandbox
from provisioner.commands.verify import verified, verify
from provisioner.exits import BadInput, Exit, NotConfirmed, Situation
from provisioner.operate import Tools, life_of, operate
from provisioner.options import (
    PREFLIGHT,
    SANDBOX,
    Common,
    Sections,
    complete_stack,
    output_options,
    run_options,
    stack_options,
)
from provisioner.report.life import EMPTIED
from provisioner.report.problem import Cause, Problem
from provisioner.report.screen import Screen, Table
from provisioner.targets import FOLDER, stack_name_of

_NAME = "provisioner"
_SHELLS = ("bash", "zsh", "fish")
_INTERRUPTED = Problem(Exit.INTERRUPTED, "interrupted; nothing was called")
_EPILOG = "\b\nExit codes:\n" + "\n".join(f"  {code:<4} {meaning}" for code, meaning in exits.MEANING.items())


class _Commands(Sections):
    sections = (
        ("A stack's life", ("preflight", "provision", "resume", "destroy")),
        ("What is there", ("status", "outputs", "list", "verify", "explain")),
        ("Getting started", ("init", "schema", "sandbox", "completion")),
    )


@click.group(cls=_Commands, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name=_NAME, message="%(prog)s %(version)s")
def cli() -> None:
    """Bring private container-and-Lambda stacks on AWS up and down.

    \b
    No AWS account at hand? This needs none:
      provisioner init
      provisioner provision private-lambda.toml --sandbox

    \b
    A stack for every pull request, from one file:
      provisioner provision app.toml --name pr-17 --set services.web.count=1
      provisioner destroy pr-17 --yes

    Whatever happens, the state file under .provisioner/ knows what was made: `resume` goes on where a run
    ended, `destroy` needs nothing else.
    """


@cli.command(short_help="Create a stack, or complete the one that is there.")
@click.argument("file", metavar="STACK.toml", type=click.Path(path_type=Path))
@click.option("--name", help="Bring the file up under this name, beside others.")
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override any key of the file.")
@click.option("--verify", "prove", is_flag=True, help="Prove at the end that the stack connects.")
@SANDBOX
@PREFLIGHT
@run_options
@click.pass_obj
def provision(
    tools: Tools, common: Common, file: Path, name: str | None, overrides: tuple[str, ...], prove: bool
) -> int:
    """Create the stack of a stack file, or complete and heal the one that is there.

    Running it again is safe at any time: what is there is kept, what is missing is made, what was changed by
    other hands is set right.

    \b
    Examples:
      provisioner provision private-lambda.toml --sandbox --verify
      provisioner provision app.toml --name pr-17 --set services.web.count=3
      provisioner provision app.toml --json | jq -r 'select(.event == "outputs").outputs'
    """

    def stack() -> str | None:
        return name or stack_name_of(str(file))

    code = operate(
        tools,
        common,
        stack,
        lambda use, options, listener, stop: use.provision(file, overrides, name, options, listener, stop),
    )
    return verified(tools, common, stack()) if prove and code == Exit.DONE else code


@cli.command(short_help="Go on with what was interrupted or failed.")
@click.argument("target", metavar="[NAME]", required=False, shell_complete=complete_stack)
@PREFLIGHT
@run_options
@click.pass_obj
def resume(tools: Tools, common: Common, target: str | None) -> int:
    """Go on with the provision or the destroy that was interrupted or failed, from the state file alone.

    NAME may be left out where only one stack is recorded.

    \b
    Examples:
      provisioner resume
      provisioner resume pr-17 --parallel 4
    """

    found = tools.operations().find(stack_name_of(target), common.options())
    if found.destroyed:
        return _destroyed_already(tools, common, found.stack)
    return operate(
        tools,
        common,
        lambda: found.stack,
        lambda use, options, listener, stop: use.resume(found.stack, options, listener, stop),
    )


@cli.command(short_help="Delete everything a stack recorded.")
@click.argument("target", metavar="[NAME | STACK.toml]", required=False, shell_complete=complete_stack)
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@click.option("--force-records", is_flag=True, help="Delete records that others put into the stack's zones.")
@run_options
@click.pass_obj
def destroy(tools: Tools, common: Common, target: str | None, yes: bool, force_records: bool) -> int:
    """Delete everything that the stack recorded, in reverse order, from the state file alone.

    Shows what will go and asks for the stack's name. Without a terminal it refuses unless --yes is given.

    \b
    Examples:
      provisioner destroy private-lambda
      provisioner destroy pr-17 --yes
    """
    found = tools.operations().find(stack_name_of(target), common.options())
    if found.destroyed:
        return _destroyed_already(tools, common, found.stack)
    if not yes:
        _confirm(tools.screen(common), found)
    return operate(
        tools,
        common,
        lambda: found.stack,
        lambda use, options, listener, stop: use.destroy(
            found.stack, replace(options, force_records=force_records), listener, stop
        ),
    )


def _destroyed_already(tools: Tools, common: Common, stack: str) -> int:
    said = f"{stack} is destroyed already"
    screen = tools.screen(common)
    screen.event("notice", text=said)
    screen.lines(said)
    return Exit.DONE


def _confirm(screen: Screen, found: Any) -> None:
    """Let the user read what goes and type its name. Raises NotConfirmed."""
    from provisioner.report.stacks import plan

    screen.aside(*plan(found, _family))
    if not sys.stdin.isatty():
        raise NotConfirmed(f"nobody is there to confirm that '{found.stack}' may be deleted. Fix: add --yes.")
    typed = click.prompt("Type the stack's name to delete it", default="", show_default=False, err=True)
    if typed.strip() != found.stack:
        raise NotConfirmed(f"that is not '{found.stack}': nothing was deleted")


def _family(kind: str) -> str:
    from steps.registry import KINDS

    return KINDS[kind].family if kind in KINDS else "of a kind that this version does not know"


@cli.command(short_help="Every resource of a stack with its state, id and times.")
@click.argument("target", metavar="[NAME]", required=False, shell_complete=complete_stack)
@stack_options
@click.pass_obj
def status(tools: Tools, common: Common, target: str | None) -> int:
    """Show every recorded resource of a stack: its state, its id, and when it became so.

    Reads the state file only; AWS is not asked. ARNs are shortened unless -v or --json is given.

    \b
    Examples:
      provisioner status
      provisioner status pr-17 --json | jq -r '.steps[].id'
    """
    from provisioner.report import stacks

    found = tools.operations().find(stack_name_of(target), common.options())
    screen = tools.screen(common)
    life = life_of(tools, common, found)
    screen.event("status", **stacks.as_event(found, life))
    screen.lines(*stacks.heading(found, life))
    if found.records:
        screen.lines("")
        screen.table(stacks.steps_table(found, whole=common.verbose))
    return Exit.DONE


@cli.command(short_help="Names, ids, DNS names and ARNs worth having.")
@click.argument("target", metavar="[NAME", required=False, shell_complete=complete_stack)
@click.argument("key", metavar="[KEY]]", required=False)
@stack_options
@click.pass_obj
def outputs(tools: Tools, common: Common, target: str | None, key: str | None) -> int:
    """Show what is worth knowing of a stack, or one value of it, for scripts.

    \b
    Examples:
      provisioner outputs private-lambda
      aws lambda invoke --function-name "$(provisioner outputs private-lambda KEY)" out.json
    """
    found = tools.operations().find(stack_name_of(target), common.options())
    values = dict(tools.operations().outputs_of(found))
    screen = tools.screen(common)
    if key is not None and key not in values:
        raise BadInput(f"{found.stack} has no output '{key}'. Fix: {_NAME} outputs {found.stack} shows all.")
    shown = {key: values[key]} if key is not None else values
    if life_of(tools, common, found).emptied:
        screen.err.line(f"{found.stack}: {EMPTIED}")
    screen.event("outputs", stack=found.stack, outputs=shown)
    if key is not None:
        screen.answer(values[key])
    elif values:
        screen.table(Table(("output", "value"), list(values.items())))
    return Exit.DONE


@cli.command("list", short_help="All stacks recorded here.")
@stack_options
@click.pass_obj
def list_stacks(tools: Tools, common: Common) -> int:
    """Show all stacks that are recorded under the working folder."""
    from provisioner.report import stacks
    from state.record import StackState

    screen = tools.screen(common)
    found = tools.operations().every(common.options())
    recorded = [
        (state, life_of(tools, common, state, path)) for path, state in found if isinstance(state, StackState)
    ]
    broken = [state for _, state in found if not isinstance(state, StackState)]
    for state, life in recorded:
        screen.event("stack", **stacks.brief(state, life))
    if recorded:
        screen.table(Table(stacks.LIST_COLUMNS, [stacks.list_row(*one) for one in recorded]))
    elif not broken:
        screen.lines(f"no stack is recorded in {FOLDER}", "next  provisioner init")
    for error in broken:
        screen.problem(exits.explain(error, Situation()))
    return Exit.BAD_INPUT if broken else Exit.DONE


@cli.command(short_help="Write an example stack file with what it needs.")
@click.argument("example", default=starters.DEFAULT, shell_complete=lambda *_: list(starters.examples()))
@click.option("--list", "listing", is_flag=True, help="Show the examples.")
@click.option("--force", is_flag=True, help="Overwrite files that are there.")
@output_options
@click.pass_obj
def init(tools: Tools, common: Common, example: str, listing: bool, force: bool) -> int:
    """Write an example stack file and the code of its functions into the current folder.

    \b
    Examples:
      provisioner init
      provisioner init --list
    """
    screen = tools.screen(common)
    if listing:
        for name, about in starters.examples().items():
            screen.event("example", example=name, about=about)
        screen.table(Table(("example", "what it is"), list(starters.examples().items())))
        return Exit.DONE
    for path in starters.write(example, Path(), force):
        screen.event("written", path=str(path))
        screen.lines(f"written  {path}")
    screen.lines("", f"next  {_NAME} provision {example}.toml --sandbox")
    return Exit.DONE


@cli.command(short_help="The stack file's JSON Schema, for editors.")
def schema() -> int:
    """Print the JSON Schema of the stack file.

    \b
    Example (and in the stack file's first line: #:schema ./stack.schema.json):
      provisioner schema > stack.schema.json
    """
    from provisioner import stack

    click.echo(json.dumps(stack.schema(), indent=2))
    return Exit.DONE


@cli.command(short_help="Print the completion script of a shell.")
@click.argument("shell", type=click.Choice(_SHELLS), required=False)
def completion(shell: str | None) -> int:
    """Print the script that makes a shell complete commands, options and stack names.

    \b
    Examples:
      eval "$(provisioner completion bash)"        # in ~/.bashrc
      eval "$(provisioner completion zsh)"         # in ~/.zshrc
      provisioner completion fish > ~/.config/fish/completions/provisioner.fish
    """
    if not shell and not os.environ.get("SHELL"):
        raise BadInput(f"SHELL is not set. Fix: name one of {', '.join(_SHELLS)}.")
    chosen = shell or Path(os.environ.get("SHELL", "")).name
    made = get_completion_class(chosen) if chosen in _SHELLS else None
    if made is None:
        raise BadInput(f"no completion for the shell '{chosen}'. Fix: name one of {', '.join(_SHELLS)}.")
    click.echo(made(cli, {}, _NAME, "_PROVISIONER_COMPLETE").source())
    return Exit.DONE


cli.add_command(explain)
cli.add_command(preflight)
cli.add_command(sandbox)
cli.add_command(verify)


def main(argv: Sequence[str] | None = None, tools: Tools | None = None) -> int:
    """Carry out a command line; returns the exit code. Nothing that is raised gets past it.

    A reader that closed our pipe has seen enough: that never fails a run, and the run's own exit code stands.
    """
    given = list(sys.argv[1:] if argv is None else argv)
    used = replace(tools or Tools(), given=tuple(given))
    try:
        return _carried_out(given, used)
    finally:
        _settle(sys.stdout)
        _settle(sys.stderr)


def _carried_out(given: Sequence[str], tools: Tools) -> int:
    try:
        return int(cli.main(given, prog_name=_NAME, obj=tools, standalone_mode=False) or 0)
    except SystemExit:  # how click itself ends where nobody reads any more
        return Exit.DONE
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return Exit.BAD_INPUT
    except (KeyboardInterrupt, click.Abort, Exception) as error:
        return _last_words(error, given, tools)


def _settle(stream: TextIO) -> None:
    """Let go what a closed pipe did not take: Python would complain of it at exit, and exit with 120."""
    try:
        stream.flush()
    except BrokenPipeError:
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    except ValueError:  # closed already
        return


def _last_words(error: BaseException, given: Sequence[str], tools: Tools) -> int:
    """Show what ended a command before or outside of an operation."""
    verbose = bool({"-v", "--verbose"} & set(given))
    problem = _problem(error, verbose)
    tools.screen(Common(as_json="--json" in given)).problem(problem)
    return problem.exit


def _problem(error: BaseException, verbose: bool) -> Problem:
    if isinstance(error, KeyboardInterrupt | click.Abort):
        return _INTERRUPTED
    if isinstance(error, click.ClickException):
        return _usage(error)
    return exits.explain(error, Situation(verbose=verbose))


def _usage(error: click.ClickException) -> Problem:
    context = getattr(error, "ctx", None)
    path = context.command_path if context else _NAME
    cause = Cause(error.format_message(), f"see {path} --help")
    return Problem(Exit.BAD_INPUT, "error", (cause,))
