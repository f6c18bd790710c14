import { describe, expect, it } from 'vitest';
import { awsCodeOf, dnsErrorFrom } from './errors.ts';

const sdkError = (name: string, message: string, status = 400, more: object = {}) =>
  Object.assign(new Error(message), {
    name,
    $metadata: { httpStatusCode: status, requestId: 'req-1' },
    ...more,
  });

describe('dnsErrorFrom', () => {
  it.each([
    ['Throttling', 400, 'throttled'],
    ['PriorRequestNotComplete', 400, 'throttled'],
    ['TooManyRequestsException', 400, 'throttled'],
    ['NoSuchHostedZone', 404, 'not-found'],
    ['HostedZoneNotEmpty', 400, 'in-use'],
    ['TooManyHostedZones', 400, 'quota'],
    ['HostedZoneAlreadyExists', 409, 'conflict'],
    ['ConflictingDomainExists', 400, 'conflict'],
    ['SignatureDoesNotMatch', 403, 'unauthenticated'],
    ['AccessDenied', 403, 'forbidden'],
    ['InvalidInput', 400, 'invalid'],
    ['Whatever', 503, 'unavailable'],
  ] as const)('%s (%i) is %s', (awsCode, status, expected) => {
    expect(dnsErrorFrom('x', sdkError(awsCode, 'said', status)).code).toBe(expected);
  });

  it('says what Route 53 says of each change in a batch', () => {
    const messages = ['Tried to create a.test. A, but it already exists', 'and b.test. too'];
    const error = dnsErrorFrom('changing records', sdkError('InvalidChangeBatch', '', 400, { messages }));
    expect(error.message).toBe(
      `AWS, changing records in Route 53: ${messages.join(' ')} (InvalidChangeBatch)`,
    );
    expect(awsCodeOf(error)).toBe('InvalidChangeBatch');
  });

  it.each([
    ["[Tried to create resource record set [name='a.t.', type='A'] but it already exists]", 'conflict'],
    ["[Tried to delete resource record set [name='a.t.', type='A'] but it was not found]", 'conflict'],
    [
      "[Tried to delete resource record set [name='a.t.', type='A'] but the values provided do not match the current values]",
      'conflict',
    ],
    ["[Invalid Resource Record: 'FATAL problem: ARRDATAIllegalIPv4Address']", 'invalid'],
    ['[RRSet with DNS name a.other. is not permitted in zone t.]', 'invalid'],
  ] as const)('of a batch, %s is %s', (said, code) => {
    expect(dnsErrorFrom('x', sdkError('InvalidChangeBatch', said)).code).toBe(code);
  });

  it('says nothing that AWS says about a refused key', () => {
    const error = dnsErrorFrom(
      'x',
      sdkError('SignatureDoesNotMatch', 'Credential=AKIAEXAMPLE/20261120', 403),
    );
    expect(error).toMatchObject({ code: 'unauthenticated', retryable: false });
    expect(error.message).not.toContain('AKIAEXAMPLE');
  });

  it('tells no connection from a fault of our own', () => {
    expect(dnsErrorFrom('x', Object.assign(new Error('no'), { code: 'ECONNREFUSED' })).code).toBe(
      'unavailable',
    );
    expect(() => dnsErrorFrom('x', new TypeError('no'))).toThrow(TypeError);
  });
});
