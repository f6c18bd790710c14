/** The size of packets that a path carries, found, and found again when a router in the middle says nothing. */
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { must, NODE, until } from '../fixture/field.ts';
import { bulkFile, type InstalledNetwork, openInstalled, overlayOf } from '../fixture/installed.ts';

let network: InstalledNetwork;
const routes = (name: string) => network.sh(name, 'ip -4 route show');

beforeAll(async () => {
  network = await openInstalled();
}, 240_000);
afterAll(async () => {
  await network?.close();
});

test('an ethernet path is found to carry 1440 bytes, and all routes bear it', async () => {
  for (const name of ['a1', 'a2', 'b1', 'b2'])
    await until(`routes of ${name}`, 20, async () => /100\.64\.0\.0\/16 .*mtu 1440/.test(await routes(name)));
  expect((await network.sh('a1', 'ip -4 route show | grep -c skein')).trim()).toBe('1');
});

test('an agent that starts anew goes on with these sizes and touches neither interface nor route', async () => {
  await network.sh(
    'a1',
    'ip -o monitor link route > /run/changes.log 2> /dev/null & echo $! > /run/monitor.pid',
  );
  await network.sh(
    'a1',
    'pid=$(cat /run/skein/agent.pid) && kill -TERM $pid && while kill -0 $pid 2> /dev/null; do sleep 0.1; done; /opt/skein/start',
  );
  await until('the agent to be back', 30, async () => {
    const status = await network.status('a1').catch(() => undefined);
    return status?.connected && status.peers.every((peer) => peer.state === 'up');
  });
  // Long enough for sizes to be asked about anew.
  await wait(2500);
  await network.sh('a1', 'kill $(cat /run/monitor.pid)');
  expect(await network.sh('a1', 'grep skein /run/changes.log || true')).toBe('');
  expect((await network.status('a1')).peers.map((peer) => peer.mtu)).toEqual([1440, 1440]);
});

test('a path that shrinks without a word stops a TCP flow for seconds only', async () => {
  const { field, node, order } = network;
  order({ order: 'allow', ports: [{ protocol: 'tcp', port: 8080 }] });
  let received = 0;
  node('b2').place.start([NODE, bulkFile, 'sink', '8080'], (line) => {
    received = Number(line);
  });
  await until('the port to open', 10, async () => {
    const pour = node('a2').place.start(
      [NODE, bulkFile, 'pour', overlayOf(node('b2')), '8080'],
      () => undefined,
    );
    const flows = await until('bytes', 2, () => received > 0).catch(() => false);
    if (!flows) pour.stdin?.end();
    return flows;
  });
  // The router between the clusters: narrower from now on, and silent about it.
  await must(
    field.outer,
    `nft 'table ip silent { chain o { type filter hook output priority 0; icmp type destination-unreachable counter drop; }; }' &&
     ip link set br1 mtu 1340 && ip link set br2 mtu 1340`,
  );
  const shrunkAt = performance.now();
  const before = received;
  await until('100 kB more to come', 15, () => received > before + 100_000);
  const seconds = (performance.now() - shrunkAt) / 1000;
  expect(await must(field.outer, 'nft list table ip silent')).toMatch(/counter packets [1-9]/);
  expect(await routes('a1')).toMatch(/100\.64\.0\.0\/16 .*mtu 12\d\d|100\.64\.2\.0\/24 .*mtu 12\d\d/);
  await until('the exact size', 10, async () => (await routes('a1')).includes('mtu 1280'));
  // Measured: 3 to 5 s. The bound leaves room for a machine that does other things too.
  expect(seconds).toBeLessThan(12);
  // It goes on flowing, at the rate at which it is poured.
  const later = received;
  await until('1 MB more', 10, () => received > later + 1_000_000);
  // The way to the neighbour in the own cluster is as wide as before.
  expect(await network.sh('a2', `ip route get ${overlayOf(node('a1'))}`)).not.toContain('mtu 1280');
});
