CREATE TABLE "path_question" (
    "id" TEXT NOT NULL,
    "organizationId" TEXT NOT NULL,
    "peerId" TEXT NOT NULL,
    "question" JSONB NOT NULL,
    "answer" JSONB,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "path_question_pkey" PRIMARY KEY ("id")
);

CREATE INDEX "path_question_organizationId_idx" ON "path_question"("organizationId");
CREATE INDEX "path_question_peerId_idx" ON "path_question"("peerId");

ALTER TABLE "path_question" ADD CONSTRAINT "path_question_organizationId_fkey" FOREIGN KEY ("organizationId") REFERENCES "organization"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "path_question" ADD CONSTRAINT "path_question_peerId_fkey" FOREIGN KEY ("peerId") REFERENCES "peer"("id") ON DELETE CASCADE ON UPDATE CASCADE;
