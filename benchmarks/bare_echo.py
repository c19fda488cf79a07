"""Reference of the web API's benchmark: Starlette returns the body of a POST, and does nothing else."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


async def echo(request: Request) -> Response:
    return Response(await request.body(), 202, media_type="application/json")


app = Starlette(routes=[Route("/biometrics", echo, methods=["POST"])])
