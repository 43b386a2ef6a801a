"""Every AWS error that the tool knows, as a page: `make docs` makes `docs/errors.md` of it."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from provisioner import markdown
from steps.aws.errors import BY_MESSAGE, CAUSES, CONNECTION, NEXT_MOVE, NO_LOGIN, Cause, Verdict
from steps.aws.meanings import BY_WORDS, MEANINGS, SENTENCES
from steps.aws.remedies import QUOTAS, next_move

_HEAD = """\
# Errors of AWS

Made by `make docs` from the tables by which the tool sorts them (`steps/aws/errors.py`). A failure names step,
call, code, cause and what to do; here are all codes with what they mean. The code decides; where AWS has one code
for many causes, words of the message do. A code that is not listed is `refused`, or `unknown outcome` where the
answer's status is 500 or more.

What the account lacks is mostly found before the first call: `provisioner preflight STACK.toml`.
"""
_DOES = {
    Cause.GONE: "takes it for not seen yet while it makes something, and looks again, five minutes at most; at "
    "`destroy` it is gone when a listing confirms it",
    Cause.IN_USE: "waits, asks again, and names who is in the way where AWS can be asked; gives up when the "
    "step's patience is over",
    Cause.EXISTS: "looks for it: takes it over if it is the stack's own, else stops and leaves it alone",
    Cause.NOT_YET: "asks again until AWS has caught up, five minutes at most",
    Cause.THROTTLED: "repeats the call with growing pauses; nothing was done",
    Cause.UNKNOWN_OUTCOME: "looks whether it was done before it asks again, so that nothing is made twice",
    Cause.QUOTA: "stops the step, finishes what has begun, ends with exit code 1",
    Cause.DENIED: "stops the step, finishes what has begun, ends with exit code 1",
    Cause.EXPIRED: "stops the step, finishes what has begun, ends with exit code 1",
    Cause.REFUSED: "stops the step, finishes what has begun, ends with exit code 1",
}
_COLUMNS = ("code", "what it means here", "what you do, where that is more")
_BY_WORDS_TOO = ("code", "in the message", "cause", "what it means here", "what you do")


def page() -> str:
    """The page in Markdown."""
    return "\n".join([_HEAD.rstrip(), *_causes(), *_by_cause(), *_by_message(), *_without_code()]) + "\n"


def _causes() -> Iterator[str]:
    yield "\n## Causes\n"
    rows = [(f"`{cause}`", _DOES[cause], NEXT_MOVE[cause]) for cause in Cause]
    yield from markdown.table(("cause", "what the tool does", "what you do"), rows)


def _by_cause() -> Iterator[str]:
    for cause in Cause:
        if codes := [code for code, found in CAUSES.items() if found is cause]:
            yield f"\n## {cause.capitalize()}\n"
            yield f"The tool {_DOES[cause]}. What you do in general: {NEXT_MOVE[cause]}.\n"
            rows = [(f"`{code}`", _meaning(cause, code), _own_move(cause, code)) for code in sorted(codes)]
            yield from markdown.table(_COLUMNS, rows)


def _by_message() -> Iterator[str]:
    yield "\n## Where the message decides\n"
    rows = [
        (f"`{code}`", f"“{words}”", f"`{cause}`", SENTENCES[cause].format(BY_WORDS[words]), _move(cause, code))
        for code, words, cause in BY_MESSAGE
    ]
    yield from markdown.table(_BY_WORDS_TOO, rows)


def _without_code() -> Iterator[str]:
    """What botocore raises by itself."""
    yield "\n## Where nobody answered with a code\n"
    kinds = [(kind, Cause.EXPIRED) for kind in NO_LOGIN] + [(kind, Cause.UNKNOWN_OUTCOME) for kind in CONNECTION]
    rows = [
        (f"`{kind.__name__}`", f"`{cause}`", MEANINGS[kind.__name__], _move(cause, kind.__name__))
        for kind, cause in kinds
    ]
    yield from markdown.table(("botocore's error", "cause", "what it means here", "what you do"), rows)


def _meaning(cause: Cause, code: str) -> str:
    return SENTENCES[cause].format(QUOTAS[code].title if code in QUOTAS else MEANINGS[code])


def _own_move(cause: Cause, code: str) -> str:
    """Where it is not the cause's general one."""
    move = _move(cause, code)
    return "" if move == NEXT_MOVE[cause] else move


def _move(cause: Cause, code: str) -> str:
    return next_move(Verdict(cause, code, ""))


if __name__ == "__main__":
    sys.stdout.write(page())
