/** IPv6 in the overlay with real packets, over two gateways a cluster; and a node of each kind that speaks none. */
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Policy } from '@skein/contract/rest/policy.ts';
import { twinsOf } from '@skein/mesh/ipam/twin.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BLOWS } from './fixture/blows.ts';
import { must, NODE, talkFile, until } from './fixture/field.ts';
import { startHeartbeat } from './fixture/heartbeat.ts';
import { type InstalledNetwork, openInstalled, overlayOf } from './fixture/installed.ts';
import { parseCounters } from './host/counters.ts';

const pourFile = fileURLToPath(new URL('./fixture/pour.ts', import.meta.url));
const routerFile = fileURLToPath(new URL('./fixture/router.pl', import.meta.url));
const datagramsFile = fileURLToPath(new URL('./fixture/datagrams.ts', import.meta.url));
const NAMES = ['a1', 'a2', 'a3', 'b1', 'b2', 'b3'];
const MOST_LOST_MILLISECONDS = 3000;
const twins = twinsOf('net_test');
let network: InstalledNetwork;
const sixOf = (name: string) => twins.of(overlayOf(network.node(name)));

const rule = (
  action: 'allow' | 'deny',
  from: string,
  to: string,
  port: number,
  protocol: 'tcp' | 'udp' = 'tcp',
) => ({
  action,
  from: [from],
  to: [to],
  protocol,
  ports: [port],
});
async function settled(): Promise<void> {
  await wait(500);
  for (const name of NAMES)
    await until(`${name} to apply its map`, 20, async () => {
      const { heldNumber, appliedNumber, problem } = await network.status(name);
      return appliedNumber === heldNumber && problem === null;
    });
}
async function set(policy: Partial<Policy> & { rules: ReturnType<typeof rule>[] }): Promise<void> {
  network.order({ order: 'policy', policy: Policy.parse({ default: 'deny', ...policy }) });
  await settled();
}
/** Whether a TCP echo comes back within two seconds. */
async function talks(from: string, to: string, port: number): Promise<boolean> {
  let echoed = false;
  const talk = network.node(from).place.start([NODE, talkFile, 'talk', sixOf(to), String(port)], (line) => {
    echoed ||= line.startsWith('echo');
  });
  await until('an echo', 2, () => echoed).catch(() => undefined);
  talk.stdin?.end();
  return echoed;
}
const pings = async (from: string, to: string, more = '') =>
  (await network.node(from).place.sh(`ping -6 -c 1 -W 2 ${more} ${sixOf(to)}`)).code === 0;
const ask = (name: string, question: string) =>
  network.sh(name, `dig +time=3 +tries=1 ${question}`).then((text) => text.trim());

/** A router of the clusters tells all its hosts that it is their way out. */
const adverts = (bridge: string) => `perl ${routerFile} ${bridge}`;
const wayOut = (name: string) => network.sh(name, 'ip -6 route show default');

beforeAll(async () => {
  network = await openInstalled({ clusters: 2, nodes: 3, gateways: 2 }, async ({ outer, nodes }) => {
    for (const { place } of nodes)
      await until(
        'a link',
        20,
        async () => !(await must(place, 'ip -6 addr show dev eth0')).includes('tentative'),
      );
    await must(outer, adverts('br1'));
    for (const { name, place } of nodes.filter(({ name }) => name.startsWith('a')))
      await until(`the way out of ${name}`, 10, async () =>
        (await must(place, 'ip -6 route show default')).includes('proto ra'),
      );
  });
  for (const name of ['a3', 'b3', 'b1']) {
    const lines: string[] = [];
    for (const port of [8080, 9090])
      network.node(name).place.start([NODE, talkFile, 'listen', String(port)], (line) => lines.push(line));
    await until('listeners', 10, () => lines.length === 2);
  }
  const lines: string[] = [];
  network.node('b3').place.start([NODE, pourFile, 'listen', '7000', '::'], (line) => lines.push(line));
  await until('a listener', 10, () => lines.length > 0);
}, 300_000);
afterAll(() => network?.close());

test('everybody reaches everybody, and status says by which address', async () => {
  await set({ default: 'allow', rules: [] });
  for (const from of NAMES) {
    expect((await network.status(from)).overlayAddress6).toBe(sixOf(from));
    for (const to of NAMES) await until(`${from} to reach ${to}`, 20, () => pings(from, to));
  }
  await until('a3 to talk to b3', 10, () => talks('a3', 'b3', 8080));
  await until('a3 to talk to b1', 10, () => talks('a3', 'b1', 8080));
  await until('b2 to talk to a3', 10, () => talks('b2', 'a3', 8080));
});

test('names answer it beside IPv4, from everywhere; a name without any is still a name', async () => {
  expect(await ask('a3', '+short AAAA b3.b.shop.skein.test')).toBe(sixOf('b3'));
  expect(await ask('a3', '+short A b3.b.shop.skein.test')).toBe(overlayOf(network.node('b3')));
  expect(await ask('b3', '+short AAAA b1.b.shop.skein.test')).toBe(sixOf('b1'));
  expect(await network.sh('a3', 'ping -6 -c 1 -W 2 b3.b.shop.skein.test')).toContain('1 received');
  const none = await ask('a3', 'AAAA b.shop.skein.test');
  expect(none).toMatch(/status: NOERROR.*ANSWER: 0,/s);
  expect(none).toContain('SOA');
  expect(await ask('a3', 'AAAA nobody.b.shop.skein.test')).toContain('status: NXDOMAIN');
});

test('a gateway, which forwards now, keeps its way out and hears its router', async () => {
  for (const name of ['a1', 'a3']) expect(await wayOut(name)).toContain('proto ra');
  await network.sh('a1', 'ip -6 route del default');
  await must(network.field.outer, adverts('br1'));
  await until('the way out', 10, async () => (await wayOut('a1')).includes('proto ra'));
});

test('the policy holds for it as for IPv4, and what it does not name is denied', async () => {
  await set({ rules: [rule('allow', 'peer:a3.a', 'peer:b3.b', 8080)] });
  await until('a3 to reach b3', 10, () => talks('a3', 'b3', 8080));
  expect(await talks('a3', 'b3', 9090)).toBe(false);
  expect(await talks('a1', 'b3', 8080)).toBe(false);
  expect(await talks('b3', 'a3', 8080)).toBe(false);
  expect(await pings('a3', 'b3')).toBe(false);
  expect(await pings('a1', 'a3')).toBe(true);
  await set({ default: 'allow', withinCluster: 'deny', rules: [rule('deny', 'cluster:a', 'any', 9090)] });
  await until('a1 to be shut out', 10, async () => !(await talks('a1', 'a3', 8080)));
  expect(await pings('a1', 'a3')).toBe(false);
  expect(await talks('a3', 'b3', 9090)).toBe(false);
  await until('a3 to talk to b3', 10, () => talks('a3', 'b3', 8080));
});

test('a rule taken back cuts flows that run', async () => {
  const rules = [
    rule('allow', 'cluster:a', 'peer:b3.b', 8080),
    rule('allow', 'cluster:a', 'peer:b3.b', 7000, 'udp'),
  ];
  await set({ rules });
  let [echoes, drops] = [0, 0];
  const { place } = network.node('a3');
  const talk = place.start([NODE, talkFile, 'talk', sixOf('b3'), '8080'], () => {
    echoes += 1;
  });
  const pour = place.start([NODE, pourFile, 'ask', sixOf('b3'), '7000'], () => {
    drops += 1;
  });
  await until('both to run', 10, () => echoes > 3 && drops > 50);
  await set({ rules: [] });
  const before = [echoes, drops];
  await wait(1500);
  expect(echoes - (before[0] ?? 0)).toBeLessThanOrEqual(1);
  expect(drops - (before[1] ?? 0)).toBeLessThanOrEqual(1);
  for (const one of [talk, pour]) one.stdin?.end();
});

test('nobody outside the tunnel speaks as a peer, and a gateway is no router for its own networks', async () => {
  await set({ default: 'allow', rules: [] });
  const { outer } = network.field;
  await must(
    outer,
    `ip -6 addr add fd77::1/64 dev br1 nodad && ip -6 addr add ${sixOf('b3')}/128 dev lo nodad`,
  );
  for (const [name, at] of [
    ['a1', 'fd77::a1'],
    ['a3', 'fd77::a3'],
  ])
    await network.sh(name ?? '', `ip -6 addr add ${at}/64 dev eth0 nodad`);
  const heard: string[] = [];
  network.node('a1').place.start([NODE, datagramsFile, '6000', '::'], (line) => heard.push(line));
  const speak = async (from: string) => {
    const lines: string[] = [];
    const mouth = outer.start([NODE, datagramsFile, '6001', from], (line) => lines.push(line));
    await until('a socket', 10, () => lines.length > 0);
    mouth.stdin?.write('fd77::a1 6000 01\n');
    await wait(500);
    mouth.stdin?.end();
  };
  await speak(sixOf('b3'));
  await speak('fd77::1');
  await until('the honest one', 5, () => heard.some((line) => line.startsWith('from fd77::1 ')));
  expect(heard.filter((line) => line.includes(sixOf('b3')))).toEqual([]);

  // a1 forwards now, and would pass this on to a3 if the filter did not know better.
  expect(
    await network.sh(
      'a1',
      'cat /proc/sys/net/ipv6/conf/all/forwarding /proc/sys/net/ipv6/conf/eth0/accept_ra',
    ),
  ).toBe('1\n2\n');
  expect((await network.sh('a3', 'cat /proc/sys/net/ipv6/conf/all/forwarding')).trim()).toBe('0');
  await network.sh('a3', 'ip -6 addr add fd78::3/128 dev lo && ip -6 route add fd77::1/128 dev eth0');
  await network.sh('a1', 'ip -6 route add fd78::3/128 via fd77::a3');
  await must(outer, 'ip -6 route add fd78::3/128 via fd77::a1');
  const passed = () => outer.sh('ping -6 -c 1 -W 1 fd78::3');
  expect((await passed()).code).not.toBe(0);
  await network.sh('a1', 'nft delete table inet skein');
  expect((await passed()).code).toBe(0);
  await until('the filter to be whole again', 45, async () => (await passed()).code !== 0);
});

test('flows spread over both gateways, and one that is killed loses a moment', {
  timeout: 240_000,
}, async () => {
  const pulse = await startHeartbeat(network, 'a3', 'b3', sixOf('b3'));
  const sent = async () => {
    const counters = parseCounters(await network.sh('a3', 'cat /proc/net/dev'));
    return [0, 1].map((plane) => counters.get(`skein${plane}`)?.sentPackets ?? 0);
  };
  pulse.renew(32);
  await wait(1000);
  const before = await sent();
  await wait(2500);
  const grown = (await sent()).map((count, plane) => count - (before[plane] ?? 0));
  const told = await pulse.tell();
  for (const one of grown) expect(one).toBeGreaterThan(told.sent / 20);
  pulse.renew(1);
  await wait(1500);
  const at = await sent();
  await wait(400);
  const used = (await sent()).map((count, plane) => count - (at[plane] ?? 0));
  const name = (used[1] ?? 0) > (used[0] ?? 0) ? 'a2' : 'a1';
  const undo = await BLOWS.killed(network, name);
  await wait(4000);
  const after = await pulse.tell();
  expect(after.sent).toBeGreaterThan(4000);
  expect(after.lost).toBeGreaterThan(0);
  expect(after.lost).toBeLessThan(MOST_LOST_MILLISECONDS);
  await undo();
  await until(
    'the gateway to be back',
    60,
    async () => (await network.status(name).catch(() => undefined))?.problem === null,
  );
});

test('large packets are told when they are too large, and a path too narrow for IPv6 says so at once', async () => {
  await set({ default: 'allow', rules: [] });
  await until('a path of 1440', 60, async () => pings('a3', 'b3', '-s 1392 -M do'));
  // Sealed, 1,260 bytes find no room in 1,300.
  await network.sh('b3', 'ip link set eth0 mtu 1300');
  await must(network.field.outer, 'ip link set v-b3 mtu 1300');
  const unreachable = async () => {
    // A path is looked at when something goes by it.
    const ran = await network.node('a3').place.sh(`ping -6 -i 0.1 -c 20 -s 1200 -W 1 ${sixOf('b3')}`);
    return ran.output.includes('unreachable');
  };
  await until('a3 to be told', 60, unreachable);
  expect((await network.node('a3').place.sh(`ping -4 -c 2 -W 2 ${overlayOf(network.node('b3'))}`)).code).toBe(
    0,
  );
  await network.sh('b3', 'ip link set eth0 mtu 1500');
  await must(network.field.outer, 'ip link set v-b3 mtu 1500');
});

test('a gateway that leaves gives its switches back', async () => {
  expect(await network.sh('a2', 'skein-agent leave')).toContain('left the network');
  expect(
    await network.sh(
      'a2',
      'cd /proc/sys/net/ipv6 && cat conf/all/forwarding conf/eth0/accept_ra conf/eth0/forwarding fib_multipath_hash_policy',
    ),
  ).toBe('0\n1\n0\n0\n');
  expect(await network.sh('a2', 'ip -6 route show')).not.toContain('skein');
  expect(await wayOut('a2')).toContain('proto ra');
});
