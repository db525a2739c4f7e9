# syntax=docker/dockerfile:1
# The program alone, in an image without a shell; see docs/deployment.md.

FROM rust:1.95-slim-bookworm AS build
# A C compiler and CMake: SQLite and the TLS library are built from source.
RUN apt-get update \
    && apt-get install -y --no-install-recommends build-essential cmake \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked -p sellerboard \
    && cp target/release/sellerboard /usr/local/bin/sellerboard \
    && mkdir -p /state

FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /usr/local/bin/sellerboard /usr/local/bin/sellerboard
# The queue of invalidations and, with SQLite, the store: a volume, so that they outlive the container.
COPY --from=build --chown=nonroot:nonroot /state /state
VOLUME /state
ENV SELLERBOARD_ADDR=0.0.0.0:8000 \
    MARKETPLACE_ADDR=0.0.0.0:8001 \
    SELLERBOARD_STATE_DIR=/state \
    DATABASE_URL=sqlite:///state/sellerboard.db \
    LOG_FORMAT=json
WORKDIR /state
USER nonroot
EXPOSE 8000
ENTRYPOINT ["/usr/local/bin/sellerboard"]
CMD ["serve"]
