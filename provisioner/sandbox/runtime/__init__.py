"""Running functions: their real handlers, each in a process of its own.

`invoke` runs one, for whatever in the sandbox has an event for it; not under the world's lock, which the handler's
own requests need. The host's Python runs the handlers, whatever version of Python a function asks for.
"""

from provisioner.sandbox.runtime.invocation import THROTTLED, Invocation, Outcome, invoke, prepare

__all__ = ["THROTTLED", "Invocation", "Outcome", "invoke", "prepare"]
