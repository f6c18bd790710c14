import { CloudError } from '@skein/clouds/provider.ts';
import type { StepError } from '@skein/contract/rest/operation.ts';
import { DnsError } from '@skein/dns/provider.ts';

/** What a cloud's or DNS service's failure means for the step that met it; undefined for any other error. */
export function providerError(error: unknown): StepError | undefined {
  if (!(error instanceof CloudError || error instanceof DnsError)) return undefined;
  const { code, message, remedy } = error;
  // Providers take the absence of what they were asked for as an answer. One that fails for it saw something vanish
  // under its hands, such as a zone that another step deleted between a listing and the look at its tags: look again.
  return { code, message, remedy, retryable: error.retryable || code === 'not-found' };
}
