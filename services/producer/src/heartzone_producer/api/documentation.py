"""``/docs`` and ``/openapi.json``: Swagger UI from this process alone, under a policy that allows no other source."""

import json
from collections.abc import Awaitable, Callable, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from heartzone_producer.api.openapi import description
from heartzone_producer.api.openapi_security import SecurityScheme

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# Swagger UI sets style attributes of elements, hence 'unsafe-inline' for styles; scripts come from files only.
_HEADERS = {"Content-Security-Policy": _POLICY, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}

_PAGE = b"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>heartzone API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
_START = b"""SwaggerUIBundle({url: "openapi.json", dom_id: "#swagger-ui", deepLinking: true, tryItOutEnabled: true});
"""


def documentation_routes(security: Sequence[SecurityScheme]) -> list[Route]:
    """The routes of the documentation; links are relative, so that it works behind a path prefix."""
    return [
        Route("/openapi.json", _endpoint(lambda: json.dumps(description(security)).encode(), "application/json")),
        Route("/docs", _endpoint(lambda: _PAGE, "text/html; charset=utf-8")),
        Route("/docs/start.js", _endpoint(lambda: _START, "text/javascript; charset=utf-8")),
        Route("/docs/swagger-ui.css", _endpoint(_asset("swagger_style.css"), "text/css; charset=utf-8")),
        Route("/docs/swagger-ui-bundle.js", _endpoint(_asset("swagger_bundle.js"), "text/javascript; charset=utf-8")),
    ]


def _endpoint(content: Callable[[], bytes], media_type: str) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(_request: Request) -> Response:
        return Response(content(), headers={**_HEADERS, "Content-Type": media_type})

    return endpoint


def _asset(name: str) -> Callable[[], bytes]:
    """A file of the package that carries Swagger UI.

    Found without importing the package: that would read nine megabytes of other viewers into memory.
    """
    spec = find_spec("offapi")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    path = Path(spec.submodule_search_locations[0], name)
    assert path.is_file(), f"offapi has no {name} any more"
    return cache(path.read_bytes)  # once in memory, however many clients are slow to read it
