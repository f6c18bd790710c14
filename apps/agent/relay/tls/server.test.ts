/** Whom the relay's TLS side lets through, and what it does with all others; over sockets on loopback. */
import { generateKeyPairSync } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { request } from 'node:https';
import { createServer, type Server } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import type { MapAllocation, NetworkMap, RelayedEnd } from '@skein/contract/agent/map.ts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { until } from '../../fixture/field.ts';
import { gatewayMap } from '../../fixture/map.ts';
import { newSeed, wireguardPublicKey } from '../../state/keys.ts';
import { certify, isPinned, pinOf } from './certificate.ts';
import { connectToRelay, type RelayConnection } from './connection.ts';
import type { Packet } from './frame.ts';
import { QUEUE_BYTES } from './pipe.ts';
import { newRelayServer, type RelayServer } from './server.ts';
import { boundTo, relayKey, sayWho } from './token.ts';

const DATA = Buffer.from('04000000ccdd', 'hex');
const OWN = newSeed('x25519');
const PEERS = { a: newSeed('x25519'), b: newSeed('x25519'), c: newSeed('x25519'), x: newSeed('x25519') };
const { privateKey: certificateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const CHANNEL = { ab: 29_900, cb: 29_910, ac: 29_920 };

interface Visitor {
  connection: RelayConnection;
  heard: Packet[];
  ended: string[];
}

let server: RelayServer;
let port = 0;
let now = 0;
let visitors: Visitor[] = [];
let b: { socket: Socket; heard: string[] };

const byTls = (name: 'a' | 'b' | 'c'): RelayedEnd => ({
  by: 'tls',
  peerId: `peer_${name}`,
  keys: [wireguardPublicKey(PEERS[name])],
});
const allocation = (
  id: string,
  first: number,
  ends: [RelayedEnd, RelayedEnd],
  change: Partial<MapAllocation> = {},
) => ({
  id,
  port: first,
  addresses: ends.map(({ by }) => (by === 'udp' ? ['127.0.0.1'] : [])) as [string[], string[]],
  kilobytesPerSecond: 100_000,
  until: new Date(now + 60_000).toISOString(),
  tls: { port, ends },
  ...change,
});
const mapWith = (allocations: MapAllocation[]): NetworkMap => ({ ...gatewayMap, allocations });
const THREE = () => [
  allocation('a b', CHANNEL.ab, [byTls('a'), { by: 'udp' }]),
  allocation('c b', CHANNEL.cb, [byTls('c'), { by: 'udp' }]),
  allocation('a c', CHANNEL.ac, [byTls('a'), byTls('c')]),
];

/** Somebody comes with this key as this peer. */
async function visit(peerId: string, secret: string, pin = pinOf(certificateKey)): Promise<Visitor> {
  const visitor: Visitor = { heard: [], ended: [], connection: undefined as never };
  visitor.connection = connectToRelay({
    door: { address: '127.0.0.1', port, pin },
    peerId,
    key: relayKey(secret, wireguardPublicKey(OWN)),
    onOpen: () => undefined,
    onPackets: (packets) => visitor.heard.push(...packets),
    onEnd: (words) => visitor.ended.push(words),
  });
  visitors.push(visitor);
  await until('an answer', 10, () => visitor.connection.pipe() !== undefined || visitor.ended.length > 0);
  return visitor;
}
const open = (visitor: Visitor) => visitor.connection.pipe() !== undefined;
const quiet = () => new Promise((done) => setTimeout(done, 200));

async function freePort(): Promise<number> {
  const probe: Server = createServer();
  await new Promise<void>((done) => probe.listen(0, '127.0.0.1', done));
  const address = probe.address();
  await new Promise((done) => probe.close(done));
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

beforeEach(async () => {
  now = Date.now();
  port = await freePort();
  visitors = [];
  server = newRelayServer(
    async () => certificateKey,
    () => performance.now(),
    () => now,
  );
  await server.apply(mapWith(THREE()), OWN);
  const socket = createSocket('udp4');
  const heard: string[] = [];
  socket.on('message', (bytes, from) => heard.push(`${from.port} ${bytes.toString('hex')}`));
  await new Promise<void>((done) => socket.bind(0, '127.0.0.1', done));
  b = { socket, heard };
});
afterEach(async () => {
  for (const { connection } of visitors) connection.close();
  b.socket.close();
  await server.close();
});

/** b has been heard on this pair's port, so that the relay knows where it is. */
async function hello(channel: number): Promise<void> {
  b.socket.send(DATA, channel, '127.0.0.1');
  await quiet();
}

test('packets pass between TLS and UDP, and between two over TLS, each end by its own channel', async () => {
  const [a, c] = [await visit('peer_a', PEERS.a), await visit('peer_c', PEERS.c)];
  b.socket.send(DATA, CHANNEL.ab + 1, '127.0.0.1');
  await until('a to hear b', 5, () => a.heard.length > 0);
  expect(a.heard).toEqual([{ channel: CHANNEL.ab, bytes: DATA }]);
  a.connection.pipe()?.send({ channel: CHANNEL.ab, bytes: DATA });
  await until('b to hear a', 5, () => b.heard.length > 0);
  expect(b.heard).toEqual([`${CHANNEL.ab + 1} ${DATA.toString('hex')}`]);
  a.connection.pipe()?.send({ channel: CHANNEL.ac, bytes: DATA });
  await until('c to hear a', 5, () => c.heard.length > 0);
  expect(c.heard).toEqual([{ channel: CHANNEL.ac + 1, bytes: DATA }]);
});

test('strangers, wrong keys and unknown peers meet a web server that has no such page', async () => {
  for (const stranger of [
    await visit('peer_a', PEERS.x),
    await visit('peer_x', PEERS.x),
    // Of the network, but nobody who is relayed over TLS here.
    await visit('peer_b', PEERS.b),
  ]) {
    expect(open(stranger)).toBe(false);
    expect(stranger.ended.join()).toContain('404');
  }
  const status = await new Promise<number | undefined>((done, failed) =>
    request({ host: '127.0.0.1', port, path: '/', rejectUnauthorized: false }, (response) => {
      response.resume();
      done(response.statusCode);
    })
      .on('error', failed)
      .end(),
  );
  expect(status).toBe(404);
  expect(open(await visit('peer_a', PEERS.a))).toBe(true);
});

test('a token that was seen is worth nothing in another connection', async () => {
  const dial = (): Promise<TLSSocket> =>
    new Promise((done, failed) => {
      const socket: TLSSocket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () =>
        done(socket),
      );
      socket.on('error', failed);
    });
  const say = async (socket: TLSSocket, token: string): Promise<string> => {
    const answer = new Promise<string>((done) => socket.once('data', (data) => done(String(data))));
    socket.write(
      `GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n` +
        `Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nAuthorization: ${token}\r\n\r\n`,
    );
    return (await answer).split('\r\n')[0] ?? '';
  };
  const key = relayKey(PEERS.a, wireguardPublicKey(OWN));
  const [first, second, third] = [await dial(), await dial(), await dial()];
  expect(isPinned(first.getPeerX509Certificate(), pinOf(certificateKey))).toBe(true);
  const token = sayWho('peer_a', key, boundTo(first));
  expect(await say(second, token)).toContain('404');
  expect(await say(third, sayWho('peer_c', key, boundTo(third)))).toContain('404');
  expect(await say(first, token)).toContain('101');
  for (const socket of [first, second, third]) socket.destroy();
});

test('a peer does not talk to another than the relay that its map names', async () => {
  const { privateKey: other } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const deceived = await visit('peer_a', PEERS.a, pinOf(other));
  expect(open(deceived)).toBe(false);
  expect(deceived.ended.join()).toContain('another than the relay');
});

test('nobody speaks on another pair’s port or for another end, and UDP comes from a pair’s addresses alone', async () => {
  const [a, c] = [await visit('peer_a', PEERS.a), await visit('peer_c', PEERS.c)];
  await hello(CHANNEL.ab + 1);
  await hello(CHANNEL.cb + 1);
  for (const visitor of [a, c]) visitor.heard.splice(0);
  for (const channel of [CHANNEL.cb, CHANNEL.cb + 1, CHANNEL.ab + 1, CHANNEL.ac + 1, 51_820, 0])
    a.connection.pipe()?.send({ channel, bytes: DATA });
  // What does not look like WireGuard's goes nowhere either, whoever sends it.
  a.connection.pipe()?.send({ channel: CHANNEL.ab, bytes: Buffer.from('GET / HTTP/1.1') });
  b.socket.send('GET / HTTP/1.1', CHANNEL.ab + 1, '127.0.0.1');
  const stranger = createSocket('udp4');
  await new Promise<void>((done) => stranger.bind(0, '127.0.0.2', done));
  for (const channel of [CHANNEL.ab, CHANNEL.ab + 1, CHANNEL.cb + 1])
    stranger.send(DATA, channel, '127.0.0.1');
  await quiet();
  stranger.close();
  expect(b.heard).toEqual([]);
  expect(a.heard).toEqual([]);
  expect(c.heard).toEqual([]);
  // And it was not for being closed.
  a.connection.pipe()?.send({ channel: CHANNEL.ab, bytes: DATA });
  await until('b to hear a', 5, () => b.heard.length > 0);
});

test('rate and end of an allocation hold, a renewal keeps who was heard, and who is relayed no more is sent away', async () => {
  const a = await visit('peer_a', PEERS.a);
  const bound = (change: Partial<MapAllocation>) =>
    server.apply(mapWith([allocation('a b', CHANNEL.ab, [byTls('a'), { by: 'udp' }], change)]), OWN);
  await bound({ kilobytesPerSecond: 20 });
  await hello(CHANNEL.ab + 1);
  const big = Buffer.concat([DATA, Buffer.alloc(1000)]);
  for (let count = 0; count < 400; count += 1) a.connection.pipe()?.send({ channel: CHANNEL.ab, bytes: big });
  await quiet();
  expect(b.heard.length).toBeGreaterThan(30);
  expect(b.heard.length).toBeLessThan(110);

  await bound({});
  await hello(CHANNEL.ab + 1);
  await bound({ until: new Date(now + 120_000).toISOString() });
  b.heard.splice(0);
  a.connection.pipe()?.send({ channel: CHANNEL.ab, bytes: DATA });
  await until('b to hear a', 5, () => b.heard.length > 0);
  await bound({ until: new Date(now).toISOString() });
  b.heard.splice(0);
  a.connection.pipe()?.send({ channel: CHANNEL.ab, bytes: DATA });
  await quiet();
  expect(b.heard).toEqual([]);

  await server.apply(mapWith([allocation('c b', CHANNEL.cb, [byTls('c'), { by: 'udp' }])]), OWN);
  await until('a to be sent away', 5, () => a.ended.length > 0);
  expect(a.ended).toEqual(['closed (4410)']);
  await server.apply(mapWith([]), OWN);
  expect((await visit('peer_c', PEERS.c)).ended.join()).toContain('ECONNREFUSED');
});

test('memory stays flat when the other end does not read, on the relay and on the peer', async () => {
  // A peer that shows its key and then reads nothing more.
  const deaf: TLSSocket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false });
  await new Promise<void>((done) => deaf.once('secureConnect', () => done()));
  const token = sayWho('peer_c', relayKey(PEERS.c, wireguardPublicKey(OWN)), boundTo(deaf));
  deaf.write(
    `GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n` +
      `Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nAuthorization: ${token}\r\n\r\n`,
  );
  await new Promise<void>((done) => deaf.once('data', () => done()));
  deaf.pause();
  const a = await visit('peer_a', PEERS.a);
  const big = Buffer.concat([DATA, Buffer.alloc(1300)]);
  let most = 0;
  for (let turn = 0; turn < 300; turn += 1) {
    for (let count = 0; count < 100; count += 1)
      a.connection.pipe()?.send({ channel: CHANNEL.ac, bytes: big });
    await new Promise((done) => setTimeout(done, 2));
    most = Math.max(most, server.waitingBytes());
  }
  // 39 MB were sent. What waits is the queue and what TLS was handed.
  expect(most).toBeGreaterThan(QUEUE_BYTES * 0.9);
  expect(most).toBeLessThan(QUEUE_BYTES + 512 * 1024);
  expect(a.connection.pipe()?.waiting().bytes).toBeLessThan(QUEUE_BYTES + 512 * 1024);
  deaf.destroy();

  // And on the peer, when it is the relay that does not read.
  let sent = 0;
  for (let count = 0; count < 20_000; count += 1) {
    a.connection.pipe()?.send({ channel: CHANNEL.ac, bytes: big });
    sent += big.length;
  }
  expect(sent).toBeGreaterThan(10 * QUEUE_BYTES);
  expect(a.connection.pipe()?.waiting().bytes).toBeLessThan(QUEUE_BYTES + 512 * 1024);
  expect(a.connection.pipe()?.waiting().lost).toBeGreaterThan(10_000);
});

test('a certificate is one that TLS takes, of the key that the pin is of', () => {
  const { certificate, pin } = certify(certificateKey);
  expect(certificate).toMatch(/^-----BEGIN CERTIFICATE-----\n/);
  expect(pin).toBe(pinOf(certificateKey));
  expect(Buffer.from(pin, 'base64')).toHaveLength(32);
});
