import { createHash, randomBytes } from 'node:crypto';
import type { EnrolRequest } from '@skein/contract/agent/channel.ts';
import { newId } from '@skein/contract/primitive.ts';
import { type FreshDatabase, freshDatabase, makeOrganization } from '@skein/database/testing/fresh.ts';
import type {} from '@skein/database/testing/provided.ts';
import { enrolText, openPrivateKey, publicKeyOf, signText } from '@skein/mesh/map/sign.ts';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { Context } from '../context.ts';
import { listJoinTokens } from '../join-token/list.ts';
import { createJoinToken, mintJoinToken } from '../join-token/mint.ts';
import { revokeJoinToken } from '../join-token/revoke.ts';
import { loadSnapshot } from '../map/snapshot.ts';
import { createSealer } from '../secret/sealer.ts';
import { makeMesh, type SeededMesh } from '../testing/mesh-rows.ts';
import { enrolPeer } from './enrol.ts';
import { leavePeer } from './leave.ts';
import { recordReports } from './report.ts';

const random = (bytes: Uint8Array<ArrayBuffer>) => crypto.getRandomValues(bytes);
const sealer = createSealer(randomBytes(32), random);
let fresh: FreshDatabase;
let organizationId: string;
let mesh: SeededMesh;
let clusterId: string;
let now = new Date('2026-11-20T12:00:00Z');
let context: Context;

beforeAll(async () => {
  fresh = await freshDatabase(inject('databaseUrl'));
  organizationId = await makeOrganization(fresh.database);
  mesh = await makeMesh(fresh.database, sealer, organizationId, { clusters: 2, peersPerCluster: 2 });
  clusterId = mesh.clusterIds[0] as string;
  context = contextOf(organizationId);
});
afterAll(() => fresh.drop());

function contextOf(organization: string): Context {
  return {
    database: fresh.database,
    actor: { kind: 'user', id: 'usr_1', organizationId: organization },
    now: () => now,
    random,
    sealer,
    platform: { publicUrl: null, aws: null },
    coordinatorUrl: 'http://192.0.2.10:7401',
    wake: async () => {},
  };
}

/** What a node named `node` asks with: the same keys each time. */
function requestOf(token: string, node: string, change: Partial<EnrolRequest> = {}): EnrolRequest {
  const keyOf = (use: string) => createHash('sha256').update(`${use} of ${node}`).digest('base64');
  const identity = openPrivateKey(keyOf('identity'));
  const wireguardKey = keyOf('wireguard');
  return {
    token,
    identityKey: publicKeyOf(identity),
    wireguardKey,
    proof: signText('enrol', enrolText(token, wireguardKey), identity),
    facts: {
      hostname: `${node}.example`,
      os: 'Debian 12',
      kernel: '6.18',
      architecture: 'x64',
      agentVersion: '0.1.0',
      wireguard: 'kernel',
      privateAddress: '10.1.2.3',
    },
    ...change,
  };
}

const mint = (uses = 1) => mintJoinToken(context, { clusterId, uses, expiresInSeconds: 3600 });
const codeOf = (outcome: Awaited<ReturnType<typeof enrolPeer>>) => (outcome.ok ? 'ok' : outcome.refusal.code);
const revisionOf = async () =>
  (await fresh.database.network.findUniqueOrThrow({ where: { id: mesh.networkId } })).revision;

test('a token for one node lets in exactly one of twenty that ask at once', async () => {
  const { token, id } = await mint(1);
  const before = await fresh.database.peer.count({ where: { clusterId } });
  const outcomes = await Promise.all(
    Array.from({ length: 20 }, (_, index) => enrolPeer(context, requestOf(token, `racer-${index}`))),
  );
  expect(outcomes.map(codeOf).sort()).toEqual(['ok', ...Array(19).fill('token-used')]);
  expect(await fresh.database.peer.count({ where: { clusterId } })).toBe(before + 1);
  expect((await fresh.database.joinToken.findUniqueOrThrow({ where: { id } })).usesLeft).toBe(0);
});

test('a token for five lets in five, each with a name and an address of its own', async () => {
  const { token } = await mint(5);
  const outcomes = await Promise.all(
    Array.from({ length: 8 }, (_, index) =>
      enrolPeer(context, requestOf(token, `many-${index}`, { name: 'worker' })),
    ),
  );
  expect(outcomes.filter((outcome) => outcome.ok)).toHaveLength(5);
  const peers = await fresh.database.peer.findMany({ where: { clusterId, removedAt: null } });
  expect(new Set(peers.map((peer) => peer.overlayAddress)).size).toBe(peers.length);
  const workers = peers.map((peer) => peer.name).filter((name) => name.startsWith('worker'));
  expect(workers.sort()).toEqual(['worker', 'worker-2', 'worker-3', 'worker-4', 'worker-5']);
});

test('enrolling is a revision that names the peer, an audit event, and tells the map key', async () => {
  const { token } = await mint();
  const number = await revisionOf();
  const outcome = await enrolPeer(context, requestOf(token, 'told'));
  if (!outcome.ok) throw new Error(outcome.refusal.message);
  const { peerId } = outcome.answer;
  expect(outcome.answer).toEqual({ peerId, networkId: mesh.networkId, name: 'told', mapKey: mesh.mapKey });
  const where = { networkId_number: { networkId: mesh.networkId, number: number + 1 } };
  expect((await fresh.database.networkRevision.findUniqueOrThrow({ where })).changes).toEqual([
    { peer: peerId },
  ]);
  const events = await fresh.database.auditEvent.findMany({ where: { target: peerId } });
  expect(events.map((event) => [event.organizationId, event.action])).toEqual([
    [organizationId, 'peer.enrol'],
  ]);
  expect(
    JSON.stringify(events, (_, value) => (typeof value === 'bigint' ? String(value) : value)),
  ).not.toContain(token);
});

test('the same node asking again gets the same answer and costs no use, even of a used-up token', async () => {
  const first = await mint(1);
  const one = await enrolPeer(context, requestOf(first.token, 'again'));
  const lost = await enrolPeer(context, requestOf(first.token, 'again'));
  const second = await mint(1);
  const other = await enrolPeer(context, requestOf(second.token, 'again'));
  expect([lost, other]).toEqual([one, one]);
  const tokens = new Map(
    (await listJoinTokens(context, { clusterId })).map((token) => [token.id, token.usesLeft]),
  );
  expect([tokens.get(first.id), tokens.get(second.id)]).toEqual([0, 1]);
});

test('a token bound to an expected peer fills that peer', async () => {
  const expected = await fresh.database.peer.create({
    data: {
      id: 'peer_expected00000000000',
      organizationId,
      networkId: mesh.networkId,
      clusterId,
      name: 'node-9',
      managed: true,
      overlayAddress: '100.64.0.99',
      privateAddress: '10.64.0.99',
    },
  });
  const bound = { organizationId, clusterId, peerId: expected.id, uses: 1, expiresInSeconds: 600 };
  const { token } = await createJoinToken(fresh.database, context, bound);
  const outcome = await enrolPeer(context, requestOf(token, 'whatever', { name: 'wished' }));
  expect(outcome.ok && [outcome.answer.peerId, outcome.answer.name]).toEqual([expected.id, 'node-9']);
  const row = await fresh.database.peer.findUniqueOrThrow({ where: { id: expected.id } });
  // The cloud's word on the address of its own instance stands.
  expect([row.enrolledAt, row.overlayAddress, row.privateAddress]).toEqual([
    now,
    '100.64.0.99',
    '10.64.0.99',
  ]);
});

test('nodes of a Kubernetes cluster are gateways by their label, four at most, and nowhere else', async () => {
  const [, plain] = mesh.clusterIds as [string, string];
  const theirs = newId('cluster', random);
  const { organizationId, networkId } = mesh;
  const kubernetes = {
    distribution: 'existing',
    version: null,
    cni: 'existing',
    flannelBackend: null,
    server: null,
  };
  await fresh.database.cluster.create({
    data: {
      id: theirs,
      organizationId,
      networkId,
      name: 'theirs',
      region: 'office',
      overlayCidr: '100.64.9.0/24',
      state: 'ready',
      kubernetes,
    },
  });
  const labelled = (gateway: boolean) => ({
    node: 'a',
    distribution: 'existing' as const,
    version: null,
    podCidrs: [],
    cni: null,
    ready: true,
    answers: true,
    caHash: null,
    kernel: [],
    gateway,
    problem: null,
  });
  const join = async (into: string, node: string, gateway: boolean) => {
    const { token } = await mintJoinToken(context, { clusterId: into, uses: 1, expiresInSeconds: 600 });
    const request = requestOf(token, node);
    const outcome = await enrolPeer(context, {
      ...request,
      facts: { ...request.facts, kubernetes: labelled(gateway) },
    });
    if (!outcome.ok) throw new Error(outcome.refusal.message);
    const { role, seat } = await fresh.database.peer.findUniqueOrThrow({
      where: { id: outcome.answer.peerId },
    });
    return `${role} ${seat}`;
  };
  const joined: string[] = [];
  for (const [node, gateway] of [
    ['k-1', false],
    ['k-2', false],
    ['k-3', true],
    ['k-4', true],
    ['k-5', true],
    ['k-6', true],
  ] as const)
    joined.push(await join(theirs, node, gateway));
  // The first to come leads whatever it says.
  expect(joined).toEqual(['gateway 0', 'member null', 'gateway 1', 'gateway 2', 'gateway 3', 'member null']);
  expect(await join(plain, 'k-7', true)).toBe('member null');
});

test('the first of plain hosts is their gateway, and the next when it leaves', async () => {
  const plain = await makeMesh(fresh.database, sealer, await makeOrganization(fresh.database), {
    clusters: 1,
    peersPerCluster: 0,
  });
  const theirs = contextOf(plain.organizationId);
  const minted = await mintJoinToken(theirs, {
    clusterId: plain.clusterIds[0] as string,
    uses: 2,
    expiresInSeconds: 600,
  });
  for (const node of ['first', 'second'])
    expect(codeOf(await enrolPeer(theirs, requestOf(minted.token, node)))).toBe('ok');
  const peers = await fresh.database.peer.findMany({
    where: { networkId: plain.networkId },
    orderBy: { name: 'asc' },
  });
  expect(peers.map((peer) => [peer.name, peer.role])).toEqual([
    ['first', 'gateway'],
    ['second', 'member'],
  ]);

  const [first, second] = peers.map((peer) => peer.id);
  expect(await leavePeer(theirs, first as string)).toBe(true);
  const heir = await fresh.database.peer.findUniqueOrThrow({ where: { id: second as string } });
  const told = await fresh.database.networkRevision.findFirstOrThrow({
    where: { networkId: plain.networkId },
    orderBy: { number: 'desc' },
  });
  expect([heir.role, told.changes]).toEqual(['gateway', [{ peer: first }, { peer: second }]]);
});

test('what is expired, revoked, mistyped, unknown or not signed is refused, each with its own code', async () => {
  const [expired, revoked, good] = [await mint(), await mint(), await mint()];
  await revokeJoinToken(context, { id: revoked.id });
  const start = now;
  now = new Date(start.getTime() + 3600_000);
  expect(codeOf(await enrolPeer(context, requestOf(expired.token, 'late')))).toBe('token-expired');
  now = start;
  expect(codeOf(await enrolPeer(context, requestOf(revoked.token, 'x')))).toBe('token-revoked');
  const turned = good.token.replace(/.$/, (last) => (last === '0' ? '1' : '0'));
  expect(codeOf(await enrolPeer(context, requestOf(turned, 'x')))).toBe('token-unknown');
  const forged = { ...requestOf(good.token, 'x'), identityKey: requestOf(good.token, 'y').identityKey };
  expect(codeOf(await enrolPeer(context, forged))).toBe('proof-wrong');
  const otherKey = { ...requestOf(good.token, 'x'), wireguardKey: requestOf(good.token, 'y').wireguardKey };
  expect(codeOf(await enrolPeer(context, otherKey))).toBe('proof-wrong');
  const stored = await fresh.database.joinToken.findUniqueOrThrow({ where: { id: good.id } });
  expect([stored.usesLeft, JSON.stringify(stored).includes(good.token)]).toEqual([1, false]);
});

test('a node that is in one cluster cannot slip into another', async () => {
  const here = await mint();
  expect(codeOf(await enrolPeer(context, requestOf(here.token, 'mover')))).toBe('ok');
  const other = { clusterId: mesh.clusterIds[1] as string, uses: 1, expiresInSeconds: 600 };
  const there = await mintJoinToken(context, other);
  expect(codeOf(await enrolPeer(context, requestOf(there.token, 'mover')))).toBe('invalid');
});

test('a WireGuard key that a peer has is nobody else’s', async () => {
  const { token } = await mint(2);
  const owner = requestOf(token, 'owner');
  expect(codeOf(await enrolPeer(context, owner))).toBe('ok');
  const thief = openPrivateKey(createHash('sha256').update('identity of thief').digest('base64'));
  const taken = requestOf(token, 'thief', {
    wireguardKey: owner.wireguardKey,
    proof: signText('enrol', enrolText(token, owner.wireguardKey), thief),
  });
  expect(await enrolPeer(context, taken)).toMatchObject({ refusal: { code: 'invalid' } });
});

test('another organization neither mints for, lists nor revokes our tokens', async () => {
  const stranger = contextOf(await makeOrganization(fresh.database));
  const { id } = await mint();
  await expect(mintJoinToken(stranger, { clusterId, uses: 1, expiresInSeconds: 600 })).rejects.toMatchObject({
    code: 'not-found',
  });
  await expect(listJoinTokens(stranger, { clusterId })).rejects.toMatchObject({ code: 'not-found' });
  await expect(revokeJoinToken(stranger, { id })).rejects.toMatchObject({ code: 'not-found' });
  expect((await fresh.database.joinToken.findUniqueOrThrow({ where: { id } })).revokedAt).toBeNull();
});

test('who left may join again as somebody new', async () => {
  const { token } = await mint(2);
  const first = await enrolPeer(context, requestOf(token, 'returner'));
  if (!first.ok) throw new Error(first.refusal.message);
  expect([
    await leavePeer(context, first.answer.peerId),
    await leavePeer(context, first.answer.peerId),
  ]).toEqual([true, false]);
  const second = await enrolPeer(context, requestOf(token, 'returner'));
  expect(second.ok && second.answer.peerId !== first.answer.peerId && second.answer.name).toBe('returner');
});

test('a node that speaks no IPv6 says so once, and its IPv6 addresses are kept', async () => {
  const [one] = mesh.peers.filter((peer) => peer.clusterId === clusterId);
  const address = '10.5.0.9';
  const endpoints = [
    { kind: 'private' as const, address, port: 51820 },
    { kind: 'global' as const, address: '2001:db8::9', port: 51820 },
  ];
  const tell = (ipv6?: boolean) =>
    recordReports(context, mesh.networkId, [
      {
        peerId: one?.id as string,
        observedAddress: null,
        report: {
          type: 'report',
          facts: {
            ...requestOf('', 'x').facts,
            privateAddress: address,
            ...(ipv6 === undefined ? {} : { ipv6 }),
          },
          endpoints,
          appliedNumber: 3,
          problem: null,
          links: [],
        },
      },
    ]);
  const shown = async () => {
    const peers = [...((await loadSnapshot(context.database, mesh.networkId))?.parts.values() ?? [])].flatMap(
      (part) => part.peers,
    );
    const peer = peers.find(({ id }) => id === one?.id);
    return [peer?.ipv4Only ?? false, peer?.endpoints.filter(({ kind }) => kind === 'global')];
  };
  await tell();
  const number = await revisionOf();
  await tell(true);
  expect(await revisionOf()).toBe(number);
  expect(await shown()).toEqual([false, endpoints.slice(1)]);
  await tell(false);
  await tell(false);
  expect(await revisionOf()).toBe(number + 1);
  expect(await shown()).toEqual([true, endpoints.slice(1)]);
  await tell(true);
  expect(await revisionOf()).toBe(number + 2);
  expect(await shown()).toEqual([false, endpoints.slice(1)]);
});

test('reports publish one revision for all that moved, and none when nothing did', async () => {
  const [one, two] = mesh.peers.filter((peer) => peer.clusterId === clusterId);
  const reportOf = (address: string) => ({
    type: 'report' as const,
    facts: { ...requestOf('', 'x').facts, privateAddress: address },
    endpoints: [{ kind: 'private' as const, address, port: 51820 }],
    appliedNumber: 3,
    problem: null,
    links: [],
  });
  const batch = [
    { peerId: one?.id as string, report: reportOf('10.5.0.1'), observedAddress: '198.51.100.1' },
    { peerId: two?.id as string, report: reportOf('10.5.0.2'), observedAddress: '198.51.100.1' },
    // Of another network: nobody may report for it here.
    { peerId: 'peer_00000000000000000000', report: reportOf('10.5.0.3'), observedAddress: null },
  ];
  const number = await revisionOf();
  await recordReports(context, mesh.networkId, batch);
  await recordReports(context, mesh.networkId, batch);
  expect(await revisionOf()).toBe(number + 1);
  const rows = await fresh.database.peer.findMany({
    where: { id: { in: batch.map(({ peerId }) => peerId) } },
    orderBy: { name: 'asc' },
  });
  expect(rows.map((row) => [row.role, row.appliedNumber, row.endpoints])).toEqual([
    // The gateway's public address is known from its cloud; the member's only from where it calls.
    ['gateway', 3, [{ kind: 'private', address: '10.5.0.1', port: 51820 }]],
    [
      'member',
      3,
      [
        { kind: 'private', address: '10.5.0.2', port: 51820 },
        { kind: 'observed', address: '198.51.100.1', port: 51820 },
      ],
    ],
  ]);
});
