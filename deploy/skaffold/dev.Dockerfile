# A service with its sources in place, where `skaffold dev` copies changed files to: for a development cluster only.
ARG BASE_IMAGE=docker.io/library/python:3.13-slim-trixie
FROM ${BASE_IMAGE}
ARG SERVICE
ARG UV_VERSION=0.13.9
ARG WATCHFILES_VERSION=1.3.0
COPY deploy/images/builder /opt
# As in the services' own Dockerfiles: where the package indexes are, when they are not the usual ones.
RUN --mount=type=secret,id=package-indexes \
    --mount=type=secret,id=ca-bundle \
    python3 -m venv /opt/tools && \
    /opt/with_indexes.sh /opt/tools/bin/pip install --no-cache-dir --disable-pip-version-check --quiet \
        "uv==${UV_VERSION}" "watchfiles==${WATCHFILES_VERSION}"
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    SERVICE=${SERVICE} \
    UV_LINK_MODE=copy \
    UV_NO_DEV=1 \
    UV_PYTHON=python3 \
    UV_PYTHON_DOWNLOADS=never
WORKDIR /app
COPY . .
# Editable, so that what is copied here runs at the next start.
RUN --mount=type=cache,target=/root/.cache/uv \
    --mount=type=secret,id=package-indexes \
    --mount=type=secret,id=ca-bundle \
    /opt/with_indexes.sh /opt/tools/bin/uv sync --frozen --package "heartzone-${SERVICE}" --extra tracing && \
    chown -R 65532:65532 libs services
USER 65532:65532
EXPOSE 8080 9090
STOPSIGNAL SIGTERM
ENTRYPOINT ["/bin/sh", "-c", "exec /opt/tools/bin/watchfiles --filter python heartzone-$SERVICE libs services"]
