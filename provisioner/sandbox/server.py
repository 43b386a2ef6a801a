"""The sandbox's process: `python -m provisioner.sandbox.server --home DIR`."""

from __future__ import annotations

from provisioner.sandbox import quick_start

# isort: split
import argparse
import datetime
import json
import logging
import os
import signal
import threading
import time
import warnings
from pathlib import Path
from types import FrameType

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from provisioner.sandbox import api, control, emulator, front_door, gate, latencies, presets, rules, unrouted
from provisioner.sandbox.web import Handler, Server
from provisioner.sandbox.world import Nature, World

HOST = "127.0.0.1"
_WATCH_EVERY = 0.5


def main() -> None:
    """Serve until SIGTERM, or until sandbox.json vanishes or names another process, or until the owner ends."""
    options = _options()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    # moto warns of error codes that botocore's model does not list; AWS has many of those.
    warnings.filterwarnings("ignore", module="moto.core.serialize")
    world = build(Nature(options.profile, options.seed, options.faults, options.enforce_iam))
    app = api.with_control(world, unrouted.explained(DomainDispatcherApplication(create_backend_app)))
    server = Server(HOST, options.port, front_door.with_balancers(world, app), Handler)
    world.home, world.endpoint = options.home.absolute(), f"http://{HOST}:{server.server_port}"
    notice = Notice(options.home / "sandbox.json", world, server.server_port)
    # Ctrl-C in the terminal of the tool reaches every process that was started from it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _end)
    quick_start.end()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
    try:
        notice.post()
        while notice.ours() and (options.owner is None or control.alive(options.owner)):
            time.sleep(_WATCH_EVERY)
    finally:
        notice.remove()
        world.end()
        os._exit(0)  # at once: taking all of moto down in order takes half a second


def _end(number: int, frame: FrameType | None) -> None:
    raise SystemExit


def build(nature: Nature) -> World:
    """The world of a new sandbox, wired into moto."""
    emulator.configure()
    rules.load()
    world = World(nature, emulator.empty)
    gate.install(world)
    return world


class Notice:
    """The file that says where the sandbox is; a sandbox whose notice is gone has to end."""

    def __init__(self, path: Path, world: World, port: int) -> None:
        self._path = path
        self._world = world
        self._port = port
        self._started = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")

    def post(self) -> None:
        """Write it whole or not at all."""
        content = {
            "pid": os.getpid(),
            "port": self._port,
            "endpoint": f"http://{HOST}:{self._port}",
            "id": self._world.id,
            "profile": self._world.profile,
            "started": self._started,
        }
        draft = self._path.with_suffix(f".{os.getpid()}")
        draft.write_text(json.dumps(content, indent=2) + "\n")
        draft.replace(self._path)

    def ours(self) -> bool:
        """Whether it is still there and names this process; keeps its id true after a reset."""
        try:
            content = json.loads(self._path.read_text())
        except (OSError, ValueError):
            return False
        if content.get("pid") != os.getpid():
            return False
        if content.get("id") != self._world.id:
            self.post()
        return True

    def remove(self) -> None:
        if self.ours():
            self._path.unlink(missing_ok=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m provisioner.sandbox.server")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--owner", type=int, help="end when the process of this id has ended")
    parser.add_argument("--profile", type=_profile, default="instant")
    parser.add_argument("--seed", type=int, default=0, help="what chance decides, it decides by this")
    parser.add_argument("--faults", type=presets.read, default=[], help="names of presets, JSON, or @FILE")
    parser.add_argument("--enforce-iam", action="store_true", help="hold callers to their policies")
    return parser.parse_args()


def _profile(text: str) -> str:
    try:
        latencies.profile(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


if __name__ == "__main__":
    main()
