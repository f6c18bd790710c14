/** The one way of calling Route 53. It takes five requests a second from an account, over all regions. */
import { Route53Client } from '@aws-sdk/client-route-53';
import { clientConfig } from '@skein/clouds/aws/client-config.ts';
import { unlessAborted } from '@skein/clouds/bounded-wait.ts';
import type { AwsCredentials } from '@skein/contract/rest/account.ts';
import { pace } from '../pace.ts';
import type { DnsAccount, DnsContext } from '../provider.ts';
import { dnsErrorFrom } from './errors.ts';

export interface Route53 {
  client: Route53Client;
  /** Whose requests are counted together. */
  account: string;
}

const PACE = pace(5);

/** Opens no connection. Route 53 is one service for the whole world, signed for as if it stood in N. Virginia. */
export function openRoute53(account: DnsAccount<AwsCredentials>): Route53 {
  const { credentials, endpoint } = account;
  const who = 'roleArn' in credentials ? credentials.roleArn : credentials.accessKeyId;
  return {
    client: new Route53Client({ ...clientConfig({ ...account, region: 'us-east-1' }), maxAttempts: 8 }),
    account: `${who} ${endpoint}`,
  };
}

/**
 * Calls when it is the account's turn. A failure becomes a DnsError, a fired signal its reason.
 * @param what is tried, as a noun phrase.
 */
export async function ask<T>(
  { client, account }: Route53,
  what: string,
  context: DnsContext,
  call: (client: Route53Client, options: { abortSignal: AbortSignal }) => Promise<T>,
): Promise<T> {
  await PACE.wait(account, context.signal);
  try {
    return await unlessAborted(call(client, { abortSignal: context.signal }), context.signal);
  } catch (error) {
    context.signal.throwIfAborted();
    throw dnsErrorFrom(what, error);
  }
}
