/** A node on which IPv6 is switched off, and one on which that happens while the agent runs. */
import { twinsOf } from '@skein/mesh/ipam/twin.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from './fixture/field.ts';
import { type InstalledNetwork, openInstalled, overlayOf } from './fixture/installed.ts';

const NAMES = ['a1', 'a2', 'b1', 'b2'];
const twins = twinsOf('net_test');
let network: InstalledNetwork;
const fourOf = (name: string) => overlayOf(network.node(name));
const sixOf = (name: string) => twins.of(fourOf(name));
const pings = async (from: string, address: string) =>
  (await network.node(from).place.sh(`ping -c 1 -W 2 ${address}`)).code === 0;
const ask = async (name: string, question: string) =>
  (await network.sh(name, `dig +time=3 +tries=1 +short ${question}.shop.skein.test`)).trim();
const off = (value: 0 | 1) => `echo ${value} > /proc/sys/net/ipv6/conf/all/disable_ipv6`;

beforeAll(async () => {
  network = await openInstalled(undefined, async (field) => {
    await field.nodes.find(({ name }) => name === 'a2')?.place.sh(off(1));
  });
}, 240_000);
afterAll(() => network?.close());

test('it works with IPv4 alone, and says so; the others speak IPv6', async () => {
  for (const from of NAMES)
    for (const to of NAMES) await until(`${from} to reach ${to}`, 20, () => pings(from, fourOf(to)));
  expect(await network.status('a2')).toMatchObject({ overlayAddress6: null, problem: null });
  expect(await network.sh('a2', 'skein-agent status')).toContain('IPv6 none');
  expect(await network.sh('a2', 'skein-agent doctor')).toContain('Nothing is wrong.');
  await until('b2 to reach a1', 20, () => pings('b2', sixOf('a1')));
  await until('a1 to reach b2', 20, () => pings('a1', sixOf('b2')));
  expect(await pings('b2', sixOf('a2'))).toBe(false);
});

test('nobody is told an IPv6 address that leads nowhere', async () => {
  await until('a2 to have none', 20, async () => (await ask('b2', 'AAAA a2.a')) === '');
  expect(await ask('b2', 'A a2.a')).toBe(fourOf('a2'));
  expect(await ask('b2', 'AAAA a1.a')).toBe(sixOf('a1'));
  expect(await ask('a1', 'AAAA a2.a')).toBe('');
  expect(await ask('a2', 'AAAA b2.b')).toBe('');
  expect(await ask('a2', 'A b2.b')).toBe(fourOf('b2'));
});

test('switched on while the agent runs it is there half a minute later', async () => {
  await network.sh('a2', off(0));
  await until('an address', 60, async () => (await network.status('a2')).overlayAddress6 === sixOf('a2'));
  await until('b2 to reach a2', 20, () => pings('b2', sixOf('a2')));
  await until('its name', 60, async () => (await ask('b2', 'AAAA a2.a')) === sixOf('a2'));
});

test('switched off on a gateway the cluster goes on by IPv4, and its names say so', async () => {
  await network.sh('b1', off(1));
  await until('the agent to see it', 60, async () => (await network.status('b1')).overlayAddress6 === null);
  expect(await pings('a2', fourOf('b2'))).toBe(true);
  expect((await network.status('b1')).problem).toBeNull();
  await until('the names', 60, async () => (await ask('a2', 'AAAA b2.b')) === '');
  expect(await ask('a2', 'A b2.b')).toBe(fourOf('b2'));
  await until('the other way', 60, async () => (await ask('b2', 'AAAA a2.a')) === '');
  expect(await ask('b2', 'AAAA a2.a')).toBe('');
  await network.sh('b1', off(0));
  await until('IPv6 again', 60, () => pings('a2', sixOf('b2')));
});
