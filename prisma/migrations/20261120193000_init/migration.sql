-- CreateEnum
CREATE TYPE "cloud_provider" AS ENUM ('aws', 'gcp');

-- CreateEnum
CREATE TYPE "network_state" AS ENUM ('provisioning', 'ready', 'degraded', 'deleting', 'failed', 'deleted');

-- CreateEnum
CREATE TYPE "cluster_state" AS ENUM ('provisioning', 'ready', 'deleting', 'failed', 'deleted');

-- CreateEnum
CREATE TYPE "peer_role" AS ENUM ('gateway', 'member');

-- CreateEnum
CREATE TYPE "resource_status" AS ENUM ('wanted', 'present', 'deleting', 'gone');

-- CreateEnum
CREATE TYPE "operation_state" AS ENUM ('queued', 'running', 'cancelling', 'succeeded', 'failed', 'cancelled');

-- CreateEnum
CREATE TYPE "step_state" AS ENUM ('waiting', 'running', 'succeeded', 'failed', 'cancelled');

-- CreateEnum
CREATE TYPE "log_level" AS ENUM ('info', 'warning', 'error');

-- CreateTable
CREATE TABLE "user" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "email" TEXT NOT NULL,
    "emailVerified" BOOLEAN NOT NULL DEFAULT false,
    "image" TEXT,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "user_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "session" (
    "id" TEXT NOT NULL,
    "expiresAt" TIMESTAMPTZ(3) NOT NULL,
    "token" TEXT NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "ipAddress" TEXT,
    "userAgent" TEXT,
    "userId" TEXT NOT NULL,
    "activeOrganizationId" TEXT,

    CONSTRAINT "session_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "account" (
    "id" TEXT NOT NULL,
    "accountId" TEXT NOT NULL,
    "providerId" TEXT NOT NULL,
    "userId" TEXT NOT NULL,
    "accessToken" TEXT,
    "refreshToken" TEXT,
    "idToken" TEXT,
    "accessTokenExpiresAt" TIMESTAMPTZ(3),
    "refreshTokenExpiresAt" TIMESTAMPTZ(3),
    "scope" TEXT,
    "password" TEXT,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "account_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "verification" (
    "id" TEXT NOT NULL,
    "identifier" TEXT NOT NULL,
    "value" TEXT NOT NULL,
    "expiresAt" TIMESTAMPTZ(3) NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "verification_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "organization" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "slug" TEXT NOT NULL,
    "logo" TEXT,
    "metadata" TEXT,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "organization_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "member" (
    "id" TEXT NOT NULL,
    "organizationId" TEXT NOT NULL,
    "userId" TEXT NOT NULL,
    "role" TEXT NOT NULL DEFAULT 'member',
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "member_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "invitation" (
    "id" TEXT NOT NULL,
    "organizationId" TEXT NOT NULL,
    "email" TEXT NOT NULL,
    "role" TEXT,
    "status" TEXT NOT NULL DEFAULT 'pending',
    "expiresAt" TIMESTAMPTZ(3) NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "inviterId" TEXT NOT NULL,

    CONSTRAINT "invitation_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "setup_link" (
    "id" TEXT NOT NULL,
    "tokenHash" TEXT NOT NULL,
    "expiresAt" TIMESTAMPTZ(3) NOT NULL,
    "usedAt" TIMESTAMPTZ(3),
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "setup_link_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "api_token" (
    "id" TEXT NOT NULL,
    "organizationId" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "prefix" TEXT NOT NULL,
    "tokenHash" TEXT NOT NULL,
    "createdBy" TEXT NOT NULL,
    "expiresAt" TIMESTAMPTZ(3) NOT NULL,
    "lastUsedAt" TIMESTAMPTZ(3),
    "revokedAt" TIMESTAMPTZ(3),
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "api_token_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "idempotent_call" (
    "organizationId" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "requestHash" TEXT NOT NULL,
    "status" INTEGER,
    "response" JSONB,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "idempotent_call_pkey" PRIMARY KEY ("organizationId","key")
);

-- CreateTable
CREATE TABLE "cloud_account" (
    "id" TEXT NOT NULL,
    "organizationId" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "provider" "cloud_provider" NOT NULL,
    "endpoint" TEXT,
    "credentialsSealed" BYTEA NOT NULL,
    "identity" TEXT,
    "verifiedAt" TIMESTAMPTZ(3),
    "problem" TEXT,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "cloud_account_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "network" (
    "id" TEXT NOT NULL,
    "organizationId" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "topology" TEXT NOT NULL DEFAULT 'hybrid',
    "zone" TEXT NOT NULL,
    "cidr" TEXT NOT NULL,
    "allowedPorts" JSONB NOT NULL DEFAULT '[]',
    "mtu" INTEGER NOT NULL DEFAULT 1280,
    "revision" INTEGER NOT NULL DEFAULT 0,
    "state" "network_state" NOT NULL DEFAULT 'provisioning',
    "mapPublicKey" TEXT NOT NULL,
    "mapPrivateKeySealed" BYTEA NOT NULL,
    "dnsCloudAccountId" TEXT,
    "recordsRevision" INTEGER NOT NULL DEFAULT 0,
    "recordsDigest" TEXT,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "deletedAt" TIMESTAMPTZ(3),

    CONSTRAINT "network_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "network_revision" (
    "organizationId" TEXT NOT NULL,
    "networkId" TEXT NOT NULL,
    "number" INTEGER NOT NULL,
    "changes" JSONB NOT NULL,
    "reason" TEXT NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "network_revision_pkey" PRIMARY KEY ("networkId","number")
);

-- CreateTable
CREATE TABLE "cluster" (
    "id" TEXT NOT NULL,
    "organizationId" TEXT NOT NULL,
    "networkId" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "cloudAccountId" TEXT,
    "region" TEXT NOT NULL,
    "vpcCidr" TEXT,
    "overlayCidr" TEXT NOT NULL,
    "instanceType" TEXT,
    "state" "cluster_state" NOT NULL DEFAULT 'provisioning',
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "deletedAt" TIMESTAMPTZ(3),

    CONSTRAINT "cluster_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "peer" (
    "id" TEXT NOT NULL,
    "organizationId" TEXT NOT NULL,
    "networkId" TEXT NOT NULL,
    "clusterId" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "role" "peer_role" NOT NULL DEFAULT 'member',
    "managed" BOOLEAN NOT NULL DEFAULT false,
    "overlayAddress" TEXT NOT NULL,
    "identityKey" TEXT,
    "wireguardKey" TEXT,
    "privateAddress" TEXT,
    "publicAddress" TEXT,
    "endpoints" JSONB NOT NULL DEFAULT '[]',
    "facts" JSONB,
    "appliedNumber" INTEGER,
    "problem" TEXT,
    "links" JSONB NOT NULL DEFAULT '[]',
    "linksReportedAt" TIMESTAMPTZ(3),
    "enrolledAt" TIMESTAMPTZ(3),
    "connectedAt" TIMESTAMPTZ(3),
    "disconnectedAt" TIMESTAMPTZ(3),
    "lastSeenAt" TIMESTAMPTZ(3),
    "removedAt" TIMESTAMPTZ(3),
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "peer_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "join_token" (
    "id" TEXT NOT NULL,
    "organizationId" TEXT NOT NULL,
    "clusterId" TEXT NOT NULL,
    "peerId" TEXT,
    "tokenHash" TEXT NOT NULL,
    "prefix" TEXT NOT NULL,
    "uses" INTEGER NOT NULL,
    "usesLeft" INTEGER NOT NULL,
    "expiresAt" TIMESTAMPTZ(3) NOT NULL,
    "lastUsedAt" TIMESTAMPTZ(3),
    "revokedAt" TIMESTAMPTZ(3),
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "join_token_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "cloud_resource" (
    "id" TEXT NOT NULL,
    "organizationId" TEXT NOT NULL,
    "networkId" TEXT NOT NULL,
    "clusterId" TEXT,
    "cloudAccountId" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "provider" "cloud_provider" NOT NULL,
    "region" TEXT NOT NULL,
    "externalId" TEXT,
    "spec" JSONB NOT NULL,
    "state" JSONB,
    "status" "resource_status" NOT NULL DEFAULT 'wanted',
    "summary" TEXT NOT NULL,
    "fence" INTEGER NOT NULL DEFAULT 0,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "cloud_resource_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "operation" (
    "id" TEXT NOT NULL,
    "organizationId" TEXT NOT NULL,
    "networkId" TEXT,
    "kind" TEXT NOT NULL,
    "title" TEXT NOT NULL,
    "state" "operation_state" NOT NULL DEFAULT 'queued',
    "actor" TEXT NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "startedAt" TIMESTAMPTZ(3),
    "finishedAt" TIMESTAMPTZ(3),

    CONSTRAINT "operation_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "step" (
    "id" TEXT NOT NULL,
    "organizationId" TEXT NOT NULL,
    "operationId" TEXT NOT NULL,
    "clusterId" TEXT,
    "key" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "title" TEXT NOT NULL,
    "position" INTEGER NOT NULL,
    "input" JSONB NOT NULL DEFAULT '{}',
    "dependsOn" TEXT[],
    "evenAfterFailure" BOOLEAN NOT NULL DEFAULT false,
    "state" "step_state" NOT NULL DEFAULT 'waiting',
    "attempt" INTEGER NOT NULL DEFAULT 0,
    "maxAttempts" INTEGER NOT NULL DEFAULT 5,
    "timeoutSeconds" INTEGER NOT NULL DEFAULT 300,
    "fence" INTEGER NOT NULL DEFAULT 0,
    "leaseUntil" TIMESTAMPTZ(3),
    "runAfter" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "waitingFor" TEXT,
    "result" JSONB,
    "error" JSONB,
    "startedAt" TIMESTAMPTZ(3),
    "finishedAt" TIMESTAMPTZ(3),

    CONSTRAINT "step_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "step_log" (
    "id" BIGSERIAL NOT NULL,
    "organizationId" TEXT NOT NULL,
    "operationId" TEXT NOT NULL,
    "stepId" TEXT NOT NULL,
    "attempt" INTEGER NOT NULL,
    "level" "log_level" NOT NULL,
    "message" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "step_log_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "outbox_message" (
    "id" BIGSERIAL NOT NULL,
    "organizationId" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "payload" JSONB NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "sentAt" TIMESTAMPTZ(3),

    CONSTRAINT "outbox_message_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "audit_event" (
    "id" BIGSERIAL NOT NULL,
    "organizationId" TEXT NOT NULL,
    "actor" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    "target" TEXT NOT NULL,
    "details" JSONB NOT NULL DEFAULT '{}',
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "audit_event_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "user_email_key" ON "user"("email");

-- CreateIndex
CREATE UNIQUE INDEX "session_token_key" ON "session"("token");

-- CreateIndex
CREATE INDEX "session_userId_idx" ON "session"("userId");

-- CreateIndex
CREATE INDEX "account_userId_idx" ON "account"("userId");

-- CreateIndex
CREATE INDEX "verification_identifier_idx" ON "verification"("identifier");

-- CreateIndex
CREATE UNIQUE INDEX "organization_slug_key" ON "organization"("slug");

-- CreateIndex
CREATE INDEX "member_userId_idx" ON "member"("userId");

-- CreateIndex
CREATE UNIQUE INDEX "member_organizationId_userId_key" ON "member"("organizationId", "userId");

-- CreateIndex
CREATE INDEX "invitation_organizationId_idx" ON "invitation"("organizationId");

-- CreateIndex
CREATE INDEX "invitation_email_idx" ON "invitation"("email");

-- CreateIndex
CREATE INDEX "invitation_inviterId_idx" ON "invitation"("inviterId");

-- CreateIndex
CREATE UNIQUE INDEX "setup_link_tokenHash_key" ON "setup_link"("tokenHash");

-- CreateIndex
CREATE UNIQUE INDEX "api_token_tokenHash_key" ON "api_token"("tokenHash");

-- CreateIndex
CREATE INDEX "api_token_organizationId_createdAt_idx" ON "api_token"("organizationId", "createdAt");

-- CreateIndex
CREATE INDEX "idempotent_call_createdAt_idx" ON "idempotent_call"("createdAt");

-- CreateIndex
CREATE UNIQUE INDEX "cloud_account_organizationId_name_key" ON "cloud_account"("organizationId", "name");

-- CreateIndex
CREATE INDEX "network_organizationId_createdAt_id_idx" ON "network"("organizationId", "createdAt", "id");

-- CreateIndex
CREATE INDEX "network_dnsCloudAccountId_idx" ON "network"("dnsCloudAccountId");

-- CreateIndex
CREATE INDEX "network_revision_organizationId_idx" ON "network_revision"("organizationId");

-- CreateIndex
CREATE INDEX "cluster_organizationId_idx" ON "cluster"("organizationId");

-- CreateIndex
CREATE INDEX "cluster_networkId_idx" ON "cluster"("networkId");

-- CreateIndex
CREATE INDEX "cluster_cloudAccountId_idx" ON "cluster"("cloudAccountId");

-- CreateIndex
CREATE INDEX "peer_organizationId_idx" ON "peer"("organizationId");

-- CreateIndex
CREATE INDEX "peer_networkId_createdAt_id_idx" ON "peer"("networkId", "createdAt", "id");

-- CreateIndex
CREATE INDEX "peer_clusterId_idx" ON "peer"("clusterId");

-- CreateIndex
CREATE INDEX "peer_identityKey_idx" ON "peer"("identityKey");

-- CreateIndex
CREATE UNIQUE INDEX "join_token_tokenHash_key" ON "join_token"("tokenHash");

-- CreateIndex
CREATE INDEX "join_token_organizationId_idx" ON "join_token"("organizationId");

-- CreateIndex
CREATE INDEX "join_token_clusterId_createdAt_idx" ON "join_token"("clusterId", "createdAt");

-- CreateIndex
CREATE INDEX "join_token_peerId_idx" ON "join_token"("peerId");

-- CreateIndex
CREATE INDEX "cloud_resource_organizationId_idx" ON "cloud_resource"("organizationId");

-- CreateIndex
CREATE INDEX "cloud_resource_networkId_clusterId_idx" ON "cloud_resource"("networkId", "clusterId");

-- CreateIndex
CREATE INDEX "operation_organizationId_createdAt_id_idx" ON "operation"("organizationId", "createdAt", "id");

-- CreateIndex
CREATE INDEX "operation_networkId_createdAt_idx" ON "operation"("networkId", "createdAt");

-- CreateIndex
CREATE INDEX "step_organizationId_idx" ON "step"("organizationId");

-- CreateIndex
CREATE INDEX "step_clusterId_idx" ON "step"("clusterId");

-- CreateIndex
CREATE UNIQUE INDEX "step_operationId_key_key" ON "step"("operationId", "key");

-- CreateIndex
CREATE INDEX "step_log_operationId_id_idx" ON "step_log"("operationId", "id");

-- CreateIndex
CREATE INDEX "step_log_stepId_idx" ON "step_log"("stepId");

-- CreateIndex
CREATE INDEX "step_log_organizationId_idx" ON "step_log"("organizationId");

-- CreateIndex
CREATE INDEX "outbox_message_organizationId_idx" ON "outbox_message"("organizationId");

-- CreateIndex
CREATE INDEX "audit_event_organizationId_id_idx" ON "audit_event"("organizationId", "id");

-- AddForeignKey
ALTER TABLE "session" ADD CONSTRAINT "session_userId_fkey" FOREIGN KEY ("userId") REFERENCES "user"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "account" ADD CONSTRAINT "account_userId_fkey" FOREIGN KEY ("userId") REFERENCES "user"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "member" ADD CONSTRAINT "member_organizationId_fkey" FOREIGN KEY ("organizationId") REFERENCES "organization"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "member" ADD CONSTRAINT "member_userId_fkey" FOREIGN KEY ("userId") REFERENCES "user"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "invitation" ADD CONSTRAINT "invitation_organizationId_fkey" FOREIGN KEY ("organizationId") REFERENCES "organization"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "invitation" ADD CONSTRAINT "invitation_inviterId_fkey" FOREIGN KEY ("inviterId") REFERENCES "user"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "api_token" ADD CONSTRAINT "api_token_organizationId_fkey" FOREIGN KEY ("organizationId") REFERENCES "organization"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "idempotent_call" ADD CONSTRAINT "idempotent_call_organizationId_fkey" FOREIGN KEY ("organizationId") REFERENCES "organization"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "cloud_account" ADD CONSTRAINT "cloud_account_organizationId_fkey" FOREIGN KEY ("organizationId") REFERENCES "organization"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "network" ADD CONSTRAINT "network_organizationId_fkey" FOREIGN KEY ("organizationId") REFERENCES "organization"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "network" ADD CONSTRAINT "network_dnsCloudAccountId_fkey" FOREIGN KEY ("dnsCloudAccountId") REFERENCES "cloud_account"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "network_revision" ADD CONSTRAINT "network_revision_organizationId_fkey" FOREIGN KEY ("organizationId") REFERENCES "organization"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "network_revision" ADD CONSTRAINT "network_revision_networkId_fkey" FOREIGN KEY ("networkId") REFERENCES "network"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "cluster" ADD CONSTRAINT "cluster_organizationId_fkey" FOREIGN KEY ("organizationId") REFERENCES "organization"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "cluster" ADD CONSTRAINT "cluster_networkId_fkey" FOREIGN KEY ("networkId") REFERENCES "network"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "cluster" ADD CONSTRAINT "cluster_cloudAccountId_fkey" FOREIGN KEY ("cloudAccountId") REFERENCES "cloud_account"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "peer" ADD CONSTRAINT "peer_organizationId_fkey" FOREIGN KEY ("organizationId") REFERENCES "organization"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "peer" ADD CONSTRAINT "peer_networkId_fkey" FOREIGN KEY ("networkId") REFERENCES "network"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "peer" ADD CONSTRAINT "peer_clusterId_fkey" FOREIGN KEY ("clusterId") REFERENCES "cluster"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "join_token" ADD CONSTRAINT "join_token_organizationId_fkey" FOREIGN KEY ("organizationId") REFERENCES "organization"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "join_token" ADD CONSTRAINT "join_token_clusterId_fkey" FOREIGN KEY ("clusterId") REFERENCES "cluster"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "join_token" ADD CONSTRAINT "join_token_peerId_fkey" FOREIGN KEY ("peerId") REFERENCES "peer"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "cloud_resource" ADD CONSTRAINT "cloud_resource_organizationId_fkey" FOREIGN KEY ("organizationId") REFERENCES "organization"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "cloud_resource" ADD CONSTRAINT "cloud_resource_networkId_fkey" FOREIGN KEY ("networkId") REFERENCES "network"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "cloud_resource" ADD CONSTRAINT "cloud_resource_clusterId_fkey" FOREIGN KEY ("clusterId") REFERENCES "cluster"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "operation" ADD CONSTRAINT "operation_organizationId_fkey" FOREIGN KEY ("organizationId") REFERENCES "organization"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "operation" ADD CONSTRAINT "operation_networkId_fkey" FOREIGN KEY ("networkId") REFERENCES "network"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "step" ADD CONSTRAINT "step_organizationId_fkey" FOREIGN KEY ("organizationId") REFERENCES "organization"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "step" ADD CONSTRAINT "step_operationId_fkey" FOREIGN KEY ("operationId") REFERENCES "operation"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "step" ADD CONSTRAINT "step_clusterId_fkey" FOREIGN KEY ("clusterId") REFERENCES "cluster"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "step_log" ADD CONSTRAINT "step_log_organizationId_fkey" FOREIGN KEY ("organizationId") REFERENCES "organization"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "step_log" ADD CONSTRAINT "step_log_stepId_fkey" FOREIGN KEY ("stepId") REFERENCES "step"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "outbox_message" ADD CONSTRAINT "outbox_message_organizationId_fkey" FOREIGN KEY ("organizationId") REFERENCES "organization"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "audit_event" ADD CONSTRAINT "audit_event_organizationId_fkey" FOREIGN KEY ("organizationId") REFERENCES "organization"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Names, addresses and ranges are taken by the living only.
CREATE UNIQUE INDEX "network_living_name" ON "network" ("organizationId", "name") WHERE "deletedAt" IS NULL;
CREATE UNIQUE INDEX "network_living_zone" ON "network" ("organizationId", "zone") WHERE "deletedAt" IS NULL;
CREATE UNIQUE INDEX "network_living_cidr" ON "network" ("organizationId", "cidr") WHERE "deletedAt" IS NULL;
CREATE UNIQUE INDEX "cluster_living_name" ON "cluster" ("networkId", "name") WHERE "deletedAt" IS NULL;
CREATE UNIQUE INDEX "cluster_living_overlay" ON "cluster" ("organizationId", "overlayCidr") WHERE "deletedAt" IS NULL;
CREATE UNIQUE INDEX "cluster_living_vpc" ON "cluster" ("organizationId", "vpcCidr") WHERE "deletedAt" IS NULL;
CREATE UNIQUE INDEX "peer_living_name" ON "peer" ("clusterId", "name") WHERE "removedAt" IS NULL;
CREATE UNIQUE INDEX "peer_living_address" ON "peer" ("networkId", "overlayAddress") WHERE "removedAt" IS NULL;
CREATE UNIQUE INDEX "peer_living_identity" ON "peer" ("networkId", "identityKey") WHERE "removedAt" IS NULL;
CREATE UNIQUE INDEX "cloud_resource_living_key" ON "cloud_resource" ("networkId", coalesce("clusterId", ''), "key") WHERE "status" <> 'gone';

-- What is due: kept small, since nearly all steps and messages are done.
CREATE INDEX "step_waiting" ON "step" ("runAfter") WHERE "state" = 'waiting';
CREATE INDEX "step_running" ON "step" ("leaseUntil") WHERE "state" = 'running';
CREATE INDEX "operation_open" ON "operation" ("createdAt") WHERE "state" IN ('queued', 'running', 'cancelling');
CREATE INDEX "outbox_unsent" ON "outbox_message" ("id") WHERE "sentAt" IS NULL;

-- What must never be written, whatever the program thinks.
ALTER TABLE "join_token" ADD CONSTRAINT "join_token_uses" CHECK ("usesLeft" >= 0 AND "usesLeft" <= "uses");
ALTER TABLE "step" ADD CONSTRAINT "step_attempt" CHECK ("attempt" >= 0 AND "maxAttempts" >= 1);
ALTER TABLE "network" ADD CONSTRAINT "network_ranges" CHECK (family("cidr"::inet) = 4 AND "revision" >= 0);
