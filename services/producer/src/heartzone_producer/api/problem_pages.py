"""``/problems/…``: what the ``type`` of a problem document resolves to, a page with its causes and remedies."""

import re
from collections.abc import Awaitable, Callable, Sequence
from html import escape

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from heartzone_producer.api.problems import ProblemKind
from heartzone_producer.rejections import Rejection, RejectionReason, ServiceUnavailableReason

INDEX = "/problems"

_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_STYLE = "body{font:16px/1.5 sans-serif;margin:3rem auto;max-width:44rem;padding:0 1rem}dt{margin-top:1rem}"


def reasons_of(kind: ProblemKind) -> Sequence[Rejection]:
    """The reasons that a problem of a kind may have."""
    if kind is ProblemKind.UNAVAILABLE:
        return list(ServiceUnavailableReason)
    if kind is ProblemKind.TOO_MANY_REQUESTS:
        return [RejectionReason.TOO_MANY_REQUESTS, RejectionReason.RATE_LIMITED]
    return [RejectionReason(kind.slug.replace("-", "_"))]


def problem_routes() -> list[Route]:
    """A page for each kind, and one that lists them."""
    return [
        Route(INDEX, _endpoint(_index())),
        *(Route(kind.type, _endpoint(_page(kind))) for kind in ProblemKind),
    ]


def _endpoint(page: str) -> Callable[[Request], Awaitable[Response]]:
    content = page.encode()

    async def endpoint(_request: Request) -> Response:
        return Response(content, headers=_HEADERS)

    return endpoint


def _index() -> str:
    # Relative, so that they work behind a path prefix.
    entries = (f'<li><a href="problems/{kind.slug}">{kind.title}</a> ({kind.status})</li>' for kind in ProblemKind)
    return _document("Problems", f"<ul>{''.join(entries)}</ul>")


def _page(kind: ProblemKind) -> str:
    entries = (f"<dt>{_html(each.meaning)}</dt><dd>{_html(each.remedy)}</dd>" for each in reasons_of(kind))
    about = f"<p>Status {kind.status}, type <code>{kind.type}</code>. Causes, each with what to do:</p>"
    return _document(kind.title, f'{about}<dl>{"".join(entries)}</dl><p><a href="../docs">The API</a></p>')


def _document(title: str, content: str) -> str:
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><link rel="icon" href="data:,"><style>{_STYLE}</style>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body><h1>{escape(title)}</h1>{content}</body></html>\n'


def _html(text: str) -> str:
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", escape(text))
