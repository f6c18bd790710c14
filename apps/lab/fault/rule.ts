/**
 * How the lab is told to misbehave: rules, each of which calls it is about, how often it bites, and what then happens.
 * The same shape in process, over the control socket and in SKEIN_LAB_FAULTS.
 */
import { z } from 'zod';

/** `*` stands for anything. */
const Pattern = z.string().min(1).max(200);
const Seconds = z.number().positive().max(600);

const Fault = z.discriminatedUnion('kind', [
  /** Not executed; the cloud says that it was asked too often. */
  z.strictObject({ kind: z.literal('throttle'), retryAfterSeconds: z.int().min(0).max(600).default(1) }),
  /** Not executed; an internal error of the cloud. */
  z.strictObject({ kind: z.literal('error') }),
  /** Executed, then the connection is cut. */
  z.strictObject({ kind: z.literal('lose-answer') }),
  /** Reads answer what was true so many seconds ago: what was just made is missing, what just went is there. */
  z.strictObject({ kind: z.literal('stale'), seconds: Seconds }),
  /** Changes find nothing that was made within so many seconds, and are refused as if it did not exist. */
  z.strictObject({ kind: z.literal('not-yet'), seconds: Seconds }),
  /** Waits before the call is executed. */
  z.strictObject({ kind: z.literal('delay'), milliseconds: z.int().positive().max(120_000) }),
  /** What the call starts takes so much longer: instances stay pending, operations running. */
  z.strictObject({ kind: z.literal('slow-operations'), seconds: Seconds }),
  /** Not executed: the connection is cut, or refused with 503. */
  z.strictObject({ kind: z.literal('region-down'), how: z.enum(['cut', 'refuse']).default('cut') }),
  /** The quotas of that name (see docs/lab.md) are at most `limit`. */
  z.strictObject({
    kind: z.literal('quota'),
    name: Pattern.default('*'),
    limit: z.int().min(0).max(1_000_000).default(0),
  }),
  /** Nobody has the permissions that match: `ec2:CreateVpc`, `compute.networks.*`, … */
  z.strictObject({ kind: z.literal('deny'), permissions: z.array(Pattern).min(1).max(100) }),
  /** Waits before the execution or before the answer until released or until the caller is gone. */
  z.strictObject({ kind: z.literal('hold'), at: z.enum(['before', 'after']) }),
]);
export type Fault = z.output<typeof Fault>;

export const FaultRule = z.strictObject({
  cloud: z.enum(['aws', 'gcp', 'azure']).optional(),
  service: Pattern.optional(),
  /** Of the action's name in the request log. */
  action: Pattern.optional(),
  /** A region; a zone of it matches too. */
  region: Pattern.optional(),
  mutating: z.boolean().optional(),
  /** Of the calls that match: each, a share by chance, the n-th alone, or the first of each service and action. */
  when: z
    .union([
      z.literal('always'),
      z.literal('first-of-each'),
      z.strictObject({ probability: z.number().min(0).max(1) }),
      z.strictObject({ nth: z.int().positive() }),
    ])
    .default('always'),
  fault: Fault,
});
export type FaultRule = z.output<typeof FaultRule>;
/** A rule as people write it: what has a default may be left out. */
export type FaultRuleInput = z.input<typeof FaultRule>;

export const FaultPlan = z.strictObject({
  /** Of the chance in `probability`: the same calls in the same order meet the same faults. */
  seed: z.int().min(0).max(0xffffffff).default(1),
  rules: z.array(FaultRule).max(100),
});
export type FaultPlan = z.output<typeof FaultPlan>;
