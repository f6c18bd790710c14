/** Findings of every kind and state, in the words in which the worker tells them. */
import { newId } from '@skein/contract/primitive.ts';
import type { DriftFinding } from '@skein/contract/rest/drift.ts';
import type { Context } from '@skein/control/context.ts';
import { at } from './at.ts';

type Told = Pick<DriftFinding, 'kind' | 'key' | 'what' | 'differences' | 'state'> & {
  cluster: string;
  externalId?: string;
  by?: { who: string; action: string };
};

const SUBSCRIPTION = '/subscriptions/6f1c2d90-3b44-4c58-9d0e-7a1b5c8e2f10/resourceGroups';
const FINDINGS: readonly Told[] = [
  {
    cluster: 'warehouse',
    kind: 'firewall',
    key: 'firewall/gateway',
    externalId: 'sg-0f3a9c5d7e1b2a684',
    what: 'changed',
    state: 'open',
    differences: [
      { field: 'UDP 51820', expected: 'open from 203.0.113.10/32, 203.0.113.12/32', found: 'closed' },
      { field: 'other ingress', expected: 'none', found: 'TCP 22 from 0.0.0.0/0' },
    ],
    by: {
      who: 'arn:aws:sts::000000000000:assumed-role/AWSReservedSSO_AdministratorAccess_0123456789abcdef/grace@example.com',
      action: 'RevokeSecurityGroupIngress',
    },
  },
  {
    cluster: 'analytics',
    kind: 'instance',
    key: 'instance/node-1',
    externalId: `${SUBSCRIPTION}/skein-depot-analytics-westeurope/providers/Microsoft.Compute/virtualMachines/node-1`,
    what: 'missing',
    state: 'open',
    differences: [{ field: 'existence', expected: 'there', found: 'not there' }],
    by: { who: 'alan@example.com', action: 'Microsoft.Compute/virtualMachines/delete' },
  },
  {
    cluster: 'annex',
    kind: 'record',
    key: 'records/private',
    what: 'changed',
    state: 'dismissed',
    differences: [
      { field: 'gw-1.annex.depot.example.com', expected: '10.66.1.10', found: '10.66.1.10, 10.66.1.99' },
    ],
  },
  {
    cluster: 'annex',
    kind: 'instance',
    key: 'instance/node-1',
    externalId: 'i-0a1b2c3d4e5f60718',
    what: 'changed',
    state: 'healed',
    differences: [{ field: 'state', expected: 'running', found: 'not running' }],
  },
];

/** What the network's clouds hold otherwise than they should. @param mendedBy the operation that mended one of it */
export async function seedDrift(context: Context, networkId: string, mendedBy: string): Promise<void> {
  const { database, random, actor } = context;
  const { organizationId } = actor;
  const clusters = await database.cluster.findMany({
    where: { networkId, organizationId },
    include: { cloudAccount: true },
  });
  for (const [index, { cluster: name, by, state, ...told }] of FINDINGS.entries()) {
    const cluster = clusters.find((one) => one.name === name);
    if (!cluster?.cloudAccount) throw new Error(`the seed has no cluster ${name} in a cloud`);
    await database.driftFinding.create({
      data: {
        ...told,
        id: newId('finding', random),
        organizationId,
        networkId,
        clusterId: cluster.id,
        cloudAccountId: cluster.cloudAccount.id,
        provider: cluster.cloudAccount.provider,
        region: cluster.region,
        differences: told.differences,
        state,
        foundAt: at(400 + index * 700),
        ...(by && { changedBy: { ...by, at: at(520 + index * 700).toISOString() } }),
        ...(state === 'healed' && { endedAt: at(90), operationId: mendedBy }),
      },
    });
  }
  await database.network.update({
    where: { id: networkId, organizationId },
    data: { driftCheckedAt: at(75) },
  });
}

/** Two things with our tag that are in no book. */
export async function seedOrphans(context: Context, cloudAccountId: string): Promise<void> {
  const { database, random, actor } = context;
  const { organizationId } = actor;
  for (const [kind, key, externalId] of [
    ['instance', 'instance/gw-1', 'i-07c0ffee7c0ffee70'],
    ['network', 'network', 'vpc-07c0ffee7c0ffee70'],
  ] as const)
    await database.driftFinding.create({
      data: {
        id: newId('finding', random),
        organizationId,
        networkId: null,
        clusterId: null,
        cloudAccountId,
        provider: 'aws',
        region: 'ap-southeast-2',
        kind,
        key,
        externalId,
        what: 'orphan',
        differences: [
          {
            field: 'owner',
            expected: 'a resource in Skein’s books',
            found: `tagged as ${key} of a network that Skein does not know (net_0123456789abcdefghjk)`,
          },
        ],
        state: kind === 'network' ? 'dismissed' : 'open',
        foundAt: at(3600),
      },
    });
}
