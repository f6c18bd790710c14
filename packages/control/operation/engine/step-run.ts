/**
 * The operations engine: takes steps that are due, runs their handlers, records what came of them. Postgres is the
 * only truth; any number of workers may run it at once, and any of them may die at any moment.
 *
 * This file says what a step's handler gets and how it fails.
 */
import type { StepError } from '@skein/contract/rest/operation.ts';
import type { Transaction } from '@skein/database/client.ts';
import type { Prisma } from '@skein/database/generated/client.ts';
import type { Context } from '../../context.ts';

export type Json = Prisma.InputJsonValue;

/** A step as its handler sees it. `attempt` counts from 1 and never falls, `fence` rises each time it is taken. */
export interface TakenStep {
  id: string;
  organizationId: string;
  operationId: string;
  networkId: string;
  clusterId: string | null;
  key: string;
  kind: string;
  title: string;
  input: unknown;
  attempt: number;
  maxAttempts: number;
  timeoutSeconds: number;
  fence: number;
}

/**
 * What a handler works with. It must be safe to run again from the start at any point: observe, decide, act, record.
 * It ends soon after `signal` fires.
 */
export interface StepRun {
  step: TakenStep;
  context: Context;
  signal: AbortSignal;
  log: (message: string, level?: 'info' | 'warning' | 'error') => void;
  /** Shown beside the step while it waits. */
  waitingFor: (what: string) => void;
  /** Writes to the database only while this worker holds the step; rejects with `LeaseLost` otherwise. */
  write: <T>(work: (tx: Transaction) => Promise<T>) => Promise<T>;
}

/** Resolves with what the step's row keeps as its result: ids and counts, never a secret. */
export type StepHandler = (run: StepRun) => Promise<Json | undefined>;
export type StepHandlers = Readonly<Record<string, StepHandler>>;

/** A step failed for a reason that a person can act on. `message` and `remedy` are shown as they are. */
export class StepFailure extends Error {
  readonly detail: StepError;
  constructor(detail: StepError, cause?: unknown) {
    super(detail.message, { cause });
    this.name = 'StepFailure';
    this.detail = detail;
  }
}

/** Another worker has taken the step: whoever gets this must stop and write nothing. */
export class LeaseLost extends Error {
  readonly code = 'lease-lost';
  constructor(step: string) {
    super(`step ${step} was taken by another worker`);
    this.name = 'LeaseLost';
  }
}

/** How long things take. Tests shorten it. */
export interface Timing {
  leaseSeconds: number;
  heartbeatSeconds: number;
  sweepSeconds: number;
  /** First pause before a step is tried again; doubles with each attempt. */
  backoffSeconds: number;
  longestBackoffSeconds: number;
  /** How long a handler may go on after its signal fired before it is left alone. */
  graceSeconds: number;
}
export const TIMING: Timing = {
  leaseSeconds: 30,
  heartbeatSeconds: 3,
  sweepSeconds: 2,
  backoffSeconds: 1,
  longestBackoffSeconds: 60,
  graceSeconds: 5,
};
