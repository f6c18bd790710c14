import { describe, expect, it } from 'vitest';
import { cloudErrorFrom, codeFor, isDisabled, operationError } from './errors.ts';

describe('codeFor', () => {
  it.each([
    [403, 'rateLimitExceeded', 'Rate Limit Exceeded', 'throttled'],
    [403, '', "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute'", 'throttled'],
    [403, '', 'Rate Limit Exceeded', 'throttled'],
    [403, 'forbidden', "Required 'compute.networks.create' permission", 'forbidden'],
    [403, 'QUOTA_EXCEEDED', "Quota 'CPUS' exceeded. Limit: 8.0 in region us-central1.", 'quota'],
    [401, '', 'Request had invalid authentication credentials', 'unauthenticated'],
    [404, 'notFound', "The resource 'projects/p/global/networks/n' was not found", 'not-found'],
    [404, 'notFound', "The resource 'projects/p' was not found", 'forbidden'],
    [404, 'notFound', 'Failed to find project p', 'forbidden'],
    [409, 'alreadyExists', 'already exists', 'conflict'],
    [412, 'conditionNotMet', 'fingerprint', 'conflict'],
    [400, 'resourceInUseByAnotherResource', "is already being used by 'projects/p/x'", 'in-use'],
    [400, 'resourceNotReady', 'is not ready', 'unavailable'],
    [400, 'invalid', "Invalid value for field 'name'", 'invalid'],
    [429, '', 'slow down', 'throttled'],
    [503, 'backendError', 'try later', 'unavailable'],
  ] as const)('%i %s “%s” is %s', (status, reason, text, expected) => {
    expect(codeFor(status, reason, text)).toBe(expected);
  });
});

describe('cloudErrorFrom', () => {
  it('tells throttling from a missing permission by the reason that only the raw answer holds', () => {
    const raw = JSON.stringify({ error: { errors: [{ reason: 'rateLimitExceeded' }] } });
    const error = Object.assign(new Error('Too much'), {
      httpStatusCode: 403,
      [Symbol.for('google-gax.rawHttpResponsePayload')]: raw,
    });
    expect(cloudErrorFrom('creating', error)).toMatchObject({ code: 'throttled', retryable: true });
  });

  it('tells an API that was never enabled from a permission that is missing', () => {
    const refused = (reason: string) =>
      cloudErrorFrom(
        'reading',
        Object.assign(new Error('No.'), {
          response: { status: 403, data: { error: { errors: [{ reason }] } } },
        }),
      );
    expect(isDisabled(refused('accessNotConfigured'))).toBe(true);
    expect(isDisabled(refused('SERVICE_DISABLED'))).toBe(true);
    expect(isDisabled(refused('forbidden'))).toBe(false);
    expect(refused('accessNotConfigured').code).toBe('forbidden');
  });

  it('says of a broken key only that it cannot be read', () => {
    const error = Object.assign(new Error('error:1E08010C:DECODER routines::unsupported'), {
      code: 'ERR_OSSL_UNSUPPORTED',
    });
    expect(cloudErrorFrom('x', error)).toMatchObject({ code: 'unauthenticated' });
    expect(cloudErrorFrom('x', Object.assign(new Error('wrapped'), { code: 14, cause: error })).code).toBe(
      'unauthenticated',
    );
  });

  it('takes a lost connection for unavailable and a fault of our own for what it is', () => {
    expect(cloudErrorFrom('x', Object.assign(new Error('no'), { code: 14 })).code).toBe('unavailable');
    expect(() => cloudErrorFrom('x', new TypeError('no'))).toThrow(TypeError);
  });
});

describe('operationError', () => {
  it.each([
    [{ status: 'DONE' as const }, undefined],
    [
      {
        error: { errors: [{ code: 'QUOTA_EXCEEDED', message: "Quota 'IN_USE_ADDRESSES' exceeded." }] },
        httpErrorStatusCode: 403,
      },
      'quota',
    ],
    [{ error: { errors: [{ code: 'RESOURCE_IN_USE_BY_ANOTHER_RESOURCE', message: 'x' }] } }, 'in-use'],
    [
      {
        error: { errors: [{ code: 'ZONE_RESOURCE_POOL_EXHAUSTED', message: 'x' }] },
        httpErrorStatusCode: 503,
      },
      'unavailable',
    ],
    [{ error: { errors: [{ code: 'RESOURCE_ALREADY_EXISTS', message: 'x' }] } }, 'conflict'],
    [{ httpErrorStatusCode: 404, httpErrorMessage: 'NOT FOUND' }, 'not-found'],
  ])('%j is %s', (operation, expected) => {
    expect(operationError('x', operation)?.code).toBe(expected);
  });
});
