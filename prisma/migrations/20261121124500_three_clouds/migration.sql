ALTER TYPE "cloud_provider" ADD VALUE 'azure';
ALTER TYPE "cloud_provider" ADD VALUE 'rfc2136';
ALTER TYPE "cloud_provider" ADD VALUE 'powerdns';

CREATE TYPE "drift_what" AS ENUM ('missing', 'changed', 'orphan');
CREATE TYPE "drift_state" AS ENUM ('open', 'healing', 'healed', 'dismissed', 'gone');

ALTER TABLE "cloud_account" ADD COLUMN "keyless" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN "preflights" JSONB NOT NULL DEFAULT '{}';

ALTER TABLE "network" ADD COLUMN "peering" TEXT NOT NULL DEFAULT 'none',
ADD COLUMN "driftPolicy" TEXT NOT NULL DEFAULT 'heal',
ADD COLUMN "driftCheckedAt" TIMESTAMPTZ(3);

ALTER TABLE "cluster" ADD COLUMN "existingNetworkId" TEXT,
ADD COLUMN "existingSubnetId" TEXT,
ADD COLUMN "nodeIdentity" TEXT;
ALTER TABLE "cluster" ADD CONSTRAINT "cluster_existing_network_whole"
  CHECK (("existingNetworkId" IS NULL) = ("existingSubnetId" IS NULL));

ALTER TABLE "step" ADD COLUMN "resumeTokens" JSONB NOT NULL DEFAULT '{}';

CREATE TABLE "drift_finding" (
  "id" TEXT NOT NULL,
  "organizationId" TEXT NOT NULL,
  "networkId" TEXT,
  "clusterId" TEXT,
  "cloudAccountId" TEXT NOT NULL,
  "provider" "cloud_provider" NOT NULL,
  "region" TEXT NOT NULL,
  "kind" TEXT NOT NULL,
  "key" TEXT NOT NULL,
  "externalId" TEXT,
  "what" "drift_what" NOT NULL,
  "differences" JSONB NOT NULL,
  "changedBy" JSONB,
  "state" "drift_state" NOT NULL DEFAULT 'open',
  "operationId" TEXT,
  "foundAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "endedAt" TIMESTAMPTZ(3),
  CONSTRAINT "drift_finding_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "drift_finding_organizationId_foundAt_idx" ON "drift_finding"("organizationId", "foundAt");
CREATE INDEX "drift_finding_networkId_state_idx" ON "drift_finding"("networkId", "state");
ALTER TABLE "drift_finding" ADD CONSTRAINT "drift_finding_organizationId_fkey" FOREIGN KEY ("organizationId") REFERENCES "organization"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "drift_finding" ADD CONSTRAINT "drift_finding_networkId_fkey" FOREIGN KEY ("networkId") REFERENCES "network"("id") ON DELETE CASCADE ON UPDATE CASCADE;
-- One finding at a time for a resource of ours; dismissed ones stay so until the resource is as it should be.
CREATE UNIQUE INDEX "drift_finding_standing" ON "drift_finding"("organizationId", "cloudAccountId", COALESCE("networkId", ''), COALESCE("clusterId", ''), "key", COALESCE("externalId", ''))
  WHERE "state" IN ('open', 'healing', 'dismissed');

CREATE TABLE "identity_key" (
  "id" TEXT NOT NULL,
  "publicKey" JSONB NOT NULL,
  "privateKeySealed" BYTEA NOT NULL,
  "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "identity_key_pkey" PRIMARY KEY ("id")
);
