CREATE TYPE "range_replies" AS ENUM ('masqueraded', 'routed');

CREATE TABLE "cluster_range" (
    "id" TEXT NOT NULL,
    "organizationId" TEXT NOT NULL,
    "networkId" TEXT NOT NULL,
    "clusterId" TEXT NOT NULL,
    "peerId" TEXT,
    "name" TEXT NOT NULL,
    "cidr" TEXT NOT NULL,
    "overlayCidr" TEXT NOT NULL,
    "replies" "range_replies" NOT NULL,
    "hosts" JSONB NOT NULL DEFAULT '[]',
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "cluster_range_pkey" PRIMARY KEY ("id")
);

CREATE INDEX "cluster_range_organizationId_idx" ON "cluster_range"("organizationId");
CREATE UNIQUE INDEX "cluster_range_networkId_overlayCidr_key" ON "cluster_range"("networkId", "overlayCidr");
CREATE UNIQUE INDEX "cluster_range_clusterId_name_key" ON "cluster_range"("clusterId", "name");
CREATE INDEX "cluster_range_peerId_idx" ON "cluster_range"("peerId");

ALTER TABLE "cluster_range" ADD CONSTRAINT "cluster_range_organizationId_fkey" FOREIGN KEY ("organizationId") REFERENCES "organization"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "cluster_range" ADD CONSTRAINT "cluster_range_networkId_fkey" FOREIGN KEY ("networkId") REFERENCES "network"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "cluster_range" ADD CONSTRAINT "cluster_range_clusterId_fkey" FOREIGN KEY ("clusterId") REFERENCES "cluster"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "cluster_range" ADD CONSTRAINT "cluster_range_peerId_fkey" FOREIGN KEY ("peerId") REFERENCES "peer"("id") ON DELETE CASCADE ON UPDATE CASCADE;
