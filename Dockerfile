# syntax=docker/dockerfile:1
# One image for every program of the product; the command says which (compose.yaml). The GPU worker's has the trainer
# beside it, which is ten times as large.
#   docker build -t stillhouse .
#   docker build -t stillhouse:gpu-worker --target gpu-worker .
#   with CUDA: --build-arg BASE=nvidia/cuda:13.0.1-runtime-ubuntu24.04
# glibc 2.36 or newer in the base: the engines are built against it.
ARG BASE=debian:12-slim

FROM node:24-bookworm-slim AS install
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY . .
RUN npm run build:console && npm prune --omit=dev --no-audit --no-fund

# Python is needed here only: of the build the finished folder is kept.
FROM python:3.12-slim-bookworm AS embedder
WORKDIR /build
COPY infra/embedder/requirements.lock infra/embedder/build_embedder.py ./
RUN pip install --no-cache-dir --no-deps --only-binary :all: --require-hashes -r requirements.lock \
 && python build_embedder.py /embedder

FROM ${BASE} AS product
WORKDIR /app
# Node itself is among the dependencies: the base needs none.
COPY --from=install /app ./
COPY --from=embedder /embedder /opt/stillhouse/embedder
ENV PATH=/app/node_modules/.bin:$PATH \
    NODE_ENV=production \
    STILLHOUSE_HOME=/var/lib/stillhouse \
    STILLHOUSE_CONFIG=/etc/stillhouse/stillhouse.yaml \
    STILLHOUSE_EMBEDDER=/opt/stillhouse/embedder
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/stillhouse stillhouse
USER stillhouse
VOLUME /var/lib/stillhouse
EXPOSE 8080
CMD ["node", "gateway/main.ts"]

# Python, the trainer's environment, the built-in base and llama.cpp's converters, where the worker finds them.
FROM product AS gpu-worker
USER root
RUN apt-get update && apt-get install -y --no-install-recommends python3 python3-venv git ca-certificates \
 && rm -rf /var/lib/apt/lists/*
RUN STILLHOUSE_CACHE=/opt/stillhouse/cache UV_NO_CACHE=1 UV_COMPILE_BYTECODE=1 \
    node infra/language-model/prepare.ts > /opt/stillhouse/parts \
 && while IFS='=' read -r name path; do ln -s "$path" "/opt/stillhouse/$name"; done < /opt/stillhouse/parts \
 && chmod -R a+rX /opt/stillhouse/cache
ENV STILLHOUSE_TRAINER=/opt/stillhouse/STILLHOUSE_TRAINER \
    STILLHOUSE_BASE=/opt/stillhouse/STILLHOUSE_BASE \
    STILLHOUSE_CONVERTERS=/opt/stillhouse/STILLHOUSE_CONVERTERS
USER stillhouse
CMD ["node", "gpu-worker/main.ts"]

# What is built where no target is named.
FROM product
