# The program as a few files of JavaScript, on a base without shell or package manager. The release workflow puts the digests of the
# day into both bases and publishes them (bases.txt), so that an image can be built again: give them as --build-arg.
ARG BUILD_BASE=node:24-trixie-slim
ARG RUNTIME_BASE=gcr.io/distroless/nodejs24-debian13:nonroot

FROM ${BUILD_BASE} AS build
WORKDIR /build
COPY package.json package-lock.json ./
# Nothing that runs at install time is needed to bundle.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json ./
COPY scripts/build.ts scripts/bundle-plugins.ts scripts/
COPY src src
# `--build-arg REVISION=$(git rev-parse HEAD)`: shown by the metric instance_profile_controller_build_info.
ARG REVISION=unknown
RUN REVISION=$REVISION node scripts/build.ts

FROM ${RUNTIME_BASE}
WORKDIR /app
COPY --from=build /build/dist dist
COPY crds crds
# Without --enable-source-maps: to read the map at the first stack trace takes 80 MiB, a quarter of what the pod has. 65 % of the
# container's memory limit are for JavaScript's heap, whatever the limit is: the program takes another 100 MiB beside it, and the
# collector has to act before the kernel does. A young generation of 12 MiB instead of 48 and one arena for native memory save
# 60 MiB of 200 and cost no measurable CPU: docs/explanation/scale.md, npm run bench:memory. A fixed threshold makes the C library return
# what the compiler and the sockets needed for a burst, 20 MiB; by default it grows with the largest block that was freed.
ENV MALLOC_ARENA_MAX=1
ENV MALLOC_TRIM_THRESHOLD_=131072
ENTRYPOINT ["/nodejs/bin/node", "--max-old-space-size-percentage=65", "--max-semi-space-size=4", "/app/dist/main.mjs"]
CMD ["run"]
