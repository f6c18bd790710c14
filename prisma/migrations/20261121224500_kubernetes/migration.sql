ALTER TABLE "cluster" ADD COLUMN "kubernetes" JSONB;
ALTER TABLE "cluster" ADD COLUMN "podCidr" TEXT;
ALTER TABLE "cluster" ADD COLUMN "serviceCidr" TEXT;

CREATE TABLE "kubernetes_question" (
    "id" TEXT NOT NULL,
    "organizationId" TEXT NOT NULL,
    "peerId" TEXT NOT NULL,
    "questionSealed" BYTEA NOT NULL,
    "reply" JSONB,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "kubernetes_question_pkey" PRIMARY KEY ("id")
);

CREATE INDEX "kubernetes_question_organizationId_idx" ON "kubernetes_question"("organizationId");
CREATE INDEX "kubernetes_question_peerId_idx" ON "kubernetes_question"("peerId");

ALTER TABLE "kubernetes_question" ADD CONSTRAINT "kubernetes_question_organizationId_fkey" FOREIGN KEY ("organizationId") REFERENCES "organization"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "kubernetes_question" ADD CONSTRAINT "kubernetes_question_peerId_fkey" FOREIGN KEY ("peerId") REFERENCES "peer"("id") ON DELETE CASCADE ON UPDATE CASCADE;
