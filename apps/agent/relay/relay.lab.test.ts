/** The relay's kernel side with real packets: two peers, one behind a NAT that gives out ports at random, and strangers. */
import { fileURLToPath } from 'node:url';
import type { MapAllocation } from '@skein/contract/agent/map.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { must, NODE, type Place, until } from '../fixture/field.ts';
import { type Internet, openInternet } from '../fixture/internet.ts';
import type { Run } from '../host/command.ts';
import { newRelay, type Relay } from './apply.ts';

const RELAY = '198.51.100.1';
const PORT = 20_100;
const HELLO = '01000000aabb';
const DATA = '04000000ccdd';
const datagrams = fileURLToPath(new URL('../fixture/datagrams.ts', import.meta.url));

interface Talker {
  heard: string[];
  send(port: number, hex: string, address?: string): void;
}

let internet: Internet;
let place: Place;
let relay: Relay;
let [a, b, stranger]: Talker[] = [];

const allocation = (change: Partial<MapAllocation> = {}): MapAllocation => ({
  id: 'a b r',
  port: PORT,
  addresses: [['198.51.100.11'], ['198.51.100.12']],
  kilobytesPerSecond: 1000,
  until: new Date(Date.now() + 3600_000).toISOString(),
  ...change,
});

async function talker(where: Place, port: number): Promise<Talker> {
  const heard: string[] = [];
  const child = where.start([NODE, datagrams, String(port)], (line) => heard.push(line));
  await until('a socket', 10, () => heard.shift() === 'bound');
  return { heard, send: (to, hex, address = RELAY) => child.stdin?.write(`${address} ${to} ${hex}\n`) };
}

const quiet = () => new Promise((done) => setTimeout(done, 300));

beforeAll(async () => {
  internet = await openInternet();
  place = await internet.host('r', RELAY);
  const run: Run = async (file, args, input) => {
    const ran = await place.sh(
      `${[file, ...args].join(' ')}${input === undefined ? '' : ` <<'END'\n${input}\nEND`}`,
    );
    return ran.code === 0 ? { ok: true, output: ran.output } : { ok: false, message: ran.output };
  };
  relay = newRelay(run, Date.now);
  const far = await internet.behind('b', { address: '198.51.100.12', kind: 'dependent', net: 7 });
  a = await talker(await internet.host('a', '198.51.100.11'), 51820);
  b = await talker(far.host, 51820);
  stranger = await talker(await internet.host('s', '198.51.100.66'), 51820);
});
afterAll(async () => {
  await internet?.close();
});

test('what one peer sends reaches the other as from the relay, both ways, through a NAT', async () => {
  await relay.apply([allocation()]);
  b?.send(PORT + 1, HELLO);
  await quiet();
  a?.send(PORT, DATA);
  await until('b to hear', 5, () => b?.heard.includes(`from ${RELAY} ${PORT + 1} ${DATA}`));
  b?.send(PORT + 1, DATA);
  await until('a to hear', 5, () => a?.heard.includes(`from ${RELAY} ${PORT} ${DATA}`));
  // The node itself forwards nothing: its routing was not asked.
  expect((await must(place, 'cat /proc/sys/net/ipv4/ip_forward')).trim()).toBe('0');
});

test('a peer that comes from another port is followed', async () => {
  const elsewhere = await talker(await internet.host('a2', '198.51.100.13'), 40_001);
  await relay.apply([allocation({ addresses: [['198.51.100.11', '198.51.100.13'], ['198.51.100.12']] })]);
  elsewhere.send(PORT, DATA);
  await quiet();
  b?.send(PORT + 1, DATA);
  await until('the new place to hear', 5, () => elsewhere.heard.length > 0);
  a?.send(PORT, HELLO);
  await relay.apply([allocation()]);
});

test('strangers get nothing through, and peers nothing that does not look like WireGuard', async () => {
  b?.send(PORT + 1, HELLO);
  a?.send(PORT, HELLO);
  await quiet();
  for (const talking of [a, b]) talking?.heard.splice(0);
  for (const hex of [HELLO, DATA, '736b6e31ff'])
    for (const port of [PORT, PORT + 1, PORT + 2]) stranger?.send(port, hex);
  // A peer on the other's port, on a port that nobody was given, and with a protocol of another kind.
  a?.send(PORT + 1, DATA);
  a?.send(PORT + 2, DATA);
  await must(place, `sleep 10.5`);
  a?.send(PORT, '474554202f20');
  await quiet();
  expect(b?.heard).toEqual([]);
  expect(a?.heard).toEqual([]);
  expect(stranger?.heard).toEqual([]);
  // And nobody else can be reached by way of a port: what a stranger learnt is nothing.
  a?.send(PORT, DATA);
  await until('b to hear', 5, () => b?.heard.includes(`from ${RELAY} ${PORT + 1} ${DATA}`));
});

test('a sender beyond its rate is cut down to it', async () => {
  await relay.apply([allocation({ kilobytesPerSecond: 20 })]);
  b?.send(PORT + 1, HELLO);
  await quiet();
  b?.heard.splice(0);
  const big = DATA + '00'.repeat(1000);
  for (let count = 0; count < 400; count += 1) a?.send(PORT, big);
  await quiet();
  await quiet();
  // 400 KB were sent within a moment: the burst of 64 KB and what 0.6 s allow is all that passes.
  expect(b?.heard.length).toBeGreaterThan(30);
  expect(b?.heard.length).toBeLessThan(110);
});

test('another pair more leaves the first as it is, and an allocation ends by itself', async () => {
  await relay.apply([allocation()]);
  b?.send(PORT + 1, HELLO);
  await quiet();
  const second = allocation({
    id: 'a s r',
    port: PORT + 10,
    addresses: [['198.51.100.11'], ['198.51.100.66']],
  });
  await relay.apply([allocation({ until: new Date(Date.now() + 4000).toISOString() }), second]);
  b?.heard.splice(0);
  // b has not spoken since: what was learnt of it was kept.
  a?.send(PORT, DATA);
  await until('b to hear', 5, () => (b?.heard.length ?? 0) > 0);
  stranger?.send(PORT + 11, HELLO);
  await quiet();
  a?.send(PORT + 10, DATA);
  await until('the new pair to talk', 5, () =>
    stranger?.heard.includes(`from ${RELAY} ${PORT + 11} ${DATA}`),
  );
  // Past the end, and past what was learnt before it.
  await must(place, 'sleep 14');
  b?.heard.splice(0);
  b?.send(PORT + 1, HELLO);
  a?.send(PORT, DATA);
  await quiet();
  expect(b?.heard).toEqual([]);
});

test('nothing to relay: nothing is left on the node', async () => {
  await relay.apply([]);
  expect((await must(place, 'nft list tables')).trim()).toBe('');
});
