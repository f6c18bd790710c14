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
import { OVERLAYS, openOverlay } from './tunnel/others.ts';
import { openPlain, plainAddress } from './tunnel/plain.ts';

/** The bars. */
const DIRECT_RATIO = 0.97;
/** Where there are cores for all its ends: two members and four gateways. */
const TWO_GATEWAYS_RATIO = 1.5;
const CORES_FOR_TWO_GATEWAYS = 6;

const RUNS = 5;
const SECONDS = 3;
const PORT = 5201;
const ATTEMPTS = 4;
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
    () => flow(a1, overlayOf(b1)),
    () => flow(a1, plainAddress(2)),
  );
  say(
    `direct: Skein ${show(direct.ours)}, plain wireguard-go ${show(direct.theirs)}, ratio ${show(direct.ratio, 3)}`,
  );
  const gateway = await compare(
    () => flow(a2, overlayOf(b2)),
    () => flow(a2, plainAddress(3)),
  );
  say(
    `gateways: Skein ${show(gateway.ours)}, plain ${show(gateway.theirs)}, ratio ${show(gateway.ratio, 3)}`,
  );
  const raw = median(await repeat(() => flow(a1, b1.address)));
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
    const megabits = median(await repeat(() => flow(a1, address)));
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
    return flow(from, overlayOf(to), FLOWS);
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

/** Megabits a second of TCP to an address, by what the receiver got. */
async function flow(from: FieldNode, address: string, flows = 1): Promise<number> {
  let said = '';
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    said = (await from.place.sh(`iperf3 -c ${address} -p ${PORT} -t ${SECONDS} -O 1 -P ${flows} -J`)).output;
    const megabits = JSON.parse(said).end?.sum_received?.bits_per_second / 1e6;
    if (megabits > 0) return megabits;
    // The server takes one test at a time, and a moment after each.
    await new Promise((done) => setTimeout(done, 500));
  }
  throw new Error(`iperf3 to ${address}: ${JSON.parse(said).error ?? 'no figures'}`);
}

/** Runs of both in turn; the ratio is the median of those of neighbours. */
async function compare(
  ours: () => Promise<number>,
  theirs: () => Promise<number>,
): Promise<{ ours: number; theirs: number; ratio: number }> {
  const pairs: [number, number][] = [];
  for (let run = 0; run < RUNS; run += 1) {
    // Who goes first changes, for the second finds the machine warm.
    const first = run % 2 === 0 ? await ours() : await theirs();
    const second = run % 2 === 0 ? await theirs() : await ours();
    pairs.push(run % 2 === 0 ? [first, second] : [second, first]);
  }
  return {
    ours: median(pairs.map(([our]) => our)),
    theirs: median(pairs.map(([, their]) => their)),
    ratio: median(pairs.map(([our, their]) => our / their)),
  };
}

async function repeat(one: () => Promise<number>): Promise<number[]> {
  const values: number[] = [];
  for (let run = 0; run < RUNS; run += 1) values.push(await one());
  return values;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function round(value: number, digits = 0): number {
  return Number(value.toFixed(digits));
}

function show(value: number, digits = 0): string {
  return value.toFixed(digits);
}
