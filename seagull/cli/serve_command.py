"""The shape of the ``serve`` command: options and help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seagull.cli import options as opt

SERVE_EXAMPLES = """
Examples:

\b
  seagull serve
  seagull serve --host 0.0.0.0 --port 8080 --api-key-file keys.txt
  curl -F file=@photo.jpg http://127.0.0.1:8000/v1/images
"""


def serve(  # noqa: PLR0913 - one parameter an option is how typer reads a command
    context: typer.Context,
    *,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0: a free one.")] = 8000,
    root_path: Annotated[
        str, typer.Option("--root-path", help="Path under which a proxy shows the server.")
    ] = "",
    api_key_file: Annotated[
        Path | None,
        typer.Option("--api-key-file", metavar="FILE", help="API keys, one a line."),
    ] = None,
    image_minutes: Annotated[
        float, typer.Option("--image-minutes", help="How long a photo is kept after its last use.")
    ] = 15.0,
    cache_mb: Annotated[
        int,
        typer.Option(
            "--cache-mb", min=16, help="Memory for photos; as much for features and for chats."
        ),
    ] = 1024,
    max_body_mb: Annotated[
        int, typer.Option("--max-body-mb", min=1, max=1024, help="Largest request.")
    ] = 32,
    max_megapixels: Annotated[
        float, typer.Option("--max-megapixels", min=0.01, max=160, help="Largest photo.")
    ] = 50,
    queue: Annotated[
        int, typer.Option("--queue", min=1, help="Requests that may wait; more are answered 429.")
    ] = 64,
    allow_domain: Annotated[
        list[str] | None,
        typer.Option("--allow-domain", metavar="NAME", help="Fetch photos from here. Repeatable."),
    ] = None,
    allow_origin: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-origin", metavar="URL", help="Answer this web site's pages. Repeatable."
        ),
    ] = None,
    label_studio: Annotated[
        str | None,
        typer.Option("--label-studio", metavar="URL", help="Label Studio whose files are asked."),
    ] = None,
    label_studio_key_file: Annotated[
        Path | None,
        typer.Option("--label-studio-key-file", metavar="FILE", help="Its access token."),
    ] = None,
    drain_seconds: Annotated[
        float, typer.Option("--drain-seconds", min=1, help="Time to finish requests at the end.")
    ] = 30.0,
    segmenter: opt.Segmenter = None,
    model: opt.Model = "nano",
    device: opt.Device = "auto",
    dtype: opt.Dtype = "auto",
    quantization: opt.Quantization = None,
) -> None:
    """Answer over HTTP: reports, masks, and chat as OpenAI's clients speak it."""
    from seagull.cli.models import ModelRequest
    from seagull.cli.run_serve import ServeRequest, run_serve

    request = ServeRequest(
        host=host,
        port=port,
        root_path=root_path,
        api_key_file=api_key_file,
        image_minutes=image_minutes,
        cache_mb=cache_mb,
        max_body_mb=max_body_mb,
        max_megapixels=max_megapixels,
        queue=queue,
        domains=tuple(allow_domain or ()),
        origins=tuple(allow_origin or ()),
        label_studio=label_studio,
        label_studio_key_file=label_studio_key_file,
        drain_seconds=drain_seconds,
        segmenter=segmenter,
        model=ModelRequest(model, device, dtype, quantization),
    )
    run_serve(request, context.obj)
