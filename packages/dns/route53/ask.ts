/** The one way of calling Route 53. It takes five requests a second from an account: the SDK waits and repeats. */
import { Route53Client } from '@aws-sdk/client-route-53';
import { clientConfig } from '@skein/clouds/aws/client-config.ts';
import type { AwsAccount } from '@skein/clouds/aws/request-settings.ts';
import { unlessAborted } from '../bounded-call.ts';
import type { DnsContext } from '../provider.ts';
import { dnsErrorFrom } from './errors.ts';

/** Opens no connection. Route 53 is one service for the whole world, signed for as if it stood in N. Virginia. */
export function route53Client(account: Omit<AwsAccount, 'region'>): Route53Client {
  return new Route53Client({ ...clientConfig({ ...account, region: 'us-east-1' }), maxAttempts: 8 });
}

/** A failure becomes a DnsError, a fired signal its reason. @param what is tried, as a noun phrase. */
export async function ask<T>(
  what: string,
  context: DnsContext,
  call: (options: { abortSignal: AbortSignal }) => Promise<T>,
): Promise<T> {
  context.signal.throwIfAborted();
  try {
    return await unlessAborted(call({ abortSignal: context.signal }), context.signal);
  } catch (error) {
    context.signal.throwIfAborted();
    throw dnsErrorFrom(what, error);
  }
}
