"""Owner tags and tokens."""

from __future__ import annotations

from steps.aws.owner import Owner, mapping, token

OWNER = Owner("demo", "abc", {"team": "platform"})


def test_all_spellings_say_the_same() -> None:
    plain = OWNER.of("vpc")
    assert mapping(OWNER.pairs("vpc")) == plain
    assert mapping(OWNER.lower_pairs("vpc")) == plain
    (specification,) = OWNER.specification("vpc", "vpc")
    assert mapping(specification.get("Tags", ())) == {**plain, "Name": "demo/vpc"}


def test_the_users_own_name_tag_is_kept_and_given_once() -> None:
    (specification,) = Owner("demo", "abc", {"Name": "mine"}).specification("vpc", "vpc")
    names = [tag.get("Value") for tag in specification.get("Tags", ()) if tag.get("Key") == "Name"]
    assert names == ["mine"]


def test_only_the_stack_id_decides_about_ownership() -> None:
    assert OWNER.owns(OWNER.of("vpc"))
    assert not OWNER.owns(Owner("demo", "other").of("vpc"))
    assert not OWNER.owns({})


def test_a_token_is_derived_and_fits_every_service() -> None:
    assert token("abc", "vpc", "now") == token("abc", "vpc", "now")
    assert len({token("abc", "vpc", "now"), token("abc", "vpc", "then"), token("abd", "vpc", "now")}) == 3
    assert len(token("abc", "vpc", "now")) == 32
    assert token("abc", "vpc", "now").isalnum()
