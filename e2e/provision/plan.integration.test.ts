/** A plan changes nothing: not in a cloud, shown by the lab's request log, and not in a table. What is applied is what was seen. */
import { join } from 'node:path';
import { EC2Client } from '@aws-sdk/client-ec2';
import type { NetworkPlan, PlannedChange } from '@skein/contract/rest/network.ts';
import { addCluster } from '@skein/control/cluster/add.ts';
import { addNodes } from '@skein/control/cluster/add-nodes.ts';
import { listClusters } from '@skein/control/cluster/list.ts';
import { removeCluster } from '@skein/control/cluster/remove.ts';
import { changeNetwork } from '@skein/control/network/change.ts';
import { createNetwork } from '@skein/control/network/create.ts';
import { deleteNetwork } from '@skein/control/network/delete.ts';
import { followNames } from '@skein/control/network/follow-names.ts';
import { planNetwork } from '@skein/control/network/plan.ts';
import { planChange } from '@skein/control/network/plan-change.ts';
import { cancelOperation } from '@skein/control/operation/cancel.ts';
import { TIMING } from '@skein/control/operation/engine/step-run.ts';
import { getOperation } from '@skein/control/operation/get.ts';
import { HANDLERS } from '@skein/control/operation/step/handlers.ts';
import { listPeers } from '@skein/control/peer/list.ts';
import { removePeer } from '@skein/control/peer/remove.ts';
import { eventually } from '@skein/control/testing/context.ts';
import { makeNetwork } from '@skein/lab/aws/fixture.ts';
import { startWorker } from '@skein/worker/worker.ts';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { requestsAfter } from '../compliance/control.ts';
import { COORDINATOR_URL, type Practice, practise } from './practice.ts';

let practice: Practice;
let worker: { close(): Promise<void> };
let networkId = '';

beforeAll(async () => {
  practice = await practise(inject('databaseUrl'));
  worker = await startWorker(
    {
      databaseUrl: practice.fresh.url,
      redisUrl: undefined,
      masterKey: practice.masterKey,
      platform: practice.context.platform,
      coordinatorUrl: COORDINATOR_URL,
      driftSeconds: 3600,
    },
    { handlers: HANDLERS, timing: { ...TIMING, sweepSeconds: 0.5 }, log: () => {} },
  );
});
afterAll(async () => {
  await worker?.close();
  await practice?.close();
});

/** How many rows each table has, and which revision each network is at. */
async function books(): Promise<unknown> {
  const tables = await practice.fresh.database.$queryRaw<{ name: string }[]>`
    SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1`;
  const counts: Record<string, unknown> = {};
  for (const { name } of tables) {
    const [row] = await practice.fresh.database.$queryRawUnsafe<{ count: bigint }[]>(
      `SELECT count(*) FROM "${name}"`,
    );
    counts[name] = Number(row?.count);
  }
  const networks = await practice.fresh.database.network.findMany();
  const clusters = await practice.fresh.database.cluster.findMany();
  return JSON.stringify([counts, networks, clusters], (_, value) =>
    value instanceof Uint8Array ? 'sealed' : value,
  );
}

/** What was asked of the clouds meanwhile. */
async function asked(work: () => Promise<unknown>) {
  const directory = join(practice.directory, 'lab');
  const last = (await requestsAfter(directory, 0)).at(-1)?.number ?? 0;
  await work();
  return requestsAfter(directory, last);
}

const plan = (change: PlannedChange) => planChange(practice.context, { id: networkId, change });
const clusterNamed = async (name: string) => {
  const found = (await listClusters(practice.context, { networkId })).find((one) => one.name === name);
  if (!found) throw new Error(`no cluster ${name}`);
  return found.id;
};
const changes = async (): Promise<[string, PlannedChange][]> => {
  const dev = await clusterNamed('dev');
  const peers = (await listPeers(practice.context, { networkId, limit: 50 })).items;
  const member = peers.find((peer) => peer.role === 'member' && peer.clusterId === dev);
  const region = 'eu-west-1';
  return [
    ['settings', { change: 'settings', allowedPorts: [{ protocol: 'tcp', port: 443 }], driftPolicy: 'ask' }],
    ['peering', { change: 'settings', peering: 'same-provider' }],
    [
      'a cluster',
      { change: 'add-cluster', name: 'more', cloudAccountId: practice.accounts.aws, region, nodes: 2 },
    ],
    ['nodes', { change: 'add-nodes', clusterId: dev, nodes: 2 }],
    ['no peer', { change: 'remove-peer', peerId: member?.id ?? '' }],
    ['no cluster', { change: 'remove-cluster', clusterId: dev }],
    ['nothing left', { change: 'delete' }],
  ];
};

describe('plan and apply', { timeout: 120_000 }, () => {
  it('planning a network asks the clouds for their limits and changes nothing', async () => {
    const before = await books();
    const requests = await asked(async () => {
      const seen = await planNetwork(practice.context, practice.wanted);
      expect(seen.warnings.filter((one) => one.code === 'unknown')).toEqual([]);
      expect((await planNetwork(practice.context, practice.wanted)).hash).toBe(seen.hash);
    });
    expect(requests.length).toBeGreaterThan(0);
    expect(requests.filter((one) => one.mutating)).toEqual([]);
    expect(await books()).toEqual(before);
  });

  it('refuses another plan, then makes the one that was seen', async () => {
    const seen = await planNetwork(practice.context, practice.wanted);
    const another = { ...practice.wanted, planHash: 'another' };
    await expect(createNetwork(practice.context, another)).rejects.toMatchObject({ code: 'plan-changed' });
    const made = await createNetwork(practice.context, { ...practice.wanted, planHash: seen.hash });
    networkId = made.network.id;
    expect(made.operation.steps.map((step) => step.key)).toEqual(seen.steps.map((step) => step.key));
    await expect(plan({ change: 'settings' })).rejects.toMatchObject({ code: 'conflict' });
    await practice.succeeded(made.operation);
  });

  it('once it is made, the plan of no change keeps everything', async () => {
    const again = await plan({ change: 'settings' });
    expect(again.resources.length).toBeGreaterThan(20);
    for (const part of [again.resources, again.rules, again.records])
      expect(part.filter((one) => one.action !== 'keep')).toEqual([]);
    expect([again.steps, again.blastRadius]).toEqual([[], { peers: [], flows: [] }]);
    const gateways = again.rules.filter((one) => one.group === 'gateway');
    expect(gateways.every((one) => /^[\d.]+\/\d+$/.test(one.source))).toBe(true);
  });

  it('planning any change changes nothing', async () => {
    for (const [name, change] of await changes()) {
      const before = await books();
      let hash = '';
      const requests = await asked(async () => {
        hash = (await plan(change)).hash;
      });
      expect([name, requests.filter((one) => one.mutating)]).toEqual([name, []]);
      expect([name, await books()]).toEqual([name, before]);
      expect([name, (await plan(change)).hash]).toEqual([name, hash]);
    }
  });

  it('every verb refuses a plan that is not the one of now, and changes nothing', async () => {
    const dev = await clusterNamed('dev');
    const peers = (await listPeers(practice.context, { networkId, limit: 50 })).items;
    const member = peers.find((peer) => peer.role === 'member')?.id ?? '';
    const { context } = practice;
    const planHash = 'another';
    const more = { name: 'more', cloudAccountId: null, region: 'berlin', nodes: 0 };
    const before = await books();
    for (const work of [
      () => changeNetwork(context, { id: networkId, allowedPorts: [], planHash }),
      () => addCluster(context, { networkId, ...more, planHash }),
      () => addNodes(context, { id: dev, count: 1, planHash }),
      () => removePeer(context, { id: member, planHash }),
      () => removeCluster(context, { id: dev, confirm: 'dev', planHash }),
      () => deleteNetwork(context, { id: networkId, confirm: 'shop', planHash }),
    ])
      await expect(work()).rejects.toMatchObject({ name: 'Refusal', code: 'plan-changed' });
    expect(await books()).toEqual(before);
  });

  it('a plan seen before another change is another plan after it', async () => {
    const dev = await clusterNamed('dev');
    const seen = await plan({ change: 'add-nodes', clusterId: dev, nodes: 1 });
    expect(seen.resources.filter((one) => one.action === 'create').map((one) => one.key)).toEqual([
      'instance/node-2',
    ]);
    await practice.succeeded(await addNodes(practice.context, { id: dev, count: 1 }));
    const late = { id: dev, count: 1, planHash: seen.hash };
    await expect(addNodes(practice.context, late)).rejects.toMatchObject({ code: 'plan-changed' });
    const now = await plan({ change: 'add-nodes', clusterId: dev, nodes: 1 });
    const operation = await addNodes(practice.context, { id: dev, count: 1, planHash: now.hash });
    expect(operation.steps.map((step) => step.key)).toEqual(now.steps.map((step) => step.key));
    await practice.succeeded(operation);
  });

  it('peering is planned, made, kept and taken back', async () => {
    const on = await plan({ change: 'settings', peering: 'same-provider' });
    const made = on.resources
      .filter((one) => one.action === 'create')
      .map((one) => `${one.cluster} ${one.key}`);
    expect(made).toEqual(['prod peering/recovery', 'recovery peering/prod']);
    const { context } = practice;
    const turned = await changeNetwork(context, {
      id: networkId,
      peering: 'same-provider',
      planHash: on.hash,
    });
    await practice.succeeded(turned);
    const kept = await plan({ change: 'settings' });
    for (const part of [kept.resources, kept.rules, kept.records])
      expect(part.filter((one) => one.action !== 'keep')).toEqual([]);

    const off = await plan({ change: 'settings', peering: 'none' });
    const gone = off.resources
      .filter((one) => one.action === 'destroy')
      .map((one) => `${one.cluster} ${one.key}`);
    expect(gone).toEqual(made);
    const back = await changeNetwork(context, { id: networkId, peering: 'none', planHash: off.hash });
    await practice.succeeded(back);
    expect((await plan({ change: 'settings' })).resources.some((one) => one.kind === 'peering')).toBe(false);
  });

  it('the topology is planned and changed there and back, rules before maps and after them', async () => {
    const { context } = practice;
    const hubClusterId = await clusterNamed('dev');
    const change = async (wish: { topology: 'hub' | 'full' | 'hybrid'; hubClusterId?: string }) => {
      const seen = await plan({ change: 'settings', ...wish });
      const operation = await changeNetwork(context, { id: networkId, ...wish, planHash: seen.hash });
      await practice.succeeded(operation);
      const kept = await plan({ change: 'settings' });
      for (const part of [kept.resources, kept.rules, kept.records])
        expect(part.filter((one) => one.action !== 'keep')).toEqual([]);
      return seen;
    };
    const counts = (seen: NetworkPlan) =>
      (['create', 'destroy'] as const).map(
        (action) => seen.rules.filter((one) => one.action === action).length,
      );

    const around = await change({ topology: 'hub', hubClusterId });
    // The gateways of prod and recovery let each other in no longer.
    expect(counts(around)).toEqual([0, 2]);
    expect(around.blastRadius.flows).toEqual([{ from: 'prod', to: 'recovery', effect: 'rerouted' }]);
    const hub = await practice.fresh.database.network.findUniqueOrThrow({ where: { id: networkId } });
    expect(hub).toMatchObject({ topology: 'hub', hubClusterId, nextTopology: null, nextHubClusterId: null });

    const all = await change({ topology: 'full' });
    const members = all.rules.filter((one) => one.action === 'create' && one.group === 'member');
    const peers = (await listPeers(context, { networkId, limit: 50 })).items;
    const elsewhere = (cluster: string) => peers.filter((one) => one.clusterId !== cluster).length;
    const clusters = await listClusters(context, { networkId });
    expect(members).toHaveLength(clusters.reduce((sum, one) => sum + elsewhere(one.id), 0));
    expect(members.every((one) => one.source.endsWith('/32'))).toBe(true);

    const back = await change({ topology: 'hybrid' });
    expect(counts(back)[0]).toBe(0);
    expect(back.rules.filter((one) => one.action === 'destroy' && one.group === 'member')).toHaveLength(
      members.length,
    );
  });

  it('a change of topology that is cancelled leaves no way open', async () => {
    const { context } = practice;
    const { database } = practice.fresh;
    const operation = await changeNetwork(context, { id: networkId, topology: 'full' });
    await cancelOperation(context, { id: operation.id });
    await eventually(
      async () => (await getOperation(context, { id: operation.id })).finishedAt ?? undefined,
      'the end of the cancelled operation',
      30,
    );
    const network = await database.network.findUniqueOrThrow({ where: { id: networkId } });
    expect(network).toMatchObject({ topology: 'hybrid', nextTopology: null });
    await eventually(
      async () => {
        await followNames(context);
        const { rules } = await plan({ change: 'settings' }).catch(() => ({ rules: undefined }));
        const groups = await database.cloudResource.findMany({
          where: { networkId, key: 'firewall/member', status: 'present' },
        });
        const open = groups.filter(({ spec }) => JSON.stringify(spec).includes('/32'));
        return (rules && open.length === 0) || undefined;
      },
      'the members’ groups to be closed',
      45,
    );
  });

  it('where a hub is removed, those it linked are opened for each other before it is cut off', async () => {
    const { context } = practice;
    const { database } = practice.fresh;
    const hubClusterId = await clusterNamed('dev');
    await practice.succeeded(await changeNetwork(context, { id: networkId, topology: 'hub', hubClusterId }));
    const seen = await plan({ change: 'remove-cluster', clusterId: hubClusterId });
    const opens = seen.rules.filter((one) => one.action === 'create').map((one) => one.cluster);
    expect([...new Set(opens)].sort()).toEqual(['prod', 'recovery']);
    const operation = await removeCluster(context, {
      id: hubClusterId,
      confirm: 'dev',
      planHash: seen.hash,
    });
    const living = () => database.peer.count({ where: { clusterId: hubClusterId, removedAt: null } });
    expect(await living()).toBeGreaterThan(0);
    const { steps } = await practice.succeeded(operation);
    expect(await living()).toBe(0);
    const cut = steps.find((step) => step.key === 'dev/cut-off');
    for (const name of ['prod', 'recovery']) {
      const opened = steps.find((step) => step.key === `${name}/firewall-opened`);
      expect(Date.parse(opened?.finishedAt ?? '')).toBeLessThanOrEqual(Date.parse(cut?.startedAt ?? ''));
    }
    const kept = await plan({ change: 'settings' });
    for (const part of [kept.resources, kept.rules, kept.records])
      expect(part.filter((one) => one.action !== 'keep')).toEqual([]);
  });

  it('deleting destroys what its plan says and nothing else', async () => {
    const seen = await plan({ change: 'delete' });
    expect(seen.resources.every((one) => one.action === 'destroy')).toBe(true);
    expect(seen.cost.afterUsd).toBe(0);
    const operation = await deleteNetwork(practice.context, {
      id: networkId,
      confirm: 'shop',
      planHash: seen.hash,
    });
    await practice.succeeded(operation);
  });

  it('a VPC that is somebody else’s is looked at, kept, and never made twice', async () => {
    const region = 'us-east-1';
    const ec2 = new EC2Client({
      endpoint: practice.lab.awsUrl,
      region,
      credentials: practice.lab.accounts.aws,
    });
    const made = await makeNetwork(ec2, '172.20.0.0/16', '172.20.16.0/20');
    ec2.destroy();
    const [first] = practice.wanted.clusters;
    if (!first) throw new Error('no cluster');
    const existingNetwork = { networkId: made.vpcId, subnetId: made.subnetId };
    const own = { ...practice.wanted, name: 'own', zone: 'own.skein.test' };
    const inside = { ...first, existingNetwork };
    const before = await books();
    const requests = await asked(async () => {
      const seen = await planNetwork(practice.context, { ...own, clusters: [inside] });
      expect(seen.clusters).toEqual([
        { name: 'prod', vpcCidr: '172.20.16.0/20', overlayCidr: expect.any(String), kubernetes: null },
      ]);
      expect(seen.resources.find((one) => one.kind === 'network')).toMatchObject({
        action: 'keep',
        summary: expect.stringContaining('not Skein’s'),
      });
      const twice = { ...own, clusters: [inside, { ...inside, name: 'again' }] };
      await expect(planNetwork(practice.context, twice)).rejects.toMatchObject({
        code: 'invalid-request',
        errors: [{ path: 'clusters.1.existingNetwork', message: expect.stringContaining('overlaps') }],
      });
      const nowhere = {
        ...inside,
        existingNetwork: { ...existingNetwork, networkId: 'vpc-0a0b0c0d0e0f00112' },
      };
      await expect(planNetwork(practice.context, { ...own, clusters: [nowhere] })).rejects.toMatchObject({
        code: 'cloud-refused',
        errors: [{ path: 'clusters.0.existingNetwork' }],
      });
    });
    expect(requests.filter((one) => one.mutating)).toEqual([]);
    expect(await books()).toEqual(before);
  });
});
