"""What every kind must be, whichever it is."""

from __future__ import annotations

import pytest

from steps.base import Step
from steps.registry import KINDS


@pytest.mark.parametrize("cls", KINDS.values(), ids=KINDS.keys())
def test_a_kind_can_be_deleted(cls: type[Step]) -> None:
    own = {name for base in cls.__mro__[:-1] if base is not Step for name in vars(base)}
    assert own & {"remove", "delete"}


@pytest.mark.parametrize("cls", KINDS.values(), ids=KINDS.keys())
def test_a_kind_says_what_it_is(cls: type[Step]) -> None:
    assert cls.kind
    assert cls.noun
    assert cls.family
    assert 0 < cls.typical <= cls.patience
    assert 0 < cls.typical_delete <= cls.patience_delete
