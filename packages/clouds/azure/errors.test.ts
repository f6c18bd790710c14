import { describe, expect, it } from 'vitest';
import { CloudError } from '../provider.ts';
import { azureCodeOf, cloudErrorFrom, codeFor, isDoubtful, operationError } from './errors.ts';

const rest = (statusCode: number | undefined, code: string, message = 'Azure said so') =>
  Object.assign(new Error(message), { name: 'RestError', statusCode, code });

it.each([
  ['ResourceNotFound', 404, 'not-found'],
  ['ResourceGroupNotFound', 404, 'not-found'],
  ['SubscriptionNotFound', 404, 'forbidden'],
  ['AuthorizationFailed', 403, 'forbidden'],
  ['LinkedAuthorizationFailed', 403, 'forbidden'],
  ['MissingSubscriptionRegistration', 409, 'forbidden'],
  ['ScopeLocked', 409, 'forbidden'],
  ['InvalidAuthenticationToken', 401, 'unauthenticated'],
  ['TooManyRequests', 429, 'throttled'],
  ['SubscriptionRequestsThrottled', 429, 'throttled'],
  ['AnotherOperationInProgress', 409, 'conflict'],
  ['PreconditionFailed', 412, 'conflict'],
  ['PropertyChangeNotAllowed', 409, 'conflict'],
  ['QuotaExceeded', 409, 'quota'],
  ['PublicIPCountLimitReached', 400, 'quota'],
  ['InUseNetworkSecurityGroupCannotBeDeleted', 400, 'in-use'],
  ['PublicIPAddressCannotBeDeleted', 400, 'in-use'],
  ['NicReservedForAnotherVm', 400, 'in-use'],
  ['AnotherPeeringAlreadyReferencesRemoteVnet', 400, 'not-ours'],
  ['AllocationFailed', 409, 'unavailable'],
  ['SkuNotAvailable', 409, 'invalid'],
  ['InvalidResourceType', 404, 'invalid'],
  ['InternalServerError', 500, 'unavailable'],
  ['GatewayTimeout', 504, 'timeout'],
  ['OSProvisioningTimedOut', 409, 'timeout'],
  ['BadRequest', 400, 'invalid'],
] as const)('%s with status %d is %s', (azureCode, status, code) => {
  expect(codeFor(azureCode, status, '')).toBe(code);
});

it('tells a quota by the text where the code stands for much', () => {
  expect(codeFor('OperationNotAllowed', 409, 'exceeding approved Total Regional Cores quota')).toBe('quota');
  expect(codeFor('OperationNotAllowed', 409, 'the VM is deallocating')).toBe('conflict');
});

describe('a failure', () => {
  it('says what was tried and what Azure said, and keeps no request', () => {
    const error = cloudErrorFrom(
      'making the NSG',
      Object.assign(rest(403, 'AuthorizationFailed', 'The client may not write'), {
        request: { headers: { authorization: 'Bearer secret' } },
      }),
    );
    expect(error.message).toBe('Azure, making the NSG: The client may not write. (AuthorizationFailed)');
    expect(error.remedy).toMatch(/role/);
    expect(azureCodeOf(error)).toBe('AuthorizationFailed');
    expect(JSON.stringify([error.message, error.cause, error.remedy])).not.toContain('secret');
  });

  it('is doubtful where Azure may have done it all the same', () => {
    expect(isDoubtful(cloudErrorFrom('x', rest(undefined, 'ECONNRESET')))).toBe(true);
    expect(isDoubtful(cloudErrorFrom('x', rest(500, 'InternalServerError')))).toBe(true);
    expect(isDoubtful(cloudErrorFrom('x', rest(409, 'Conflict')))).toBe(false);
    expect(isDoubtful(new Error('other'))).toBe(false);
  });

  it('of our own is thrown on', () => {
    const fault = new TypeError('no such property');
    expect(() => cloudErrorFrom('x', fault)).toThrow(fault);
    const ours = new CloudError('conflict', 'said already');
    expect(cloudErrorFrom('x', ours)).toBe(ours);
  });
});

it.each([
  ['AADSTS7000215: Invalid client secret provided. Trace ID: 1-2 Timestamp: now', /secret’s value/],
  ['AADSTS7000222: The provided client secret keys are expired.', /expired/],
  ['invalid_client: 700213 - AADSTS700213: No matching federated identity record found', /issuer, subject/],
  ['AADSTS90002: Tenant not found.', /tenant/],
])('takes “%s” for refused credentials, with the right advice', (text, remedy) => {
  const error = cloudErrorFrom(
    'asking who we are',
    Object.assign(new Error(text), { name: 'AuthenticationRequiredError' }),
  );
  expect(error.code).toBe('unauthenticated');
  expect(error.remedy).toMatch(remedy);
  expect(error.message).not.toContain('Trace ID');
});

it('takes a sign-in that nobody answered for no refusal', () => {
  const unreached = Object.assign(new Error('network_error: Network request failed'), {
    name: 'AuthenticationRequiredError',
  });
  expect(cloudErrorFrom('x', unreached)).toMatchObject({ code: 'unavailable', retryable: true });
});

it('reads what a long-running operation ended with', () => {
  const ended = new Error('The long-running operation has failed. AllocationFailed. There is no room.');
  const error = operationError('making the instance', ended);
  expect(error).toMatchObject({
    code: 'unavailable',
    message: 'Azure, making the instance: There is no room. (AllocationFailed)',
  });
  expect(isDoubtful(error)).toBe(false);
});
