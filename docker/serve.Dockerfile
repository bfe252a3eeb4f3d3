# The service and its page, on onnxruntime: no TensorFlow, no compiler, no network needed once it is built.
#
#   docker build -f docker/serve.Dockerfile -t cervinet-serve .
#   docker run --rm --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges \
#     -e CERVINET_TOKEN="$(openssl rand -hex 32)" -p 127.0.0.1:8000:8000 \
#     -v "$PWD/runs/20261120-101500-cervix-cnn:/run/model:ro" cervinet-serve
#
# The run needs its model.onnx, which training writes; the token is what every request must bring.
FROM python:3.11-slim AS build
RUN python -m venv /opt/cervinet
COPY docker/requirements.txt docker/build-requirements.txt /build/docker/
RUN /opt/cervinet/bin/pip install --no-cache-dir --require-hashes -r /build/docker/requirements.txt \
 && python -m pip install --no-cache-dir --require-hashes -r /build/docker/build-requirements.txt
COPY pyproject.toml README.md LICENSE /build/
COPY src /build/src
COPY configs /build/configs
RUN python -m pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /build/wheels /build \
 && /opt/cervinet/bin/pip install --no-cache-dir --no-deps /build/wheels/*.whl

FROM python:3.11-slim
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin cervinet
COPY --from=build /opt/cervinet /opt/cervinet
# Uploads stay in memory; libraries that want a home or a cache find one that is gone when the container is.
ENV PATH=/opt/cervinet/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    HOME=/tmp GRADIO_ANALYTICS_ENABLED=False HF_HUB_OFFLINE=1
USER 10001
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
ENTRYPOINT ["cervinet", "serve", "/run/model", "--host", "0.0.0.0", "--port", "8000"]
