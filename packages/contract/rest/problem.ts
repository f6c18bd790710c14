/** Errors as RFC 9457 problem documents, with a stable code. */
import { z } from 'zod';

export const PROBLEM_CODES = [
  'invalid-request',
  'not-authenticated',
  'forbidden',
  'not-found',
  'conflict',
  'plan-changed',
  'tests-failed',
  'confirmation-needed',
  'too-many-requests',
  'cloud-refused',
  'unavailable',
  'internal',
] as const;
export type ProblemCode = (typeof PROBLEM_CODES)[number];

export const Problem = z.object({
  type: z.string().describe('`/problems/` and the code'),
  title: z.string(),
  status: z.int(),
  code: z.enum(PROBLEM_CODES),
  detail: z.string().describe('What happened and what to do about it'),
  requestId: z.string(),
  errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
});
export type Problem = z.infer<typeof Problem>;
