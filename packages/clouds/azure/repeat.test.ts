import { createHttpHeaders } from '@azure/core-rest-pipeline';
import { expect, it } from 'vitest';
import { mayRepeat, retryAfter } from './repeat.ts';

const body = (code: string) => `{"error":{"code":"${code}","message":"…"}}`;

it.each<['GET' | 'PUT' | 'DELETE', number, string, boolean]>([
  ['PUT', 429, body('TooManyRequests'), true],
  ['PUT', 409, body('AnotherOperationInProgress'), true],
  ['PUT', 409, body('RetryableError'), true],
  ['PUT', 400, body('InvalidResourceReference'), true],
  ['PUT', 404, body('ResourceGroupNotFound'), true],
  ['GET', 404, body('ResourceGroupNotFound'), false],
  ['PUT', 409, body('Conflict'), false],
  ['PUT', 400, body('InvalidParameter'), false],
  // Azure may have begun it: whoever asked looks first.
  ['PUT', 500, body('InternalServerError'), false],
  ['DELETE', 503, body('ServiceUnavailable'), true],
  ['GET', 500, body('InternalServerError'), true],
  ['GET', 503, '', true],
  ['GET', 404, body('ResourceNotFound'), false],
  ['GET', 200, '{}', false],
])('%s answered %d %s may be sent again: %s', (method, status, text, again) => {
  expect(mayRepeat({ method, headers: createHttpHeaders() }, status, text)).toBe(again);
});

it.each(['If-Match', 'If-None-Match'])(
  'a change with %s may be sent again: it is made once at most',
  (name) => {
    const request = { method: 'PUT' as const, headers: createHttpHeaders({ [name]: '*' }) };
    expect(mayRepeat(request, 500, body('InternalServerError'))).toBe(true);
    expect(mayRepeat(request, 412, body('PreconditionFailed'))).toBe(false);
  },
);

it('reads Retry-After in seconds and as a date', () => {
  const now = Date.parse('2026-11-21T12:00:00Z');
  expect(retryAfter('7', now)).toBe(7000);
  expect(retryAfter('Sat, 21 Nov 2026 12:00:03 GMT', now)).toBe(3000);
  expect(retryAfter('Sat, 21 Nov 2026 11:00:00 GMT', now)).toBe(0);
  expect(retryAfter('soon', now)).toBe(0);
  expect(retryAfter(undefined, now)).toBe(0);
});
