import { describe, expect, it } from 'vitest';
import { awsCodeOf, cloudErrorFrom, codeFor } from './errors.ts';

const sdkError = (name: string, message: string, status = 400) =>
  Object.assign(new Error(message), { name, $metadata: { httpStatusCode: status, requestId: 'req-1' } });

describe('codeFor', () => {
  it.each([
    ['RequestLimitExceeded', 503, 'throttled'],
    ['Throttling', 400, 'throttled'],
    ['AuthFailure', 401, 'unauthenticated'],
    ['InvalidClientTokenId', 403, 'unauthenticated'],
    ['UnauthorizedOperation', 403, 'forbidden'],
    ['InvalidVpcID.NotFound', 400, 'not-found'],
    ['InvalidGroup.NotFound', 400, 'not-found'],
    ['RulesPerSecurityGroupLimitExceeded', 400, 'quota'],
    ['VcpuLimitExceeded', 400, 'quota'],
    ['DependencyViolation', 400, 'in-use'],
    ['InvalidGroup.Duplicate', 400, 'conflict'],
    ['InvalidSubnet.Conflict', 400, 'conflict'],
    ['InsufficientInstanceCapacity', 500, 'unavailable'],
    ['Whatever', 500, 'unavailable'],
    ['InvalidParameterValue', 400, 'invalid'],
  ] as const)('%s (%i) is %s', (awsCode, status, expected) => {
    expect(codeFor(awsCode, status)).toBe(expected);
  });
});

describe('cloudErrorFrom', () => {
  it('keeps what AWS said, what was tried, and AWS’s code', () => {
    const error = cloudErrorFrom(
      'creating the VPC',
      sdkError('VpcLimitExceeded', 'The maximum number of VPCs has been reached.'),
    );
    expect(error).toMatchObject({
      code: 'quota',
      retryable: false,
      remedy: expect.stringContaining('quota'),
    });
    expect(error.message).toBe(
      'AWS, creating the VPC: The maximum number of VPCs has been reached. (VpcLimitExceeded)',
    );
    expect(awsCodeOf(error)).toBe('VpcLimitExceeded');
  });

  it('says nothing that AWS says about a refused key', () => {
    const error = cloudErrorFrom(
      'asking',
      sdkError('SignatureDoesNotMatch', 'Credential=AKIAEXAMPLE/20261120 does not match', 403),
    );
    expect(error.code).toBe('unauthenticated');
    expect(error.message).not.toContain('AKIAEXAMPLE');
  });

  it('cuts the encoded policy off a refusal', () => {
    const error = cloudErrorFrom(
      'x',
      sdkError('UnauthorizedOperation', 'Not allowed. Encoded authorization failure message: AbC', 403),
    );
    expect(error.message).toBe('AWS, x: Not allowed. (UnauthorizedOperation)');
  });

  it('takes a connection that fails for unavailable, and a fault of our own for what it is', () => {
    expect(cloudErrorFrom('x', Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })).code).toBe(
      'unavailable',
    );
    expect(cloudErrorFrom('x', Object.assign(new Error('slow'), { name: 'TimeoutError' })).code).toBe(
      'timeout',
    );
    expect(() => cloudErrorFrom('x', new TypeError('undefined is not a function'))).toThrow(TypeError);
  });
});
