CREATE TABLE "cluster_export" (
    "organizationId" TEXT NOT NULL,
    "networkId" TEXT NOT NULL,
    "clusterId" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "spec" JSONB NOT NULL,
    "endpoints" JSONB NOT NULL DEFAULT '[]',
    "session" TEXT NOT NULL,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "cluster_export_pkey" PRIMARY KEY ("clusterId","key")
);

CREATE TABLE "export_reporter" (
    "clusterId" TEXT NOT NULL,
    "organizationId" TEXT NOT NULL,
    "peerId" TEXT NOT NULL,
    "session" TEXT NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "export_reporter_pkey" PRIMARY KEY ("clusterId")
);

CREATE TABLE "host_service" (
    "id" TEXT NOT NULL,
    "organizationId" TEXT NOT NULL,
    "networkId" TEXT NOT NULL,
    "namespace" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "ports" JSONB NOT NULL,
    "peerId" TEXT,
    "labels" JSONB,
    "check" JSONB,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "host_service_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "host_health" (
    "serviceId" TEXT NOT NULL,
    "peerId" TEXT NOT NULL,
    "organizationId" TEXT NOT NULL,
    "ready" BOOLEAN NOT NULL,
    "problem" TEXT,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "host_health_pkey" PRIMARY KEY ("serviceId","peerId")
);

CREATE INDEX "cluster_export_organizationId_idx" ON "cluster_export"("organizationId");
CREATE INDEX "cluster_export_networkId_key_idx" ON "cluster_export"("networkId", "key");
CREATE INDEX "export_reporter_organizationId_idx" ON "export_reporter"("organizationId");
CREATE INDEX "export_reporter_peerId_idx" ON "export_reporter"("peerId");
CREATE UNIQUE INDEX "host_service_networkId_namespace_name_key" ON "host_service"("networkId", "namespace", "name");
CREATE INDEX "host_service_organizationId_idx" ON "host_service"("organizationId");
CREATE INDEX "host_service_peerId_idx" ON "host_service"("peerId");
CREATE INDEX "host_health_organizationId_idx" ON "host_health"("organizationId");
CREATE INDEX "host_health_peerId_idx" ON "host_health"("peerId");

ALTER TABLE "cluster_export" ADD CONSTRAINT "cluster_export_organizationId_fkey" FOREIGN KEY ("organizationId") REFERENCES "organization"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "cluster_export" ADD CONSTRAINT "cluster_export_networkId_fkey" FOREIGN KEY ("networkId") REFERENCES "network"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "cluster_export" ADD CONSTRAINT "cluster_export_clusterId_fkey" FOREIGN KEY ("clusterId") REFERENCES "cluster"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "export_reporter" ADD CONSTRAINT "export_reporter_organizationId_fkey" FOREIGN KEY ("organizationId") REFERENCES "organization"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "export_reporter" ADD CONSTRAINT "export_reporter_clusterId_fkey" FOREIGN KEY ("clusterId") REFERENCES "cluster"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "export_reporter" ADD CONSTRAINT "export_reporter_peerId_fkey" FOREIGN KEY ("peerId") REFERENCES "peer"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "host_service" ADD CONSTRAINT "host_service_organizationId_fkey" FOREIGN KEY ("organizationId") REFERENCES "organization"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "host_service" ADD CONSTRAINT "host_service_networkId_fkey" FOREIGN KEY ("networkId") REFERENCES "network"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "host_service" ADD CONSTRAINT "host_service_peerId_fkey" FOREIGN KEY ("peerId") REFERENCES "peer"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "host_health" ADD CONSTRAINT "host_health_organizationId_fkey" FOREIGN KEY ("organizationId") REFERENCES "organization"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "host_health" ADD CONSTRAINT "host_health_serviceId_fkey" FOREIGN KEY ("serviceId") REFERENCES "host_service"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "host_health" ADD CONSTRAINT "host_health_peerId_fkey" FOREIGN KEY ("peerId") REFERENCES "peer"("id") ON DELETE CASCADE ON UPDATE CASCADE;
