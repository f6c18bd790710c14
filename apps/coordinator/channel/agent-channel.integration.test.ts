import { randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { CLOSE, type FromAgent } from '@skein/contract/agent/channel.ts';
import { MapDelta, NetworkMap } from '@skein/contract/agent/map.ts';
import { openMapKey } from '@skein/control/map/key.ts';
import { publishRevision } from '@skein/control/map/publish.ts';
import { createSealer } from '@skein/control/secret/sealer.ts';
import { makeMesh } from '@skein/control/testing/mesh-rows.ts';
import { type FreshDatabase, freshDatabase, makeOrganization } from '@skein/database/testing/fresh.ts';
import type {} from '@skein/database/testing/provided.ts';
import { buildMap } from '@skein/mesh/map/build.ts';
import { applyDelta } from '@skein/mesh/map/delta.ts';
import { digestOf } from '@skein/mesh/map/digest.ts';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { WebSocket } from 'ws';
import { Room } from '../network/room.ts';
import { AgentChannel } from './agent-channel.ts';

let fresh: FreshDatabase;
beforeAll(async () => {
  fresh = await freshDatabase(inject('databaseUrl'));
});
afterAll(() => fresh.drop());

/** A socket to an agent so slow that a frame leaves only when the test lets it. */
class SlowSocket extends EventEmitter {
  readonly OPEN = 1;
  readyState = 1;
  readonly frames: string[] = [];
  closedWith: number | undefined;
  readonly #held: (() => void)[] = [];
  send(text: string, sent: () => void): void {
    this.frames.push(text);
    this.#held.push(sent);
  }
  letThrough(): void {
    for (const sent of this.#held.splice(0)) sent();
  }
  close(code: number): void {
    this.closedWith = code;
  }
}

const REPORT: FromAgent = {
  type: 'report',
  facts: {
    hostname: 'a.example',
    os: 'Debian 12',
    kernel: '6.18',
    architecture: 'x64',
    agentVersion: '0.1.0',
    wireguard: 'kernel',
    privateAddress: '10.64.0.7',
  },
  endpoints: [],
  appliedNumber: null,
  problem: null,
  links: [],
};

async function slowChannel() {
  const sealer = createSealer(randomBytes(32), (bytes) => crypto.getRandomValues(bytes));
  const organizationId = await makeOrganization(fresh.database);
  const mesh = await makeMesh(fresh.database, sealer, organizationId, { clusters: 1, peersPerCluster: 3 });
  const key = await openMapKey(fresh.database, sealer, mesh.networkId);
  const room = key && (await Room.open(fresh.database, key, mesh.networkId));
  const [mover, self] = [mesh.peers[1], mesh.peers[2]];
  if (!room || !self || !mover) throw new Error('the mesh is not there');
  const socket = new SlowSocket();
  const who = { peerId: self.id, clusterId: self.clusterId, remoteAddress: null, nonce: 'n' };
  const reported: (number | null)[] = [];
  const channel = new AgentChannel(socket as unknown as WebSocket, room, who, {
    report: (_, { appliedNumber }) => reported.push(appliedNumber),
    leave: () => {},
    keys: () => {},
    path: () => {},
    exports: () => {},
    follow: () => {},
    health: () => {},
    kubernetes: () => {},
    closed: () => {},
  });
  room.join(channel);
  const move = async (privateAddress: string) => {
    await fresh.database.$transaction(async (tx) => {
      await tx.peer.update({ where: { id: mover.id }, data: { privateAddress } });
      await publishRevision(tx, organizationId, mesh.networkId, [{ peer: mover.id }], 'test');
    });
    await room.catchUp();
  };
  const payload = (index: number) => JSON.parse(JSON.parse(socket.frames[index] ?? '').signed.payload);
  const report = (appliedNumber: number | null) =>
    channel.take(Buffer.from(JSON.stringify({ ...REPORT, appliedNumber })), false);
  return { socket, channel, room, self, move, payload, report, reported };
}

test('a slow agent has one frame on its way, and one delta for all that changed meanwhile', async () => {
  const { socket, channel, room, self, move, payload } = await slowChannel();
  channel.start(null);
  for (const last of [1, 2, 3]) await move(`10.99.0.${last}`);
  expect(socket.frames).toHaveLength(1);
  socket.letThrough();
  expect(socket.frames).toHaveLength(2);
  const [map, delta] = [NetworkMap.parse(payload(0)), MapDelta.parse(payload(1))];
  expect([map.number, delta.base, delta.number]).toEqual([0, 0, 3]);
  const truth = buildMap(room.snapshot, self.clusterId, self.id);
  expect(applyDelta(map, delta)).toEqual({ ok: true, map: truth });
});

test('what changed and changed back meanwhile is not sent at all', async () => {
  const { socket, channel, move, payload } = await slowChannel();
  await move('10.99.0.1');
  channel.start(null);
  await move('10.99.0.2');
  await move('10.99.0.1');
  socket.letThrough();
  expect(socket.frames).toHaveLength(1);
  // The numbers still fit: the next delta starts from what the agent holds.
  await move('10.99.0.3');
  expect([payload(0).number, payload(1).base, payload(1).number]).toEqual([1, 1, 4]);
});

test('an agent whose map was changed and changed back while it was away has applied the newest revision', async () => {
  const { socket, channel, room, self, move, report, reported } = await slowChannel();
  await move('10.99.0.1');
  const held = buildMap(room.snapshot, self.clusterId, self.id);
  if (!held) throw new Error('no map');
  await move('10.99.0.2');
  await move('10.99.0.1');
  channel.start({ number: 1, digest: digestOf(held) });
  expect(socket.frames).toEqual([]);
  report(null);
  report(1);
  // The same while it is connected: changed and changed back before it could be told.
  await move('10.99.0.3');
  report(1);
  await move('10.99.0.1');
  report(1);
  socket.letThrough();
  report(4);
  expect(socket.frames).toHaveLength(2);
  socket.letThrough();
  report(4);
  report(5);
  expect(reported).toEqual([null, 3, 1, 1, 4, 4, 5]);
});

test('an agent that asks for whole maps without end is cut off', async () => {
  const { socket, channel } = await slowChannel();
  channel.start(null);
  for (let asked = 0; asked < 30 && socket.closedWith === undefined; asked += 1) {
    socket.letThrough();
    socket.emit('message', Buffer.from('{"type":"resync","reason":"test"}'), false);
  }
  expect([socket.closedWith, socket.frames.length]).toEqual([CLOSE.badFrame, 21]);
});

test('an agent that never stops talking is cut off, whatever it says', async () => {
  const { socket, channel } = await slowChannel();
  channel.start(null);
  const facts = {
    hostname: 'a',
    os: 'Debian 12',
    kernel: '6.18',
    architecture: 'x64',
    agentVersion: '0.1.0',
    wireguard: 'kernel',
    privateAddress: null,
  };
  const report = { type: 'report', facts, endpoints: [], appliedNumber: 0, problem: null, links: [] };
  const long = Buffer.from(JSON.stringify(report).padEnd(3 * 1024 * 1024));
  let said = 0;
  while (said < 20 && socket.closedWith === undefined) {
    socket.emit('message', long, false);
    said += 1;
  }
  // Five fit the burst; a machine that takes seconds over it earns some more meanwhile.
  expect([socket.closedWith, said > 5 && said < 20]).toEqual([CLOSE.badFrame, true]);
});
