/**
 * Nobody asks for a look: the worker finds by itself, within its interval, what somebody changed by hand at Azure,
 * says who it was, and mends it.
 */
import { NetworkManagementClient } from '@azure/arm-network';
import { ClientSecretCredential } from '@azure/identity';
import { createAccount } from '@skein/control/account/create.ts';
import { listDrift } from '@skein/control/drift/list.ts';
import { createNetwork } from '@skein/control/network/create.ts';
import { getNetwork } from '@skein/control/network/get.ts';
import { TIMING } from '@skein/control/operation/engine/step-run.ts';
import { HANDLERS } from '@skein/control/operation/step/handlers.ts';
import { eventually } from '@skein/control/testing/context.ts';
import { trustAuthority } from '@skein/lab/azure/trust.ts';
import { startWorker } from '@skein/worker/worker.ts';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { COORDINATOR_URL, type Practice, practise } from './practice.ts';

const DRIFT_SECONDS = 10;

let practice: Practice;
let worker: { close(): Promise<void> };
beforeAll(async () => {
  practice = await practise(inject('databaseUrl'));
  await trustAuthority(practice.lab.caFile);
  worker = await startWorker(
    {
      databaseUrl: practice.fresh.url,
      redisUrl: undefined,
      masterKey: practice.masterKey,
      platform: practice.context.platform,
      coordinatorUrl: COORDINATOR_URL,
      driftSeconds: DRIFT_SECONDS,
    },
    {
      handlers: HANDLERS,
      timing: { ...TIMING, sweepSeconds: 0.5 },
      log: (level, message, details) => {
        if (level === 'error') console.error(message, details);
      },
    },
  );
}, 60_000);
afterAll(async () => {
  await worker?.close();
  await practice?.close();
});

it('Azure: a rule that was deleted and one that was widened are found within one interval and mended', {
  timeout: 150_000,
}, async () => {
  const { context, lab } = practice;
  const azure = await createAccount(context, {
    provider: 'azure',
    name: 'Third',
    endpoint: lab.azureUrl,
    credentials: lab.accounts.azure,
  });
  const [prod] = practice.wanted.clusters;
  if (!prod) throw new Error('no cluster in the practice');
  const { network, operation } = await createNetwork(context, {
    ...practice.wanted,
    clusters: [prod, { name: 'third', cloudAccountId: azure.id, region: 'westeurope', nodes: 2 }],
  });
  await practice.succeeded(operation);
  const { id } = network;

  const { tenantId, clientId, clientSecret, subscriptionId } = lab.accounts.azure;
  const endpoint = lab.azureUrl;
  const signedIn = new ClientSecretCredential(tenantId, clientId, clientSecret, {
    authorityHost: endpoint,
    disableInstanceDiscovery: true,
  });
  const { securityRules } = new NetworkManagementClient(signedIn, subscriptionId, { endpoint });
  const groups = await practice.fresh.database.cloudResource.findMany({
    where: { networkId: id, kind: 'firewall', provider: 'azure' },
    orderBy: { key: 'asc' },
  });
  const placeOf = (key: string) => {
    const parts = groups.find((one) => one.key === key)?.externalId?.split('/') ?? [];
    return [parts[4] ?? '', parts.at(-1) ?? ''] as const;
  };
  const rulesOf = async (key: string) => {
    const found = [];
    for await (const rule of securityRules.list(...placeOf(key)))
      if (rule.direction === 'Inbound' && rule.access === 'Allow') found.push(rule);
    return found;
  };
  const shown = async () => {
    const all = [...(await rulesOf('firewall/gateway')), ...(await rulesOf('firewall/member'))];
    const sources = all.map((one) => [
      one.destinationPortRange ?? one.destinationPortRanges,
      [...(one.sourceAddressPrefixes ?? []), one.sourceAddressPrefix].filter(Boolean).sort(),
    ]);
    return JSON.stringify(sources);
  };
  const before = await shown();
  const [widened] = await rulesOf('firewall/gateway');
  const [deleted] = await rulesOf('firewall/member');
  const quick = { updateIntervalInMs: 50 };
  const { sourceAddressPrefixes: _, ...kept } = widened ?? {};
  await securityRules.createOrUpdate(
    ...placeOf('firewall/gateway'),
    widened?.name ?? '',
    { ...kept, sourceAddressPrefix: '*' } as never,
    quick,
  );
  await securityRules.delete(...placeOf('firewall/member'), deleted?.name ?? '', quick);
  const changedAt = performance.now();
  expect(await shown()).not.toBe(before);

  const healed = await eventually(
    async () => {
      const found = (await listDrift(context, { id })).filter((one) => one.kind === 'firewall');
      return found.length === 2 && found.every((one) => one.state === 'healed') ? found : undefined;
    },
    'the worker to find and mend both groups',
    60,
  );
  expect(healed.map((one) => [one.key, one.provider, one.what]).sort()).toEqual([
    ['firewall/gateway', 'azure', 'changed'],
    ['firewall/member', 'azure', 'changed'],
  ]);
  const gateway = healed.find((one) => one.key === 'firewall/gateway');
  expect(JSON.stringify(gateway?.differences)).toContain('0.0.0.0/0');
  for (const one of healed) {
    expect(one.changedBy?.who).toBeTruthy();
    // Two looks lie some seconds apart, on top of the interval.
    const foundAfter = Date.parse(one.foundAt) - (performance.timeOrigin + changedAt);
    expect(foundAfter).toBeLessThan((DRIFT_SECONDS + 10) * 1000);
  }
  expect(await shown()).toBe(before);
  expect((await getNetwork(context, { id })).drift).toBe(0);
});
