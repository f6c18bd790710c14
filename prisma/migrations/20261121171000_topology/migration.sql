ALTER TABLE "network" ADD COLUMN "hubClusterId" TEXT,
ADD COLUMN "nextTopology" TEXT,
ADD COLUMN "nextHubClusterId" TEXT;

ALTER TABLE "peer" ADD COLUMN "passingAddress" TEXT;
