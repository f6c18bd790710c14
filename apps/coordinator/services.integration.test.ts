import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CHANNEL_PATH, CLOSE } from '@skein/contract/agent/channel.ts';
import type { ExportsFrame, ServiceEndpoint } from '@skein/contract/agent/service.ts';
import { NewRange } from '@skein/contract/rest/range.ts';
import { NewService } from '@skein/contract/rest/service.ts';
import type { Context } from '@skein/control/context.ts';
import { loadNewer, loadSnapshot } from '@skein/control/map/snapshot.ts';
import { leavePeer } from '@skein/control/peer/leave.ts';
import { addRange } from '@skein/control/range/add.ts';
import { createSealer } from '@skein/control/secret/sealer.ts';
import { addService } from '@skein/control/service/add.ts';
import { listServices } from '@skein/control/service/list.ts';
import { removeService } from '@skein/control/service/remove.ts';
import { testContext } from '@skein/control/testing/context.ts';
import { makeMesh, type SeededMesh, type SeededPeer } from '@skein/control/testing/mesh-rows.ts';
import { type FreshDatabase, freshDatabase, makeOrganization } from '@skein/database/testing/fresh.ts';
import type {} from '@skein/database/testing/provided.ts';
import { changeSnapshot } from '@skein/mesh/network.ts';
import { chooseForAll } from '@skein/mesh/services/choose.ts';
import { EAST, endpoint, source } from '@skein/mesh/testing/services.ts';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { type Coordinator, startCoordinator } from './coordinator.ts';
import { TestAgent } from './testing/agent.ts';

const masterKey = randomBytes(32);
const sealer = createSealer(masterKey, (bytes) => crypto.getRandomValues(bytes));
let fresh: FreshDatabase;
let coordinator: Coordinator;
let distribution: string;
let mesh: SeededMesh;
let context: Context;
const agents: TestAgent[] = [];

beforeAll(async () => {
  fresh = await freshDatabase(inject('databaseUrl'));
  distribution = await mkdtemp(join(tmpdir(), 'skein-distribution-'));
  coordinator = await startCoordinator({
    databaseUrl: fresh.url,
    masterKey,
    coordinatorUrl: 'http://192.0.2.10:7401',
    agentDistribution: distribution,
    host: '127.0.0.1',
    port: 0,
    tls: null,
    agentImage: 'skein-agent:test',
  });
});
beforeEach(async () => {
  context = testContext(fresh.database, await makeOrganization(fresh.database));
  mesh = await makeMesh(fresh.database, sealer, context.actor.organizationId, {
    clusters: 3,
    peersPerCluster: 2,
  });
  // The third is of plain hosts.
  await fresh.database.cluster.updateMany({
    where: { id: { in: mesh.clusterIds.slice(0, 2) } },
    data: { kubernetes: { distribution: 'existing' } },
  });
});
afterEach(() => {
  for (const agent of agents.splice(0)) agent.close();
});
afterAll(async () => {
  await coordinator.close();
  await fresh.drop();
  await rm(distribution, { recursive: true });
});

/** Gateway and member of the three clusters, in order: 0 and 1 are of cluster-1. */
async function agentAt(index: number): Promise<TestAgent> {
  const { id: peerId, identitySeed } = mesh.peers[index] as SeededPeer;
  const url = `ws://127.0.0.1:${coordinator.port}${CHANNEL_PATH}`;
  const agent = new TestAgent({ url, peerId, identitySeed, mapKey: mesh.mapKey });
  agents.push(agent);
  await agent.until('a map', ({ map }) => map !== undefined);
  return agent;
}

const spec = (more: Partial<ReturnType<typeof source>['export']> = {}) => source(EAST, 0, [], more).export;
const listing = (
  endpoints: ServiceEndpoint[],
  more: Partial<ExportsFrame> & { spec?: ReturnType<typeof spec> } = {},
): ExportsFrame => {
  const { spec: told = spec(), ...frame } = more;
  return {
    type: 'exports',
    session: randomUUID(),
    listing: { part: 0, last: true },
    set: [told],
    endpoints: [{ key: `${told.namespace}/${told.name}`, set: endpoints, removed: [] }],
    removed: [],
    ...frame,
  };
};
const change = (session: string, more: Partial<ExportsFrame>): ExportsFrame => ({
  type: 'exports',
  session,
  listing: null,
  set: [],
  endpoints: [],
  removed: [],
  ...more,
});
const follow = (agent: TestAgent, names: string[], namespaces: string[] = []) =>
  agent.say({ type: 'services-follow', names, namespaces });
const answersFrom = (agent: TestAgent, key = 'shop/cart') => {
  const view = agent.services.get(key);
  return view && chooseForAll(view);
};
const cluster = (index: number) => `cluster-${index + 1}`;

describe('exports', () => {
  test('reach those who follow, and a lost endpoint fails over within a second', async () => {
    const [east, west, host] = [await agentAt(0), await agentAt(2), await agentAt(4)];
    const told = listing([endpoint('10.128.0.1')]);
    east.say(told);
    west.say(listing([endpoint('10.128.64.1')]));
    follow(host, ['shop/cart']);
    follow(west, [], ['shop']);
    await host.until('both', (agent) => answersFrom(agent)?.length === 2);
    // The follower in cluster-2 is answered from its own.
    await west.until('both', (agent) => agent.services.get('shop/cart')?.service.sources.length === 2);
    expect(answersFrom(west)).toEqual([cluster(1)]);

    const before = host.news.length;
    const at = performance.now();
    const gone = [{ key: 'shop/cart', set: [endpoint('10.128.0.1', { ready: false })], removed: [] }];
    east.say(change(told.session, { endpoints: gone }));
    await host.until('failover', (agent) => answersFrom(agent)?.join() === cluster(1));
    expect(performance.now() - at).toBeLessThan(1000);
    // Only what changed was said.
    expect(host.news.slice(before)).toEqual([
      JSON.stringify([{ set: 'endpoints', cluster: cluster(0), change: gone[0] }]),
    ]);
    expect(await listServices(context, { networkId: mesh.networkId })).toMatchObject([
      {
        host: 'cart.shop.svc.clusterset.local',
        conflict: null,
        sources: [
          { cluster: cluster(0), kind: 'kubernetes', ready: 0, total: 1 },
          { cluster: cluster(1), ready: 1 },
        ],
        answers: [
          { cluster: cluster(0), from: [cluster(1)] },
          { cluster: cluster(1), from: [cluster(1)] },
          { cluster: cluster(2), from: [cluster(1)] },
        ],
      },
    ]);
  });

  test('wake nobody who does not follow them, and say that there is none where there is none', async () => {
    const [east, host, other] = [await agentAt(0), await agentAt(4), await agentAt(5)];
    follow(host, ['shop/nothing', 'shop/cart']);
    follow(other, ['bank/vault'], ['bank']);
    await host.until('word of all', ({ servicesUpTo }) => servicesUpTo === 1);
    await other.until('word of all', ({ servicesUpTo }) => servicesUpTo === 1);
    expect([...host.services]).toEqual([
      ['shop/nothing', null],
      ['shop/cart', null],
    ]);
    east.say(listing([endpoint('10.128.0.1')]));
    await host.until('the service', (agent) => answersFrom(agent)?.join() === cluster(0));
    expect(other.news).toHaveLength(1);
    // Followed no more is known no more.
    follow(host, []);
    await host.until('nothing', (agent) => agent.servicesUpTo === 2);
    expect(host.services.get('shop/cart')).toBeNull();
    expect(east.news).toEqual([]);
  });

  test('that do not agree are a conflict with its reason, and the oldest is right', async () => {
    const [east, west] = [await agentAt(0), await agentAt(2)];
    const younger = spec({ exportedAt: '2026-11-21T13:00:00.000Z', type: 'Headless' });
    west.say(listing([endpoint('10.128.64.1')], { spec: younger }));
    east.say(listing([endpoint('10.128.0.1')]));
    follow(west, [], ['shop']);
    await west.until('the conflict', (agent) => Boolean(agent.services.get('shop/cart')?.service.conflict));
    const service = west.services.get('shop/cart')?.service;
    expect(service?.type).toBe('ClusterSetIP');
    expect(service?.conflict).toEqual({
      reasons: ['TypeConflict'],
      message:
        'Conflicting type: using "ClusterSetIP" of the oldest export, in cluster "cluster-1". 1/2 clusters disagree.',
    });
  });

  test('end with what a new listing leaves out, by whichever agent of the cluster reports now', async () => {
    const [east, mate, host] = [await agentAt(0), await agentAt(1), await agentAt(4)];
    const old = listing([endpoint('10.128.0.1')]);
    east.say(old);
    follow(host, ['shop/cart', 'shop/pay']);
    await host.until(
      'the service',
      (agent) => answersFrom(agent) !== undefined && answersFrom(agent) !== null,
    );
    const pay = spec({ name: 'pay' });
    const session = randomUUID();
    const part = (number: number, last: boolean) => ({ session, listing: { part: number, last } });
    mate.say(listing([endpoint('10.128.0.9')], { spec: pay, ...part(0, false) }));
    mate.say({ ...change(session, {}), listing: { part: 1, last: true } });
    await host.until('the other', (agent) => answersFrom(agent, 'shop/pay')?.join() === cluster(0));
    await host.until('nothing of the old', (agent) => agent.services.get('shop/cart') === null);
    // The one that reports no more is told so, and changes nothing.
    east.say(change(old.session, { removed: ['shop/pay'] }));
    await east.until('the refusal', ({ frames }) => frames.includes(`exports-unknown ${old.session}`));
    expect(await listServices(context, { networkId: mesh.networkId })).toMatchObject([{ name: 'pay' }]);
  });

  test('of plain hosts on their own word are not taken', async () => {
    const [host, east] = [await agentAt(4), await agentAt(0)];
    host.say(listing([endpoint('10.128.0.1')]));
    for (const agent of [host, east]) {
      follow(agent, ['shop/cart']);
      await agent.until('word', ({ servicesUpTo }) => servicesUpTo === 1);
      expect(agent.services.get('shop/cart')).toBeNull();
    }
    // Who is to speak for a cluster is told so.
    expect([host.speaks, east.speaks]).toEqual([false, true]);
    expect(host.closedWith).toBeUndefined();
    expect(await listServices(context, { networkId: mesh.networkId })).toEqual([]);
  });

  test('of a translated range are told to others by the addresses that they know', async () => {
    const [east, mate, host] = [await agentAt(0), await agentAt(1), await agentAt(4)];
    const [clusterId = ''] = mesh.clusterIds;
    await addRange(context, { clusterId, ...NewRange.parse({ name: 'pods', cidr: '10.42.0.0/16' }) });
    east.say(listing([endpoint('10.42.3.4'), endpoint('10.64.0.9')]));
    for (const agent of [mate, host]) {
      follow(agent, ['shop/cart']);
      await agent.until('the service', (one) => answersFrom(one)?.join() === cluster(0));
    }
    const told = (agent: TestAgent) =>
      agent.services
        .get('shop/cart')
        ?.endpoints.get(cluster(0))
        ?.map(({ address }) => address);
    expect(told(mate)).toEqual(['10.42.3.4', '10.64.0.9']);
    expect(told(host)).toEqual(['10.64.0.9', '242.0.3.4']);
  });

  test.each(['127.0.0.1', '169.254.169.254', '224.0.0.1', '0.0.0.0'])(
    'of %s are refused',
    async (address) => {
      const east = await agentAt(0);
      east.say(listing([endpoint(address)]));
      await east.until('the end', ({ closedWith }) => closedWith === CLOSE.badFrame);
      expect(await listServices(context, { networkId: mesh.networkId })).toEqual([]);
    },
  );

  test('of a cluster that fell silent are used no more while others are there', async () => {
    const [east, west, host] = [await agentAt(0), await agentAt(2), await agentAt(4)];
    east.say(listing([endpoint('10.128.0.1')]));
    west.say(listing([endpoint('10.128.64.1')]));
    follow(host, ['shop/cart']);
    await host.until('both', (agent) => answersFrom(agent)?.length === 2);
    const long = new Date(Date.now() - 60_000);
    west.close();
    await expect
      .poll(
        async () =>
          (await fresh.database.peer.findUnique({ where: { id: mesh.peers[2]?.id ?? '' } }))?.disconnectedAt,
      )
      .not.toBeNull();
    await fresh.database.peer.update({
      where: { id: mesh.peers[2]?.id ?? '' },
      data: { disconnectedAt: long },
    });
    await host.until('one', (agent) => answersFrom(agent)?.join() === cluster(0));
    expect(host.services.get('shop/cart')?.service.sources.map(({ gone }) => gone)).toEqual([false, true]);
  });
});

describe('services of plain hosts', () => {
  const wish = (more: object) =>
    NewService.parse({ namespace: 'shop', name: 'cart', ports: [{ port: 80, targetPort: 8080 }], ...more });
  const networkId = () => mesh.networkId;

  test('are checked by their hosts before anybody is sent there, and fail over', async () => {
    await fresh.database.peer.updateMany({
      where: { clusterId: mesh.clusterIds[0] ?? '' },
      data: { labels: { tier: 'cart' } },
    });
    const [first, second, host] = [await agentAt(0), await agentAt(1), await agentAt(4)];
    for (const agent of [first, second]) follow(agent, []);
    follow(host, ['shop/cart']);
    await host.until('word', ({ servicesUpTo }) => servicesUpTo === 1);
    const service = await addService(context, {
      networkId: networkId(),
      ...wish({ labels: { tier: 'cart' }, check: { kind: 'http', path: '/ready' } }),
    });
    await first.until('the check', ({ checks }) => checks.length === 1);
    await second.until('the check', ({ checks }) => checks.length === 1);
    expect(first.checks).toEqual([{ id: service.id, kind: 'http', port: 8080, path: '/ready' }]);
    expect(host.checks).toEqual([]);
    await host.until('the service', (agent) => agent.services.get('shop/cart') !== null);
    expect(answersFrom(host)).toEqual([]);

    const healthy = (agent: TestAgent, problem: string | null) =>
      agent.say({ type: 'service-health', results: [{ id: service.id, ready: problem === null, problem }] });
    healthy(first, null);
    await host.until('an answer', (agent) => answersFrom(agent)?.join() === cluster(0));
    healthy(second, null);
    const ready = (agent: TestAgent) =>
      agent.services
        .get('shop/cart')
        ?.endpoints.get(cluster(0))
        ?.map((one) => one.ready);
    await host.until('both', (agent) => ready(agent)?.join() === 'true,true');
    healthy(first, 'connection refused');
    await host.until('one', (agent) => ready(agent)?.join() === 'false,true');
    expect(await listServices(context, { networkId: networkId() })).toMatchObject([
      {
        sources: [
          {
            kind: 'hosts',
            serviceId: service.id,
            endpoints: [
              { ready: false, problem: 'connection refused' },
              { ready: true, problem: null },
            ],
          },
        ],
      },
    ]);
    // Nobody speaks for a host but its own agent.
    healthy(host, null);
    await removeService(context, { id: service.id });
    await host.until('nothing', (agent) => agent.services.get('shop/cart') === null);
    await first.until('no check', ({ checks }) => checks.length === 0);
    await expect(removeService(context, { id: service.id })).rejects.toMatchObject({ code: 'not-found' });
  });

  test('are known to rules by their name, revision by revision as loaded whole', async () => {
    const id = mesh.peers[1]?.id ?? '';
    const snapshot = async () => {
      const loaded = await loadSnapshot(fresh.database, networkId());
      if (!loaded) throw new Error('no network');
      return loaded;
    };
    const servicesOf = (one: Awaited<ReturnType<typeof snapshot>>) =>
      one.parts.get(mesh.clusterIds[0] ?? '')?.peers.find((peer) => peer.id === id)?.services;
    const before = await snapshot();
    const service = await addService(context, { networkId: networkId(), ...wish({ peerId: id }) });
    const newer = await loadNewer(fresh.database, networkId(), before.number);
    if (newer.kind !== 'change') throw new Error(newer.kind);
    const after = await snapshot();
    expect(changeSnapshot(before, newer.change).after).toEqual(after);
    expect([servicesOf(before), servicesOf(after)]).toEqual([undefined, ['shop/cart']]);
    await removeService(context, { id: service.id });
    expect(servicesOf(await snapshot())).toBeUndefined();
  });

  test('lose a host that leaves', async () => {
    const [first, host] = [await agentAt(1), await agentAt(4)];
    follow(host, ['shop/cart']);
    const peerId = mesh.peers[1]?.id ?? '';
    await addService(context, { networkId: networkId(), ...wish({ peerId }) });
    await host.until('the service', (agent) => answersFrom(agent)?.join() === cluster(0));
    await leavePeer(context, peerId);
    await host.until('nothing', (agent) => agent.services.get('shop/cart') === null);
    first.close();
  });

  test('are refused with the field that is wrong, and are nobody else’s', async () => {
    const peerId = mesh.peers[1]?.id ?? '';
    await addService(context, { networkId: networkId(), ...wish({ peerId }) });
    const strangers = testContext(fresh.database, await makeOrganization(fresh.database));
    const add = (who: Context, more: object) => addService(who, { networkId: networkId(), ...wish(more) });
    await expect(add(context, { peerId })).rejects.toMatchObject({
      code: 'invalid-request',
      errors: [expect.objectContaining({ path: 'name' })],
    });
    await expect(add(context, { name: 'x', peerId: 'peer_nobody' })).rejects.toMatchObject({
      errors: [expect.objectContaining({ path: 'peerId' })],
    });
    await expect(add(strangers, { peerId })).rejects.toMatchObject({ code: 'not-found' });
    await expect(listServices(strangers, { networkId: networkId() })).rejects.toMatchObject({
      code: 'not-found',
    });
    const [service] = await fresh.database.hostService.findMany({ where: { networkId: networkId() } });
    await expect(removeService(strangers, { id: service?.id ?? '' })).rejects.toMatchObject({
      code: 'not-found',
    });
    for (const wrong of [{}, { peerId, labels: { a: 'b' } }, { labels: {} }])
      expect(NewService.safeParse({ ...wish({ peerId }), peerId: undefined, ...wrong }).success).toBe(false);
  });
});
