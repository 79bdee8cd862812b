"""The application: routes and what they share. Further routers go into ``routes``."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI
from fastapi.security import HTTPBearer
from starlette.concurrency import run_in_threadpool

from seagull.server.downloads import Downloads
from seagull.server.errors import add_handlers
from seagull.server.intake import Intake
from seagull.server.label_studio.source import LabelStudioFiles
from seagull.server.origins import OtherOrigins
from seagull.server.routes import OPEN_ROUTERS, ROUTERS
from seagull.server.service import Service
from seagull.version import __version__


def build_app(service: Service, label_studio: LabelStudioFiles | None = None) -> FastAPI:
    """The application around a service, which it starts and closes.

    Args:
        service: the model, the segmenter, what is kept, and the limits.
        label_studio: the Label Studio whose own files its tasks may name.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        service.start()
        yield
        # In another thread: requests that are cancelled here let go of what the worker waits for.
        await run_in_threadpool(service.close)

    app = FastAPI(
        title="Seagull",
        version=__version__,
        description="Quality, importance and distortions of regions of a photo.",
        lifespan=lifespan,
        docs_url=None,  # these pages load scripts from other hosts
        redoc_url=None,
    )
    app.state.service = service
    app.state.downloads = Downloads(service.segmenting, str(service.assessor.engine.device))
    app.state.label_studio = label_studio
    add_handlers(app)
    # Keys are checked before anything is routed (``Intake``); this is for the document.
    key = [Depends(HTTPBearer(auto_error=False))] if service.settings.keys else []
    for router in ROUTERS:
        app.include_router(router, dependencies=key)
    for router in OPEN_ROUTERS:
        app.include_router(router)
    app.add_middleware(Intake, service=service)
    if service.settings.origins:
        app.add_middleware(
            OtherOrigins,
            allow_origins=list(service.settings.origins),
            allow_methods=["GET", "POST"],
            allow_headers=["authorization", "content-type"],
            expose_headers=["x-request-id", "retry-after"],
        )
    return app
