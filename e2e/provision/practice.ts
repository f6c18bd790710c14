/**
 * The practice network on a lab of paper: two AWS regions, Google Cloud and Azure through the official SDKs, with
 * everything real but the packets.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProviderId } from '@skein/contract/primitive.ts';
import type { NewNetwork } from '@skein/contract/rest/network.ts';
import { createAccount } from '@skein/control/account/create.ts';
import type { Context } from '@skein/control/context.ts';
import { getOperation } from '@skein/control/operation/get.ts';
import type { Operation } from '@skein/control/operation/view.ts';
import { createSealer } from '@skein/control/secret/sealer.ts';
import { eventually } from '@skein/control/testing/context.ts';
import { type FreshDatabase, freshDatabase, makeOrganization } from '@skein/database/testing/fresh.ts';
import { trustAuthority } from '@skein/lab/azure/trust.ts';
import { type PaperRealiser, paperRealiser } from '@skein/lab/ground/paper.ts';
import { type RunningLab, startLab } from '@skein/lab/start.ts';
import { type SimulatedAgents, simulateAgents } from './agents.ts';

export interface Practice {
  fresh: FreshDatabase;
  lab: RunningLab;
  paper: PaperRealiser;
  agents: SimulatedAgents;
  context: Context;
  directory: string;
  masterKey: Uint8Array;
  masterKeyFile: string;
  accounts: Record<ProviderId, string>;
  /** Three clusters in AWS and Google Cloud. */
  wanted: NewNetwork;
  /** One cluster in each cloud. */
  threeClouds: NewNetwork;
  /** Waits for the operation's end and answers it; words of failed steps are in the error when it did not succeed. */
  succeeded(operation: { id: string }, limitSeconds?: number): Promise<Operation>;
  close(): Promise<void>;
}

export const COORDINATOR_URL = 'http://192.0.2.10:7401';

export async function practise(serverUrl: string): Promise<Practice> {
  const directory = await mkdtemp(join(tmpdir(), 'skein-practice-'));
  const fresh = await freshDatabase(serverUrl);
  const paper = paperRealiser();
  const lab = await startLab({ directory: join(directory, 'lab'), realiser: paper });
  await trustAuthority(lab.caFile);
  const masterKey = randomBytes(32);
  const masterKeyFile = join(directory, 'master.key');
  await writeFile(masterKeyFile, masterKey.toString('base64'), { mode: 0o600 });
  const random: Context['random'] = (bytes) => crypto.getRandomValues(bytes);
  const organizationId = await makeOrganization(fresh.database);
  const context: Context = {
    database: fresh.database,
    actor: { kind: 'user', id: 'usr_practice', organizationId },
    now: () => new Date(),
    random,
    sealer: createSealer(masterKey, random),
    platform: { publicUrl: null, aws: null },
    coordinatorUrl: COORDINATOR_URL,
    wake: async () => {},
  };
  const aws = await createAccount(context, {
    provider: 'aws',
    name: 'Production',
    endpoint: lab.awsUrl,
    credentials: lab.accounts.aws,
  });
  const { project_id = '', client_email = '', private_key = '', token_uri = '' } = lab.accounts.gcp;
  const gcp = await createAccount(context, {
    provider: 'gcp',
    name: 'Development',
    endpoint: lab.gcpUrl,
    credentials: { project_id, client_email, private_key, token_uri },
  });
  const azure = await createAccount(context, {
    provider: 'azure',
    name: 'Analytics',
    endpoint: lab.azureUrl,
    credentials: lab.accounts.azure,
  });
  const common: Omit<NewNetwork, 'clusters'> = {
    name: 'shop',
    topology: 'hybrid',
    zone: 'shop.skein.test',
    allowedPorts: [{ protocol: 'tcp', port: 8080 }],
    peering: 'none',
    driftPolicy: 'heal',
  };
  const prod = { name: 'prod', cloudAccountId: aws.id, region: 'us-east-1', nodes: 2 };
  const recovery = { name: 'recovery', cloudAccountId: aws.id, region: 'us-west-2', nodes: 2 };
  const dev = { name: 'dev', cloudAccountId: gcp.id, region: 'us-central1', nodes: 2 };
  const lake = { name: 'lake', cloudAccountId: azure.id, region: 'westeurope', nodes: 2 };
  const agents = simulateAgents(fresh.database, () => paper.ground().machines);
  return {
    fresh,
    lab,
    paper,
    agents,
    context,
    directory,
    masterKey,
    masterKeyFile,
    accounts: { aws: aws.id, gcp: gcp.id, azure: azure.id },
    wanted: { ...common, clusters: [prod, recovery, dev] },
    threeClouds: { ...common, clusters: [prod, dev, lake] },
    async succeeded(operation, limitSeconds = 110) {
      const end = await eventually(
        async () => {
          const now = await getOperation(context, { id: operation.id });
          return now.finishedAt ? now : undefined;
        },
        'the end of an operation',
        limitSeconds,
      );
      if (end.state !== 'succeeded') {
        const words = end.steps.map((step) => `${step.key} ${step.state} ${step.error?.message ?? ''}`);
        throw new Error(`“${end.title}” ${end.state}:\n${words.join('\n')}`);
      }
      return end;
    },
    async close() {
      await agents.close();
      await lab.close();
      await paper.close();
      await fresh.drop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
