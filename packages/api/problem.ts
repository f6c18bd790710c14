/** Failures become RFC 9457 problem documents here, and nowhere else. */
import type { Problem, ProblemCode } from '@skein/contract/rest/problem.ts';
import { Refusal } from '@skein/control/failure.ts';
import { HTTPException } from 'hono/http-exception';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { ZodError, z } from 'zod';

export const STATUS = {
  'invalid-request': 400,
  'not-authenticated': 401,
  forbidden: 403,
  'not-found': 404,
  conflict: 409,
  'plan-changed': 409,
  'tests-failed': 422,
  'confirmation-needed': 422,
  'cloud-refused': 422,
  'too-many-requests': 429,
  internal: 500,
  unavailable: 503,
} as const satisfies Record<ProblemCode, ContentfulStatusCode>;

const TITLES: Record<ProblemCode, string> = {
  'invalid-request': 'The request is not valid',
  'not-authenticated': 'Sign in first',
  forbidden: 'Not allowed',
  'not-found': 'Not found',
  conflict: 'Not possible as things stand',
  'plan-changed': 'The plan has changed',
  'tests-failed': 'Tests fail',
  'confirmation-needed': 'Confirmation is needed',
  'cloud-refused': 'The cloud refused',
  'too-many-requests': 'Too many requests',
  internal: 'Something went wrong on our side',
  unavailable: 'Not available now',
};

/** A refusal in the words of a zod error: one entry for each path. */
export function refusalOf(error: ZodError): Refusal {
  const errors = error.issues
    .flatMap(closest)
    .map((issue) => ({ path: issue.path.join('.'), message: issue.message }));
  return new Refusal('invalid-request', 'Some fields are not valid: see `errors`.', errors);
}

/** Of what may take several forms, the issues of the form that was missed least. */
function closest(issue: z.core.$ZodIssue): { path: PropertyKey[]; message: string }[] {
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [issue];
  const [best = []] = [...issue.errors].sort((a, b) => a.length - b.length);
  return best.map((one) => ({ path: [...issue.path, ...one.path], message: one.message }));
}

/** What the caller is told of a failure. Anything that is not a refusal tells the request id and no more. */
export function problemOf(error: unknown, requestId: string): Problem {
  const refusal = error instanceof Refusal ? error : refusalOfHono(error);
  if (refusal === undefined)
    return problem('internal', `Report this with the request id ${requestId}.`, requestId, []);
  return problem(refusal.code, refusal.message, requestId, refusal.errors);
}

/** Hono's own failures: a body that is no JSON or too long. */
function refusalOfHono(error: unknown): Refusal | undefined {
  if (!(error instanceof HTTPException) || error.status >= 500) return undefined;
  return new Refusal('invalid-request', error.message || 'The request could not be read.');
}

function problem(code: ProblemCode, detail: string, requestId: string, errors: Refusal['errors']): Problem {
  return {
    type: `/problems/${code}`,
    title: TITLES[code],
    status: STATUS[code],
    code,
    detail,
    requestId,
    ...(errors.length > 0 && { errors: [...errors] }),
  };
}
