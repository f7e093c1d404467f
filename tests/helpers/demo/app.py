"""The viewer alone, over synthetic pictures whose every value is known in advance."""

import asyncio
from pathlib import Path

from pictures import picture
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from streamlit.starlette import App


async def pixels(request: Request) -> Response:
    kind, *numbers = (request.path_params[n] for n in ("kind", "frame", "rows", "columns"))
    if kind == "broken":
        return PlainTextResponse("run7 has no checkpoint: train it for one epoch.", 404)
    if kind == "slow":
        await asyncio.sleep(1.5)
    image = picture(kind, *numbers)
    shape = {"X-Rows": str(image.shape[0]), "X-Columns": str(image.shape[1])}
    caching = {"Cache-Control": "private, max-age=600, immutable"}
    return Response(image.tobytes(), headers=shape | caching)


app = App(
    Path(__file__).parent / "page.py",
    routes=[Route("/pixels/{kind}/{rows:int}/{columns:int}/{frame}", pixels)],
)
