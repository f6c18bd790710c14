/**
 * Services of plain hosts with real packets: two clusters of two nodes, a service at a member of each. Its name leads to the
 * one in the own cluster, to the other when that one's listener dies, and back.
 */
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { HealthCheck } from '@skein/contract/agent/service.ts';
import { Policy } from '@skein/contract/rest/policy.ts';
import { sourcesOfHosts } from '@skein/mesh/services/hosts.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NODE, until } from './fixture/field.ts';
import { type InstalledNetwork, openInstalled, overlayOf as overlayOfNode } from './fixture/installed.ts';

const whoFile = fileURLToPath(new URL('./fixture/who-asks.ts', import.meta.url));
const NAME = 'cart.shop.svc.clusterset.local';
const PORT = 8080;
const SERVERS = ['a2', 'b2'];
const CHECK: HealthCheck = { id: 'svc_cart', kind: 'tcp', port: PORT, path: '/' };

let network: InstalledNetwork;
const listeners = new Map<string, ChildProcess>();
/** As agents last said. */
const healthy = new Set<string>();

const overlayOf = (name: string) => overlayOfNode(network.node(name));

/** What the control plane does with what agents find: here by mesh's own functions. */
function serve(): void {
  const hosts = SERVERS.map((name) => ({
    id: `peer_${name}`,
    name,
    cluster: { id: `clu_${name[0]}`, name: name[0] ?? '', place: null, kubernetes: false },
    labels: { tier: 'cart' },
    clusterLabels: {},
    overlayAddress: overlayOf(name),
    six: null,
    silent: false,
  }));
  const port = { name: '', protocol: 'TCP' as const, port: 80, targetPort: PORT, appProtocol: null };
  const service = {
    id: CHECK.id,
    namespace: 'shop',
    name: 'cart',
    ports: [port],
    peerId: null,
    labels: { tier: 'cart' },
    checked: true,
    createdAt: '2026-11-21T12:00:00.000Z',
  };
  const sources = sourcesOfHosts(service, hosts, healthy);
  const checks = Object.fromEntries(hosts.map(({ id }) => [id, [CHECK]]));
  network.order({ order: 'services', sources, checks });
}

async function listen(name: string): Promise<void> {
  const lines: string[] = [];
  const started = network
    .node(name)
    .place.start([NODE, whoFile, 'listen', `${PORT}`], (line) => lines.push(line));
  await until('a listener', 20, () => lines.length > 0);
  listeners.set(name, started);
}

const dig = async (name: string, type = 'A', more = '') =>
  (await network.sh(name, `dig +time=2 +tries=1 +short ${type} ${NAME} ${more}`)).trim();

beforeAll(async () => {
  network = await openInstalled({ clusters: 2, nodes: 2, gateways: 1 });
  network.order({ order: 'policy', policy: Policy.parse({ default: 'allow', rules: [] }) });
  createInterface({ input: network.coordinator.stdout as Readable }).on('line', (line) => {
    const { health, peerId }: { health?: { ready: boolean }[]; peerId: string } = JSON.parse(line);
    if (!health) return;
    if (health[0]?.ready) healthy.add(peerId);
    else healthy.delete(peerId);
    serve();
  });
  for (const name of SERVERS) await listen(name);
  serve();
  await until('both to be found well', 20, () => healthy.size === 2);
}, 120_000);
afterAll(() => network?.close());

test('the name answers the host in the own cluster, and its packets get there', async () => {
  for (const side of ['a', 'b']) {
    const wanted = overlayOf(`${side}2`);
    await until('the name', 20, async () => (await dig(`${side}1`)) === wanted);
    expect(await dig(`${side}1`, 'SRV', '')).toBe(`0 100 ${PORT} ${side}2.${side}.${NAME}.`);
    const asked = await network.sh(`${side}1`, `${NODE} ${whoFile} ask tcp ${wanted} ${PORT}`);
    expect(asked.trim()).toBe(overlayOf(`${side}1`));
  }
});

test('negative answers are right, and nobody else is answered', async () => {
  const status = async (what: string) =>
    /status: (\w+)/.exec(await network.sh('a1', `dig +time=2 +tries=1 ${what}`))?.[1];
  expect(await status('nothing.shop.svc.clusterset.local')).toBe('NXDOMAIN');
  expect(await status(`TXT ${NAME}`)).toBe('NOERROR');
  expect(await status(`@${overlayOf('b1')} ${NAME}`)).toBe('REFUSED');
});

test('a listener that dies is left for the other cluster’s within two seconds, and come back to', async () => {
  listeners.get('a2')?.kill();
  const died = performance.now();
  await until('failover', 20, async () => (await dig('a1')) === overlayOf('b2'));
  const took = performance.now() - died;
  const asked = await network.sh('a1', `${NODE} ${whoFile} ask tcp ${overlayOf('b2')} ${PORT}`);
  expect(asked.trim()).toBe(overlayOf('a1'));
  expect(took).toBeLessThan(2000);
  await listen('a2');
  await until('the nearer one again', 20, async () => (await dig('a1')) === overlayOf('a2'));
});
