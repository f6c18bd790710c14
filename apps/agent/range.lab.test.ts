/**
 * Ranges behind clusters with real packets: two clusters of two gateways and a member each. Behind both is a LAN with the
 * same range and a host with the same address, and behind both members a pod range that is the same too.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { MeshRange } from '@skein/mesh/network.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  settled as allSettled,
  asks as askedBy,
  listen,
  pings,
  setPolicy as policyOf,
  whoFile,
} from './fixture/asking.ts';
import { BLOWS } from './fixture/blows.ts';
import { must, NODE, type Place, talkFile, until } from './fixture/field.ts';
import { type InstalledNetwork, openInstalled, overlayOf } from './fixture/installed.ts';
import { parseCounters } from './host/counters.ts';

const PORTS = [8080, 9090];
const LAN = '10.50.0.0/24';
const PODS = '10.42.0.0/24';
/** The host of the LAN and the pod, as the network knows them. */
const HOST = { a: '242.0.0.10', b: '242.0.1.10' } as const;
const POD = { a: '242.0.2.10', b: '242.0.3.10' } as const;
/** The gateways as the LANs know them. */
const CARRIERS = ['10.50.0.1', '10.50.0.2'];
type Side = 'a' | 'b';
const SIDES: readonly Side[] = ['a', 'b'];

let network: InstalledNetwork;
const hosts = new Map<string, Place>();
const hostOf = (name: string): Place => hosts.get(name) ?? network.node(name).place;

/** Hangs a place on a bridge of the outer namespace, as `device` with this address. */
async function plug(pid: number, bridge: string, port: string, device: string, address: string) {
  await must(
    network.field.outer,
    `ip link add ${port} type veth peer name ${device} netns /proc/${pid}/ns/net &&
     ip link set ${port} master ${bridge} up &&
     nsenter -t ${pid} -n sh -c 'ip addr add ${address} dev ${device} && ip link set ${device} up'`,
  );
}

async function openHost(name: string, bridge: string, address: string): Promise<void> {
  const { place, pid } = await network.field.openPlace();
  await plug(pid, bridge, `v-${name}`, 'eth0', address);
  hosts.set(name, place);
  for (const port of PORTS) await listen(place, whoFile, port);
}

const rangeOf = (side: Side, kind: 'lan' | 'pods', replies: MeshRange['replies']): MeshRange => ({
  id: `rng_${side}_${kind}`,
  name: kind,
  peerId: kind === 'lan' ? null : `peer_${side}3`,
  cidr: kind === 'lan' ? LAN : PODS,
  overlayCidr: `242.0.${(kind === 'lan' ? 0 : 2) + SIDES.indexOf(side)}.0/24`,
  replies,
  hosts: kind === 'lan' ? [{ name: 'printer', address: '10.50.0.10' }] : [],
});

async function setRanges(replies: MeshRange['replies']): Promise<void> {
  for (const side of SIDES) {
    const ranges = [rangeOf(side, 'lan', replies), rangeOf(side, 'pods', 'routed')];
    network.order({ order: 'ranges', clusterId: `clu_${side}`, ranges });
  }
  await settled();
}

const settled = () => allSettled(network);
const setPolicy = (policy: Parameters<typeof policyOf>[1]) => policyOf(network, policy);
const everything = () => setPolicy({ default: 'allow' });

const asks = (from: string, protocol: 'tcp' | 'udp', address: string, port?: number) =>
  askedBy(hostOf(from), protocol, address, port);

/** By TCP, UDP and ping; answers whom TCP was asked by. */
async function reaches(from: string, address: string): Promise<string> {
  const asker = await until(`${from} to reach ${address}`, 20, async () => {
    const seen = await asks(from, 'tcp', address);
    return seen === '' ? undefined : seen;
  });
  const byUdp = await asks(from, 'udp', address);
  // Behind two carriers that masquerade, two flows may come by two of them.
  if (CARRIERS.includes(asker)) expect(CARRIERS).toContain(byUdp);
  else expect(byUdp).toBe(asker);
  expect(await pings(hostOf(from), address)).toBe(true);
  return asker;
}

/** Hosts send what is the network's to this one of their gateways. */
async function routeVia(side: Side, gateway: 1 | 2): Promise<void> {
  for (const range of ['242.0.0.0/8', '100.64.0.0/16'])
    await must(hostOf(`host-${side}`), `ip route replace ${range} via 10.50.0.${gateway}`);
}

beforeAll(async () => {
  network = await openInstalled({ clusters: 2, nodes: 3, gateways: 2 });
  const { outer } = network.field;
  for (const side of SIDES) {
    for (const bridge of [`lan-${side}`, `pod-${side}`])
      await must(outer, `ip link add ${bridge} type bridge && ip link set ${bridge} up`);
    for (const at of [1, 2]) {
      const { pid } = network.node(`${side}${at}`);
      await plug(pid, `lan-${side}`, `l-${side}${at}`, 'eth1', `10.50.0.${at}/24`);
    }
    await plug(network.node(`${side}3`).pid, `pod-${side}`, `l-${side}3`, 'pods0', '10.42.0.1/24');
    await openHost(`host-${side}`, `lan-${side}`, '10.50.0.10/24');
    await openHost(`pod-${side}`, `pod-${side}`, '10.42.0.10/24');
    await must(hostOf(`pod-${side}`), 'ip route add default via 10.42.0.1');
  }
  for (const name of ['a3', 'b3'])
    for (const port of PORTS) await listen(network.node(name).place, whoFile, port);
  // Whatever is in a tunnel with an address of the inside, and that there is something in them at all.
  for (const { name } of network.field.nodes)
    await network.sh(
      name,
      `nft -f - << 'EOF'
table inet watch {
  counter bare { }
  counter known { }
  chain in {
    type filter hook prerouting priority -400;
    iifname "skein*" ip saddr { ${LAN}, ${PODS} } counter name bare
    iifname "skein*" ip daddr { ${LAN}, ${PODS} } counter name bare
    iifname "skein*" ip saddr 242.0.0.0/8 counter name known
  }
}
EOF`,
    );
}, 300_000);
afterAll(() => network?.close());

describe('ranges', { timeout: 240_000 }, () => {
  test('masqueraded: hosts that know nothing of the network are reached, and see the carrier', async () => {
    await setRanges('masqueraded');
    await everything();
    for (const from of ['a3', 'b3', 'a1'])
      for (const side of SIDES) {
        // A gateway of the own cluster is the carrier itself.
        const seen = await reaches(from, HOST[side]);
        expect(CARRIERS).toContain(seen);
      }
    // What ICMP tells of a flow is translated with it: nobody listens there.
    const asking = `const s = require('dgram').createSocket('udp4'); s.on('error', (e) => { console.log(e.code); process.exit(); });
      s.connect(7999, '${HOST.b}', () => s.send('x')); setTimeout(() => process.exit(), 3000);`;
    expect(await must(hostOf('a3'), `${NODE} -e "${asking}"`)).toContain('ECONNREFUSED');
    // They have no way back to anybody else, and the filter would let nothing out that they begin.
    await routeVia('b', 1);
    expect(await asks('host-b', 'tcp', overlayOf(network.node('a3')))).toBe('');
    await must(hostOf('host-b'), 'ip route del 242.0.0.0/8 && ip route del 100.64.0.0/16');
  });

  test('a host of a range has a name: inside its own address, elsewhere the translated one', async () => {
    const asked = async (from: string) =>
      (await network.sh(from, 'dig +time=3 +tries=2 +short printer.b.shop.skein.test')).trim();
    expect([await asked('b3'), await asked('a3')]).toEqual(['10.50.0.10', HOST.b]);
  });

  test('routed: hosts of two equal ranges reach each other, and see each other', async () => {
    await setRanges('routed');
    await routeVia('a', 1);
    await routeVia('b', 2);
    expect(await reaches('host-a', HOST.b)).toBe(HOST.a);
    expect(await reaches('host-b', HOST.a)).toBe(HOST.b);
    expect(await reaches('a3', HOST.b)).toBe(overlayOf(network.node('a3')));
    expect(await reaches('host-b', overlayOf(network.node('a3')))).toBe(HOST.b);
    expect(await reaches('b3', HOST.b)).toBe(overlayOf(network.node('b3')));
  });

  test('carriers say what they carry, and the doctor misses the forwarding that they need', async () => {
    expect(await network.sh('a3', 'skein-agent status')).toContain(
      `carries 242.0.2.0/24, which is ${PODS} inside (routed)`,
    );
    const examined = async () => (await network.node('a1').place.sh('skein-agent doctor')).output;
    await until('nothing to be wrong', 30, async () => (await examined()).includes('Nothing is wrong.'));
    await network.sh('a1', 'echo 0 > /proc/sys/net/ipv4/conf/eth1/forwarding');
    expect(await examined()).toContain('forwarding is off on eth1');
    await until('the agent to mend it', 60, async () => (await examined()).includes('Nothing is wrong.'));
  });

  test('a range behind a member: pods of two nodes, and of a node and a LAN', async () => {
    // As networks of pods do: whatever leaves the node speaks as the node. Not so what goes into the overlay.
    await network.sh(
      'a3',
      `nft -f - << 'EOF'
table ip pods {
  chain out {
    type nat hook postrouting priority srcnat;
    ip saddr ${PODS} ip daddr != ${PODS} masquerade
  }
}
EOF`,
    );
    expect(await reaches('pod-a', POD.b)).toBe(POD.a);
    expect(await reaches('pod-b', POD.a)).toBe(POD.b);
    expect(await reaches('pod-a', HOST.b)).toBe(POD.a);
    expect(await reaches('host-b', POD.a)).toBe(HOST.b);
    expect(await reaches('a1', POD.a)).toBe(overlayOf(network.node('a1')));
    expect(await reaches('b2', POD.a)).toBe(overlayOf(network.node('b2')));
  });

  test('a large packet comes through whole, by TCP', async () => {
    const size = 300_000;
    hostOf('host-b').start(
      [NODE, '-e', `require('net').createServer((s) => s.end(Buffer.alloc(${size}, 'x'))).listen(7000)`],
      () => undefined,
    );
    const counted = await until('all of it', 20, async () => {
      const script = `let n = 0; require('net').connect(7000, '${HOST.b}').on('data', (b) => { n += b.length; }).on('close', () => console.log(n)).on('error', () => 0)`;
      const { output } = await hostOf('host-a').sh(`timeout 10 ${NODE} -e "${script}"`);
      return Number(output) === size;
    });
    expect(counted).toBe(true);
  });

  test('policies speak of ranges: one port is open, another is not; taken back, it ends a flow that runs', async () => {
    const rule = (from: string, to: string, port: number) =>
      ({ action: 'allow', from: [from], to: [to], protocol: 'tcp', ports: [port] }) as const;
    await setPolicy({
      rules: [rule('range:lan.a', 'range:lan.b', 8080), rule('peer:a3.a', 'range:pods.b', 9090)].map(
        (one) => ({
          ...one,
          from: [...one.from],
          to: [...one.to],
          ports: [...one.ports],
        }),
      ),
    });
    await until('the LANs to talk', 10, async () => (await asks('host-a', 'tcp', HOST.b)) === HOST.a);
    expect(await asks('host-a', 'tcp', HOST.b, 9090)).toBe('');
    expect(await asks('host-a', 'udp', HOST.b)).toBe('');
    expect(await pings(hostOf('host-a'), HOST.b)).toBe(false);
    expect(await asks('host-b', 'tcp', HOST.a)).toBe('');
    expect(await asks('a3', 'tcp', HOST.b)).toBe('');
    expect(await asks('a3', 'tcp', POD.b, 9090)).toBe(overlayOf(network.node('a3')));
    expect(await asks('a3', 'tcp', POD.b)).toBe('');
    expect(await asks('pod-a', 'tcp', POD.b, 9090)).toBe('');
    // Within the cluster the other default holds.
    expect(await asks('b3', 'tcp', HOST.b)).not.toBe('');

    // One peer that carries a range alone knows questions from answers: pods may ask by UDP, and nobody may ask them.
    const freely = { action: 'allow' as const, protocol: 'any' as const, ports: [] };
    await setPolicy({ rules: [{ ...freely, from: ['range:pods.a'], to: ['cluster:b'] }] });
    await until('the pod to ask', 10, async () => {
      return (await asks('pod-a', 'udp', overlayOf(network.node('b3')))) === POD.a;
    });
    expect(await asks('b3', 'udp', POD.a)).toBe('');
    expect(await pings(hostOf('b3'), POD.a)).toBe(false);

    await listen(hostOf('host-b'), talkFile, 7100);
    await setPolicy({ default: 'allow' });
    let echoes = 0;
    const talk = hostOf('host-a').start([NODE, talkFile, 'talk', HOST.b, '7100'], () => {
      echoes += 1;
    });
    await until('the flow to run', 10, () => echoes > 3);
    await setPolicy({});
    const before = echoes;
    await wait(1500);
    expect(echoes - before).toBeLessThanOrEqual(1);
    await everything();
    await until('the flow to go on', 20, () => echoes > before + 5);
    talk.stdin?.end();
  });

  test('a routed flow goes on when the gateway that it comes by is killed', async () => {
    const received = async (name: string) =>
      [...parseCounters(await network.sh(name, 'cat /proc/net/dev')).entries()]
        .filter(([device]) => device === 'eth1')
        .reduce((sum, [, counters]) => sum + counters.sentPackets, 0);
    let echoes = 0;
    const talk = hostOf('host-a').start([NODE, talkFile, 'talk', HOST.b, '7100'], () => {
      echoes += 1;
    });
    await until('the flow to run', 10, () => echoes > 5);
    const before = [await received('b1'), await received('b2')];
    await wait(2000);
    const grown = [await received('b1'), await received('b2')].map((sent, at) => sent - (before[at] ?? 0));
    const [by, other] = (grown[0] ?? 0) > (grown[1] ?? 0) ? ([1, 2] as const) : ([2, 1] as const);
    // Its answers take the other gateway, which has never seen its questions.
    await routeVia('b', other);
    const there = echoes;
    await until('the flow to go on over both', 10, () => echoes > there + 10);
    const undo = await BLOWS.killed(network, `b${by}`);
    const killed = echoes;
    const at = Date.now();
    await until('the same flow to go on', 20, () => echoes > killed + 10);
    expect(Date.now() - at).toBeLessThan(10_000);
    talk.stdin?.end();
    await undo();
    await settled();
  });

  test('full topology: the first gateway carries for all', async () => {
    network.order({ order: 'topology', topology: 'full', hubClusterId: null });
    await settled();
    await routeVia('a', 1);
    await routeVia('b', 1);
    expect(await reaches('host-a', HOST.b)).toBe(HOST.a);
    expect(await reaches('a3', HOST.b)).toBe(overlayOf(network.node('a3')));
    // Members have no public address here: two of them would need a relay.
    expect(await reaches('pod-a', HOST.b)).toBe(POD.a);
    expect(await reaches('host-a', POD.b)).toBe(HOST.a);
    network.order({ order: 'topology', topology: 'hybrid', hubClusterId: null });
    await settled();
    expect(await reaches('pod-a', POD.b)).toBe(POD.a);
  });

  test('nothing went through a tunnel untranslated', async () => {
    let known = 0;
    for (const { name } of network.field.nodes) {
      const counted = await network.sh(name, 'nft list counters table inet watch');
      const packets = (counter: string) =>
        Number(new RegExp(`counter ${counter} \\{\\s*packets (\\d+)`).exec(counted)?.[1] ?? Number.NaN);
      expect(packets('bare')).toBe(0);
      known += packets('known');
    }
    expect(known).toBeGreaterThan(100);
  });

  test('when the ranges go, so does everything that they needed', async () => {
    const forwarding = (name: string, device: string) =>
      network.sh(name, `cat /proc/sys/net/ipv4/conf/${device}/forwarding`);
    expect([await forwarding('a1', 'eth1'), await forwarding('a3', 'pods0')].join('')).toBe('1\n1\n');
    // It is on for the overlay alone: the node is no router for what is behind it.
    await hostOf('pod-a').sh('ping -c 1 -W 1 10.1.0.1');
    const guarded = await network.sh('a3', 'nft list table inet skein_forwarding');
    expect(guarded).toMatch(/iifname "pods0".*counter packets [1-9]/);
    for (const side of SIDES) network.order({ order: 'ranges', clusterId: `clu_${side}`, ranges: [] });
    await settled();
    expect([await forwarding('a1', 'eth1'), await forwarding('a3', 'pods0')].join('')).toBe('0\n0\n');
    expect(await network.sh('a3', 'nft list tables')).not.toContain('skein_forwarding');
    expect(await network.sh('a3', 'ip route show 242.0.0.0/8')).toBe('');
    expect(await network.sh('a1', 'nft list table inet skein')).not.toContain('242.');
    expect(await asks('a3', 'tcp', HOST.b)).toBe('');
  });
});
