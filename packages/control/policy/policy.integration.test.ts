import { randomBytes } from 'node:crypto';
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Policy } from '@skein/contract/rest/policy.ts';
import { openDatabase } from '@skein/database/client.ts';
import { migrate } from '@skein/database/migrate.ts';
import { type FreshDatabase, freshDatabase, makeOrganization } from '@skein/database/testing/fresh.ts';
import { buildMap } from '@skein/mesh/map/build.ts';
import { simplePolicy, simplePortsOf } from '@skein/mesh/policy/simple.ts';
import { afterAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { labelCluster } from '../cluster/label.ts';
import type { Context } from '../context.ts';
import { loadNewer, loadSnapshot } from '../map/snapshot.ts';
import { changeNetwork } from '../network/change.ts';
import { getNetwork } from '../network/get.ts';
import { labelPeer } from '../peer/label.ts';
import { createSealer } from '../secret/sealer.ts';
import { testContext } from '../testing/context.ts';
import { makeMesh, type SeededMesh } from '../testing/mesh-rows.ts';
import { askPolicy } from './ask.ts';
import { getPolicy } from './get.ts';
import { savePolicy } from './save.ts';
import { tryOut } from './try.ts';

let fresh: FreshDatabase;
let context: Context;
let mesh: SeededMesh;
let id: string;

beforeEach(async () => {
  fresh ??= await freshDatabase(inject('databaseUrl'));
  context = testContext(fresh.database, await makeOrganization(fresh.database));
  const sealer = createSealer(randomBytes(32), (bytes) => crypto.getRandomValues(bytes));
  mesh = await makeMesh(fresh.database, sealer, context.actor.organizationId, {
    clusters: 2,
    peersPerCluster: 2,
  });
  id = mesh.networkId;
});
afterAll(() => fresh?.drop());

const toDatabases = (tests: unknown[] = []) =>
  Policy.parse({
    default: 'deny',
    rules: [
      {
        name: 'databases',
        action: 'allow',
        from: ['cluster:cluster-1'],
        to: ['label:tier=db'],
        protocol: 'tcp',
        ports: [5432],
      },
    ],
    tests,
  });
const revision = async () => (await getNetwork(context, { id })).revision;

describe('saving', () => {
  it('raises the number, tells agents, and is written down', async () => {
    const { number, policy } = await getPolicy(context, { id });
    expect(simplePortsOf(policy)).toEqual([]);
    const before = await revision();
    const saved = await savePolicy(context, { id, policy: toDatabases(), seen: number });
    expect(saved).toEqual({ number: number + 1, policy: toDatabases(), revision: before + 1 });
    expect(await getPolicy(context, { id })).toEqual({ number: number + 1, policy: toDatabases() });
    expect((await getNetwork(context, { id })).allowedPorts).toBeNull();
    const newer = await loadNewer(fresh.database, id, before);
    expect(newer.kind === 'change' && newer.change.network?.policy).toEqual(toDatabases());
    const audited = await fresh.database.auditEvent.findFirst({
      where: { target: id, action: 'policy.save' },
    });
    expect(audited?.details).toMatchObject({ before: policy, policy: toDatabases() });
  });

  it('the same policy again changes nothing', async () => {
    const { number, policy } = await getPolicy(context, { id });
    const before = await revision();
    expect(await savePolicy(context, { id, policy, seen: number })).toEqual({
      number,
      policy,
      revision: before,
    });
    expect(await revision()).toBe(before);
  });

  it('of two who have read the same, the second is refused', async () => {
    const { number } = await getPolicy(context, { id });
    const both = await Promise.allSettled([
      savePolicy(context, { id, policy: toDatabases(), seen: number }),
      savePolicy(context, { id, policy: simplePolicy([{ protocol: 'tcp', port: 80 }]), seen: number }),
    ]);
    expect(both.filter((one) => one.status === 'fulfilled')).toHaveLength(1);
    expect(both.find((one) => one.status === 'rejected')).toMatchObject({ reason: { code: 'conflict' } });
  });

  it('a policy whose tests fail is not saved, and each that fails is told', async () => {
    const tests = [
      { from: 'cluster:cluster-1', to: 'cluster:cluster-2', protocol: 'tcp', port: 5432, expect: 'deny' },
      { from: 'cluster:cluster-1', to: 'label:tier=db', protocol: 'tcp', port: 5432, expect: 'allow' },
    ];
    const { number } = await getPolicy(context, { id });
    const policy = toDatabases(tests);
    await expect(savePolicy(context, { id, policy, seen: number })).rejects.toMatchObject({
      code: 'tests-failed',
      errors: [{ path: 'tests.1', message: expect.stringContaining('means no peer') }],
    });
    expect((await getPolicy(context, { id })).number).toBe(number);

    // With somebody to speak of, the one test holds and the other does not.
    await labelPeer(context, { id: memberOf(1), labels: { tier: 'db' } });
    await expect(savePolicy(context, { id, policy, seen: number })).rejects.toMatchObject({
      errors: [{ path: 'tests.0', message: expect.stringContaining('allowed by rule 1 (databases)') }],
    });
    const held = toDatabases([tests[1]]);
    await expect(savePolicy(context, { id, policy: held, seen: number })).resolves.toMatchObject({
      policy: held,
    });
  });
});

it('trying out tells tests, flows and names that nobody bears, and changes nothing', async () => {
  const before = await revision();
  const trial = await tryOut(context, { id, policy: toDatabases() });
  expect(trial.warnings).toEqual([expect.stringContaining('label:tier=db')]);
  expect(trial.flows.every((flow) => flow.effect === 'cut' && flow.protocol === 'icmp')).toBe(true);
  expect(trial.flows.length).toBeGreaterThan(0);
  expect(await revision()).toBe(before);
});

it('labels of peers and clusters reach the maps of those whom a rule lets in', async () => {
  await savePolicy(context, { id, policy: toDatabases(), seen: 1 });
  const rulesOf = async (peerId: string, clusterId = '') =>
    buildMap((await loadSnapshot(fresh.database, id)) as never, clusterId, peerId)?.self.rules.length;
  const [, second = ''] = mesh.clusterIds;
  expect(await rulesOf(memberOf(1), second)).toBe(0);
  const before = await revision();
  expect(await labelPeer(context, { id: memberOf(1), labels: { tier: 'db' } })).toMatchObject({
    labels: { tier: 'db' },
  });
  expect(await rulesOf(memberOf(1), second)).toBe(1);
  const newer = await loadNewer(fresh.database, id, before);
  expect(newer.kind === 'change' && newer.change.peers?.get(memberOf(1))?.labels).toEqual({ tier: 'db' });

  await labelPeer(context, { id: memberOf(1), labels: {} });
  expect(await labelCluster(context, { id: second, labels: { tier: 'db' } })).toMatchObject({
    labels: { tier: 'db' },
  });
  expect(await rulesOf(memberOf(1), second)).toBe(1);

  const { pairs, more } = await askPolicy(context, {
    id,
    from: 'any',
    to: 'label:tier=db',
    protocol: 'tcp',
    port: 5432,
  });
  expect(more).toBe(false);
  expect(pairs.filter((pair) => pair.decision.by.kind === 'rule').map((pair) => pair.from)).toEqual([
    'gw-1.cluster-1',
    'gw-1.cluster-1',
    'node-1.cluster-1',
    'node-1.cluster-1',
  ]);
});

it('open ports are the simple form: they are changed as ports until the policy says more than that', async () => {
  const ports = [{ protocol: 'tcp' as const, port: 443 }];
  const { number } = await getPolicy(context, { id });
  await changeNetwork(context, { id, allowedPorts: ports });
  expect(await getPolicy(context, { id })).toEqual({ number: number + 1, policy: simplePolicy(ports) });
  expect((await getNetwork(context, { id })).allowedPorts).toEqual(ports);
  await fresh.database.operation.updateMany({ where: { networkId: id }, data: { state: 'succeeded' } });
  await savePolicy(context, { id, policy: toDatabases(), seen: number + 1 });
  await expect(changeNetwork(context, { id, allowedPorts: [] })).rejects.toMatchObject({ code: 'conflict' });
  await expect(changeNetwork(context, { id, driftPolicy: 'ask' })).resolves.toBeDefined();
  expect((await getPolicy(context, { id })).policy).toEqual(toDatabases());
});

it('networks from before policies keep the ports that they had open', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'skein-before-policy-'));
  const all = new URL('../../../prisma/migrations', import.meta.url).pathname;
  for (const name of (await readdir(all)).filter((one) => one < '20261121161500' && !one.endsWith('.toml')))
    await cp(join(all, name), join(directory, name), { recursive: true });
  const empty = `before_${randomBytes(8).toString('hex')}`;
  await fresh.database.$executeRawUnsafe(`CREATE DATABASE "${empty}"`);
  const url = new URL(fresh.url);
  url.pathname = `/${empty}`;
  await migrate(url.href, directory);
  const database = openDatabase(url.href);
  const ports = [
    ...Array.from({ length: 40 }, (_, at) => ({ protocol: 'tcp' as const, port: 9000 - at })),
    { protocol: 'udp' as const, port: 5353 },
  ];
  try {
    await database.$executeRaw`INSERT INTO organization (id, name, slug) VALUES ('org_1', 'Old', 'old')`;
    for (const [name, open] of [
      ['open', ports],
      ['closed', []],
    ] as const)
      await database.$executeRaw`
        INSERT INTO network (id, "organizationId", name, zone, cidr, "allowedPorts", "mapPublicKey", "mapPrivateKeySealed", "updatedAt")
        VALUES (${`net_${name}`}, 'org_1', ${name}, ${`${name}.skein.test`}, ${name === 'open' ? '100.64.0.0/16' : '100.65.0.0/16'},
          ${JSON.stringify(open)}::jsonb, '', '', now())`;
    await migrate(url.href);
    const rows = await database.network.findMany({ orderBy: { name: 'desc' }, select: { policy: true } });
    expect(rows.map((row) => Policy.parse(row.policy))).toEqual([simplePolicy(ports), simplePolicy([])]);
  } finally {
    await database.$disconnect();
    await fresh.database.$executeRawUnsafe(`DROP DATABASE "${empty}" WITH (FORCE)`);
    await rm(directory, { recursive: true });
  }
});

function memberOf(cluster: number): string {
  return (
    mesh.peers.find((peer) => peer.clusterId === mesh.clusterIds[cluster] && peer.role === 'member')?.id ?? ''
  );
}
