/** Calls the REST API from the browser; answers are checked against the contract. */
import { Problem } from '@skein/contract/rest/problem.ts';
import type { z } from 'zod';

/** The API refused, or could not be reached; `message` is for people. */
export class CallFailure extends Error {
  readonly problem: Problem | null;
  constructor(message: string, problem: Problem | null) {
    super(message);
    this.name = 'CallFailure';
    this.problem = problem;
  }
  /** What is wrong with one field, if anything. */
  of(path: string): string | undefined {
    return this.problem?.errors?.find((error) => error.path === path)?.message;
  }
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** Calls `path` below `/api/v1`. @throws CallFailure */
export async function call<T extends z.ZodType>(
  method: Method,
  path: string,
  shape: T,
  body?: unknown,
): Promise<z.output<T>> {
  const text = await send(method, path, body);
  return shape.parse(text === '' ? undefined : JSON.parse(text));
}

/** The same for routes that answer nothing. */
export async function callQuietly(method: Method, path: string, body?: unknown): Promise<void> {
  await send(method, path, body);
}

async function send(method: Method, path: string, body: unknown): Promise<string> {
  let answer: Response;
  try {
    answer = await fetch(`/api/v1${path}`, {
      method,
      ...(body !== undefined && {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
      signal: AbortSignal.timeout(60_000),
    });
  } catch {
    throw new CallFailure('Skein does not answer. Check that it is running, then try again.', null);
  }
  const text = await answer.text();
  if (answer.ok) return text;
  if (answer.status === 401 && !location.pathname.startsWith('/sign-in')) location.assign('/sign-in');
  const problem = Problem.safeParse(parsed(text));
  throw new CallFailure(
    problem.success ? wordsOf(problem.data) : `Skein answered ${answer.status}.`,
    problem.data ?? null,
  );
}

function wordsOf(problem: Problem): string {
  if (!problem.errors?.length) return problem.detail;
  return problem.errors.map(({ path, message }) => (path ? `${path}: ${message}` : message)).join('. ');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
