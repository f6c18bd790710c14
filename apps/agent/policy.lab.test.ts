/** The policy's rules with real packets, over two gateways a cluster: questions and answers may take different ways. */
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Policy } from '@skein/contract/rest/policy.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NODE, talkFile, until } from './fixture/field.ts';
import { type InstalledNetwork, openInstalled, overlayOf } from './fixture/installed.ts';

const pourFile = fileURLToPath(new URL('./fixture/pour.ts', import.meta.url));
let network: InstalledNetwork;

const NAMES = ['a1', 'a2', 'a3', 'b1', 'b2', 'b3'];
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
  // The coordinator sends at once; what agents hold a moment later is what they are to apply.
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
  const argv = [NODE, talkFile, 'talk', overlayOf(network.node(to)), String(port)];
  const talk = network.node(from).place.start(argv, (line) => {
    echoed ||= line.startsWith('echo');
  });
  await until('an echo', 2, () => echoed).catch(() => undefined);
  talk.stdin?.end();
  return echoed;
}

const pings = async (from: string, to: string) =>
  (await network.node(from).place.sh(`ping -c 1 -W 2 ${overlayOf(network.node(to))}`)).code === 0;

beforeAll(async () => {
  network = await openInstalled({ clusters: 2, nodes: 3, gateways: 2 });
  const listen = async (name: string, file: string, port: number) => {
    const lines: string[] = [];
    network.node(name).place.start([NODE, file, 'listen', String(port)], (line) => lines.push(line));
    await until('a listener', 10, () => lines.length > 0);
  };
  for (const name of ['a3', 'b3', 'b1']) for (const port of [8080, 9090]) await listen(name, talkFile, port);
  await listen('b3', pourFile, 7000);
}, 300_000);
afterAll(() => network?.close());

test('a rule for one peer lets in that peer, on that port, and nobody else', async () => {
  await set({ rules: [rule('allow', 'peer:a3.a', 'peer:b3.b', 8080)] });
  await until('a3 to reach b3', 10, () => talks('a3', 'b3', 8080));
  expect(await talks('a3', 'b3', 9090)).toBe(false);
  expect(await talks('a1', 'b3', 8080)).toBe(false);
  expect(await talks('b3', 'a3', 8080)).toBe(false);
  expect(await talks('a3', 'b1', 8080)).toBe(false);
  expect(await pings('a3', 'b3')).toBe(false);
  expect(await talks('a1', 'a3', 9090)).toBe(true);
});

test('a label lets in whoever bears it, as soon as they do', async () => {
  await set({ rules: [rule('allow', 'label:tier=web', 'cluster:b', 8080)] });
  expect(await talks('a3', 'b3', 8080)).toBe(false);
  network.order({ order: 'label', peerId: 'peer_a3', labels: { tier: 'web' } });
  await until('a3 to reach b3', 10, () => talks('a3', 'b3', 8080));
  expect(await talks('a3', 'b1', 8080)).toBe(true);
  expect(await talks('a1', 'b3', 8080)).toBe(false);
  network.order({ order: 'label', peerId: 'peer_a3', labels: {} });
  await settled();
  expect(await talks('a3', 'b3', 8080)).toBe(false);
});

test('the first rule that matches decides, between clusters and within one', async () => {
  await set({
    default: 'allow',
    rules: [rule('allow', 'peer:a1.a', 'cluster:b', 9090), rule('deny', 'cluster:a', 'any', 9090)],
  });
  await until('a1 to reach b3', 10, () => talks('a1', 'b3', 9090));
  expect(await talks('a3', 'b3', 9090)).toBe(false);
  expect(await talks('a3', 'b3', 8080)).toBe(true);
  expect(await pings('b3', 'a3')).toBe(true);
  expect(await talks('a1', 'a3', 9090)).toBe(false);
  expect(await talks('a1', 'a3', 8080)).toBe(true);
  expect(await talks('b3', 'a3', 9090)).toBe(true);
});

test('within a cluster all may be denied too; names and probes go on', async () => {
  await set({ withinCluster: 'deny', rules: [rule('allow', 'peer:b3.b', 'peer:a3.a', 8080)] });
  await until('a1 to be shut out', 10, async () => !(await talks('a1', 'a3', 8080)));
  expect(await pings('a1', 'a3')).toBe(false);
  expect(await talks('b3', 'a3', 8080)).toBe(true);
  const asked = await network.sh('a3', 'dig +time=3 +tries=1 +short b3.b.shop.skein.test');
  expect(asked.trim()).toBe(overlayOf(network.node('b3')));
});

test('a rule taken back cuts flows that run: those that talk, and those that only pour out', async () => {
  const rules = [
    rule('allow', 'cluster:a', 'peer:b3.b', 8080),
    rule('allow', 'cluster:a', 'peer:b3.b', 7000, 'udp'),
  ];
  await set({ rules });
  let [echoes, drops] = [0, 0];
  const address = overlayOf(network.node('b3'));
  const { place } = network.node('a3');
  const talk = place.start([NODE, talkFile, 'talk', address, '8080'], () => {
    echoes += 1;
  });
  const pour = place.start([NODE, pourFile, 'ask', address, '7000'], () => {
    drops += 1;
  });
  await until('both to run', 10, () => echoes > 3 && drops > 50);
  await set({ rules: [] });
  const before = [echoes, drops];
  await wait(1500);
  expect(echoes - (before[0] ?? 0)).toBeLessThanOrEqual(1);
  expect(drops - (before[1] ?? 0)).toBeLessThanOrEqual(1);
  // Given again, what still runs goes on.
  await set({ rules });
  await until('the pouring to go on', 10, () => drops > (before[1] ?? 0) + 10);
  for (const one of [talk, pour]) one.stdin?.end();
});
