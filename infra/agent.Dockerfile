# The agent for Kubernetes nodes, as the coordinator's manifest and the chart start it (docs/kubernetes.md).
# Context: the folder that `node apps/agent/build.ts DIRECTORY` wrote, with one archive an architecture.
FROM debian:bookworm-slim
ARG TARGETARCH
RUN apt-get update -qq \
  && apt-get install -y -qq --no-install-recommends conntrack iproute2 iputils-ping kmod netbase nftables procps wireguard-go wireguard-tools \
  && rm -rf /var/lib/apt/lists/*
COPY agent-linux-*.tar.gz /tmp/
RUN case "$TARGETARCH" in arm64) name=arm64 ;; *) name=x64 ;; esac \
  && tar -xzf "/tmp/agent-linux-$name.tar.gz" -C /opt && rm /tmp/agent-linux-*.tar.gz
ENTRYPOINT ["/opt/skein/node", "--max-semi-space-size=1", "--max-old-space-size=96", "/opt/skein/agent.mjs"]
