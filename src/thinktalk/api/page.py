"""`/`: the talk page, which is built from `web/` into this package. It holds no secret.

Everything is read once, so that no request names a file.
"""

from __future__ import annotations

from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import PurePath

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

ASSETS = "/assets/"

_NOT_BUILT = (
    "thinktalk is running. Its talk page was not built into this installation: in a checkout run "
    "`make page` and start the server again. The API is at /v1, its reference at /docs.\n"
)
_HEADERS = {
    # Scripts, styles and connections of this server alone.
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "permissions-policy": "microphone=(self), camera=(self)",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
# Not what the machine's own table says, which may be anything.
_MEDIA_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
_FOR_EVER = {"cache-control": "public, max-age=31536000, immutable"}  # names carry a hash
_ASK_AGAIN = {"cache-control": "no-cache"}


class Page:
    """Serves the page, or says that there is none.

    Args:
        directory: what the build wrote: `index.html` and `assets/`.
    """

    def __init__(self, directory: Traversable | None = None) -> None:
        directory = directory or resources.files("thinktalk").joinpath("page")
        index, assets = directory.joinpath("index.html"), directory.joinpath("assets")
        self._index = index.read_bytes() if index.is_file() else None
        files = assets.iterdir() if assets.is_dir() else ()
        self._assets = {file.name: file.read_bytes() for file in files}

    @property
    def is_built(self) -> bool:
        return self._index is not None

    async def index(self, request: Request) -> Response:
        """The page itself, which names its assets."""
        if self._index is None:
            return PlainTextResponse(_NOT_BUILT, headers=_ASK_AGAIN)
        headers = {**_HEADERS, **_ASK_AGAIN}
        return Response(self._index, headers=headers, media_type="text/html")

    async def asset(self, request: Request) -> Response:
        """A script, style or picture of the page."""
        name = request.path_params["name"]
        if name not in self._assets:
            raise HTTPException(404)
        media_type = _MEDIA_TYPES.get(PurePath(name).suffix)
        headers = {**_HEADERS, **_FOR_EVER}
        return Response(self._assets[name], headers=headers, media_type=media_type)
