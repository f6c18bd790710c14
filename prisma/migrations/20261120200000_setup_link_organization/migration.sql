-- `./skein up` builds its demo before anybody has signed up: the link then leads into that organization.
ALTER TABLE "setup_link" ADD COLUMN "organizationId" TEXT;
ALTER TABLE "setup_link" ADD CONSTRAINT "setup_link_organizationId_fkey" FOREIGN KEY ("organizationId") REFERENCES "organization"("id") ON DELETE CASCADE ON UPDATE CASCADE;
