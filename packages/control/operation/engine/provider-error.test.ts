import { CloudError } from '@skein/clouds/provider.ts';
import { DnsError } from '@skein/dns/provider.ts';
import { expect, it } from 'vitest';
import { providerError } from './provider-error.ts';

it.each([
  [new CloudError('throttled', 'slow down'), true],
  [new CloudError('in-use', 'the group is in use'), true],
  [new CloudError('forbidden', 'you may not', { remedy: 'ask for it' }), false],
  [new DnsError('in-use', 'the zone holds the records of others'), false],
  // Something vanished between two calls of one provider verb: the next look tells.
  [new DnsError('not-found', 'no such zone'), true],
  [new CloudError('not-found', 'no such group'), true],
])('%s is worth another try: %s', (error, retryable) => {
  const { code, message, remedy } = error;
  expect(providerError(error)).toEqual({ code, message, remedy, retryable });
});

it('leaves other errors to others', () => {
  expect(providerError(new TypeError('x is undefined'))).toBeUndefined();
});
