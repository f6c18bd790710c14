/**
 * What Skein's tunnel carries between two clouds, directly and through gateways, beside the very same wireguard-go with
 * nothing around it; and beside other overlays as Debian packs them. Real agents, with filter, routes and everything they
 * do; TCP by iperf3. Runs of the two that a ratio compares follow each other, so that the machine is the same for both.
 */
import { cpus } from 'node:os';
import { type FieldNode, must } from '@skein/agent/fixture/field.ts';
import { type InstalledNetwork, openInstalled, overlayOf } from '@skein/agent/fixture/installed.ts';
import { installDebian, present } from '@skein/local/install/debian.ts';
import type { Bench, BenchResult } from './run.ts';
import { compare, flow, median, PORT, RUNS, repeat, round, show } from './tunnel/flow.ts';
import { OVERLAYS, openOverlay } from './tunnel/others.ts';
import { openPlain, plainAddress } from './tunnel/plain.ts';

/** The bars. */
const DIRECT_RATIO = 0.97;
/** Where there are cores for all its ends: two members and four gateways. */
const TWO_GATEWAYS_RATIO = 1.5;
const CORES_FOR_TWO_GATEWAYS = 6;

/** Enough for flows to fall on both gateways. */
const FLOWS = 8;

export const bench: Bench = async (say) => {
  installDebian(['lab', 'bench'], say);
  const one = await openInstalled({ clusters: 2, nodes: 2, gateways: 1 });
  let result: Measured;
  try {
    result = await measureTunnels(one, say);
  } finally {
    await one.close();
  }
  const two = await openInstalled({ clusters: 2, nodes: 3, gateways: 2 });
  try {
    return judge(result, await measureGateways(two, say));
  } finally {
    await two.close();
  }
};

interface Measured {
  megabits: Record<'raw' | 'plainDirect' | 'skeinDirect' | 'plainGateway' | 'skeinGateway', number>;
  ratios: { direct: number; gateway: number };
  peers: Record<string, Record<string, number>>;
  missing: number;
  mtu: number;
}

async function measureTunnels(network: InstalledNetwork, say: (line: string) => void): Promise<Measured> {
  const [a1, a2, b1, b2] = ['a1', 'a2', 'b1', 'b2'].map(network.node) as [
    FieldNode,
    FieldNode,
    FieldNode,
    FieldNode,
  ];
  await openFlows(network, [b1, b2]);
  await openPlain([a2, a1, b1, b2]);
  const direct = await compare(
    () => flow(a1.place, overlayOf(b1)),
    () => flow(a1.place, plainAddress(2)),
  );
  say(
    `direct: Skein ${show(direct.ours)}, plain wireguard-go ${show(direct.theirs)}, ratio ${show(direct.ratio, 3)}`,
  );
  const gateway = await compare(
    () => flow(a2.place, overlayOf(b2)),
    () => flow(a2.place, plainAddress(3)),
  );
  say(
    `gateways: Skein ${show(gateway.ours)}, plain ${show(gateway.theirs)}, ratio ${show(gateway.ratio, 3)}`,
  );
  const raw = median(await repeat(() => flow(a1.place, b1.address)));
  const mtu = Number(/mtu (\d+)/.exec(await network.sh('a1', `ip route get ${overlayOf(b1)}`))?.[1] ?? 0);
  const peers: Measured['peers'] = {
    'no tunnel': { megabits: round(raw) },
    'plain wireguard-go': { megabits: round(direct.theirs), throughGatewaysMegabits: round(gateway.theirs) },
  };
  let missing = 0;
  for (const overlay of OVERLAYS) {
    if (!overlay.programs.every(present)) {
      missing += 1;
      say(`${overlay.name} is not installed, and stands not beside`);
      continue;
    }
    const address = await openOverlay(overlay, a1, b1);
    const megabits = median(await repeat(() => flow(a1.place, address)));
    for (const node of [a1, b1]) await must(node.place, overlay.close);
    say(`${overlay.name}: ${show(megabits)}`);
    peers[overlay.name] = { megabits: round(megabits) };
  }
  return {
    megabits: {
      raw,
      plainDirect: direct.theirs,
      skeinDirect: direct.ours,
      plainGateway: gateway.theirs,
      skeinGateway: gateway.ours,
    },
    ratios: { direct: direct.ratio, gateway: gateway.ratio },
    peers,
    missing,
    mtu,
  };
}

/** Flows of one member over both gateways of each cluster, and over one of them, the other being drained. */
async function measureGateways(network: InstalledNetwork, say: (line: string) => void): Promise<number> {
  const [from, to] = [network.node('a3'), network.node('b3')];
  await openFlows(network, [to]);
  const over = async (gateways: 1 | 2) => {
    for (const name of ['a2', 'b2'])
      await network.sh(name, `skein-agent drain${gateways === 2 ? ' --end' : ''}`);
    return flow(from.place, overlayOf(to), FLOWS);
  };
  const { ours, theirs, ratio } = await compare(
    () => over(2),
    () => over(1),
  );
  say(
    `${FLOWS} flows over two gateways a cluster ${show(ours)}, over one ${show(theirs)}, ratio ${show(ratio, 3)}`,
  );
  return ratio;
}

function judge(measured: Measured, twoGateways: number): BenchResult {
  const cores = cpus().length;
  const coresAllow = cores >= CORES_FOR_TWO_GATEWAYS;
  const { ratios, megabits } = measured;
  const bars = [
    {
      bar: 'direct, to plain wireguard-go',
      measured: show(ratios.direct, 3),
      allowed: `>= ${DIRECT_RATIO}`,
      ok: ratios.direct >= DIRECT_RATIO,
    },
    coresAllow
      ? {
          bar: 'two gateways a cluster, to one',
          measured: show(twoGateways, 3),
          allowed: `>= ${TWO_GATEWAYS_RATIO}`,
          ok: twoGateways >= TWO_GATEWAYS_RATIO,
        }
      : {
          bar: 'two gateways a cluster, to one',
          measured: show(twoGateways, 3),
          allowed: `no bar on ${cores} cores: ${CORES_FOR_TWO_GATEWAYS} are needed to carry more`,
          ok: true,
        },
  ];
  return {
    ok: bars.every((bar) => bar.ok),
    ratios: {
      direct: round(ratios.direct, 3),
      gateway: round(ratios.gateway, 3),
      twoGateways: round(twoGateways, 3),
    },
    figures: {
      directMegabits: round(megabits.skeinDirect),
      gatewayMegabits: round(megabits.skeinGateway),
      mtu: measured.mtu,
      runs: RUNS,
      cores,
      coresAllowTwoGateways: coresAllow ? 1 : 0,
      overlaysMissing: measured.missing,
    },
    peers: measured.peers,
    bars,
  };
}

/** Lets iperf3 through the network's policy, and serves it. */
async function openFlows(network: InstalledNetwork, servers: readonly FieldNode[]): Promise<void> {
  network.order({ order: 'allow', ports: [{ protocol: 'tcp', port: PORT }] });
  for (const server of servers) server.place.start(['iperf3', '-s', '-p', String(PORT)], () => undefined);
  // Long enough for the map to be everywhere, and for paths to be found to carry more than they began with.
  await new Promise((done) => setTimeout(done, 6000));
}
