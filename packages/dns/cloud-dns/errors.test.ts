import { describe, expect, it } from 'vitest';
import { dnsErrorFrom } from './errors.ts';

describe('dnsErrorFrom', () => {
  it.each([
    [403, 'rateLimitExceeded', 'Rate Limit Exceeded', 'throttled'],
    [403, 'quotaExceeded', "exceeded limit for quota 'managedZones'", 'quota'],
    [403, 'forbidden', 'Forbidden', 'forbidden'],
    [401, '', 'invalid credentials', 'unauthenticated'],
    [404, 'notFound', 'was not found', 'not-found'],
    [409, 'alreadyExists', 'already exists', 'conflict'],
    [412, 'conditionNotMet', 'Precondition not met', 'conflict'],
    [400, 'containerNotEmpty', 'is not empty', 'in-use'],
    [400, 'invalid', 'Invalid value', 'invalid'],
    [503, 'backendError', 'later', 'unavailable'],
  ] as const)('%i %s is %s', (status, reason, text, expected) => {
    const errors = [{ reason, message: text }];
    expect(dnsErrorFrom('x', Object.assign(new Error(text), { code: status, errors })).code).toBe(expected);
  });

  it('keeps the first of the messages that the library strings together', () => {
    const errors = [{ reason: 'alreadyExists', message: "The resource 'a.test. (A)' already exists" }];
    const error = dnsErrorFrom(
      'changing records',
      Object.assign(new Error('Multiple errors occurred…'), { code: 409, errors }),
    );
    expect(error.message).toBe(
      "Google Cloud, changing records in Cloud DNS: The resource 'a.test. (A)' already exists",
    );
    expect(error).toMatchObject({ code: 'conflict', cause: { status: 409, reason: 'alreadyExists' } });
  });

  it('says of a broken key only that it cannot be read', () => {
    const error = dnsErrorFrom('x', Object.assign(new Error('DECODER'), { code: 'ERR_OSSL_UNSUPPORTED' }));
    expect(error).toMatchObject({
      code: 'unauthenticated',
      message: expect.stringContaining('cannot be read'),
    });
  });

  it('tells no connection from a fault of our own', () => {
    expect(dnsErrorFrom('x', Object.assign(new Error('no'), { code: 'ECONNRESET' })).code).toBe(
      'unavailable',
    );
    expect(dnsErrorFrom('x', Object.assign(new Error('no'), { code: 'ETIMEDOUT' })).code).toBe('timeout');
    expect(() => dnsErrorFrom('x', new TypeError('no'))).toThrow(TypeError);
  });
});
