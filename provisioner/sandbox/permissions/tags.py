"""Tags as conditions see them: those that a request brings, and those that a resource has."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call

Tags = dict[str, str]


def brought(parameters: Mapping[str, Any], resource_type: str = "") -> Tags:
    """The tags that a request gives to what it creates or tags; in EC2 those for one type of resource."""
    specified = [
        spec.get("Tags", ())
        for spec in parameters.get("TagSpecifications", ())
        if resource_type in ("", spec.get("ResourceType"))
    ]
    plain = [parameters[name] for name in ("Tags", "tags", "AddTags") if parameters.get(name)]
    found: Tags = {}
    for tags in [*specified, *plain]:
        found.update(mapping(tags))
    return found


def keys(parameters: Mapping[str, Any]) -> list[str]:
    """The keys of the tags that a request gives or takes away."""
    taken = [parameters.get(name) or () for name in ("TagKeys", "tagKeys", "RemoveTagKeys")]
    return [*brought(parameters), *(key for some in taken for key in some)]


def mapping(tags: Any) -> Tags:
    """Whatever form a service gives them in."""
    if isinstance(tags, Mapping):
        return {str(key): str(value or "") for key, value in tags.items()}
    return {
        str(tag.get("Key", tag.get("key"))): str(tag.get("Value", tag.get("value")) or "") for tag in tags or ()
    }


def of(call: Call, arn: str) -> Tags:
    """The tags of an existing resource; none where moto knows none."""
    parts = arn.split(":", 5)
    service = parts[2] if len(parts) == 6 else ""
    find = _SERVICES.get(service)
    return mapping(find(call, arn)) if find else {}


def _ec2(call: Call, arn: str) -> Any:
    return backends.ec2(call).tags.get(arn.rpartition("/")[2])


def _elbv2(call: Call, arn: str) -> Any:
    return backends.elbv2(call).tagging_service.get_tag_dict_for_resource(arn)


def _ecs(call: Call, arn: str) -> Any:
    ecs = backends.ecs(call)
    revisions = (one for family in ecs.task_definitions.values() for one in family.values())
    return _first((*ecs.clusters.values(), *ecs.services.values(), *revisions), arn)


def _lambda(call: Call, arn: str) -> Any:
    functions = backends.functions(call).list_functions()
    return next((one.tags for one in functions if f"{arn}:".startswith(f"{one.function_arn}:")), None)


def _iam(call: Call, arn: str) -> Any:
    iam = backends.iam(call)
    if policy := iam.managed_policies.get(arn):
        return policy.get_tags()
    return _first((*iam.roles.values(), *iam.users.values(), *iam.instance_profiles.values()), arn)


def _logs(call: Call, arn: str) -> Any:
    return backends.logs(call).tagger.get_tag_dict_for_resource(arn.partition(":log-stream:")[0])


def _route53(call: Call, arn: str) -> Any:
    return backends.zones(call).resource_tags.get(arn.rpartition("/")[2])


def _acm(call: Call, arn: str) -> Any:
    certificates = backends.acm(call)._certificates
    return certificates[arn].tags if arn in certificates else None


def _ecr(call: Call, arn: str) -> Any:
    return backends.ecr(call).tagger.list_tags_for_resource(arn)["tags"]


def _secrets(call: Call, arn: str) -> Any:
    known = backends.secrets(call).secrets.get(arn)
    return known.tags if known else None


def _rds(call: Call, arn: str) -> Any:
    databases = backends.databases(call)
    kinds = (databases.databases, databases.subnet_groups, databases.database_snapshots)
    return _first([thing for kind in kinds for thing in kind.values()], arn)


def _namespaces(call: Call, arn: str) -> Any:
    return backends.namespaces(call).list_tags_for_resource(arn)["Tags"]


def _first(things: Iterable[Any], arn: str) -> Any:
    return next((thing.tags for thing in things if thing.arn == arn), None)


_SERVICES: Mapping[str, Callable[[Call, str], Any]] = {
    "ec2": _ec2,
    "elasticloadbalancing": _elbv2,
    "ecs": _ecs,
    "lambda": _lambda,
    "iam": _iam,
    "logs": _logs,
    "route53": _route53,
    "acm": _acm,
    "ecr": _ecr,
    "secretsmanager": _secrets,
    "rds": _rds,
    "servicediscovery": _namespaces,
}
