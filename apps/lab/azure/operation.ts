/**
 * Long-running operations. Nothing ticks: `settle` ends what is due whenever somebody asks, so they outlive the
 * lab's process.
 */
import type { MachineOf } from '../fault/passage.ts';
import type { VirtualMachine } from './compute/virtual-machine.ts';
import {
  type AzureState,
  type Effect,
  find,
  keyOf,
  nextGuid,
  type Operation,
  type Subscription,
} from './state.ts';
import { ArmError } from './wire/error.ts';

/** How long a change takes at least: enough that a client who does not wait notices. */
const WORK_MILLISECONDS = 150;
/** A machine that the kernel side has not brought up by then has failed. */
const BOOT_MILLISECONDS = 120_000;
/** How long the end of a machine is waited for before it counts as ended. */
const END_MILLISECONDS = 30_000;
/** Ended operations kept. */
const KEPT = 500;
/** Callers are told to come back this often at the most seldom. */
const RETRY_SECONDS = 10;

/** Starts an operation. `slowSeconds` are what a fault adds. */
export function startOperation(
  call: { state: AzureState; subscription: Subscription; now: Date },
  work: {
    namespace: string;
    location: string;
    follow?: Operation['follow'];
    locks: readonly string[];
    effect: Effect;
    slowSeconds: number;
    error?: Operation['error'];
  },
): Operation {
  const { subscription } = call;
  const operation: Operation = {
    id: nextGuid(call.state),
    namespace: work.namespace,
    location: work.location,
    follow: work.follow ?? null,
    startedAt: call.now.toISOString(),
    dueAt: call.now.getTime() + WORK_MILLISECONDS + work.slowSeconds * 1000,
    endedAt: null,
    locks: work.locks.map(keyOf),
    error: work.error ?? null,
    effect: work.effect,
  };
  subscription.operations.push(operation);
  const ended = subscription.operations.filter((each) => each.endedAt !== null);
  if (ended.length > KEPT) {
    const dropped = new Set(ended.slice(0, ended.length - KEPT));
    subscription.operations = subscription.operations.filter((each) => !dropped.has(each));
  }
  return operation;
}

/** @throws ArmError 409 when one of these is being changed */
export function checkFree(
  subscription: Subscription,
  keys: readonly string[],
  statusUrl: (it: Operation) => string,
): void {
  const wanted = new Set(keys.map(keyOf));
  const other = subscription.operations.find(
    (each) => each.endedAt === null && each.locks.some((key) => wanted.has(key)),
  );
  if (other)
    throw new ArmError(
      409,
      'AnotherOperationInProgress',
      `Another operation on this or dependent resource is in progress. To retrieve status of the operation use uri: ${statusUrl(other)}.`,
      { retryAfterSeconds: 1 },
    );
}

/** Whether `settle` would change anything. */
export const due = (subscription: Subscription, now: Date, machineOf: MachineOf): boolean =>
  subscription.operations.some(
    (each) => each.endedAt === null && verdict(subscription, each, now, machineOf) !== 'wait',
  );

/** Ends what is due and does what then follows. Changes `subscription`. */
export function settle(subscription: Subscription, now: Date, machineOf: MachineOf): void {
  for (const operation of subscription.operations) {
    if (operation.endedAt !== null) continue;
    const outcome = verdict(subscription, operation, now, machineOf);
    if (outcome === 'wait') continue;
    operation.endedAt = now.toISOString();
    if (outcome !== 'done') operation.error = outcome;
    finish(subscription, operation);
  }
}

function finish(subscription: Subscription, { effect, error }: Operation): void {
  const state = error ? 'Failed' : 'Succeeded';
  switch (effect.kind) {
    case 'ready':
      for (const id of effect.ids) {
        const it = find(subscription, id);
        if (it && it.state !== 'Deleting') it.state = state;
      }
      return;
    case 'machine-up':
    case 'machine-down': {
      const it = find<VirtualMachine>(subscription, effect.id);
      if (!it || it.state === 'Deleting') return;
      it.state = state;
      // One that did not come up is off, and can be started again.
      it.properties.power =
        effect.kind === 'machine-down' ? effect.power : error === null ? 'running' : 'stopped';
      return;
    }
    case 'remove':
      if (error) return;
      for (const id of effect.ids) delete subscription.resources[keyOf(id)];
      if (effect.group !== null) delete subscription.groups[effect.group.toLowerCase()];
      return;
    default:
  }
}

function verdict(
  subscription: Subscription,
  operation: Operation,
  now: Date,
  machineOf: MachineOf,
): 'wait' | 'done' | { code: string; message: string } {
  if (now.getTime() < operation.dueAt) return 'wait';
  const { effect } = operation;
  if (effect.kind === 'remove' || effect.kind === 'machine-down') {
    const ids = effect.kind === 'remove' ? effect.ids : [effect.id];
    const stand = ids.some((id) => {
      const guid = find(subscription, id)?.guid;
      return guid !== undefined && machineOf(guid) !== undefined;
    });
    return stand && now.getTime() < operation.dueAt + END_MILLISECONDS ? 'wait' : 'done';
  }
  if (effect.kind !== 'machine-up') return 'done';
  const it = find(subscription, effect.id);
  // Deleted meanwhile: nothing is left to wait for.
  if (!it || it.state === 'Deleting') return 'done';
  const state = machineOf(it.guid)?.state;
  if (state === 'running') return 'done';
  if (state === 'failed')
    return { code: 'OSProvisioningClientError', message: `OS Provisioning failed for VM '${it.name}'.` };
  if (now.getTime() > operation.dueAt + BOOT_MILLISECONDS)
    return {
      code: 'OSProvisioningTimedOut',
      message: `OS Provisioning for VM '${it.name}' did not finish in the allotted time.`,
    };
  return 'wait';
}

/** When to ask again, in whole seconds; null where a second would be too long. */
export function retryAfter(operation: Operation, now: Date): Record<string, string> {
  const seconds = Math.min(RETRY_SECONDS, Math.floor((operation.dueAt - now.getTime()) / 1000));
  return seconds >= 1 ? { 'retry-after': String(seconds) } : {};
}
