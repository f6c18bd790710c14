/** Operations, their steps and log lines, as the REST API speaks of them. */
import { z } from 'zod';

const Time = z.iso.datetime();

export const StepState = z.enum(['waiting', 'running', 'succeeded', 'failed', 'cancelled']);
export type StepState = z.infer<typeof StepState>;

/** A failure in words a person can act on. `retryable` steps are tried again by themselves. */
export const StepError = z.object({
  code: z.string(),
  message: z.string(),
  remedy: z.string().nullable(),
  retryable: z.boolean(),
});
export type StepError = z.infer<typeof StepError>;

export const Step = z.object({
  id: z.string(),
  key: z.string(),
  title: z.string(),
  clusterId: z.string().nullable(),
  dependsOn: z.array(z.string()).describe('Keys of the steps that come first'),
  state: StepState,
  attempt: z.int(),
  maxAttempts: z.int(),
  /** What a running step waits for now, or null. */
  waitingFor: z.string().nullable(),
  error: StepError.nullable(),
  startedAt: Time.nullable(),
  finishedAt: Time.nullable(),
});
export type Step = z.infer<typeof Step>;

export const OperationState = z.enum(['queued', 'running', 'cancelling', 'succeeded', 'failed', 'cancelled']);
export type OperationState = z.infer<typeof OperationState>;
export const Operation = z.object({
  id: z.string(),
  networkId: z.string().nullable(),
  kind: z.enum([
    'provision',
    'add-cluster',
    'remove-cluster',
    'add-nodes',
    'upgrade-kubernetes',
    'remove-peer',
    'change-network',
    'records',
    'heal',
    'delete-orphans',
    'teardown',
  ]),
  title: z.string(),
  state: OperationState,
  createdAt: Time,
  startedAt: Time.nullable(),
  finishedAt: Time.nullable(),
  steps: z.array(Step),
});
export type Operation = z.infer<typeof Operation>;
export const OperationSummary = Operation.omit({ steps: true }).extend({
  steps: z.object({ total: z.int(), succeeded: z.int(), failed: z.int() }),
});

export const LogLine = z.object({
  id: z.string(),
  stepId: z.string(),
  attempt: z.int(),
  level: z.enum(['info', 'warning', 'error']),
  message: z.string(),
  at: Time,
});
export type LogLine = z.infer<typeof LogLine>;

/** Server-sent events of one operation. The SSE id of a `log` is its line's id, so that a reader can resume. */
export const OperationEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('operation'), operation: Operation }),
  z.object({ type: z.literal('log'), line: LogLine }),
]);
export type OperationEvent = z.infer<typeof OperationEvent>;
