/** The real agent's own channel code against the real coordinator: enrolment, first map, delta, reconnection, leave. */

import { randomBytes } from 'node:crypto';
import { type Channel, keepChannel } from '@skein/agent/channel/channel.ts';
import { enrol } from '@skein/agent/channel/enrol.ts';
import { receive } from '@skein/agent/channel/receive.ts';
import { type Keys, newSeed, wireguardPublicKey } from '@skein/agent/state/keys.ts';
import type { Facts } from '@skein/contract/agent/channel.ts';
import type { NetworkMap } from '@skein/contract/agent/map.ts';
import type { Context } from '@skein/control/context.ts';
import { mintJoinToken } from '@skein/control/join-token/mint.ts';
import { publishRevision } from '@skein/control/map/publish.ts';
import { createSealer } from '@skein/control/secret/sealer.ts';
import { makeMesh } from '@skein/control/testing/mesh-rows.ts';
import { type Coordinator, startCoordinator } from '@skein/coordinator/coordinator.ts';
import { type FreshDatabase, freshDatabase, makeOrganization } from '@skein/database/testing/fresh.ts';
import { digestOf } from '@skein/mesh/map/digest.ts';
import { openPrivateKey, openPublicKey, publicKeyOf } from '@skein/mesh/map/sign.ts';
import { simplePolicy } from '@skein/mesh/policy/simple.ts';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';

const masterKey = randomBytes(32);
const random = (bytes: Uint8Array<ArrayBuffer>) => crypto.getRandomValues(bytes);
const sealer = createSealer(masterKey, random);
let fresh: FreshDatabase;
let coordinator: Coordinator;

const start = (port: number) =>
  startCoordinator({
    databaseUrl: fresh.url,
    masterKey,
    coordinatorUrl: 'http://127.0.0.1',
    agentDistribution: '/nonexistent',
    agentImage: null,
    host: '127.0.0.1',
    port,
    tls: null,
  });

beforeAll(async () => {
  fresh = await freshDatabase(inject('databaseUrl'));
  coordinator = await start(0);
});
afterAll(async () => {
  await coordinator.close();
  await fresh.drop();
});

const facts: Facts = {
  hostname: 'node.example',
  os: 'Debian 12',
  kernel: '6.18',
  architecture: 'x64',
  agentVersion: '0.1.0',
  wireguard: 'kernel',
  privateAddress: '10.0.0.5',
};

function newKeys(): Keys {
  const [seed, wireguardPrivateKey] = [newSeed('ed25519'), newSeed('x25519')];
  const identity = openPrivateKey(seed);
  const wireguardKey = wireguardPublicKey(wireguardPrivateKey);
  return { identity, identityKey: publicKeyOf(identity), wireguardPrivateKey, wireguardKey };
}

test('an agent enrols, gets its map and deltas, comes back after a restart of the coordinator, and leaves', async () => {
  const organizationId = await makeOrganization(fresh.database);
  const mesh = await makeMesh(fresh.database, sealer, organizationId, { clusters: 2, peersPerCluster: 1 });
  const context: Context = {
    database: fresh.database,
    actor: { kind: 'user', id: 'usr_1', organizationId },
    now: () => new Date(),
    random,
    sealer,
    platform: { publicUrl: null, aws: null },
    coordinatorUrl: `http://127.0.0.1:${coordinator.port}`,
    wake: async () => {},
  };
  const clusterId = mesh.clusterIds[0] as string;
  const { token } = await mintJoinToken(context, { clusterId, uses: 1, expiresInSeconds: 600 });
  const keys = newKeys();
  const enrolled = await enrol(context.coordinatorUrl, token, keys, facts, undefined);
  if (enrolled.kind !== 'enrolled') throw new Error(enrolled.message);
  const { answer } = enrolled;

  let held: NetworkMap | undefined;
  let removed = '';
  let connections = 0;
  let look = () => {};
  const until = (what: string, holds: () => boolean) =>
    new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`waited in vain for ${what}`)), 20_000);
      look = () => {
        if (!holds()) return;
        clearTimeout(late);
        resolve();
      };
      look();
    });
  const kinds: string[] = [];
  const own = { ...answer, mapKey: openPublicKey(answer.mapKey) };
  const channel: Channel = keepChannel({
    coordinatorUrl: context.coordinatorUrl,
    own,
    identity: keys.identity,
    log: () => {},
    random: () => 0,
    have: () => (held ? { number: held.number, digest: digestOf(held) } : null),
    onPathTest: () => {},
    onServices: () => {},
    onExportsUnknown: () => {},
    onKubernetes: () => {},
    onReady: () => {
      connections += 1;
      look();
    },
    onMap: (signed) => {
      const received = receive(signed, held, own);
      kinds.push(`${signed.kind} ${received.kind}`);
      if (received.kind === 'map') held = received.map;
      look();
    },
    onRemoved: (reason) => {
      removed = reason;
      look();
    },
  });
  try {
    await until('the first map', () => held !== undefined);
    expect(held?.peers.map((peer) => peer.role)).toEqual(['gateway']);

    const openPort = (port: number) =>
      fresh.database.$transaction(async (tx) => {
        const policy = simplePolicy([{ protocol: 'tcp', port }]);
        await tx.network.update({ where: { id: mesh.networkId }, data: { policy } });
        await publishRevision(tx, organizationId, mesh.networkId, [{ network: true }], 'test');
      });
    await openPort(80);
    await until('the first port', () => held?.self.rules[1]?.ports[0]?.[0] === 80);

    const { port } = coordinator;
    await coordinator.close();
    await openPort(443);
    coordinator = await start(port);
    await until('the second port', () => held?.self.rules[1]?.ports[0]?.[0] === 443);
    // The new process never saw the older state, so it sends the whole.
    expect([connections, kinds]).toEqual([2, ['map map', 'delta map', 'map map']]);

    channel.send({ type: 'leave' });
    await until('the end', () => removed !== '');
    const row = await fresh.database.peer.findUniqueOrThrow({ where: { id: answer.peerId } });
    expect(row.removedAt).not.toBeNull();
  } finally {
    channel.close();
  }
});
