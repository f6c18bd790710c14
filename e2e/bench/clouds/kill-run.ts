/** One installation, provisioned and torn down while its worker is killed at the points that are still to be covered. */
import { createNetwork } from '@skein/control/network/create.ts';
import { deleteNetwork } from '@skein/control/network/delete.ts';
import { getNetwork } from '@skein/control/network/get.ts';
import { planNetwork } from '@skein/control/network/plan.ts';
import { getOperation } from '@skein/control/operation/get.ts';
import type { FaultRuleInput } from '@skein/lab/fault/rule.ts';
import type { Practice } from '../../provision/practice.ts';
import { openHunt } from './hunt.ts';
import { inventoryOf } from './inventory.ts';
import { orphansOf } from './orphans.ts';
import { orderFor, type Place } from './place.ts';
import type { Worker, Workers } from './workers.ts';

/** A step may be taken five times; a kill is allowed while two are left after it. */
const MOST_ATTEMPTS = 3;
const LIMIT_SECONDS = 600;

/** What a run came to. `points` are those at which the worker was killed in it. */
export interface RunOutcome {
  points: readonly string[];
  kills: number;
  /** The same network as without faults, and nothing after its teardown. */
  converged: boolean;
  duplicates: number;
  orphans: number;
  leaked: number;
  /** Why it did not converge, in words. */
  why: string[];
  /** Side effects that came to be, in their order: `provision aws CreateVpc 2`. */
  met: string[];
  /** What stood when the provision had ended. */
  stood: string[];
  calls: number;
}

const HOLD: FaultRuleInput[] = [
  { mutating: true, fault: { kind: 'hold', at: 'before' } },
  { mutating: true, fault: { kind: 'hold', at: 'after' } },
];

/**
 * @param rules faults beside the kills
 * @param wanted points still to be covered; those at which this run kills are taken out. Empty: no kill.
 * @param expected what must stand after the provision; null: whatever does is right
 */
export async function killRun(
  place: Place,
  workers: Workers,
  run: { rules: readonly FaultRuleInput[]; wanted: Set<string>; expected: readonly string[] | null },
): Promise<RunOutcome> {
  const practice = await place.open();
  const outcome: RunOutcome = {
    points: [],
    kills: 0,
    converged: false,
    duplicates: 0,
    orphans: 0,
    leaked: 0,
    why: [],
    met: [],
    stood: [],
    calls: 0,
  };
  const directory = `${practice.directory}/lab`;
  const before = inventoryOf(directory);
  let worker: Worker | undefined;
  let phase: 'provision' | 'teardown' = 'provision';
  const hunt = openHunt({
    faults: practice.lab.faults,
    phase: () => phase,
    wanted: run.wanted,
    mayKill: () => mayKill(practice),
    kill: () => worker?.kill() ?? Promise.resolve(false),
    async replace() {
      // Leases would run out in half a minute; nobody need wait for that.
      await practice.fresh.database.step.updateMany({
        where: { state: 'running' },
        data: { leaseUntil: new Date(0) },
      });
      worker = await workers.start(orderFor(practice));
    },
  });

  try {
    worker = await workers.start(orderFor(practice));
    practice.lab.faults.set([...run.rules, ...HOLD]);
    const plan = await planNetwork(practice.context, practice.threeClouds);
    const made = await createNetwork(practice.context, { ...practice.threeClouds, planHash: plan.hash });
    await practice.succeeded(made.operation, LIMIT_SECONDS);
    const { peers, state } = await getNetwork(practice.context, { id: made.network.id });
    if (state !== 'ready' || peers.connected !== peers.expected)
      outcome.why.push(`the network is ${state}, ${peers.connected} of ${peers.expected} peers connected`);
    outcome.why.push(...practice.agents.refused);
    outcome.stood = without(inventoryOf(directory), before);
    if (run.expected) {
      const surplus = without(outcome.stood, run.expected);
      const missing = without(run.expected, outcome.stood);
      outcome.duplicates = surplus.length;
      outcome.why.push(
        ...surplus.map((one) => `surplus: ${one}`),
        ...missing.map((one) => `missing: ${one}`),
      );
    }
    // Looked for without any fault: what is read late is no orphan. Then the faults begin anew.
    practice.lab.faults.clear();
    const orphans = await orphansOf(practice);
    practice.lab.faults.set([...run.rules, ...HOLD]);
    outcome.orphans = orphans.length;
    outcome.why.push(...orphans.map((one) => `orphan: ${one}`));

    phase = 'teardown';
    const gone = await deleteNetwork(practice.context, {
      id: made.network.id,
      confirm: practice.threeClouds.name,
    });
    await practice.succeeded(gone, LIMIT_SECONDS);
    const left = without(inventoryOf(directory), before);
    outcome.leaked = left.length;
    outcome.why.push(...left.map((one) => `left: ${one}`));
  } catch (error) {
    outcome.why.push(error instanceof Error ? error.message : String(error));
  } finally {
    await hunt.end();
    practice.lab.faults.clear();
    outcome.why.push(...hunt.problems);
    outcome.points = hunt.hit;
    outcome.kills = hunt.kills();
    outcome.met = [...hunt.met];
    outcome.converged = outcome.why.length === 0;
    outcome.calls = practice.lab.requests().length;
    await worker?.kill();
    await practice.close();
  }
  return outcome;
}

/** Whether every running step can still be taken again often enough. */
async function mayKill(practice: Practice): Promise<boolean> {
  const running = await practice.fresh.database.step.findMany({
    where: { state: 'running' },
    select: { attempt: true, operationId: true },
  });
  if (running.length === 0) return false;
  const operation = await getOperation(practice.context, { id: running[0]?.operationId ?? '' });
  return operation.finishedAt === null && running.every((step) => step.attempt <= MOST_ATTEMPTS);
}

/** The lines of `all` without those of `some`, each counted as often as it stands there. */
export function without(all: readonly string[], some: readonly string[]): string[] {
  const left = new Map<string, number>();
  for (const one of some) left.set(one, (left.get(one) ?? 0) + 1);
  return all.filter((one) => {
    const count = left.get(one) ?? 0;
    left.set(one, count - 1);
    return count <= 0;
  });
}
