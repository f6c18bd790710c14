import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CHANNEL_PATH, CLOSE, type FromAgent } from '@skein/contract/agent/channel.ts';
import { mintJoinToken } from '@skein/control/join-token/mint.ts';
import { askKubernetes } from '@skein/control/kubernetes/ask.ts';
import { publishRevision, type RevisionChange } from '@skein/control/map/publish.ts';
import { loadSnapshot } from '@skein/control/map/snapshot.ts';
import { raiseEpoch } from '@skein/control/network/raise-epoch.ts';
import { testPath } from '@skein/control/path-test/run.ts';
import type { KeysFrame } from '@skein/control/peer/announce-keys.ts';
import { rotateKey } from '@skein/control/peer/rotate-key.ts';
import { createSealer } from '@skein/control/secret/sealer.ts';
import { testContext } from '@skein/control/testing/context.ts';
import { makeMesh, type SeededMesh, type SeededPeer } from '@skein/control/testing/mesh-rows.ts';
import { CHANNEL, listen } from '@skein/database/notify.ts';
import { type FreshDatabase, freshDatabase, makeOrganization } from '@skein/database/testing/fresh.ts';
import type {} from '@skein/database/testing/provided.ts';
import { buildMap } from '@skein/mesh/map/build.ts';
import { digestOf } from '@skein/mesh/map/digest.ts';
import { keysText, openPrivateKey, signText } from '@skein/mesh/map/sign.ts';
import { simplePolicy } from '@skein/mesh/policy/simple.ts';
import { afterAll, afterEach, beforeAll, expect, inject, test } from 'vitest';
import { type Coordinator, startCoordinator } from './coordinator.ts';
import { type AgentOptions, TestAgent } from './testing/agent.ts';

const masterKey = randomBytes(32);
const sealer = createSealer(masterKey, (bytes) => crypto.getRandomValues(bytes));
let fresh: FreshDatabase;
let coordinator: Coordinator;
let url: string;
let distribution: string;
const agents: TestAgent[] = [];

beforeAll(async () => {
  fresh = await freshDatabase(inject('databaseUrl'));
  distribution = await mkdtemp(join(tmpdir(), 'skein-distribution-'));
  coordinator = await start();
  url = `ws://127.0.0.1:${coordinator.port}${CHANNEL_PATH}`;
});
afterEach(() => {
  for (const agent of agents.splice(0)) agent.close();
});
afterAll(async () => {
  await coordinator.close();
  await fresh.drop();
  await rm(distribution, { recursive: true });
});

function start(): Promise<Coordinator> {
  return startCoordinator({
    databaseUrl: fresh.url,
    masterKey,
    coordinatorUrl: 'http://192.0.2.10:7401',
    agentDistribution: distribution,
    agentImage: 'registry.test/skein-agent:1',
    host: '127.0.0.1',
    port: 0,
    tls: null,
  });
}

async function mesh(clusters: number, peersPerCluster: number): Promise<SeededMesh> {
  return makeMesh(fresh.database, sealer, await makeOrganization(fresh.database), {
    clusters,
    peersPerCluster,
  });
}

function agentOf(seeded: SeededMesh, peer: SeededPeer, options: Partial<AgentOptions> = {}): TestAgent {
  const { id: peerId, identitySeed } = peer;
  const agent = new TestAgent({ url, peerId, identitySeed, mapKey: seeded.mapKey, ...options });
  agents.push(agent);
  return agent;
}

async function connected(seeded: SeededMesh, peers: readonly SeededPeer[]): Promise<TestAgent[]> {
  const all = peers.map((peer) => agentOf(seeded, peer));
  await Promise.all(all.map((agent) => agent.until('a map', () => agent.map !== undefined)));
  return all;
}

const at = <T>(list: readonly T[], index: number): T => list[index] as T;

function publish(
  seeded: SeededMesh,
  changes: RevisionChange[],
  change: (peerOrCluster: typeof fresh.database) => Promise<unknown>,
) {
  return fresh.database.$transaction(async (tx) => {
    await change(tx as typeof fresh.database);
    return publishRevision(tx, seeded.organizationId, seeded.networkId, changes, 'test');
  });
}

const moveTo = (seeded: SeededMesh, peer: SeededPeer, address: string) =>
  publish(seeded, [{ peer: peer.id }], (tx) =>
    tx.peer.update({
      where: { id: peer.id },
      data: { privateAddress: address, endpoints: [{ kind: 'private', address, port: 51820 }] },
    }),
  );

async function keyNow(seeded: SeededMesh, peer: SeededPeer): Promise<string> {
  const where = { id: peer.id, networkId: seeded.networkId };
  return (await fresh.database.peer.findFirstOrThrow({ where })).wireguardKey as string;
}

/** The map as a whole recompute from the database gives it. */
async function truth(seeded: SeededMesh, peer: SeededPeer, number: number) {
  const snapshot = await loadSnapshot(fresh.database, seeded.networkId);
  const map = snapshot && buildMap(snapshot, peer.clusterId, peer.id);
  return map && { ...map, number };
}

test('a change reaches its own cluster as a delta, and nobody else', async () => {
  const seeded = await mesh(2, 3);
  const all = await connected(seeded, seeded.peers);
  const [mover, mate] = [at(seeded.peers, 1), at(seeded.peers, 2)];
  const number = await moveTo(seeded, mover, '10.99.0.9');
  await at(all, 2).until('the delta', (agent) => agent.map?.number === number);
  expect(at(all, 2).map).toEqual(await truth(seeded, mate, number));
  // What touches everyone comes after; nothing of the first change came to the other cluster before it.
  const next = await publish(seeded, [{ network: true }], (tx) =>
    tx.network.update({
      where: { id: seeded.networkId },
      data: { policy: simplePolicy([{ protocol: 'tcp', port: 80 }]) },
    }),
  );
  await Promise.all(all.map((agent) => agent.until('the ports', () => agent.map?.number === next)));
  expect(all.map((agent) => agent.frames)).toEqual([
    ['map 0', 'delta 0-1', 'delta 1-2'],
    ['map 0', 'delta 0-1', 'delta 1-2'],
    ['map 0', 'delta 0-1', 'delta 1-2'],
    ['map 0', 'delta 0-2'],
    ['map 0', 'delta 0-2'],
    ['map 0', 'delta 0-2'],
  ]);
});

test('a forged hello is refused, and so is a peer that nobody knows', async () => {
  const seeded = await mesh(1, 2);
  const [peer, other] = [at(seeded.peers, 0), at(seeded.peers, 1)];
  const forger = agentOf(seeded, { ...peer, identitySeed: other.identitySeed });
  const replayer = agentOf(seeded, peer, { signHello: () => Buffer.alloc(64).toString('base64') });
  const stranger = agentOf(seeded, { ...peer, id: 'peer_00000000000000000000' });
  for (const agent of [forger, replayer, stranger]) {
    await agent.until('the end', () => agent.closedWith !== undefined);
    expect([agent.closedWith, agent.frames]).toEqual([CLOSE.notAuthentic, []]);
  }
});

test('a peer of another network sees nothing of this one', async () => {
  const [ours, theirs] = [await mesh(1, 2), await mesh(1, 2)];
  const [agent] = await connected(theirs, [at(theirs.peers, 0)]);
  // With its own key and our peer's id it is nobody.
  const intruder = agentOf(theirs, { ...at(theirs.peers, 0), id: at(ours.peers, 0).id });
  await intruder.until('the end', () => intruder.closedWith !== undefined);
  expect(intruder.closedWith).toBe(CLOSE.notAuthentic);
  await moveTo(ours, at(ours.peers, 1), '10.99.0.9');
  const number = await moveTo(theirs, at(theirs.peers, 1), '10.98.0.9');
  await agent?.until('its own delta', () => agent.map?.number === number);
  expect(agent?.frames).toEqual(['map 0', `delta 0-${number}`]);
  const known = new Set(theirs.peers.map((peer) => peer.id));
  expect(agent?.map?.peers.every((peer) => known.has(peer.id))).toBe(true);
});

test('an agent that comes back is sent nothing, a delta, or the whole, by what it holds', async () => {
  const seeded = await mesh(2, 2);
  const [gateway, member] = [at(seeded.peers, 0), at(seeded.peers, 1)];
  const [first, witness] = await connected(seeded, [member, gateway]);
  const held = first?.map;
  first?.close();
  const number = await moveTo(seeded, gateway, '10.99.0.9');
  await witness?.until('the revision', () => witness.map?.number === number);

  const behind = agentOf(seeded, member, { held: held as NonNullable<typeof held> });
  await behind.until('the delta', () => behind.map?.number === number);
  expect(behind.frames).toEqual([`delta 0-${number}`]);
  behind.close();

  const other = at(seeded.peers, 3);
  await moveTo(seeded, other, '10.98.0.9');
  const current = agentOf(seeded, member, { held: behind.map as NonNullable<typeof held> });
  // Nothing is missing, so the first thing that comes is the next change.
  const next = await moveTo(seeded, gateway, '10.97.0.9');
  await current.until('the next delta', () => current.map?.number === next);
  expect(current.frames).toEqual([`delta ${number}-${next}`]);
  current.close();

  const broken = agentOf(seeded, member, { held: { ...(held as NonNullable<typeof held>), names: [] } });
  await broken.until('a whole map', () => broken.frames.length > 0);
  expect(broken.frames).toEqual([`map ${next}`]);
});

test('a coordinator that starts anew brings agents on from what they hold', async () => {
  const seeded = await mesh(1, 2);
  const [member, gateway] = [at(seeded.peers, 1), at(seeded.peers, 0)];
  const [agent] = await connected(seeded, [member]);
  const second = await start();
  try {
    const fromSecond = { url: `ws://127.0.0.1:${second.port}${CHANNEL_PATH}` };
    const again = agentOf(seeded, member, {
      ...fromSecond,
      held: agent?.map as NonNullable<TestAgent['map']>,
    });
    const number = await moveTo(seeded, gateway, '10.99.0.9');
    await again.until('the change', () => again.map?.number === number);
    expect(digestOf(again.map as NonNullable<TestAgent['map']>)).toBe(
      digestOf((await truth(seeded, member, number)) as NonNullable<TestAgent['map']>),
    );
  } finally {
    await second.close();
  }
});

test('a delta that does not fit is answered by a whole map', async () => {
  const seeded = await mesh(1, 3);
  const [agent] = await connected(seeded, [at(seeded.peers, 2)]);
  const map = agent?.map as NonNullable<TestAgent['map']>;
  // The agent's copy rots; the next delta must not lead to the digest it names.
  (agent as TestAgent).map = { ...map, names: map.names.slice(1) };
  const number = await moveTo(seeded, at(seeded.peers, 1), '10.99.0.9');
  await agent?.until('a whole map', () => agent.frames.includes(`map ${number}`));
  expect(agent?.frames).toEqual(['map 0', `delta 0-${number} refused: digest-differs`, `map ${number}`]);
  expect(agent?.map).toEqual(await truth(seeded, at(seeded.peers, 2), number));
});

test('a removed peer is told, cut off, and refused when it comes back', async () => {
  const seeded = await mesh(1, 3);
  const [gone, stays] = [at(seeded.peers, 1), at(seeded.peers, 2)];
  const [leaver, witness] = await connected(seeded, [gone, stays]);
  const number = await publish(seeded, [{ peer: gone.id }], (tx) =>
    tx.peer.update({ where: { id: gone.id }, data: { removedAt: new Date() } }),
  );
  await leaver?.until('the end', () => leaver.closedWith !== undefined);
  expect([leaver?.frames, leaver?.closedWith]).toEqual([['map 0', 'removed'], CLOSE.removed]);
  await witness?.until('the removal', () => witness.map?.number === number);
  expect(witness?.map?.peers.map((peer) => peer.id)).toEqual([at(seeded.peers, 0).id]);

  const again = agentOf(seeded, gone);
  await again.until('the end', () => again.closedWith !== undefined);
  expect([again.frames, again.closedWith]).toEqual([['removed'], CLOSE.removed]);
});

test('an agent that leaves is gone from the network', async () => {
  const seeded = await mesh(1, 2);
  const [leaver, witness] = await connected(seeded, [at(seeded.peers, 1), at(seeded.peers, 0)]);
  leaver?.say({ type: 'leave' });
  await leaver?.until('the end', () => leaver.closedWith !== undefined);
  expect(leaver?.closedWith).toBe(CLOSE.removed);
  await witness?.until('the removal', () => witness.map?.peers.length === 0);
  const row = await fresh.database.peer.findUniqueOrThrow({ where: { id: at(seeded.peers, 1).id } });
  expect(row.removedAt).not.toBeNull();
});

test('a deleted network cuts all its agents off', async () => {
  const seeded = await mesh(1, 2);
  const all = await connected(seeded, seeded.peers);
  await publish(seeded, [{ network: true }], (tx) =>
    tx.network.update({ where: { id: seeded.networkId }, data: { deletedAt: new Date(), state: 'deleted' } }),
  );
  await Promise.all(all.map((agent) => agent.until('the end', () => agent.closedWith === CLOSE.removed)));
});

test('after a restore an agent that is ahead follows once the epoch is raised', async () => {
  const seeded = await mesh(1, 2);
  const peer = at(seeded.peers, 1);
  const held = (await truth(seeded, peer, 900)) as NonNullable<TestAgent['map']>;
  const ahead = agentOf(seeded, peer, { held: { ...held, names: [] } });
  await ahead.until('a map', () => ahead.frames.length > 0);
  expect(ahead.frames).toEqual(['map 0']);

  const context = { ...testContext(fresh.database, seeded.organizationId) };
  const { epoch } = await raiseEpoch(context, { id: seeded.networkId });
  await ahead.until('the new epoch', () => ahead.map?.epoch === epoch);
  // The whole, for no delta leads from one epoch to another.
  expect(ahead.frames).toEqual(['map 0', 'map 1']);
  const again = await raiseEpoch(context, { id: seeded.networkId });
  expect(again.epoch).toBeGreaterThan(epoch);
  const stranger = testContext(fresh.database, await makeOrganization(fresh.database));
  await expect(raiseEpoch(stranger, { id: seeded.networkId })).rejects.toThrow('no such network');
});

test('keys that the identity signed for this channel are told to the others; all else is refused', async () => {
  const seeded = await mesh(1, 3);
  const [one, other] = [at(seeded.peers, 1), at(seeded.peers, 2)];
  const keyOf = (name: string) => createHash('sha256').update(`${name} of ${one.id}`).digest('base64');
  const old = keyNow(seeded, one);
  const said = (agent: TestAgent, keys: Pick<KeysFrame, 'serial' | 'wireguardKey' | 'nextWireguardKey'>) => {
    const proof = signText('keys', keysText(agent.challenge, one.id, keys), openPrivateKey(one.identitySeed));
    return { type: 'keys' as const, ...keys, proof };
  };
  const [agent, witness] = (await connected(seeded, [one, other])) as [TestAgent, TestAgent];
  const seen = () => {
    const peer = witness.map?.peers.find(({ id }) => id === one.id);
    return [peer?.wireguardKey, peer?.nextWireguardKey];
  };
  const announced = said(agent, { serial: 1, wireguardKey: await old, nextWireguardKey: keyOf('next') });
  agent.say(announced);
  await witness.until('the announcement', () => seen()[1] === keyOf('next'));
  expect(seen()).toEqual([await old, keyOf('next')]);
  await agent.until('its own', () => agent.map?.self.nextWireguardKey === keyOf('next'));

  agent.say(said(agent, { serial: 2, wireguardKey: keyOf('next'), nextWireguardKey: null }));
  await witness.until('the change', () => seen()[0] === keyOf('next'));
  expect(seen()).toEqual([keyOf('next'), null]);

  // Said once already, on this channel or an older one.
  agent.say(announced);
  await agent.until('the end', () => agent.closedWith === CLOSE.badFrame);
  const closedWith = async (frame: (agent: TestAgent) => FromAgent) => {
    const [again] = (await connected(seeded, [one])) as [TestAgent];
    again.say(frame(again));
    await again.until('the end', () => again.closedWith !== undefined);
    return again.closedWith;
  };
  expect(await closedWith(() => announced)).toBe(CLOSE.notAuthentic);
  const mine = { serial: 1, wireguardKey: keyOf('third'), nextWireguardKey: null };
  const stranger = openPrivateKey(other.identitySeed);
  const forged = (on: TestAgent) => signText('keys', keysText(on.challenge, one.id, mine), stranger);
  expect(await closedWith((on) => ({ type: 'keys', ...mine, proof: forged(on) }))).toBe(CLOSE.notAuthentic);
  const taken = { serial: 1, wireguardKey: await keyNow(seeded, other), nextWireguardKey: null };
  expect(await closedWith((on) => said(on, taken))).toBe(CLOSE.notAuthentic);
  expect(seen()).toEqual([keyOf('next'), null]);
});

test('a key that is to be replaced is named in its own agent’s map until it is', async () => {
  const seeded = await mesh(1, 2);
  const [one, other] = [at(seeded.peers, 0), at(seeded.peers, 1)];
  const [agent, witness] = (await connected(seeded, [one, other])) as [TestAgent, TestAgent];
  const context = testContext(fresh.database, seeded.organizationId);
  const old = await keyNow(seeded, one);
  await rotateKey(context, { id: one.id });
  await agent.until('the wish', () => agent.map?.self.retiredKey === old);
  expect(witness.frames).toEqual(['map 0']);
  const keys = {
    serial: 1,
    wireguardKey: createHash('sha256').update(old).digest('base64'),
    nextWireguardKey: null,
  };
  const proof = signText('keys', keysText(agent.challenge, one.id, keys), openPrivateKey(one.identitySeed));
  agent.say({ type: 'keys', ...keys, proof });
  await agent.until('the end of the wish', () => agent.map?.self.retiredKey === null);
  expect(agent.map?.self.wireguardKey).toBe(keys.wireguardKey);
});

test('a second channel of the same agent replaces the first', async () => {
  const seeded = await mesh(1, 1);
  const [first] = await connected(seeded, seeded.peers);
  const [second] = await connected(seeded, seeded.peers);
  await first?.until('the end', () => first.closedWith !== undefined);
  expect([first?.closedWith, second?.closedWith]).toEqual([CLOSE.replaced, undefined]);
});

test('a revision of which nobody was told is found by its number', async () => {
  const seeded = await mesh(1, 2);
  const [agent] = await connected(seeded, [at(seeded.peers, 0)]);
  const { organizationId, networkId } = seeded;
  const peer = at(seeded.peers, 1).id;
  // As publishRevision does, but for the notification.
  await fresh.database.$transaction([
    fresh.database.peer.update({ where: { id: peer }, data: { privateAddress: '10.99.0.9' } }),
    fresh.database.network.update({ where: { id: networkId }, data: { revision: 1 } }),
    fresh.database.networkRevision.create({
      data: { organizationId, networkId, number: 1, changes: [{ peer }], reason: 'test' },
    }),
  ]);
  expect(agent?.map?.number).toBe(0);
  await coordinator.sweep();
  await agent?.until('the change', () => agent.map?.number === 1);
});

test('frames that are no frames, and frames too long, end the channel', async () => {
  const seeded = await mesh(1, 2);
  const [babbler, shouter] = await connected(seeded, seeded.peers);
  babbler?.sendRaw('{"type":"report"}');
  shouter?.sendRaw(JSON.stringify({ type: 'resync', reason: 'x'.repeat(5 * 1024 * 1024) }));
  await babbler?.until('the end', () => babbler.closedWith !== undefined);
  await shouter?.until('the end', () => shouter.closedWith !== undefined);
  expect([babbler?.closedWith, shouter?.closedWith]).toEqual([CLOSE.badFrame, 1009]);
});

const reportAt = (address: string): FromAgent => ({
  type: 'report',
  facts: {
    hostname: 'a.example',
    os: 'Debian 12',
    kernel: '6.18',
    architecture: 'x64',
    agentVersion: '0.1.0',
    wireguard: 'kernel',
    privateAddress: address,
  },
  endpoints: [{ kind: 'private', address, port: 51820 }],
  appliedNumber: 0,
  problem: null,
  links: [],
});

test('a text that the database cannot hold costs its own agent the channel, not its mates their reports', async () => {
  const seeded = await mesh(1, 3);
  const [poisoner, reporter, mate] = await connected(seeded, seeded.peers);
  for (const hostname of ['a\\u0000b', 'a\\ud800b'])
    poisoner?.sendRaw(JSON.stringify(reportAt('10.64.0.70')).replace('a.example', hostname));
  reporter?.say(reportAt('10.64.0.79'));
  await poisoner?.until('the end', () => poisoner.closedWith !== undefined);
  expect(poisoner?.closedWith).toBe(CLOSE.badFrame);
  const moved = () =>
    mate?.map?.peers.some((peer) => peer.endpoints.some((one) => one.address === '10.64.0.79')) ?? false;
  await mate?.until('the endpoint', moved);
});

test('a report is written, and its new endpoint reaches the mates', async () => {
  const seeded = await mesh(1, 2);
  const [reporter, mate] = await connected(seeded, seeded.peers);
  reporter?.say(reportAt('10.64.0.77'));
  await mate?.until('the endpoint', () => mate.map?.peers[0]?.endpoints[0]?.address === '10.64.0.77');
  const row = await fresh.database.peer.findUniqueOrThrow({ where: { id: at(seeded.peers, 0).id } });
  expect([row.appliedNumber, row.privateAddress, row.disconnectedAt]).toEqual([0, '10.64.0.77', null]);
  expect(row.connectedAt).not.toBeNull();
});

test('a report right behind the hello is not lost', async () => {
  const seeded = await mesh(1, 2);
  const [mate] = await connected(seeded, [at(seeded.peers, 1)]);
  agentOf(seeded, at(seeded.peers, 0), { behindHello: reportAt('10.64.0.78') });
  await mate?.until('the endpoint', () => mate.map?.peers[0]?.endpoints[0]?.address === '10.64.0.78');
});

test('presence is told to whoever watches the network', async () => {
  const seeded = await mesh(1, 1);
  let tell: (payload: string) => void = () => {};
  const ours = () =>
    new Promise<void>((resolve) => {
      tell = (payload) => {
        if (payload.includes(seeded.networkId)) resolve();
      };
    });
  const listening = await listen(fresh.url, CHANNEL.presence, (payload) => tell(payload));
  const peer = () => fresh.database.peer.findUniqueOrThrow({ where: { id: at(seeded.peers, 0).id } });
  try {
    const came = ours();
    const [agent] = await connected(seeded, seeded.peers);
    await came;
    expect((await peer()).disconnectedAt).toBeNull();
    const went = ours();
    agent?.close();
    await went;
    expect((await peer()).disconnectedAt).not.toBeNull();
  } finally {
    await listening.close();
  }
});

test('a path test asks both ends and who is between, and nobody whose agent is away', async () => {
  const seeded = await mesh(2, 2);
  const rows = await fresh.database.peer.findMany({ where: { networkId: seeded.networkId } });
  const addressOf = (id: string) => rows.find((row) => row.id === id)?.overlayAddress ?? '';
  const of = (role: string, cluster: number) =>
    at(
      seeded.peers.filter((peer) => peer.role === role && peer.clusterId === at(seeded.clusterIds, cluster)),
      0,
    );
  const way = [of('member', 0), of('gateway', 0), of('gateway', 1)];
  const target = of('member', 1);
  const asked: string[] = [];
  const tunnelTo = (peerId: string) => ({
    peerId,
    endpoint: '203.0.113.7:51820',
    endpointKind: 'public',
    handshakeAgeSeconds: 3,
    probes: 10,
    answered: 10,
    rttMilliseconds: 2,
    mtu: 1440,
  });
  const hopTo = (id: string, answered: number) => ({
    address: addressOf(id),
    sent: 10,
    answered,
    rttMilliseconds: answered ? 4 : null,
  });
  for (const [index, peer] of way.entries()) {
    const next = way[index + 1] ?? target;
    const agent = agentOf(seeded, peer, {
      answerPath: (question) => {
        asked.push(`${peer.id} ${question.address} ${question.trace} ${question.port}`);
        const trace = [...way.slice(1).map((one) => hopTo(one.id, 10)), hopTo(target.id, 0)];
        return {
          hops: question.trace ? trace : null,
          tunnels: [tunnelTo(next.id)],
          port: question.port === null ? null : { open: false, words: 'no answer in 3 s' },
        };
      },
    });
    await agent.until('a map', () => agent.map !== undefined);
  }
  await untilPresent(way.map((peer) => peer.id));
  const context = testContext(fresh.database, seeded.organizationId);
  const test = await testPath(context, {
    networkId: seeded.networkId,
    fromPeerId: at(way, 0).id,
    toPeerId: target.id,
    port: 443,
  });
  const to = addressOf(target.id);
  expect(asked.sort()).toEqual(
    [
      `${at(way, 0).id} ${to} true 443`,
      `${at(way, 1).id} ${to} false null`,
      `${at(way, 2).id} ${to} false null`,
    ].sort(),
  );
  expect(test.ok).toBe(false);
  expect(test.verdict).toMatch(/does not answer, and its agent is not connected either/);
  expect(test.hops).toHaveLength(3);
  expect(test.milliseconds).toBeLessThan(10_000);
  expect(await fresh.database.pathQuestion.count()).toBe(0);
});

test('a question to a cluster goes to the agent that holds the channel, sealed on its way and gone after', async () => {
  const seeded = await mesh(1, 2);
  const [asked, other] = [at(seeded.peers, 0), at(seeded.peers, 1)];
  const heard: string[] = [];
  const agent = agentOf(seeded, asked, {
    answerKubernetes: (question) => {
      heard.push(JSON.stringify(question));
      return { answer: 'response', status: 201, body: { kind: 'Secret' } };
    },
  });
  await agent.until('a map', () => agent.map !== undefined);
  const context = testContext(fresh.database, seeded.organizationId);
  const body = { stringData: { 'token-secret': 'very-much-a-secret' } };
  const question = {
    ask: 'request',
    method: 'PATCH',
    path: '/api/v1/namespaces/kube-system/secrets/bootstrap-token-skein0',
    contentType: null,
    body,
  } as const;
  const rows: string[] = [];
  const looking = setInterval(async () => {
    for (const row of await fresh.database.kubernetesQuestion.findMany())
      rows.push(Buffer.from(row.questionSealed).toString('latin1'));
  }, 5);
  const place = { organizationId: seeded.organizationId, peerId: asked.id };
  const reply = await askKubernetes({ ...context, sealer }, place, question, AbortSignal.timeout(20_000));
  clearInterval(looking);
  expect(reply).toEqual({ answer: 'response', status: 201, body: { kind: 'Secret' } });
  expect(heard).toEqual([JSON.stringify(question)]);
  expect(rows.join()).not.toContain('very-much-a-secret');
  expect(await fresh.database.kubernetesQuestion.count()).toBe(0);
  // An agent that nobody asked is not heard.
  agent.say({ type: 'kubernetes-answer', id: 'kubq_0', reply: { answer: 'upgraded' } });
  const nobody = { organizationId: seeded.organizationId, peerId: other.id };
  await expect(
    askKubernetes({ ...context, sealer }, nobody, question, AbortSignal.timeout(500)),
  ).rejects.toThrow();
  expect(await fresh.database.kubernetesQuestion.count()).toBe(0);
});

test('the manifest of a Kubernetes cluster is served to who has a token of it', async () => {
  const seeded = await mesh(2, 1);
  const [theirs, plain] = [at(seeded.clusterIds, 0), at(seeded.clusterIds, 1)];
  const kubernetes = {
    distribution: 'existing',
    version: null,
    cni: 'existing',
    flannelBackend: null,
    server: null,
  };
  await fresh.database.cluster.update({ where: { id: theirs }, data: { kubernetes, cloudAccountId: null } });
  const context = testContext(fresh.database, seeded.organizationId);
  const minted = await mintJoinToken(context, { clusterId: theirs, uses: 3, expiresInSeconds: 600 });
  expect(minted.command).toMatch(/^kubectl apply -f \S+\/join\/skj_\w+\/agent\.yaml$/);
  const served = (token: string) => fetch(`http://127.0.0.1:${coordinator.port}/join/${token}/agent.yaml`);
  const answer = await served(minted.token);
  expect(answer.status).toBe(200);
  expect(answer.headers.get('cache-control')).toBe('no-store');
  const text = await answer.text();
  for (const words of [
    // As a Secret holds it.
    Buffer.from(minted.token).toString('base64'),
    'http://192.0.2.10:7401',
    'registry.test/skein-agent:1',
    'kind: DaemonSet',
  ])
    expect(text).toContain(words);
  const other = await mintJoinToken(context, { clusterId: plain, uses: 1, expiresInSeconds: 600 });
  expect(other.command).toContain('install.sh');
  expect((await served(other.token)).status).toBe(404);
  expect((await served(`${minted.token}0`)).status).toBe(404);
  await fresh.database.joinToken.updateMany({
    where: { clusterId: theirs },
    data: { revokedAt: new Date() },
  });
  expect((await served(minted.token)).status).toBe(404);
});

async function untilPresent(peerIds: readonly string[]): Promise<void> {
  for (let look = 0; look < 100; look += 1) {
    const rows = await fresh.database.peer.findMany({ where: { id: { in: [...peerIds] } } });
    if (rows.every((row) => row.connectedAt !== null)) return;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error('the agents were never written as connected');
}
