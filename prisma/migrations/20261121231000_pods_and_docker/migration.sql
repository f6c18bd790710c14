ALTER TABLE "peer" ADD COLUMN "podCidrs" TEXT[] DEFAULT ARRAY[]::TEXT[];
ALTER TABLE "cluster_range" ADD COLUMN "dockerNetwork" TEXT;
