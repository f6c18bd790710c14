/**
 * Operations: every change of Compute answers one, which is RUNNING first and DONE later. Nothing ticks: `settle`
 * ends what is due whenever somebody asks.
 */
import { createHash } from 'node:crypto';
import type { MachineStatus } from '../../ground/ground.ts';
import { type Effect, type GcpState, nextId, type Operation, type Project } from '../state.ts';
import { notReady } from '../wire/errors.ts';
import { link } from '../wire/names.ts';

/** How long a change takes at least: enough that a client who does not wait notices. */
const WORK_MILLISECONDS = 150;
/** A machine that the kernel side has not brought up by then has failed. */
const BOOT_MILLISECONDS = 120_000;
/** How long the end of a machine is waited for before its instance counts as stopped or deleted. */
const END_MILLISECONDS = 30_000;
/** Done operations kept; Google keeps them for 14 days. */
const KEPT = 1000;

type MachineOf = (id: string) => MachineStatus | undefined;

/** Starts an operation on `target` (a path from `projects/` on) and returns it. */
export function start(
  call: { state: GcpState; project: Project; user: string; now: Date },
  work: {
    scope: string;
    type: string;
    target: string;
    targetId: string;
    effect?: Effect;
    error?: Operation['error'];
  },
): Operation {
  const id = nextId(call.state);
  const hash = createHash('sha256').update(id).digest('hex');
  const millis = call.now.getTime();
  const operation: Operation = {
    id,
    name: `operation-${millis}-${hash.slice(0, 13)}-${hash.slice(13, 21)}-${hash.slice(21, 29)}`,
    scope: work.scope,
    type: work.type,
    target: work.target,
    targetId: work.targetId,
    user: call.user,
    insertedAt: call.now.toISOString(),
    dueAt: millis + WORK_MILLISECONDS,
    endedAt: null,
    request: null,
    error: work.error ?? null,
    effect: work.error ? { kind: 'nothing' } : (work.effect ?? { kind: 'nothing' }),
  };
  call.project.operations.push(operation);
  const done = call.project.operations.filter((each) => each.endedAt !== null);
  if (done.length > KEPT) {
    const dropped = new Set(done.slice(0, done.length - KEPT));
    call.project.operations = call.project.operations.filter((each) => !dropped.has(each));
  }
  return operation;
}

/** Refuses, as Google does, to work on or with a resource whose last change is not done. */
export function checkReady(project: Project, target: string): void {
  if (project.operations.some((each) => each.endedAt === null && each.target === target && !harmless(each)))
    throw notReady(target);
}
/** Changes that other work need not wait for. */
const harmless = (operation: Operation) => operation.effect.kind === 'nothing' && operation.type !== 'insert';

/** The earlier operation of the same request, if a client sends one twice. */
export const repeated = (project: Project, requestId: string | null, what: string): Operation | undefined =>
  requestId === null
    ? undefined
    : project.operations.find((each) => each.request?.id === requestId && each.request.what === what);

/** Whether `settle` would change anything. */
export const due = (project: Project, now: Date, machineOf: MachineOf): boolean =>
  project.operations.some(
    (each) => each.endedAt === null && verdict(project, each, now, machineOf) !== 'wait',
  ) || crashed(project, machineOf).length > 0;

/** Ends what is due and does what then follows. Changes `project`. */
export function settle(project: Project, now: Date, machineOf: MachineOf): void {
  for (const operation of project.operations) {
    if (operation.endedAt !== null) continue;
    const outcome = verdict(project, operation, now, machineOf);
    if (outcome === 'wait') continue;
    operation.endedAt = now.toISOString();
    const { effect } = operation;
    if (outcome !== 'done') {
      operation.error = {
        code: 'INTERNAL_ERROR',
        message: outcome.failed,
        httpStatus: 503,
        httpMessage: 'SERVICE UNAVAILABLE',
      };
      // An instance that could not be made does not exist afterwards.
      if (effect.kind === 'instance-up' && operation.type === 'insert') delete project.instances[effect.name];
      continue;
    }
    if (effect.kind === 'remove') delete project[effect.collection][effect.key];
    const instance = 'name' in effect ? project.instances[effect.name] : undefined;
    if (!instance) continue;
    instance.status = effect.kind === 'instance-up' ? 'RUNNING' : 'TERMINATED';
    if (effect.kind === 'instance-down') instance.stoppedAt = now.toISOString();
  }
  for (const instance of crashed(project, machineOf)) {
    instance.status = 'TERMINATED';
    instance.statusMessage = 'The machine ended by itself.';
    instance.stoppedAt = now.toISOString();
  }
}

const crashed = (project: Project, machineOf: MachineOf) =>
  Object.values(project.instances).filter(
    (each) => each.status === 'RUNNING' && machineOf(each.id)?.state === 'failed',
  );

function verdict(
  project: Project,
  operation: Operation,
  now: Date,
  machineOf: MachineOf,
): 'wait' | 'done' | { failed: string } {
  if (now.getTime() < operation.dueAt) return 'wait';
  const { effect } = operation;
  if (effect.kind === 'instance-down' || (effect.kind === 'remove' && effect.collection === 'instances')) {
    const stands = machineOf(operation.targetId) !== undefined;
    return stands && now.getTime() < operation.dueAt + END_MILLISECONDS ? 'wait' : 'done';
  }
  if (effect.kind !== 'instance-up') return 'done';
  const instance = project.instances[effect.name];
  // Deleted meanwhile: nothing is left to wait for.
  if (!instance || instance.status === 'STOPPING') return 'done';
  const state = machineOf(instance.id)?.state;
  if (state === 'running') return 'done';
  if (state === 'failed') return { failed: `The machine of '${operation.target}' could not be started.` };
  if (now.getTime() > operation.dueAt + BOOT_MILLISECONDS)
    return {
      failed: `The machine of '${operation.target}' did not start within ${BOOT_MILLISECONDS / 1000} s.`,
    };
  return 'wait';
}

/** The operation as Google shows it. */
export function showOperation(projectId: string, it: Operation): Record<string, unknown> {
  const [kind, place] = it.scope.split('/');
  const where =
    kind === 'zones'
      ? { zone: link(`projects/${projectId}/zones/${place}`) }
      : kind === 'regions'
        ? { region: link(`projects/${projectId}/regions/${place}`) }
        : {};
  const done = it.endedAt !== null;
  return {
    kind: 'compute#operation',
    id: it.id,
    name: it.name,
    ...(it.request ? { clientOperationId: it.request.id } : {}),
    ...where,
    operationType: it.type,
    targetLink: link(it.target),
    targetId: it.targetId,
    status: done ? 'DONE' : 'RUNNING',
    user: it.user,
    progress: done ? 100 : 0,
    insertTime: it.insertedAt,
    startTime: it.insertedAt,
    ...(done ? { endTime: it.endedAt } : {}),
    ...(done && it.error
      ? {
          error: { errors: [{ code: it.error.code, message: it.error.message }] },
          httpErrorStatusCode: it.error.httpStatus,
          httpErrorMessage: it.error.httpMessage,
        }
      : {}),
    selfLink: link(`projects/${projectId}/${it.scope}/operations/${it.name}`),
  };
}
