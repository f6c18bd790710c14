/**
 * Pods with real packets: two clusters of two gateways and a member each, a pod behind every node. Within a cluster a
 * network of its own carries them, as flannel with its host-gw backend does: routes to each node's range in the main table,
 * and rules that masquerade whatever leaves the cluster's range or comes into it from elsewhere. Nodes are routers that ask
 * each packet whether it came by the interface to which its answer would go, as many distributions have it.
 */
import { setTimeout as wait } from 'node:timers/promises';
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
import { type FieldNode, must, NODE, type Place, talkFile, until } from './fixture/field.ts';
import { type InstalledNetwork, openInstalled, overlayOf } from './fixture/installed.ts';
import { openPod, podAddress } from './fixture/pod.ts';

const PORTS = [8080, 9090];
const CLUSTERS = { a: '10.128.0.0/18', b: '10.128.64.0/18' } as const;
const SIDES = ['a', 'b'] as const;
type Side = (typeof SIDES)[number];

let network: InstalledNetwork;
const pods = new Map<string, Place>();
const placeOf = (name: string): Place => pods.get(name) ?? network.node(name).place;
const rangeOf = (name: string) => `10.128.${(name[0] === 'a' ? 0 : 64) + Number(name[1]) - 1}.0/24`;
/** The address of the pod behind a node. */
const podOf = (name: string) => podAddress(rangeOf(name));
const namesOf = (side: Side) =>
  network.field.nodes.map(({ name }) => name).filter((name) => name[0] === side);

/** As flannel does it, with nobody's ranges but its own cluster's spared. */
const masquerade = (own: string) => `nft -f - << 'EOF'
table ip flannel {
  chain out {
    type nat hook postrouting priority srcnat;
    ip saddr ${own} ip daddr ${own} return
    ip saddr ${own} ip daddr != 224.0.0.0/4 masquerade
    ip saddr != ${own} ip daddr ${own} masquerade
  }
}
EOF`;

async function addPod(node: FieldNode, mates: readonly FieldNode[]): Promise<void> {
  const { name } = node;
  const place = await openPod(network.field, node, rangeOf(name));
  for (const mate of mates)
    if (mate !== node) await must(node.place, `ip route add ${rangeOf(mate.name)} via ${mate.address}`);
  await must(node.place, masquerade(CLUSTERS[name[0] as Side]));
  pods.set(`pod-${name}`, place);
  for (const port of PORTS) await listen(place, whoFile, port);
}

/** Tells the network which nodes have pods. */
async function setPods(side: Side, names: readonly string[], gone: readonly string[] = []): Promise<void> {
  const nodes = Object.fromEntries(names.map((name) => [`peer_${name}`, [rangeOf(name)]]));
  network.order({ order: 'pods', clusterId: `clu_${side}`, podCidr: CLUSTERS[side], nodes });
  await settled(gone);
}

const setPolicy = (policy: Parameters<typeof policyOf>[1]) => policyOf(network, policy);
const settled = (gone?: readonly string[]) => allSettled(network, gone);
const asks = (from: string, protocol: 'tcp' | 'udp', address: string, port?: number) =>
  askedBy(placeOf(from), protocol, address, port);

/** By TCP, UDP and ping; answers whom TCP was asked by. */
async function reaches(from: string, address: string): Promise<string> {
  const asker = await until(`${from} to reach ${address}`, 20, async () => {
    const seen = await asks(from, 'tcp', address);
    return seen === '' ? undefined : seen;
  });
  expect(await asks(from, 'udp', address)).toBe(asker);
  expect(await pings(placeOf(from), address)).toBe(true);
  return asker;
}

beforeAll(async () => {
  network = await openInstalled({ clusters: 2, nodes: 3, gateways: 2 }, async (field) => {
    for (const { place } of field.nodes)
      await must(
        place,
        'echo 1 > /proc/sys/net/ipv4/ip_forward && for at in all default eth0; do echo 1 > /proc/sys/net/ipv4/conf/$at/rp_filter; done',
      );
  });
  for (const side of SIDES) {
    const mates = network.field.nodes.filter(({ name }) => name[0] === side);
    for (const node of mates) await addPod(node, mates);
  }
  for (const { name, place } of network.field.nodes) {
    for (const port of PORTS) await listen(place, whoFile, port);
    // What of the own cluster's pods goes by tunnels.
    await network.sh(
      name,
      `nft -f - << 'EOF'
table inet watch {
  counter inner { }
  chain out {
    type filter hook postrouting priority 400;
    oifname "skein*" ip saddr ${CLUSTERS[name[0] as Side]} ip daddr ${CLUSTERS[name[0] as Side]} counter name inner
  }
}
EOF`,
    );
  }
  for (const side of SIDES) await setPods(side, namesOf(side));
}, 300_000);
afterAll(() => network?.close());

describe('pods', { timeout: 240_000 }, () => {
  test('of two clusters reach each other, members and gateways alike, and see each other', async () => {
    await setPolicy({ default: 'allow' });
    for (const [from, to] of [
      ['a3', 'b3'],
      ['b3', 'a3'],
      ['a1', 'b3'],
      ['a3', 'b1'],
      ['a3', 'b2'],
      ['a2', 'b1'],
      ['b2', 'a1'],
    ] as const)
      expect(await reaches(`pod-${from}`, podOf(to)), `${from} to ${to}`).toBe(podOf(from));
  });

  test('and nodes of the other cluster, which reach them too', async () => {
    expect(await reaches('pod-a3', overlayOf(network.node('b3')))).toBe(podOf('a3'));
    expect(await reaches('pod-a3', overlayOf(network.node('b2')))).toBe(podOf('a3'));
    expect(await reaches('b3', podOf('a3'))).toBe(overlayOf(network.node('b3')));
    expect(await reaches('b1', podOf('a2'))).toBe(overlayOf(network.node('b1')));
  });

  test('within a cluster its own network carries them; towards its nodes they speak as their node', async () => {
    expect(await reaches('pod-a3', podOf('a1'))).toBe(podOf('a3'));
    expect(await reaches('a3', podOf('a1'))).not.toBe('');
    expect(await network.sh('a3', 'nft list counter inet watch inner')).toContain('packets 0 ');
    expect(await reaches('pod-a3', overlayOf(network.node('a1')))).toBe(overlayOf(network.node('a3')));
    expect(await reaches('pod-a3', overlayOf(network.node('a3')))).toBe(podOf('a3'));
  });

  test('a service that leads to another cluster’s pod is asked by pods and by nodes; none leads past the policy', async () => {
    // As kube-proxy does it: with the address that the node chose for the service's own.
    const proxy = (rule: string) => `nft -f - << 'EOF'
table ip proxy {
  chain out { type nat hook output priority -100; ${rule} }
  chain pre { type nat hook prerouting priority -100; ${rule} }
}
EOF`;
    await network.sh('a3', proxy(`ip daddr 10.192.0.10 tcp dport 80 dnat to ${podOf('b3')}:8080;`));
    const asked = async (from: string) =>
      (await must(placeOf(from), `${NODE} ${whoFile} ask tcp 10.192.0.10 80`)).trim();
    expect(await asked('pod-a3')).toBe(podOf('a3'));
    expect(await asked('a3')).toBe(overlayOf(network.node('a3')));
    await network.sh('a3', 'nft delete table ip proxy');
    // A port of the node that leads to its pod is another matter than the pod.
    await network.sh('a3', proxy(`tcp dport 30080 dnat to ${podOf('a3')}:8080;`));
    const there = `${NODE} ${whoFile} ask tcp ${overlayOf(network.node('a3'))} 30080`;
    expect((await must(placeOf('b3'), there)).trim()).toBe('');
    expect(await asks('b3', 'tcp', podOf('a3'))).not.toBe('');
    await network.sh('a3', 'nft delete table ip proxy');
  });

  test('a large packet comes through whole, by TCP', async () => {
    const size = 3_000_000;
    placeOf('pod-b3').start(
      [NODE, '-e', `require('net').createServer((s) => s.end(Buffer.alloc(${size}, 'x'))).listen(7000)`],
      () => undefined,
    );
    await until('all of it', 30, async () => {
      const script = `let n = 0; require('net').connect(7000, '${podOf('b3')}').on('data', (b) => { n += b.length; }).on('close', () => console.log(n)).on('error', () => 0)`;
      const { output } = await placeOf('pod-a3').sh(`timeout 15 ${NODE} -e "${script}"`);
      return Number(output) === size;
    });
  });

  test('policies speak of them: one port is open, another is not; taken back, it ends a flow that runs', async () => {
    const rule = { action: 'allow', protocol: 'tcp' } as const;
    await setPolicy({
      rules: [
        { ...rule, from: ['pods:a'], to: ['pods:b'], ports: [8080] },
        { ...rule, from: ['cluster:b'], to: ['peer:a1.a'], ports: [9090] },
      ],
    });
    await until('pods to talk', 10, async () => (await asks('pod-a3', 'tcp', podOf('b3'))) === podOf('a3'));
    expect(await asks('pod-a3', 'tcp', podOf('b3'), 9090)).toBe('');
    expect(await asks('pod-a3', 'udp', podOf('b3'))).toBe('');
    expect(await pings(placeOf('pod-a3'), podOf('b3'))).toBe(false);
    expect(await asks('pod-b3', 'tcp', podOf('a3'))).toBe('');
    expect(await asks('a3', 'tcp', podOf('b3'))).toBe('');
    // A cluster means its pods too.
    expect(await asks('pod-b3', 'tcp', overlayOf(network.node('a1')), 9090)).toBe(podOf('b3'));
    expect(await asks('pod-b3', 'tcp', overlayOf(network.node('a1')))).toBe('');
    // What is within the cluster is not ours.
    expect(await asks('pod-a3', 'tcp', podOf('a1'), 9090)).toBe(podOf('a3'));

    await listen(placeOf('pod-b3'), talkFile, 7100);
    await setPolicy({ default: 'allow' });
    let echoes = 0;
    const talk = placeOf('pod-a3').start([NODE, talkFile, 'talk', podOf('b3'), '7100'], () => {
      echoes += 1;
    });
    await until('the flow to run', 10, () => echoes > 3);
    await setPolicy({});
    const before = echoes;
    await wait(1500);
    expect(echoes - before).toBeLessThanOrEqual(1);
    await setPolicy({ default: 'allow' });
    await until('the flow to go on', 20, () => echoes > before + 5);
    // Of two gateways either may go.
    const undo = await BLOWS.killed(network, 'b1');
    const killed = echoes;
    const at = Date.now();
    await until('the same flow to go on', 20, () => echoes > killed + 10);
    expect(Date.now() - at).toBeLessThan(10_000);
    talk.stdin?.end();
    await undo();
    await settled();
  });

  test('a node whose range is taken away is reached no more, and is again with one', async () => {
    await setPods('b', ['b1', 'b2']);
    expect(await asks('pod-a3', 'tcp', podOf('b3'))).toBe('');
    expect(await reaches('pod-a3', podOf('b1'))).toBe(podOf('a3'));
    await setPods('b', namesOf('b'));
    expect(await reaches('pod-a3', podOf('b3'))).toBe(podOf('a3'));
  });

  test('full topology: nodes reach the pods of each other directly', async () => {
    network.order({ order: 'topology', topology: 'full', hubClusterId: null });
    await settled();
    // Members have no public address here: two of them would need a relay.
    expect(await reaches('pod-a3', podOf('b1'))).toBe(podOf('a3'));
    expect(await reaches('pod-b2', podOf('a3'))).toBe(podOf('b2'));
    expect(await reaches('pod-a1', podOf('b2'))).toBe(podOf('a1'));
    expect(await reaches('b1', podOf('a3'))).toBe(overlayOf(network.node('b1')));
    network.order({ order: 'topology', topology: 'hybrid', hubClusterId: null });
    await settled();
    expect(await reaches('pod-a3', podOf('b3'))).toBe(podOf('a3'));
  });

  test('a node that is removed takes its pods with it, and keeps nothing of ours', async () => {
    expect(await network.sh('b1', 'ip rule show')).toContain('lookup 51883');
    expect(await network.sh('b1', 'ip route show table 51883')).toContain(`${rangeOf('b3')} dev skein`);
    network.order({ order: 'remove', peerId: 'peer_b3' });
    await settled(['b3']);
    await until(
      'b3 to clean up',
      20,
      async () => !(await network.sh('b3', 'ip rule show')).includes('51883'),
    );
    expect(await network.sh('b3', 'nft list tables')).not.toContain('inet skein');
    expect(await asks('pod-a3', 'tcp', podOf('b3'))).toBe('');
    // Its cluster's own network goes on.
    expect(await asks('pod-b3', 'tcp', podOf('b1'))).toBe(podOf('b3'));
    expect(await network.sh('b1', 'ip route show table 51883')).not.toContain(rangeOf('b3'));
  });

  test('when a cluster has no pods any more, everything that they needed goes', async () => {
    for (const side of SIDES)
      network.order({ order: 'pods', clusterId: `clu_${side}`, podCidr: null, nodes: {} });
    await settled(['b3']);
    expect(await network.sh('a1', 'ip rule show')).not.toContain('51883');
    expect(await network.sh('a1', `ip route show ${CLUSTERS.b}`)).toBe('');
    expect(await network.sh('a1', 'nft list table inet skein')).not.toContain('10.128');
    expect(await asks('pod-a3', 'tcp', podOf('b1'))).toBe('');
  });
});
