# Not built here: written and linted (hadolint) where there is no Docker.
#
#   docker build --target cpu -t seagull:cpu .
#   docker build --target cuda -t seagull:cuda .     # running it takes NVIDIA's container toolkit
#   docker run --rm -p 127.0.0.1:8000:8000 -v "$PWD/keys.txt:/run/secrets/seagull-keys:ro" seagull:cpu
#
# The two targets differ in torch alone. Versions are bounded in pyproject.toml.

FROM python:3.11-slim-bookworm AS base
ENV PATH=/venv/bin:$PATH \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PYTHONUNBUFFERED=1
RUN useradd --create-home --uid 10001 seagull && python -m venv /venv
WORKDIR /app
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
# Requests in progress are finished first: give it more time than --drain-seconds.
STOPSIGNAL SIGTERM
ENTRYPOINT ["seagull", "serve", "--host", "0.0.0.0", "--api-key-file", "/run/secrets/seagull-keys"]

# The CPU's wheels of torch have an index of their own; the usual ones bring CUDA along.
FROM base AS torch-cpu
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
# hadolint ignore=DL3013
RUN pip install --index-url "$TORCH_INDEX" torch torchvision

FROM base AS torch-cuda
ENV NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility
# hadolint ignore=DL3013
RUN pip install torch torchvision

# The model lies in the user's home, so that a container starts without a network.
FROM torch-cpu AS cpu
COPY . .
# hadolint ignore=DL3013
RUN pip install ".[serve]"
USER 10001
RUN seagull download nano

FROM torch-cuda AS cuda
COPY . .
# hadolint ignore=DL3013
RUN pip install ".[serve]"
USER 10001
RUN seagull download nano
