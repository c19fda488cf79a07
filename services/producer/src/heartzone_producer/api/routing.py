"""Routes whose path is a literal, found by it: Starlette tries one regular expression after the other."""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.routing import BaseRoute, Router
from starlette.types import ASGIApp, Lifespan, Receive, Scope, Send


class PathRouter(Router):
    """Starlette's, with a quick way to the endpoints of POST.

    ``posts`` are their paths. Each must be among the routes, too, for what else a router does, such as a 405.
    """

    def __init__(self, routes: Sequence[BaseRoute], *, posts: Mapping[str, ASGIApp], lifespan: Lifespan[Any]) -> None:
        # A path with a slash too many is no path of ours: 404 instead of a redirect.
        super().__init__(routes, redirect_slashes=False, lifespan=lifespan)
        self._posts = posts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request over to its endpoint."""
        if scope["type"] == "http" and scope["method"] == "POST":
            endpoint = self._posts.get(scope["path"])
            if endpoint is not None:
                return await endpoint(scope, receive, send)
        return await super().__call__(scope, receive, send)
