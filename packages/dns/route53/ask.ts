/** The one way of calling Route 53. It takes five requests a second from an account: the SDK waits and repeats. */
import { Route53Client } from '@aws-sdk/client-route-53';
import type { AwsCredentials } from '@skein/contract/rest/account.ts';
import { unlessAborted } from '../bounded-call.ts';
import type { DnsContext } from '../provider.ts';
import { dnsErrorFrom } from './errors.ts';

/** Opens no connection. Route 53 is one service for the whole world, signed for as if it stood in N. Virginia. */
export function route53Client(account: {
  credentials: AwsCredentials;
  endpoint: string | null;
}): Route53Client {
  const { accessKeyId, secretAccessKey } = account.credentials;
  return new Route53Client({
    region: 'us-east-1',
    credentials: { accessKeyId, secretAccessKey },
    ...(account.endpoint === null ? {} : { endpoint: account.endpoint }),
    maxAttempts: 8,
    requestHandler: { connectionTimeout: 5_000, requestTimeout: 30_000, throwOnRequestTimeout: true },
  });
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
