"""What uses the network, as AWS describes it: load balancers, tasks, functions, databases, names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class ListenerRule:
    """`priority` is None of the default rule; conditions and actions are ELBv2's own."""

    arn: str
    priority: int | None
    conditions: tuple[Mapping[str, Any], ...]
    actions: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Listener:
    arn: str
    port: int
    protocol: str
    rules: tuple[ListenerRule, ...]


@dataclass(frozen=True)
class Balancer:
    arn: str
    name: str
    dns_name: str
    kind: str
    scheme: str
    state: str
    vpc: str
    groups: tuple[str, ...]
    zones: tuple[str, ...]
    cross_zone: bool
    listeners: tuple[Listener, ...] = ()

    @property
    def described(self) -> str:
        """What ELB writes on its interfaces."""
        return f"ELB {self.arn.partition(':loadbalancer/')[2]}"

    @property
    def internal(self) -> bool:
        return self.scheme == "internal"


@dataclass(frozen=True)
class Target:
    """`zone` is where AWS or the user says that it is; `reason` is DescribeTargetHealth's."""

    id: str
    port: int
    zone: str
    state: str
    reason: str = ""
    said: str = ""


@dataclass(frozen=True)
class TargetGroup:
    """`cross_zone` is None where the load balancer decides; `probed` says whether its health checks ask the very
    ports to which it sends."""

    arn: str
    name: str
    protocol: str
    kind: str
    vpc: str
    targets: tuple[Target, ...] = ()
    cross_zone: bool | None = None
    preserves_client: bool = False
    probed: bool = True


@dataclass(frozen=True)
class Function:
    """A function outside of VPCs has no subnets. `step` is the one that recorded it."""

    step: str
    name: str
    arn: str
    subnets: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


@dataclass(frozen=True)
class Task:
    arn: str
    state: str
    interface: str


@dataclass(frozen=True)
class Alias:
    """A Service Connect name of a service: what clients ask for, and the port of the container behind it."""

    name: str
    port: int
    container_port: int


@dataclass(frozen=True)
class Wants:
    """What containers need from elsewhere before they start: images, the regions of CloudWatch's logs to which
    they write, secrets and registries' credentials by ARN or name."""

    images: tuple[str, ...] = ()
    logs: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    credentials: tuple[str, ...] = ()


@dataclass(frozen=True)
class Service:
    """`ports` are those of its containers; `namespace` is set where its tasks know Service Connect's names."""

    step: str
    name: str
    arn: str
    cluster: str
    subnets: tuple[str, ...]
    groups: tuple[str, ...]
    public: bool
    target_groups: tuple[str, ...]
    ports: tuple[int, ...]
    tasks: tuple[Task, ...] = ()
    namespace: str = ""
    aliases: tuple[Alias, ...] = ()
    wants: Wants = Wants()


@dataclass(frozen=True)
class Database:
    """One of RDS. `subnets` are those of its subnet group in the zone where it answers."""

    step: str
    id: str
    host: str
    port: int
    state: str
    vpc: str
    subnets: tuple[str, ...]
    groups: tuple[str, ...]


@dataclass(frozen=True)
class RecordSet:
    """`name` as Route 53 has it: lower case, with a dot at the end."""

    name: str
    type: str
    values: tuple[str, ...] = ()
    alias: str = ""


@dataclass(frozen=True)
class Zone:
    """`records` is None where nobody asked for them or they may not be read."""

    id: str
    name: str
    private: bool
    records: tuple[RecordSet, ...] | None
    vpcs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Owned:
    """What the stack's state file tells of the live resources: ids by step, and the settings.

    `kinds` are the kinds of the steps, `settings` the resolved stack file as JSON.
    """

    stack: str = ""
    ids: Mapping[str, str] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)

    def step_of(self, resource: str) -> str:
        """The step that recorded a resource, nothing if none did."""
        return next((step for step, one in self.ids.items() if one == resource), "")

    def of_kind(self, kind: str) -> dict[str, str]:
        """The natural keys of all steps of a kind that have one."""
        return {step: key for step, key in self.keys.items() if self.kinds[step] == kind}
