/** A small typed client of the REST API, for the demo and the prover. */

import { Problem } from '@skein/contract/rest/problem.ts';
import type { z } from 'zod';

/** The API answered with a problem document, or with something that is none. */
export class ApiFailure extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.name = 'ApiFailure';
    this.status = status;
  }
}

export interface Api {
  /** Calls `path` below `/api/v1` and parses the answer. @throws ApiFailure */
  call<T extends z.ZodType>(method: string, path: string, shape: T, body?: unknown): Promise<z.infer<T>>;
}

const CALL_TIMEOUT_MILLISECONDS = 30_000;

/** @param base such as `http://127.0.0.1:7400` */
export function openApi(base: string, token: string): Api {
  return {
    async call(method, path, shape, body) {
      const response = await fetch(`${base}/api/v1${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(CALL_TIMEOUT_MILLISECONDS),
      });
      const text = await response.text();
      if (!response.ok) {
        const problem = Problem.safeParse(safeJson(text));
        const what = problem.success
          ? [
              problem.data.detail,
              ...(problem.data.errors ?? []).map((error) => `${error.path}: ${error.message}`),
            ].join('\n')
          : text.slice(0, 300);
        throw new ApiFailure(response.status, `${method} ${path} answered ${response.status}: ${what}`);
      }
      return shape.parse(text === '' ? null : JSON.parse(text));
    },
  };
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
