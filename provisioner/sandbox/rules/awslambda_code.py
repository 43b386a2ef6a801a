"""Lambda: packages of code."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from typing import Any

from provisioner.sandbox import functions
from provisioner.sandbox.call import Call
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, after, before

_ZIPPED, _UNZIPPED = 52_428_800, 262_144_000
_RECORDED = "LocalStack's recordings of AWS"
_BROKEN = "Could not unzip uploaded file. Please check your file, then try to upload again."


@before("lambda", "CreateFunction", "UpdateFunctionCode", source=f"Lambda quotas; {_RECORDED}")
def packages_are_whole_and_small(call: Call) -> None:
    """RequestEntityTooLargeException (413) above 50 MB; InvalidParameterValueException for no zip, or 250 MB."""
    package = _package(call)
    if package is None:
        return
    if len(package) > _ZIPPED:
        text = f"Zipped size must be smaller than {_ZIPPED} bytes"
        raise Refusal("RequestEntityTooLargeException", text, 413)
    try:
        with zipfile.ZipFile(io.BytesIO(package)) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
            broken = size <= _UNZIPPED and archive.testzip() is not None
    except zipfile.BadZipFile:
        raise Refusal(functions.INVALID, _BROKEN) from None
    if broken:
        raise Refusal(functions.INVALID, _BROKEN)
    if size >= _UNZIPPED:
        raise Refusal(functions.INVALID, f"Unzipped size must be smaller than {_UNZIPPED} bytes")


@before("lambda", "UpdateFunctionCode", source=_RECORDED)
def images_are_for_images(call: Call) -> None:
    """InvalidParameterValueException for an image where the function has a zip."""
    function = functions.latest(call)
    if function is not None and function.package_type == "Zip" and call.parameters.get("ImageUri"):
        raise Refusal(
            functions.INVALID, "Please don't provide ImageUri when updating a function with packageType Zip."
        )


@after("lambda", "UpdateFunctionCode", source="Lambda API Reference: UpdateFunctionCode")
def dry_run_tells_what_would_be(call: Call, answer: Answer) -> None:
    """The hash and the size of the new code, of which nothing is kept."""
    package = _package(call)
    if call.parameters.get("DryRun") and package is not None:
        digest = hashlib.sha256(package).digest()
        answer |= {"CodeSha256": base64.b64encode(digest).decode(), "CodeSize": len(package)}


@after("lambda", "UpdateFunctionCode", source="Lambda API Reference: UpdateFunctionCode")
def code_may_come_for_another_processor(call: Call, answer: Answer) -> None:
    """moto leaves the architecture as it was."""
    function = functions.latest(call)
    if function is not None and (wanted := call.parameters.get("Architectures")):
        answer["Architectures"] = wanted
        if not call.parameters.get("DryRun"):
            function.architectures = wanted


def _package(call: Call) -> bytes | None:
    """The zip that comes with the call, if one does."""
    given: Any = call.parameters.get("Code") or call.parameters
    package: bytes | None = given.get("ZipFile")
    return package
