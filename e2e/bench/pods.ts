/**
 * What reaches pods over the mesh, beside what reaches the nodes that they are on: TCP by iperf3 from a pod behind a member
 * of one cluster to one behind a member of another, and between these two members, over the same gateways and tunnels.
 * The nodes masquerade as networks of pods do, and both ways pass the filters of both nodes and both gateways.
 */
import { must, type Place } from '@skein/agent/fixture/field.ts';
import { type InstalledNetwork, openInstalled, overlayOf } from '@skein/agent/fixture/installed.ts';
import { openPod, podAddress } from '@skein/agent/fixture/pod.ts';
import { installDebian } from '@skein/local/install/debian.ts';
import type { Bench } from './run.ts';
import { compare, flow, PORT, RUNS, round, show } from './tunnel/flow.ts';

/** The bar. */
const THROUGHPUT_RATIO = 0.9;

const CLUSTERS = { clu_a: '10.128.0.0/18', clu_b: '10.128.64.0/18' } as const;
const NODES = { a2: '10.128.1.0/24', b2: '10.128.65.0/24' } as const;

export const bench: Bench = async (say) => {
  installDebian(['lab', 'bench'], say);
  const network = await openInstalled({ clusters: 2, nodes: 2, gateways: 1 });
  try {
    const [from, to] = [await podOn(network, 'a2'), await podOn(network, 'b2')];
    for (const [clusterId, podCidr] of Object.entries(CLUSTERS)) {
      const name = clusterId === 'clu_a' ? 'a2' : 'b2';
      network.order({ order: 'pods', clusterId, podCidr, nodes: { [`peer_${name}`]: [NODES[name]] } });
    }
    network.order({ order: 'allow', ports: [{ protocol: 'tcp', port: PORT }] });
    const nodes = [network.node('a2'), network.node('b2')] as const;
    for (const server of [to, nodes[1].place])
      server.start(['iperf3', '-s', '-p', String(PORT)], () => undefined);
    // Long enough for the maps to be everywhere, and for paths to be found to carry more than they began with.
    await new Promise((done) => setTimeout(done, 8000));
    const { ours, theirs, ratio } = await compare(
      () => flow(from, podAddress(NODES.b2)),
      () => flow(nodes[0].place, overlayOf(nodes[1])),
    );
    say(`pod to pod ${show(ours)}, node to node ${show(theirs)}, ratio ${show(ratio, 3)}`);
    const ok = ratio >= THROUGHPUT_RATIO;
    return {
      ok,
      ratios: { throughput: round(ratio, 3) },
      figures: { podMegabits: round(ours), runs: RUNS },
      peers: { 'node to node': { megabits: round(theirs) } },
      bars: [
        {
          bar: 'pod to pod across clusters, to node to node',
          measured: show(ratio, 3),
          allowed: `>= ${THROUGHPUT_RATIO}`,
          ok,
        },
      ],
    };
  } finally {
    await network.close();
  }
};

async function podOn(network: InstalledNetwork, name: keyof typeof NODES): Promise<Place> {
  const node = network.node(name);
  const pod = await openPod(network.field, node, NODES[name]);
  const own = CLUSTERS[node.cluster as keyof typeof CLUSTERS];
  const rule = `ip saddr ${own} ip daddr != ${own} masquerade`;
  await must(
    node.place,
    `printf 'table ip flannel {\\n chain out { type nat hook postrouting priority srcnat; ${rule}; }\\n}\\n' | nft -f -`,
  );
  await must(node.place, 'echo 1 > /proc/sys/net/ipv4/ip_forward');
  return pod;
}
