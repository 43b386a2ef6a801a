"""Tags of other services than EC2, IAM and CloudWatch Logs."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.world import Network, refused, zipped

# By service: the operation, what it is given beside the tags, the parameter of the tags, and the two codes.
CASES: dict[str, tuple[str, dict[str, Any], str, str, str]] = {
    "acm": (
        "request_certificate",
        {"DomainName": "a.test"},
        "Tags",
        "InvalidTagException",
        "TooManyTagsException",
    ),
    "apigatewayv2": (
        "create_api",
        {"Name": "a", "ProtocolType": "HTTP"},
        "Tags",
        "BadRequestException",
        "BadRequestException",
    ),
    "ecs": (
        "create_cluster",
        {"clusterName": "a"},
        "tags",
        "InvalidParameterException",
        "InvalidParameterException",
    ),
    "elbv2": (
        "create_target_group",
        {"Name": "a", "TargetType": "lambda"},
        "Tags",
        "ValidationError",
        "TooManyTags",
    ),
    "lambda": (
        "create_function",
        {"FunctionName": "a", "Runtime": "python3.12", "Handler": "a.b", "Code": {"ZipFile": zipped()}},
        "Tags",
        "InvalidParameterValueException",
        "InvalidParameterValueException",
    ),
    "servicediscovery": ("create_http_namespace", {"Name": "a"}, "Tags", "InvalidInput", "TooManyTagsException"),
}


def written(service: str, keys: list[str]) -> Any:
    """Tags with these keys, in the service's form."""
    if service in ("apigatewayv2", "lambda"):
        return dict.fromkeys(keys, "v")
    key, value = ("key", "value") if service == "ecs" else ("Key", "Value")
    return [{key: name, value: "v"} for name in keys]


@pytest.mark.parametrize("service", CASES)
def test_keys_of_aws_and_too_many_are_refused(network: Network, service: str) -> None:
    operation, given, parameter, reserved, many = CASES[service]
    call = getattr(network.sandbox.client(service), operation)
    if service == "lambda":
        given = {**given, "Role": network.new_role("r", "lambda.amazonaws.com")}
    keys = [f"k{number}" for number in range(51)]
    for bad in ("aws:a", "AWS:a"):
        refused(call, reserved, **given, **{parameter: written(service, [bad])})
    refused(call, many, **given, **{parameter: written(service, keys)})
    call(**given, **{parameter: written(service, ["awsome", *keys[:49]])})


def test_former_tags_count(network: Network) -> None:
    targets = network.new_targets(Tags=written("elbv2", [f"a{number}" for number in range(30)]))
    add = network.elbv2.add_tags
    refused(add, "TooManyTags", ResourceArns=[targets], Tags=written("elbv2", [f"b{n}" for n in range(21)]))
    add(ResourceArns=[targets], Tags=written("elbv2", [f"b{number}" for number in range(20)]))
    add(ResourceArns=[targets], Tags=[{"Key": "a0", "Value": "w"}])
    told = network.elbv2.describe_tags(ResourceArns=[targets])["TagDescriptions"][0]["Tags"]
    assert len(told) == 50
    assert {"Key": "a0", "Value": "w"} in told
    missing = f"{targets[:-4]}ffff"
    refused(add, "TargetGroupNotFound", ResourceArns=[missing], Tags=written("elbv2", ["a"]))


def test_tags_of_zones(network: Network) -> None:
    route53 = network.sandbox.client("route53")
    made = route53.create_hosted_zone(Name="example.test", CallerReference="a")["HostedZone"]["Id"]
    zone = {"ResourceType": "hostedzone", "ResourceId": made.rpartition("/")[2]}
    refused(route53.change_tags_for_resource, "InvalidInput", **zone, AddTags=written("route53", ["aws:a"]))
    route53.change_tags_for_resource(**zone, AddTags=written("route53", ["a"]))
