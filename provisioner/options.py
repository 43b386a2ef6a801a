"""The options that commands have in common, and the help's shape."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from provisioner.targets import FOLDER, recorded_names

if TYPE_CHECKING:
    from provisioner.recorded import Options

_PARALLEL = 16


@dataclass(frozen=True)
class Common:
    """The common options of one command line, as given."""

    state: Path | None = None
    region: str | None = None
    profile: str | None = None
    as_json: bool = False
    quiet: bool = False
    verbose: bool = False
    parallel: int = _PARALLEL
    sandbox: bool = False
    preflight: bool = False

    def options(self) -> Options:
        from provisioner.recorded import Options

        return Options(
            self.state,
            self.profile,
            self.region,
            self.parallel,
            self.sandbox,
            FOLDER,
            preflight=self.preflight,
        )

    def again(self) -> list[str]:
        """The arguments that another command on the same stack needs as well."""
        given = (("--state", self.state), ("--profile", self.profile), ("--region", self.region))
        return [word for option, value in given if value for word in (option, str(value))]


_OUTPUT = (
    click.option("--json", "as_json", is_flag=True, help="One JSON object a line on standard output."),
    click.option("--quiet", "-q", is_flag=True, help="Say nothing unless something is wrong."),
    click.option("--verbose", "-v", is_flag=True, help="Show tracebacks of unexpected errors, and ids whole."),
)
_PLACE = (
    click.option(
        "--state",
        type=click.Path(path_type=Path, dir_okay=False),
        help="State file. Default: .provisioner/NAME.json",
    ),
    click.option("--region", help="AWS region. Default: the stack's, else boto3's."),
    click.option("--profile", help="AWS profile. Default: boto3's."),
)
_SPEED = (
    click.option(
        "--parallel",
        type=click.IntRange(min=1),
        default=_PARALLEL,
        show_default=True,
        help="Steps at once; 1 works one by one, in order.",
    ),
)
PREFLIGHT = click.option(
    "--no-preflight",
    "preflight",
    is_flag=True,
    flag_value=False,
    default=True,
    help="Do not examine the account before anything is made.",
)
SANDBOX = click.option("--sandbox", is_flag=True, help="Use the embedded AWS; it is started if need be.")

Command = Callable[..., Any]


def output_options(command: Command) -> Command:
    """`--json`, `--quiet`, `--verbose`; the command gets them as `common`."""
    return _gathered(command, _OUTPUT)


def stack_options(command: Command) -> Command:
    """What every command on a recorded stack takes."""
    return _gathered(command, _PLACE + _OUTPUT)


def run_options(command: Command) -> Command:
    """What every command that works on AWS takes."""
    return _gathered(command, _SPEED + _PLACE + _OUTPUT)


def _gathered(command: Command, options: tuple[Callable[[Command], Command], ...]) -> Command:
    names = set(Common.__dataclass_fields__)

    @wraps(command)
    def gather(*args: Any, **given: Any) -> Any:
        shared = {name: given.pop(name) for name in names & given.keys()}
        return command(*args, common=Common(**shared), **given)

    for option in reversed(options):
        option(gather)
    return gather


def complete_stack(context: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """Names of recorded stacks, and stack files beside them."""
    found = [
        *recorded_names(),
        *sorted(str(path) for path in Path().glob("*.toml") if path.name != "pyproject.toml"),
    ]
    return [CompletionItem(name) for name in found if name.startswith(typed)]


class Sections(click.Group):
    """A group whose help lists its commands under headings, in the order of use."""

    sections: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def list_commands(self, context: click.Context) -> list[str]:
        ordered = [name for _, names in self.sections for name in names]
        return [*ordered, *(name for name in super().list_commands(context) if name not in ordered)]

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        for heading, names in self.sections:
            with formatter.section(heading):
                formatter.write_dl([(name, self.commands[name].get_short_help_str(70)) for name in names])
