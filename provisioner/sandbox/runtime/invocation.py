"""One invocation of a function: what it needs is gathered under the world's lock, then it runs without."""

from __future__ import annotations

import json
import secrets
import time
import uuid
from dataclasses import dataclass
from typing import Any

from moto.awslambda.models import LambdaFunction
from moto.core.exceptions import JsonRESTError

from provisioner.sandbox import backends, functions
from provisioner.sandbox.call import Site
from provisioner.sandbox.functions import Notes
from provisioner.sandbox.network import authority, shim, sources
from provisioner.sandbox.refusal import Dropped, Refusal
from provisioner.sandbox.runtime import journal, report
from provisioner.sandbox.runtime.environment import Process, Run, Setup
from provisioner.sandbox.runtime.environments import Environment, Environments
from provisioner.sandbox.runtime.variables import variables
from provisioner.sandbox.vpc.hyperplane import Hyperplane

THROTTLED = "TooManyRequestsException"
# Where clients look for the authorities that they trust: inside the sandbox, that is its own.
_TRUST = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")
_RESERVED = "ReservedFunctionConcurrentInvocationLimitExceeded"


@dataclass(frozen=True)
class Outcome:
    """What an invocation came to: the answer, the kind of error (`Unhandled`) if it failed, and its log."""

    payload: bytes
    error: str | None
    log: str
    version: str


@dataclass(frozen=True)
class Invocation:
    """A function that is about to run, with all that it takes."""

    site: Site
    function: LambdaFunction
    known: Notes
    arn: str
    event: str
    client: dict[str, Any]
    environment: Environment
    packages: tuple[bytes, ...]
    world: str
    request: str

    def run(self) -> Outcome:
        """Run the handler; not under the world's lock. Raises Dropped if the sandbox was reset meanwhile."""
        message = {"id": self.request, "arn": self.arn, "event": self.event, "client": self.client}
        environment = self.environment
        try:
            environment.process = environment.process or self._process()
            run = environment.process.run(message, self.function.timeout)
        finally:
            with self.site.world.lock:
                self._over()
        made = self.function
        log = report.lines(run, self.request, str(made.version), made.timeout, made.memory_size)
        with self.site.world.lock:
            if self.site.world.id != self.world:
                raise Dropped
            journal.keep(self.site, self.function, environment.stream, log)
        return self._outcome(run, log)

    def _outcome(self, run: Run, log: list[str]) -> Outcome:
        told = report.failure(run, self.request, self.function.timeout)
        payload = report.encoded(told) if told else run.payload.encode()
        return Outcome(payload, "Unhandled" if told else None, report.tail(log), str(self.function.version))

    def _over(self) -> None:
        if self.site.world.id != self.world:
            self.environment.end()
            raise Dropped  # what it ran for is gone
        self.known.running -= 1
        _environments(self.site).done(self.environment)

    def _process(self) -> Process:
        shelf = self.environment.shelf
        root, *layers = (shelf.unpacked(package) for package in self.packages)
        self.environment.folder = home = shelf.fresh()
        above = [folder / "python" for folder in reversed(layers)]
        paths = [str(path) for path in (root, *above, shelf.brought())]
        world, given = self.site.world, self.environment.variables
        usual = {"HOME": str(home), "TMPDIR": str(home), **dict.fromkeys(_TRUST, str(authority.trusted(world)))}
        network = {"shim": shim.__file__ if world.endpoint else None, "control": world.endpoint}
        settings = {"paths": paths, **network, "token": self.environment.token}
        return Process(
            Setup(root, {**usual, **given, "LAMBDA_TASK_ROOT": str(root)}, settings, self.function.memory_size)
        )


def invoke(site: Site, function_arn: str, event: bytes) -> Outcome:
    """Run a function (or the version that the ARN names) with this event, as a service does that is allowed to.

    Raises Refusal where Lambda would not run it.
    """
    with site.world.lock:
        site.world.clock.catch_up()
        try:
            function = backends.functions(site).get_function(function_arn)
        except JsonRESTError as error:
            raise Refusal(functions.MISSING, f"Function not found: {function_arn}", 404) from error
        prepared = prepare(site, function, function_arn, event.decode() or "{}")
    return prepared.run()


def prepare(
    site: Site, function: LambdaFunction, arn: str, event: str, client: dict[str, Any] | None = None
) -> Invocation:
    """Everything that an invocation needs, as things stand now; under the world's lock."""
    _check_state(site, function)
    known = functions.notes(site, function)
    if function.version == "$LATEST" and known.former is not None:
        function = known.former  # as long as an update is in progress
    _check_runtime(function)
    _check_role(site, function)
    reserved = function.reserved_concurrency
    if reserved is not None and known.running >= int(reserved):
        raise Refusal(THROTTLED, f"Rate Exceeded. Reason: {_RESERVED}", 429)
    known.running += 1
    return Invocation(
        site,
        function,
        known,
        arn,
        event,
        client or {},
        _environment(site, function),
        _packages(site, function),
        site.world.id,
        str(uuid.uuid4()),
    )


def _check_state(site: Site, function: LambdaFunction) -> None:
    if function.state != "Active":
        text = f"The function is currently in the following state: {function.state}"
        raise Refusal(functions.CONFLICT, f"The operation cannot be performed at this time. {text}", 409)


def _check_runtime(function: LambdaFunction) -> None:
    runtime = str(function.run_time or function.package_type)
    if not runtime.startswith("python3"):
        raise NotImplementedError(f"handlers run in Python only, not in {runtime}")


def _check_role(site: Site, function: LambdaFunction) -> None:
    """Lambda's grant on the key of the environment names the very role that was there when it was made."""
    role = functions.role(site, function.role)
    if role is None:
        text = "The role defined for the function cannot be assumed by Lambda."
        raise Refusal("AccessDeniedException", text, 403)
    if function.environment_vars and functions.notes(site, function).grantee != role.id:
        text = "Lambda was unable to decrypt the environment variables because KMS access was denied."
        hint = "Please check the function's KMS key settings."
        raise Refusal("KMSAccessDeniedException", f"{text} {hint} KMS Exception: AccessDeniedException", 502)


def _environment(site: Site, function: LambdaFunction) -> Environment:
    """One that waits, or a new one; in a VPC it connects from one of the function's interfaces there."""
    environments, place = _environments(site), functions.vpc(function)
    interfaces = site.ledger(Hyperplane).all(*place)
    if place[0] and not interfaces:
        text = (
            "Lambda couldn't invoke the Lambda function because the elastic network interface (ENI) configured for"
        )
        raise Refusal("ENINotReadyException", f"{text} its VPC connection isn't ready yet.", 502)
    group = functions.log_group(site, function)
    configuration = _configuration(function, group, [interface.id for interface in interfaces])
    ready = environments.take(function.function_arn, configuration)
    if ready is not None:
        return ready
    token = sources.register(site, site.ledger(Hyperplane).source(*place), function.function_name)
    stream = f"{time.strftime('%Y/%m/%d', time.gmtime())}/[{function.version}]{secrets.token_hex(16)}"
    made = Environment(
        function.function_arn,
        configuration,
        stream,
        token,
        environments.shelf(site.world),
        variables(site, function, group, stream),
        lambda: sources.forget(token, site.world),
    )
    environments.add(made)
    return made


def _configuration(function: LambdaFunction, group: str, interfaces: list[str]) -> str:
    """All that an environment is made of, as text: what differs in nothing may share one."""
    parts = (
        function.code_sha_256,
        function.handler,
        function.run_time,
        function.role,
        function.memory_size,
        sorted(function.environment_vars.items()),
        function.layers,
        group,
        interfaces,
    )
    return json.dumps(parts)


def _packages(site: Site, function: LambdaFunction) -> tuple[bytes, ...]:
    """The function's own and its layers'."""
    backend = backends.functions(site)
    layers = [backend.layers_versions_by_arn(layer["Arn"]) for layer in function.layers]
    return (function.code_bytes, *(layer.code_bytes for layer in layers if layer))


def _environments(site: Site) -> Environments:
    return site.world.ledger(Environments, "", "")
