/** One project's Cloud DNS, and the one way of calling it. */
import { DNS } from '@google-cloud/dns';
import { authClientFor, type GcpAccount, projectOf } from '@skein/clouds/gcp/credentials.ts';
import { boundedCall } from '../bounded-call.ts';
import type { DnsContext } from '../provider.ts';
import { dnsErrorFrom } from './errors.ts';

/** Of ours: the library itself repeats each three times, over some seven seconds. */
const TRIES = 2;

/** Opens no connection. */
export function cloudDnsClient(account: GcpAccount): DNS {
  const { project } = projectOf(account.credentials);
  // Its types are those of another version of google-auth-library; its methods are the same.
  const dns = new DNS({ projectId: project, authClient: authClientFor(account) as never });
  // The library writes https in front of whatever endpoint it is given.
  if (account.endpoint !== null) dns.baseUrl = new URL('/dns/v1', account.endpoint).href;
  dns.timeout = 30_000;
  return dns;
}

/**
 * Calls with repetition of what may be repeated: a change whose answer was lost and that is sent again is refused as a
 * conflict, and found done when the zone is read again.
 * @param what is tried, as a noun phrase.
 */
export function ask<T>(what: string, context: DnsContext, call: () => Promise<T>): Promise<T> {
  return boundedCall(call, {
    signal: context.signal,
    tries: TRIES,
    mapped: (error) => dnsErrorFrom(what, error),
  });
}
