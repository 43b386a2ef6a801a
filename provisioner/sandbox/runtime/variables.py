"""The environment variables that a handler sees: Lambda's, its role's credentials, the function's own."""

from __future__ import annotations

from moto.awslambda.models import LambdaFunction

from provisioner.sandbox import backends
from provisioner.sandbox.call import Site

_SESSION = 43_200
_ALWAYS = {
    "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
    "LAMBDA_RUNTIME_DIR": "/var/runtime",
    "LANG": "en_US.UTF-8",
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "TZ": ":UTC",
}


def variables(site: Site, function: LambdaFunction, group: str, stream: str) -> dict[str, str]:
    """All of them but those that say where its files are. Nothing of the sandbox's own environment is in it."""
    return {
        **_ALWAYS,
        "AWS_DEFAULT_REGION": site.region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.run_time}",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
        "AWS_LAMBDA_FUNCTION_NAME": function.function_name,
        "AWS_LAMBDA_FUNCTION_VERSION": str(function.version),
        "AWS_LAMBDA_LOG_GROUP_NAME": group,
        "AWS_LAMBDA_LOG_STREAM_NAME": stream,
        "AWS_REGION": site.region,
        "_HANDLER": function.handler,
        **_credentials(site, function),
        **function.environment_vars,
    }


def _credentials(site: Site, function: LambdaFunction) -> dict[str, str]:
    """Of a session of the function's role."""
    session = backends.sts(site).assume_role(
        region_name=site.region,
        role_session_name=function.function_name,
        role_arn=function.role,
        policy="",
        duration=_SESSION,
        external_id="",
    )
    return {
        "AWS_ACCESS_KEY_ID": session.access_key_id,
        "AWS_SECRET_ACCESS_KEY": session.secret_access_key,
        "AWS_SESSION_TOKEN": session.session_token,
    }
