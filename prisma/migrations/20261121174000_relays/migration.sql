ALTER TABLE "peer" ADD COLUMN "relays" BOOLEAN NOT NULL DEFAULT false;

CREATE TABLE "relay_allocation" (
    "id" TEXT NOT NULL,
    "organizationId" TEXT NOT NULL,
    "networkId" TEXT NOT NULL,
    "relayId" TEXT NOT NULL,
    "firstId" TEXT NOT NULL,
    "secondId" TEXT NOT NULL,
    "firstClusterId" TEXT NOT NULL,
    "secondClusterId" TEXT NOT NULL,
    "port" INTEGER NOT NULL,
    "kilobytesPerSecond" INTEGER NOT NULL,
    "until" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "relay_allocation_pkey" PRIMARY KEY ("id")
);

CREATE UNIQUE INDEX "relay_allocation_relayId_port_key" ON "relay_allocation"("relayId", "port");
CREATE INDEX "relay_allocation_organizationId_idx" ON "relay_allocation"("organizationId");
CREATE INDEX "relay_allocation_networkId_idx" ON "relay_allocation"("networkId");

ALTER TABLE "relay_allocation" ADD CONSTRAINT "relay_allocation_organizationId_fkey" FOREIGN KEY ("organizationId") REFERENCES "organization"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "relay_allocation" ADD CONSTRAINT "relay_allocation_networkId_fkey" FOREIGN KEY ("networkId") REFERENCES "network"("id") ON DELETE CASCADE ON UPDATE CASCADE;
