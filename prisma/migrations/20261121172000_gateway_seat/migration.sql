ALTER TABLE "peer" ADD COLUMN "seat" INTEGER;

-- As maps have ranked them so far: by overlay address, four at most.
UPDATE "peer" SET "seat" = ranked.seat FROM (
  SELECT id, row_number() OVER (PARTITION BY "clusterId" ORDER BY "overlayAddress"::inet) - 1 AS seat
  FROM "peer" WHERE role = 'gateway' AND "removedAt" IS NULL
) ranked WHERE ranked.id = "peer".id AND ranked.seat < 4;
