"""The names that AWS gets."""

from __future__ import annotations

import re

import pytest

from provisioner.names import LIMITS, LONGEST_REGION, Given, Names, given, too_long

NAMES = Names("private-lambda", "us-east-1")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (NAMES.load_balancer, "private-lambda"),
        (NAMES.cluster, "private-lambda"),
        (NAMES.target_group("web"), "private-lambda-web"),
        (NAMES.security_group("load-balancer"), "private-lambda-load-balancer"),
        (NAMES.service("web"), "web"),
        (NAMES.task_family("web"), "private-lambda-web"),
        (NAMES.function("caller"), "private-lambda-caller"),
        (NAMES.role("web-execution"), "private-lambda-web-execution-us-east-1"),
        (NAMES.log_group_service("web"), "/ecs/private-lambda/web"),
        (NAMES.log_group_function("caller"), "/aws/lambda/private-lambda-caller"),
        (NAMES.log_group_insights, "/aws/ecs/containerinsights/private-lambda/performance"),
    ],
)
def test_names_are_these_and_stay_these(name: str, expected: str) -> None:
    assert name == expected


def test_all_names_of_the_example_are_within_the_limits() -> None:
    every = list(given(NAMES, ["web"], ["caller", "wrong-group", "outside-vpc"], database=True, api=True))
    assert {one.kind for one in every} == set(LIMITS)
    assert all(one.fits_pattern and not one.excess for one in every)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("load balancer", "internal-shop"),
        ("load balancer", "shop-"),
        ("target group", "-shop"),
        ("target group", "shop_web"),
        ("security group", "sg-shop"),
        ("ECS cluster", "shop.web"),
        ("Lambda function", "shop web"),
        ("IAM role", "shop/web"),
        ("log group", "aws/shop"),
    ],
)
def test_patterns_refuse(kind: str, name: str) -> None:
    assert not Given(kind, name, "name").fits_pattern


def test_the_longest_name_that_fits_and_the_first_that_does_not() -> None:
    fits, too = (list(given(Names("s" * length, LONGEST_REGION), [], [])) for length in (32, 33))
    assert list(too_long(fits)) == []
    assert [(one.kind, excess) for one, excess in too_long(too)] == [("load balancer", 1)]


def test_only_the_worst_of_a_key_is_told() -> None:
    found = list(too_long(given(Names("shop", LONGEST_REGION), [], ["f" * 60])))
    assert [(one.kind, excess) for one, excess in found] == [("IAM role", 4 + 1 + 60 + 9 + 16 - 64)]


def test_what_a_shorter_stack_name_saves_is_not_asked_for_twice() -> None:
    found = list(too_long(given(Names("s" * 40, "us-east-1"), ["web"], [])))
    assert [(one.key, excess) for one, excess in found] == [("name", 8), ("services.web", 4)]


@pytest.mark.parametrize("limit", LIMITS.values(), ids=LIMITS)
def test_limits_say_where_they_come_from(limit: object) -> None:
    assert re.search(r"\w+ \w+, \w+", str(getattr(limit, "source", "")))
