"""The routes, one router a file; ``ROUTERS`` lists what a server has."""

from fastapi import APIRouter

from seagull.server.routes.assess import router as assess
from seagull.server.routes.chat import router as chat
from seagull.server.routes.compare import router as compare
from seagull.server.routes.counts import router as counts
from seagull.server.routes.health import router as health
from seagull.server.routes.images import router as images
from seagull.server.routes.label_studio import router as label_studio
from seagull.server.routes.page import router as page
from seagull.server.routes.segment import router as segment
from seagull.server.routes.segmenters import router as segmenters

ROUTERS: tuple[APIRouter, ...] = (
    images,
    segment,
    assess,
    compare,
    chat,
    segmenters,
    label_studio,
    counts,
)
"""Further routes (another tool's protocol) are a file here and a name in this line."""

OPEN_ROUTERS: tuple[APIRouter, ...] = (health, page)
"""Routes that need no key; their paths are listed in ``access``, too."""
