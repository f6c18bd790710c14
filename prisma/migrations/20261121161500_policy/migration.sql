ALTER TABLE "cluster" ADD COLUMN "labels" JSONB NOT NULL DEFAULT '{}';
ALTER TABLE "peer" ADD COLUMN "labels" JSONB NOT NULL DEFAULT '{}';

ALTER TABLE "network"
  ADD COLUMN "policy" JSONB NOT NULL DEFAULT '{"default":"deny","withinCluster":"allow","groups":{},"rules":[{"name":"ping","action":"allow","from":["any"],"to":["any"],"protocol":"icmp","ports":[]}],"tests":[]}',
  ADD COLUMN "policyNumber" INTEGER NOT NULL DEFAULT 1;

-- Open ports become the rules that the simple form of a policy has for them: 32 ports a rule, in order.
UPDATE "network" SET "policy" = jsonb_set("policy", '{rules}', ("policy"->'rules') || opened.rules)
FROM (
  SELECT id, jsonb_agg(rule ORDER BY protocol, part) AS rules FROM (
    SELECT id, protocol, part, jsonb_build_object(
      'name', 'open ' || protocol || ' ports', 'action', 'allow', 'from', '["any"]'::jsonb, 'to', '["any"]'::jsonb,
      'protocol', protocol, 'ports', jsonb_agg(port ORDER BY port)) AS rule
    FROM (
      SELECT id, protocol, port, (row_number() OVER (PARTITION BY id, protocol ORDER BY port) - 1) / 32 AS part FROM (
        SELECT DISTINCT n.id, one->>'protocol' AS protocol, (one->>'port')::int AS port
        FROM "network" n, jsonb_array_elements(n."allowedPorts") AS one
      ) AS ports
    ) AS parts GROUP BY id, protocol, part
  ) AS made GROUP BY id
) AS opened WHERE "network".id = opened.id;

ALTER TABLE "network" DROP COLUMN "allowedPorts";
