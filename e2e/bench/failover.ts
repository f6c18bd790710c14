/**
 * What a flow loses when a gateway that carries it is killed, frozen or cut off: packets of 1 kHz that do not come back,
 * between members of two clusters with two gateways each, all of them real agents in namespaces. The agents find it out
 * alone; the coordinator takes no part. Gateways on the near and on the far side are struck in turn.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { BLOWS } from '@skein/agent/fixture/blows.ts';
import { until } from '@skein/agent/fixture/field.ts';
import { type Heartbeat, startHeartbeat } from '@skein/agent/fixture/heartbeat.ts';
import { type InstalledNetwork, openInstalled } from '@skein/agent/fixture/installed.ts';
import { parseCounters } from '@skein/agent/host/counters.ts';
import type { Bench, BenchResult } from './run.ts';

/** The bars. */
const TIMES = 20;
const P99_MILLISECONDS = 1000;
const P50_MILLISECONDS = 500;
const HANDED_OVER_LOST = 0;

const HAND_OVERS = 5;
const KINDS = ['killed', 'frozen', 'cut'] as const;
const GATEWAYS = ['a1', 'a2', 'b1', 'b2'];
const [FROM, TO] = ['a3', 'b3'];
/** A flow is undisturbed for so long before the blow, and is watched for so long after it. */
const BEFORE_MILLISECONDS = 1500;
const AFTER_MILLISECONDS = 4000;
const WHOLE_SECONDS = 120;
const SPREAD_FLOWS = 32;

export const bench: Bench = async (say) => {
  const network = await openInstalled({ clusters: 2, nodes: 3, gateways: 2 });
  try {
    await whole(network);
    return await measure(network, await startHeartbeat(network, FROM, TO), say);
  } finally {
    await network.close();
  }
};

async function measure(
  network: InstalledNetwork,
  heartbeat: Heartbeat,
  say: (line: string) => void,
): Promise<BenchResult> {
  const spread = await leastShare(network, heartbeat);
  say(`of ${SPREAD_FLOWS} flows the less used gateway carries ${Math.round(spread * 100)} %`);
  let quietSent = 0;
  let quietLost = 0;
  const carried = async (round: number) => {
    heartbeat.renew(1);
    await wait(BEFORE_MILLISECONDS);
    const name = await carrierOf(network, round % 2 === 0 ? FROM : TO);
    const quiet = await heartbeat.tell();
    quietSent += quiet.sent;
    quietLost += quiet.lost;
    if (quiet.lost > 0) say(`before any blow ${quiet.lost} of ${quiet.sent} lost by ${name}`);
    return name;
  };

  const lost: Record<(typeof KINDS)[number], number[]> = { killed: [], frozen: [], cut: [] };
  for (let round = 0; round < TIMES; round += 1)
    for (const kind of KINDS) {
      const name = await carried(round);
      const undo = await BLOWS[kind](network, name);
      await wait(AFTER_MILLISECONDS);
      const told = await heartbeat.tell();
      await undo();
      lost[kind].push(told.lost);
      say(`${kind.padEnd(6)} ${name} ${String(told.lost).padStart(5)} ms lost of ${told.sent}`);
      await whole(network);
    }

  let handedOverLost = 0;
  for (let round = 0; round < HAND_OVERS; round += 1) {
    const name = await carried(round);
    await network.sh(name, 'skein-agent drain');
    const undo = await BLOWS.killed(network, name);
    await wait(AFTER_MILLISECONDS);
    const told = await heartbeat.tell();
    await undo();
    handedOverLost += told.lost;
    say(`handed over ${name}: ${told.lost} lost of ${told.sent}`);
    await whole(network);
  }

  const figures = Object.fromEntries(
    KINDS.map((kind) => [
      kind,
      { p50Milliseconds: quantile(lost[kind], 0.5), p99Milliseconds: quantile(lost[kind], 0.99) },
    ]),
  );
  const bars = [
    ...Object.entries(figures).flatMap(([kind, { p50Milliseconds, p99Milliseconds }]) => [
      barOf(`${kind}, p50 of ${TIMES}`, p50Milliseconds, P50_MILLISECONDS, 'ms'),
      barOf(`${kind}, p99 of ${TIMES}`, p99Milliseconds, P99_MILLISECONDS, 'ms'),
    ]),
    barOf(`handed over ${HAND_OVERS} times, packets lost`, handedOverLost, HANDED_OVER_LOST, 'packets'),
  ];
  return {
    ok: bars.every((bar) => bar.ok),
    ratios: { leastShareOfTwoGateways: spread },
    figures: {
      ...figures,
      p50Milliseconds: Math.max(...Object.values(figures).map((one) => one.p50Milliseconds)),
      p99Milliseconds: Math.max(...Object.values(figures).map((one) => one.p99Milliseconds)),
      times: TIMES,
      handedOverLost,
      undisturbedSent: quietSent,
      undisturbedLost: quietLost,
    },
    peers: {},
    bars,
  };
}

function barOf(bar: string, measured: number, allowed: number, unit: string) {
  return { bar, measured: `${measured} ${unit}`, allowed: `<= ${allowed} ${unit}`, ok: measured <= allowed };
}

/** Waits until every agent takes every gateway for live. */
async function whole(network: InstalledNetwork): Promise<void> {
  await until('every gateway to be live for everybody', WHOLE_SECONDS, async () => {
    const all = await Promise.all(
      network.field.nodes.map(({ name }) => network.status(name).catch(() => undefined)),
    );
    return all.every(
      (status) =>
        status &&
        !status.problem &&
        !status.draining &&
        status.peers.every((peer) => !GATEWAYS.includes(peer.name) || peer.state === 'up'),
    );
  });
}

async function sentBy(network: InstalledNetwork, name: string): Promise<number[]> {
  const counters = parseCounters(await network.sh(name, 'cat /proc/net/dev'));
  return [0, 1].map((plane) => counters.get(`skein${plane}`)?.sentPackets ?? 0);
}

/** The gateway of its cluster by which a member sends what it sends now. */
async function carrierOf(network: InstalledNetwork, name: string): Promise<string> {
  const before = await sentBy(network, name);
  await wait(300);
  const grown = (await sentBy(network, name)).map((sent, plane) => sent - (before[plane] ?? 0));
  return `${name[0]}${(grown[1] ?? 0) > (grown[0] ?? 0) ? 2 : 1}`;
}

/** Of many flows, the share that the less used gateway carries. */
async function leastShare(network: InstalledNetwork, heartbeat: Heartbeat): Promise<number> {
  const before = await sentBy(network, FROM);
  heartbeat.renew(SPREAD_FLOWS);
  await wait(BEFORE_MILLISECONDS);
  const grown = (await sentBy(network, FROM)).map((sent, plane) => sent - (before[plane] ?? 0));
  return Math.round((100 * Math.min(...grown)) / grown.reduce((sum, one) => sum + one, 0)) / 100;
}

/** Nearest rank. */
function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}
