/**
 * Keys of real agents: what pairs agree on between themselves, a key replaced under traffic, removals that nobody
 * signed, and the time without a control plane.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../fixture/field.ts';
import { type InstalledNetwork, openInstalled, overlayOf } from '../fixture/installed.ts';

let network: InstalledNetwork;
beforeAll(async () => {
  network = await openInstalled();
});
afterAll(() => network?.close());

const sh = (name: string, line: string) => network.sh(name, line);
/** Pre-shared keys by the peer's public key, as the device holds them. */
async function sharedOf(name: string): Promise<Map<string, string>> {
  const lines = (await sh(name, 'wg show skein0 preshared-keys')).trim().split('\n');
  return new Map(lines.map((line) => line.split('\t') as [string, string]));
}
const publicKey = async (name: string) => (await sh(name, 'wg show skein0 public-key')).trim();
const between = async (one: string, other: string) => {
  const [mine, theirs] = [await sharedOf(one), await sharedOf(other)];
  return [mine.get(await publicKey(other)), theirs.get(await publicKey(one))];
};
const pings = async (from: string, to: string) => {
  const line = `ping -c 1 -W 2 ${overlayOf(network.node(to))}`;
  return (await network.node(from).place.sh(line)).code === 0;
};
const PAIRS = [
  ['a1', 'a2'],
  ['a1', 'b1'],
  ['b1', 'b2'],
] as const;

test('each pair comes to a key of its own, which its next handshakes use', async () => {
  const keys = new Set<string>();
  for (const [one, other] of PAIRS) {
    await until(`${one} and ${other} to agree`, 60, async () => {
      const [mine, theirs] = await between(one, other);
      return mine !== undefined && mine !== '(none)' && mine === theirs;
    });
    keys.add((await between(one, other))[0] ?? '');
  }
  expect(keys.size).toBe(PAIRS.length);
  // A new device shakes hands anew: with the key kept, and against the one the other end holds.
  const before = await between('a1', 'b1');
  await sh('a1', 'kill -9 $(pgrep -x wireguard-go)');
  await until('packets to flow again', 60, () => pings('a1', 'b1'));
  expect((await between('a1', 'b1'))[0]).toBe((await between('a1', 'b1'))[1]);
  expect((await between('a1', 'b1'))[0]).not.toBe('(none)');
  expect(before[0]).toBe(before[1]);
});

test('a key is replaced under traffic, with no packet lost', async () => {
  const old = await publicKey('a1');
  const flows = [
    sh('a2', `ping -i 0.01 -c 2500 -q ${overlayOf(network.node('b2'))}`),
    sh('b1', `ping -i 0.01 -c 2500 -q ${overlayOf(network.node('a1'))}`),
    sh('a1', `ping -i 0.01 -c 2500 -q ${overlayOf(network.node('a2'))}`),
  ];
  await sleep(2000);
  network.order({ order: 'rotate', peerId: 'peer_a1' });
  await until('the new key', 20, async () => (await publicKey('a1')) !== old);
  for (const said of await Promise.all(flows)) {
    // A busy machine loses one now and then by itself; a key that one end knew too late would cost seconds.
    const received = Number(/(\d+) received/.exec(said)?.[1]);
    expect(received, said).toBeGreaterThanOrEqual(2490);
  }
  const now = await publicKey('a1');
  for (const name of ['a2', 'b1'])
    await until(`${name} to forget the old key`, 20, async () => {
      const peers = await sh(name, 'wg show skein0 peers');
      return peers.includes(now) && !peers.includes(old);
    });
  // What was agreed between the two outlives the change.
  const [mine, theirs] = await between('a1', 'b1');
  expect(mine).toBe(theirs);
  expect(mine).not.toBe('(none)');
});

test('a removal that the network did not sign for this agent, and now, removes nobody', async () => {
  network.order({ order: 'forge-removal', peerId: 'peer_a2' });
  await sleep(2000);
  expect((await sh('a2', 'ls /var/lib/skein')).includes('enrolment.json')).toBe(true);
  await until('a2 to be connected again', 60, async () => (await network.status('a2')).connected);
  expect(await pings('a2', 'b2')).toBe(true);
});

test('without a control plane nodes start from what they hold, memory stays flat, and both find each other again', async () => {
  const resident = async (name: string) => {
    const text = await sh(name, 'cat /proc/$(cat /run/skein/agent.pid)/status');
    return Number(/VmRSS:\s+(\d+) kB/.exec(text)?.[1]);
  };
  await network.takeCoordinatorAway();
  await until('the channel to be lost', 90, async () => !(await network.status('b1')).connected);
  const before = await resident('b1');
  // As after a reboot of both ends: no process, no device.
  for (const name of ['a1', 'b1'])
    await sh(
      name,
      'pid=$(cat /run/skein/agent.pid) && kill -TERM $pid && while kill -0 $pid 2> /dev/null; do sleep 0.1; done; ip link del skein0',
    );
  for (const name of ['a1', 'b1'])
    await sh(name, 'setsid skein-agent run > /var/log/skein-agent.log 2>&1 < /dev/null &');
  await until('packets without a control plane', 60, () => pings('a2', 'b2'));
  const [mine, theirs] = await between('a1', 'b1');
  expect(mine).toBe(theirs);
  expect(mine).not.toBe('(none)');
  await sleep(20_000);
  expect(await resident('b1')).toBeLessThan(before * 1.1);

  await network.bringCoordinatorBack();
  const returned = Date.now();
  for (const { name } of network.field.nodes)
    await until(`${name} to be connected`, 60, async () => (await network.status(name)).connected);
  expect(Date.now() - returned).toBeLessThan(30_000);
});
