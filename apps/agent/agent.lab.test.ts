/** Four real agents in two clusters, installed by the one-liner: packets, filter, names, deltas, restart, leaving. */

import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FromAgent } from '@skein/contract/agent/channel.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildAgent } from './build.ts';
import type { Status } from './daemon/control-socket.ts';
import type { Order } from './fixture/coordinator.ts';
import {
  COORDINATOR,
  coordinatorFile,
  type Field,
  type FieldNode,
  must,
  NODE,
  openField,
  talkFile,
  UPSTREAM,
  until,
  upstreamFile,
} from './fixture/field.ts';

type Heard = {
  listening?: boolean;
  sent?: 'map' | 'delta';
  hello?: string;
  have?: { number: number } | null;
  leave?: string;
  peerId?: string;
  report?: Extract<FromAgent, { type: 'report' }>;
};

const dist = mkdtempSync(join(tmpdir(), 'skein-agent-lab-'));
const heard: Heard[] = [];
let field: Field;
let coordinator: ChildProcess;

const node = (name: string): FieldNode => {
  const found = field.nodes.find((one) => one.name === name);
  if (!found) throw new Error(`no node ${name}`);
  return found;
};
const overlay = (one: FieldNode) => `100.64.${one.cluster === 'clu_a' ? 1 : 2}.1${one.name[1]}`;
const seatOf = (one: FieldNode) => ({
  token: `skj_${one.name.padEnd(30, '0')}`,
  id: `peer_${one.name}`,
  clusterId: one.cluster,
  name: one.name,
  role: one.gateway ? 'gateway' : 'member',
  overlayAddress: overlay(one),
  privateAddress: one.address,
  publicAddress: one.gateway ? one.address : null,
});
const order = (what: Order) => coordinator.stdin?.write(`${JSON.stringify(what)}\n`);
const sh = (name: string, line: string) => must(node(name).place, line);
const statusOf = async (name: string): Promise<Status> =>
  JSON.parse(await sh(name, 'skein-agent status -o json'));
const dig = async (name: string, what: string) =>
  (await sh(name, `dig +time=3 +tries=1 +short ${what}`)).trim();
const pings = async (from: FieldNode, to: FieldNode) =>
  (await from.place.sh(`ping -c 1 -W 2 ${overlay(to)}`)).code === 0;
const install = (one: FieldNode) =>
  must(one.place, `curl -fsSL http://${COORDINATOR}:7401/install.sh | sh -s -- --token ${seatOf(one).token}`);

function startCoordinator(): Promise<boolean> {
  heard.length = 0;
  const seats = JSON.stringify(field.nodes.map(seatOf));
  coordinator = field.outer.start([NODE, coordinatorFile, seats, '7401', COORDINATOR, dist], (line) =>
    heard.push(JSON.parse(line)),
  );
  return until('the coordinator', 10, () => heard.some((one) => one.listening));
}

/** Processor time that the agent of a node has used, in seconds (proc(5): fields 14 and 15, a hundredth each). */
async function cpuSeconds(name: string): Promise<number> {
  const fields = (await sh(name, 'cat /proc/$(cat /run/skein/agent.pid)/stat')).split(' ');
  return (Number(fields[13]) + Number(fields[14])) / 100;
}

/** Connects from one node to a port on another, and says whether an echo came. */
async function talks(from: string, to: string, port: number): Promise<boolean> {
  let echoed = false;
  const talk = node(from).place.start([NODE, talkFile, 'talk', overlay(node(to)), String(port)], (line) => {
    echoed ||= line.startsWith('echo');
  });
  await until('an echo', 2, () => echoed).catch(() => undefined);
  talk.stdin?.end();
  return echoed;
}

async function settled(peers: number): Promise<void> {
  for (const one of field.nodes)
    await until(`${one.name} to apply the map of ${peers} peers`, 20, async () => {
      const status = await statusOf(one.name);
      return (
        status.appliedNumber === status.heldNumber && status.appliedNumber !== null && status.problem === null
      );
    });
}

beforeAll(async () => {
  await buildAgent({ outDirectory: dist });
  field = await openField();
  const upstream: string[] = [];
  field.outer.start([NODE, upstreamFile, UPSTREAM], (line) => upstream.push(line));
  await startCoordinator();
  await until('the upstream resolver', 10, () => upstream.length > 0);
  for (const one of field.nodes)
    for (const port of [8080, 9090]) {
      const lines: string[] = [];
      one.place.start([NODE, talkFile, 'listen', String(port)], (line) => lines.push(line));
      await until('a listener', 10, () => lines.length > 0);
    }
  for (const one of field.nodes) expect(await install(one)).toContain(`joined as ${one.name}`);
  await settled(4);
});

afterAll(async () => {
  await field?.close();
  rmSync(dist, { recursive: true, force: true });
});

describe('a network of two clusters', () => {
  test('every ordered pair reaches each other', async () => {
    for (const from of field.nodes)
      for (const to of field.nodes)
        if (from !== to) await until(`ping ${from.name} -> ${to.name}`, 10, () => pings(from, to));
  });

  test('links are reported up, with a round-trip time', async () => {
    await until('reports', 20, () => {
      const last = heard.findLast((one) => one.report && one.peerId === 'peer_a1')?.report;
      return (
        last?.links.length === 2 &&
        last.links.every((link) => link.state === 'up' && link.rttMilliseconds !== null)
      );
    });
    const report = heard.findLast((one) => one.report && one.peerId === 'peer_a1')?.report;
    expect(report?.endpoints).toEqual([{ kind: 'private', address: node('a1').address, port: 51820 }]);
    expect(report?.facts).toMatchObject({ privateAddress: node('a1').address });
    const table = await sh('a1', 'skein-agent status');
    expect(table).toMatch(/a2 +member +100\.64\.1\.12 +up/);
  });

  test('names answer by who asks', async () => {
    expect(await dig('a2', 'a1.a.shop.skein.test')).toBe(node('a1').address);
    expect(await dig('a2', '+tcp a2.a.shop.skein.test')).toBe(node('a2').address);
    expect(await dig('a2', 'b2.b.shop.skein.test')).toBe('100.64.2.12');
    expect(await dig('b1', 'a2.a.shop.skein.test')).toBe('100.64.1.12');
    expect(await sh('b2', 'getent ahostsv4 a2.a.shop.skein.test')).toContain('100.64.1.12');
    expect(await dig('b2', 'example.org')).toBe('198.51.100.7');
    expect(await dig('b2', '+tcp example.org')).toBe('198.51.100.7');
    expect(await sh('a2', 'dig +time=3 nobody.a.shop.skein.test')).toContain('status: NXDOMAIN');
    // A gateway is no open resolver for other clusters.
    expect(await sh('a1', 'dig +time=3 @100.64.2.11 example.org')).toContain('status: REFUSED');
    expect(await dig('a1', '@100.64.2.11 b2.b.shop.skein.test')).toBe('100.64.2.12');
    expect(await dig('b2', '@100.64.2.11 b2.b.shop.skein.test')).toBe(node('b2').address);
  });

  test('other clusters reach only what the network allows, the own cluster everything', async () => {
    expect(await talks('a1', 'a2', 9090)).toBe(true);
    expect(await talks('a2', 'b2', 8080)).toBe(false);
    order({ order: 'allow', ports: [{ protocol: 'tcp', port: 8080 }] });
    await until('port 8080 to open', 10, () => talks('a2', 'b2', 8080));
    expect(await talks('a2', 'b1', 8080)).toBe(true);
    expect(await talks('a2', 'b2', 9090)).toBe(false);
    expect(await talks('b2', 'a1', 9090)).toBe(false);
  });

  test('a permission taken back cuts a flow that runs', async () => {
    let echoes = 0;
    const talk = node('a2').place.start([NODE, talkFile, 'talk', overlay(node('b2')), '8080'], () => {
      echoes += 1;
    });
    await until('the flow to run', 5, () => echoes > 3);
    order({ order: 'allow', ports: [] });
    await settled(4);
    const before = echoes;
    await new Promise((done) => setTimeout(done, 1500));
    talk.stdin?.end();
    expect(echoes - before).toBeLessThanOrEqual(1);
  });

  test('a gateway passes on nothing but overlay traffic, and the node’s other interfaces do not forward', async () => {
    expect((await sh('a1', 'cat /proc/sys/net/ipv4/conf/skein0/forwarding')).trim()).toBe('1');
    expect((await sh('a1', 'cat /proc/sys/net/ipv4/conf/eth0/forwarding')).trim()).toBe('0');
    expect((await sh('a2', 'cat /proc/sys/net/ipv4/conf/skein0/forwarding')).trim()).toBe('0');
    // Through the gateway to the world: routed into the tunnel by hand, dropped by the gateway's forward chain.
    await sh(
      'a2',
      `ip route add ${UPSTREAM}/32 dev skein0 &&
       wg set skein0 peer $(wg show skein0 peers) allowed-ips 100.64.0.0/16,${UPSTREAM}/32`,
    );
    expect((await node('a2').place.sh(`ping -c 1 -W 1 ${UPSTREAM}`)).code).not.toBe(0);
    expect(await sh('a1', 'nft list chain inet skein through_node')).toMatch(
      /oifname != { "skein0", .* } counter packets [1-9]/,
    );
  });

  test('what others change is put right, at hardly any cost', async () => {
    const ours = await sh('b1', 'cat /etc/resolv.conf');
    expect(ours).toContain('search lab.test\noptions timeout:1\nnameserver 127.0.80.53\n');
    await sh('b1', `printf 'search other.test\\nnameserver ${UPSTREAM}\\n' > /etc/resolv.conf`);
    await sh('b2', 'nft flush ruleset');
    const [before, started] = [await cpuSeconds('a1'), Date.now()];
    await until('our nameserver to come back', 45, async () =>
      (await sh('b1', 'cat /etc/resolv.conf')).includes('search other.test\nnameserver 127.0.80.53'),
    );
    await until('the filter to come back', 45, async () =>
      (await sh('b2', 'nft list tables')).includes('table inet skein'),
    );
    await until('the stray route to go', 45, async () => !(await sh('a2', 'ip route')).includes(UPSTREAM));
    await until('a time worth measuring', 30, () => Date.now() - started > 12_000);
    const share = (await cpuSeconds('a1')) - before;
    expect(share / ((Date.now() - started) / 1000)).toBeLessThan(0.02);
  });

  test('a forged map changes nothing', async () => {
    const before = await statusOf('a2');
    order({ order: 'forge', peerId: 'peer_a2' });
    await until('the agent to come back', 40, () =>
      heard.some(
        (one, index) =>
          one.hello === 'peer_a2' && index > heard.findIndex((first) => first.hello === 'peer_a2'),
      ),
    );
    const after = await statusOf('a2');
    expect(after.heldNumber).toBe(before.heldNumber);
    expect(after.peers.map((peer) => peer.name)).toEqual(['a1']);
  });

  test('wireguard-go that dies comes back', async () => {
    await sh('b2', 'kill -9 $(pgrep -x wireguard-go)');
    await until('packets to flow again', 30, () => pings(node('b2'), node('a2')));
  });

  test('weighs little', async () => {
    const text = await sh('a1', 'cat /proc/$(cat /run/skein/agent.pid)/status');
    const resident = Number(/VmRSS:\s+(\d+) kB/.exec(text)?.[1]);
    expect(resident / 1024).toBeLessThan(70);
  });
});

describe('a peer less', () => {
  test('leaves a clean node, and the other tunnels’ sessions as they are', async () => {
    const handshakes = async () =>
      (await sh('a1', 'wg show skein0 latest-handshakes')).trim().split('\n').sort();
    await until('all sessions of a1', 20, async () =>
      (await handshakes()).every((line) => !line.endsWith('\t0')),
    );
    const transfer = async () =>
      Number(/\t(\d+)\t\d+$/m.exec(await sh('a1', 'wg show skein0 transfer'))?.[1]);
    const before = await handshakes();
    const received = await transfer();
    expect(before).toHaveLength(2);
    expect(await sh('a2', 'skein-agent leave')).toContain('left the network');
    await until('a1 to hear of it', 10, async () => (await handshakes()).length === 1);
    expect(heard.some((one) => one.leave === 'peer_a2')).toBe(true);
    expect(heard.findLast((one) => one.sent && one.peerId === 'peer_a1')?.sent).toBe('delta');
    const [left] = await handshakes();
    expect(before).toContain(left);
    expect(received).toBeGreaterThan(0);

    expect((await node('a2').place.sh('ip link show skein0')).code).not.toBe(0);
    expect((await sh('a2', 'nft list tables')).trim()).toBe('');
    expect(await sh('a2', 'ip route')).not.toContain('100.64');
    expect(await sh('a2', 'cat /etc/resolv.conf')).toBe(
      `search lab.test\noptions timeout:1\nnameserver ${UPSTREAM}\n`,
    );
    expect((await sh('a2', 'ls -A /var/lib/skein /run/skein')).replace(/\/\S+:\n?/g, '').trim()).toBe('');
    expect(await dig('a1', 'a2.a.shop.skein.test')).toBe('');
  });

  test('removed by the coordinator cleans up by itself; uninstalling takes the program too', async () => {
    order({ order: 'remove', peerId: 'peer_b2' });
    await until('b2 to be clean', 15, async () => (await sh('b2', 'ls -A /var/lib/skein')).trim() === '');
    expect((await node('b2').place.sh('ip link show skein0')).code).not.toBe(0);
    expect(
      await sh('b2', `curl -fsSL http://${COORDINATOR}:7401/install.sh | sh -s -- --uninstall`),
    ).toContain('removed');
    expect((await node('b2').place.sh('ls /opt/skein /usr/local/bin/skein-agent')).code).not.toBe(0);
  });

  test('an install that cannot work says which check failed and what to do', async () => {
    const tried = async (token: string) =>
      (
        await node('b2').place.sh(
          `curl -fsSL http://${COORDINATOR}:7401/install.sh > /run/install.sh; sh /run/install.sh --token ${token}`,
        )
      ).output;
    expect(await tried('nonsense')).toContain('check failed: token\n  found:  it does not start with skj_');
    expect(await tried('skj_short')).toContain('it was cut off');
    const unplanned = await node('b2').place.sh('TMPDIR=/nowhere sh /run/install.sh --token skj_0');
    expect(unplanned.output).toContain('check failed: temporary directory\n');
    expect(await tried(`skj_${'x'.repeat(30)}`)).toMatch(
      /check failed: join\n.*This join token is not known/,
    );
    // No package manager can help here: there is no way out to any mirror.
    await sh('b2', 'mount --bind /dev/null $(command -v nft)');
    expect(await tried(seatOf(node('b2')).token)).toContain('check failed: tools\n  found:  nft is missing');
    await sh(
      'b2',
      'umount $(readlink -f /usr/sbin/nft) && touch /run/empty && mount --bind /run/empty /dev/net/tun',
    );
    expect(await tried(seatOf(node('b2')).token)).toContain('check failed: WireGuard');
    await sh('b2', 'umount /dev/net/tun');
    expect((await node('b2').place.sh('ip link show skein0')).code).not.toBe(0);
  });

  test('installing again keeps the peer', async () => {
    const said = await install(node('a1'));
    expect(said).toContain('already installed');
    expect(said).toContain('joined as a1');
    await until('packets to flow', 10, () => pings(node('a1'), node('b1')));
  });

  test('with the control plane gone an agent starts from its cached map', async () => {
    coordinator.stdin?.end();
    await new Promise((done) => coordinator.once('exit', done));
    const tried = await node('b2').place.sh('sh /run/install.sh --token skj_0');
    expect(tried.output).toContain('check failed: way to the coordinator');
    // As after a reboot: no process, no interface.
    await sh(
      'a1',
      'pid=$(cat /run/skein/agent.pid) && kill -TERM $pid && while kill -0 $pid 2> /dev/null; do sleep 0.1; done',
    );
    expect(await pings(node('a1'), node('b1'))).toBe(true);
    await sh('a1', 'ip link del skein0; nft delete table inet skein');
    expect(await sh('a1', 'cat /etc/resolv.conf')).not.toContain('127.0.80.53');
    await sh('a1', 'setsid skein-agent run > /var/log/skein-agent.log 2>&1 < /dev/null &');
    await until('packets to flow without a control plane', 20, () => pings(node('a1'), node('b1')));
    const status = await statusOf('a1');
    expect(status.connected).toBe(false);
    expect(status.appliedNumber).toBe(status.heldNumber);
    expect(await dig('a1', 'b1.b.shop.skein.test')).toBe('100.64.2.11');
  });

  test('names resolve past an agent that was killed, and uninstalling cleans up after it', async () => {
    // Without its Node nothing starts it again, and nothing can leave by itself.
    expect((await sh('b1', 'cat /proc/sys/net/ipv6/conf/all/forwarding')).trim()).toBe('1');
    await sh('b1', 'rm /opt/skein/node && kill -KILL $(cat /run/skein/agent.pid)');
    expect(await sh('b1', 'cat /etc/resolv.conf')).toContain('nameserver 127.0.80.53');
    expect(await sh('b1', 'getent ahostsv4 example.org')).toContain('198.51.100.7');
    expect(await sh('b1', `sh ${join(dist, 'install.sh')} --uninstall`)).toContain('removed');
    expect(await sh('b1', 'cat /etc/resolv.conf')).toBe(`search other.test\nnameserver ${UPSTREAM}\n`);
    expect((await node('b1').place.sh('ip link show skein0')).code).not.toBe(0);
    expect((await sh('b1', 'nft list tables')).trim()).toBe('');
    expect(
      await sh('b1', 'cd /proc/sys/net/ipv6/conf && cat all/forwarding eth0/forwarding eth0/accept_ra'),
    ).toBe('0\n0\n1\n');
    expect((await node('b1').place.sh('ls /var/lib/skein /opt/skein')).code).not.toBe(0);
  });
});
