/**
 * The permissions that Skein asks for are those that it uses. A network lives its whole life in one cloud, under exactly
 * the policy or role of the grant: every call is allowed by it, and no permission of it goes unused.
 */
import { join } from 'node:path';
import { permissionsOfCall as ofEc2 } from '@skein/clouds/aws/permissions.ts';
import { permissionsOfCall as ofCompute } from '@skein/clouds/gcp/permissions.ts';
import type { ProviderId } from '@skein/contract/primitive.ts';
import { createAccount } from '@skein/control/account/create.ts';
import { grantForProvider } from '@skein/control/account/grant.ts';
import { permissionsFor } from '@skein/control/account/permissions.ts';
import { preflightAccount } from '@skein/control/account/preflight.ts';
import { verifyAccount } from '@skein/control/account/verify.ts';
import { TIMING } from '@skein/control/operation/engine/step-run.ts';
import { HANDLERS } from '@skein/control/operation/step/handlers.ts';
import { permissionsOfCall as ofCloudDns } from '@skein/dns/cloud-dns/permissions.ts';
import { trustAuthority } from '@skein/lab/azure/trust.ts';
import type { LoggedRequest } from '@skein/lab/store/requests.ts';
import { startWorker } from '@skein/worker/worker.ts';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { COORDINATOR_URL, type Practice, practise } from '../provision/practice.ts';
import { askControl, requestsAfter } from './control.ts';
import { wholeLife } from './whole-life.ts';

let practice: Practice;
let worker: { close(): Promise<void> };
let directory = '';
const logged: string[] = [];
beforeAll(async () => {
  practice = await practise(inject('databaseUrl'));
  directory = join(practice.directory, 'lab');
  await trustAuthority(practice.lab.caFile);
  worker = await startWorker(
    {
      databaseUrl: practice.fresh.url,
      redisUrl: undefined,
      masterKey: practice.masterKey,
      platform: practice.context.platform,
      coordinatorUrl: COORDINATOR_URL,
      driftSeconds: 3600,
    },
    {
      handlers: HANDLERS,
      timing: { ...TIMING, sweepSeconds: 0.5 },
      log: (level, message, details) => logged.push(JSON.stringify({ level, message, ...details })),
    },
  );
});
afterAll(async () => {
  await worker?.close();
  await practice?.close();
});

interface Case {
  id: ProviderId;
  regions: readonly [string, string];
  accountId: () => Promise<string>;
  /** Leaves the account's principal what these documents give, and nothing else. */
  restrict: (documents: readonly { language: string; text: string }[]) => Promise<unknown>;
  /** What nodes are to be in their cloud; null leaves that out. */
  nodeIdentity: () => string | null;
  /** Permissions that one call of the log needs. */
  needs: (call: LoggedRequest) => readonly string[];
  /** Listed, but not used in every run: only when something goes wrong, by chance, or where the lab needs less. */
  unused: Readonly<Record<string, string>>;
}

const roleIn = (documents: readonly { language: string; text: string }[]) =>
  JSON.parse(documents.find((one) => one.language === 'json')?.text ?? '');

const CASES: readonly Case[] = [
  {
    id: 'aws',
    regions: ['us-east-1', 'us-west-2'],
    accountId: async () => practice.accounts.aws,
    restrict: (documents) => askControl(directory, 'PUT', '/accounts/aws/skein/policy', roleIn(documents)),
    nodeIdentity: () => 'skein-nodes',
    // A node that is given a role is one whose role is passed.
    needs: ({ service, action }) => [
      ...ofEc2(`${service}:${action}`),
      ...(action === 'RunInstances' ? ['iam:PassRole'] : []),
    ],
    unused: {
      'ec2:DescribeNetworkInterfaces': 'asked only when a VPC or a security group cannot be deleted',
      'ec2:ReplaceRoute': 'only where somebody led a route elsewhere',
      'ec2:StartInstances': 'only where somebody stopped a node',
    },
  },
  {
    id: 'gcp',
    regions: ['us-central1', 'europe-west1'],
    accountId: async () => practice.accounts.gcp,
    restrict: (documents) => askControl(directory, 'PUT', '/accounts/gcp/skein/policy', roleIn(documents)),
    nodeIdentity: () => `nodes@${practice.lab.accounts.gcp.project_id}.iam.gserviceaccount.com`,
    needs: ({ service, action }) => {
      const call = `${service}:${action}`;
      const identity = ['iam.serviceAccounts.actAs', 'compute.instances.setServiceAccount'];
      return [...ofCompute(call), ...ofCloudDns(call), ...(action === 'instances.insert' ? identity : [])];
    },
    unused: {
      'compute.instances.addAccessConfig': 'only where somebody took a gateway’s address off it',
      'compute.instances.deleteAccessConfig': 'only where somebody gave a gateway another address',
      'compute.instances.start': 'only where somebody stopped a node',
    },
  },
  {
    id: 'azure',
    regions: ['westeurope', 'northeurope'],
    accountId: async () => {
      const { id } = await createAccount(practice.context, {
        provider: 'azure',
        name: 'Third',
        endpoint: practice.lab.azureUrl,
        credentials: practice.lab.accounts.azure,
      });
      return id;
    },
    restrict: (documents) => {
      const { Actions: actions, NotActions: notActions = [] } = roleIn(documents);
      const { subscriptionId } = practice.lab.accounts.azure;
      return askControl(directory, 'PUT', `/accounts/azure/${subscriptionId}/permissions`, {
        actions,
        notActions,
      });
    },
    nodeIdentity: () => null,
    // Signing in at Entra ID is free.
    needs: ({ action, linked = [] }) => (action === 'token' ? [] : [action, ...linked]),
    unused: {
      'Microsoft.Compute/disks/delete': 'a disk goes with its node; Azure asks this of whoever ends the node',
      'Microsoft.Compute/virtualMachines/start/action': 'only where somebody stopped a node',
      'Microsoft.Network/networkInterfaces/delete':
        'an interface goes with its node, unless that was never made',
      'Microsoft.Network/virtualNetworks/subnets/read': 'only for a subnet that Skein was told to use',
      'Microsoft.Network/virtualNetworks/subnets/write': 'only where somebody deleted a subnet',
      'Microsoft.Network/locations/operationResults/read': 'only where a change takes a moment',
    },
  },
];

describe.each(CASES)('$id, under exactly what was granted', { timeout: 240_000 }, (one) => {
  let accountId = '';
  let first = 0;
  const calls = async () =>
    (await requestsAfter(directory, first)).filter((call) => call.cloud === one.id && call.status !== 0);
  const listed = () => permissionsFor(one.id, one.nodeIdentity() !== null).map((each) => each.action);
  const granted = () =>
    grantForProvider(practice.context, {
      provider: one.id,
      keyless: false,
      nodeIdentity: one.nodeIdentity() !== null,
      endpoint: null,
    });
  const look = () => preflightAccount(practice.context, { id: accountId, region: one.regions[0], nodes: 2 });
  const missingIn = (preflight: Awaited<ReturnType<typeof look>>) =>
    preflight.findings
      .filter((each) => each.status !== 'ok')
      .map(({ subject, detail }) => ({ subject, detail }));

  beforeAll(async () => {
    accountId = await one.accountId();
    await one.restrict(await granted());
    first = (await requestsAfter(directory, 0)).at(-1)?.number ?? 0;
  });

  it('is verified and passes its preflight, which changes nothing', async () => {
    expect(await verifyAccount(practice.context, { id: accountId })).toMatchObject({ problem: null });
    const before = JSON.stringify(practice.paper.ground());
    const preflight = await look();
    expect(missingIn(preflight)).toEqual([]);
    expect(preflight.ok).toBe(true);
    expect(new Set(preflight.findings.map((each) => each.kind))).toEqual(
      new Set(['credentials', 'permission', 'quota', 'image', 'region', 'instance-type']),
    );
    expect((await calls()).filter((call) => call.mutating)).toEqual([]);
    expect(JSON.stringify(practice.paper.ground())).toBe(before);
  });

  it('lives a whole network’s life: each call is granted, each grant is used', async () => {
    const from = (await requestsAfter(directory, first)).at(-1)?.number ?? 0;
    await wholeLife(practice, {
      provider: one.id,
      accountId,
      regions: one.regions,
      nodeIdentity: one.nodeIdentity(),
    });
    const made = await calls();
    const refused = made.filter((call) => call.number > from && [401, 403].includes(call.status));
    expect(refused.map(({ action, error }) => `${action} ${error}`)).toEqual([]);

    // What was only tried out, as dry runs are, shows no use.
    const used = lower(made.filter((call) => call.status < 300).flatMap(one.needs));
    const allowed = lower(listed());
    const excused = lower(Object.keys(one.unused));
    expect([...used].filter((action) => !allowed.has(action)).sort()).toEqual([]);
    expect([...allowed].filter((action) => !used.has(action) && !excused.has(action)).sort()).toEqual([]);
    expect([...excused].filter((action) => !allowed.has(action))).toEqual([]);
  });

  it('names the permission that was taken away, and what it is for', async () => {
    // The network is gone, and with it the clusters whose nodes had an identity: no more is asked for that.
    const all = permissionsFor(one.id, false);
    const documents = await granted();
    for (const taken of [
      all.find((each) => /CreateVpc$|networks\.create$|virtualNetworks\/write$/.test(each.action)),
      all.at(-1),
    ]) {
      if (!taken) throw new Error('nothing to take away');
      await one.restrict(
        documents.map((document) => ({ ...document, text: without(document.text, taken.action) })),
      );
      const preflight = await look();
      expect(preflight.ok).toBe(false);
      expect(missingIn(preflight)).toEqual([{ subject: taken.action, detail: `Needed to ${taken.why}.` }]);
    }
    await one.restrict(documents);
    expect((await look()).ok).toBe(true);
  });
});

it('neither the worker’s log nor what steps wrote down holds a secret', async () => {
  const { database } = practice.fresh;
  const written = await Promise.all([
    database.step.findMany(),
    database.stepLog.findMany(),
    database.cloudResource.findMany(),
    database.outboxMessage.findMany(),
    database.auditEvent.findMany(),
  ]);
  const text = JSON.stringify([logged, written], (_, value) =>
    typeof value === 'bigint' ? String(value) : value,
  );
  expect(text.length).toBeGreaterThan(20_000);
  const { aws, gcp, azure } = practice.lab.accounts;
  const inside = (gcp.private_key ?? '').split('\n')[3] ?? '';
  const masterKey = Buffer.from(practice.masterKey).toString('base64');
  for (const secret of [aws.secretAccessKey, azure.clientSecret, inside, masterKey]) {
    expect(secret.length).toBeGreaterThan(10);
    expect(text.includes(secret)).toBe(false);
  }
});

/** AWS and Azure take an action in letters of either case. */
const lower = (actions: readonly string[]) => new Set(actions.map((each) => each.toLowerCase()));

/** A role or policy without one action. */
function without(text: string, action: string): string {
  if (!text.startsWith('{')) return text;
  return JSON.stringify(JSON.parse(text), (_, value) =>
    Array.isArray(value) && value.includes(action) ? value.filter((each) => each !== action) : value,
  );
}
