/**
 * How long a provision takes beside the waits that nobody can avoid: every answer of a cloud takes 200 ms, every
 * instance 20 s to boot. The clouds are the lab's, on paper; worker, queue, Postgres and the SDKs are real, the agents
 * simulated.
 */

import { REGISTRY } from '@skein/clouds/registry.ts';
import type { NewNetwork } from '@skein/contract/rest/network.ts';
import type { Step } from '@skein/contract/rest/operation.ts';
import { createNetwork } from '@skein/control/network/create.ts';
import { getNetwork } from '@skein/control/network/get.ts';
import { planNetwork } from '@skein/control/network/plan.ts';
import type { FaultRuleInput } from '@skein/lab/fault/rule.ts';
import type { Practice } from '../provision/practice.ts';
import { openPlace, orderFor, type Place } from './clouds/place.ts';
import { openWorkers, type Workers } from './clouds/workers.ts';
import type { Bench } from './run.ts';

/** The bars. */
const OF_THE_CHAIN = 1.15;
const THIRTY_OF_THREE = 2;

const ANSWER_SECONDS = 0.2;
const BOOT_SECONDS = 20;
const NODES = 3;
const LONGEST_SECONDS = 300;

const RULES: FaultRuleInput[] = [
  { fault: { kind: 'delay', milliseconds: ANSWER_SECONDS * 1000 } },
  ...['RunInstances', 'instances.insert', 'Microsoft.Compute/virtualMachines/write'].map((action) => ({
    action,
    fault: { kind: 'slow-operations' as const, seconds: BOOT_SECONDS },
  })),
];

const NAMES = ['list the zone’s records', 'change them', 'see the change in effect'];
/**
 * For each cloud the calls of which each needs the answer of the one before, from nothing to names that answer: records
 * hold the addresses of nodes that run. A call that looks whether the thing is there already counts: whoever leaves it
 * out makes things twice after a crash.
 */
const CHAINS: Record<keyof Practice['accounts'], readonly string[]> = {
  aws: [
    'find the VPC',
    'make the VPC',
    'make its subnet',
    'find the instance',
    'start the instance',
    'see it run',
    'bind its address',
    ...NAMES,
  ],
  gcp: [
    'find the network',
    'make the network',
    'see that it is made',
    'make its subnetwork',
    'see that it is made',
    'find the instance',
    'start the instance',
    'see it run',
    ...NAMES,
  ],
  azure: [
    'find the resource group',
    'make the resource group',
    'make the virtual network',
    'see that it is made',
    'make the interface',
    'find the machine',
    'start the machine',
    'see it run',
    ...NAMES,
  ],
};
const chainSeconds =
  Math.max(...Object.values(CHAINS).map((calls) => calls.length)) * ANSWER_SECONDS + BOOT_SECONDS;

export const bench: Bench = async (say) => {
  const place = await openPlace();
  const workers = openWorkers(0);
  try {
    const three = await measure(place, workers, 3, say);
    const thirty = await measure(place, workers, 30, say);
    const ratios = {
      threeClusters: round(three.seconds / chainSeconds),
      thirtyClusters: round(thirty.seconds / three.seconds),
    };
    const bars = [
      {
        bar: `3 clusters of ${NODES}, to the longest chain of waits (${chainSeconds.toFixed(1)} s)`,
        measured: `${three.seconds.toFixed(1)} s, ${ratios.threeClusters}`,
        allowed: `at most ${OF_THE_CHAIN}`,
        ok: ratios.threeClusters <= OF_THE_CHAIN,
      },
      {
        bar: `30 clusters of ${NODES}, to 3 of them`,
        measured: `${thirty.seconds.toFixed(1)} s, ${ratios.thirtyClusters}`,
        allowed: `at most ${THIRTY_OF_THREE}`,
        ok: ratios.thirtyClusters <= THIRTY_OF_THREE,
      },
    ];
    return {
      ok: bars.every((bar) => bar.ok),
      ratios,
      figures: {
        chainSeconds: round(chainSeconds),
        threeSeconds: round(three.seconds),
        thirtySeconds: round(thirty.seconds),
        threeCalls: three.calls,
        thirtyCalls: thirty.calls,
      },
      peers: { 'longest chain of waits': { seconds: round(chainSeconds) } },
      bars,
    };
  } finally {
    await workers.close();
    await place.close();
  }
};

/** Seconds from the request to the operation's end, and the calls that the clouds answered meanwhile. */
async function measure(place: Place, workers: Workers, count: number, say: (line: string) => void) {
  const practice = await place.open();
  try {
    const worker = await workers.start(orderFor(practice));
    practice.lab.faults.set(RULES);
    const wanted = networkOf(practice, count);
    const plan = await planNetwork(practice.context, wanted);
    const before = practice.lab.requests().length;
    const startedAt = performance.now();
    const { network, operation } = await createNetwork(practice.context, { ...wanted, planHash: plan.hash });
    const end = await practice.succeeded(operation, LONGEST_SECONDS);
    const seconds = (performance.now() - startedAt) / 1000;
    const { peers } = await getNetwork(practice.context, { id: network.id });
    if (peers.connected !== count * NODES)
      throw new Error(`${peers.connected} of ${count * NODES} nodes are connected`);
    const { kinds } = practice.lab.faults.bitten();
    if ((kinds['slow-operations'] ?? 0) < count * NODES)
      throw new Error(`only ${kinds['slow-operations'] ?? 0} boots were slow: the delay did not bite`);
    const calls = practice.lab.requests().length - before;
    say(`${count} clusters: ${seconds.toFixed(1)} s, ${calls} calls`);
    const zero = Date.parse(end.startedAt ?? end.createdAt);
    for (const line of course(end.steps, zero)) say(`  ${line}`);
    if (!(await worker.kill())) throw new Error('the worker had ended by itself');
    return { seconds, calls };
  } finally {
    await practice.close();
  }
}

/** Clusters in turn from the three clouds, each in the next of its regions. */
function networkOf(practice: Practice, count: number): NewNetwork {
  const clouds = ['aws', 'gcp', 'azure'] as const;
  return {
    ...practice.wanted,
    clusters: Array.from({ length: count }, (_, index) => {
      const cloud = clouds[index % 3] as (typeof clouds)[number];
      const { regions } = REGISTRY[cloud].provider;
      return {
        name: `${cloud}-${1 + Math.floor(index / 3)}`,
        cloudAccountId: practice.accounts[cloud],
        region: regions[Math.floor(index / 3) % regions.length]?.id ?? '',
        nodes: NODES,
      };
    }),
  };
}

/** When steps of each kind began and ended, in seconds since `zero`. */
function course(steps: readonly Step[], zero: number): string[] {
  const kinds = new Map<string, { from: number; to: number; attempts: number }>();
  for (const step of steps) {
    const kind = step.key.split('/').at(-1) ?? '';
    const [from, to] = [step.startedAt, step.finishedAt].map((at) => (Date.parse(at ?? '') - zero) / 1000);
    const known = kinds.get(kind) ?? { from: Number.POSITIVE_INFINITY, to: 0, attempts: 0 };
    kinds.set(kind, {
      from: Math.min(known.from, from ?? 0),
      to: Math.max(known.to, to ?? 0),
      attempts: Math.max(known.attempts, step.attempt),
    });
  }
  return [...kinds].map(
    ([kind, { from, to, attempts }]) =>
      `${from.toFixed(1).padStart(5)} – ${to.toFixed(1).padStart(5)} s  ${kind}${attempts > 1 ? `, ${attempts} attempts` : ''}`,
  );
}

const round = (value: number) => Math.round(value * 100) / 100;
