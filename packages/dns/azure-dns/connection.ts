/** One subscription's DNS: the SDK's two clients, and the one way of calling them. */
import { DnsManagementClient } from '@azure/arm-dns';
import { PrivateDnsManagementClient } from '@azure/arm-privatedns';
import { Connection } from '@skein/clouds/azure/connection.ts';
import { credentialOf } from '@skein/clouds/azure/credential.ts';
import { cloudErrorFrom } from '@skein/clouds/azure/errors.ts';
import { repeatPolicy } from '@skein/clouds/azure/repeat.ts';
import { unlessAborted, waitFor } from '@skein/clouds/bounded-wait.ts';
import type { AzureCredentials } from '@skein/contract/rest/account.ts';
import { unlessMissing } from '../bounded-call.ts';
import { type DnsAccount, type DnsContext, DnsError, dnsErrorOf } from '../provider.ts';

const ARM = 'https://management.azure.com';
const SETTLED_SECONDS = 300;
/** What was made a moment ago may read as missing, and what was deleted as there. */
const LATE_SECONDS = 60;

export class AzureDns {
  readonly subscriptionId: string;
  readonly zones: DnsManagementClient;
  readonly privateZones: PrivateDnsManagementClient;
  readonly #account: DnsAccount<AzureCredentials>;

  /** Opens no connection. @throws DnsError `invalid` for an endpoint that a token would be sent to in the open. */
  constructor(account: DnsAccount<AzureCredentials>) {
    const endpoint = (account.endpoint ?? ARM).replace(/\/+$/, '');
    if (!endpoint.startsWith('https://'))
      throw new DnsError('invalid', 'Azure is spoken to over https only: a token must not be seen.');
    const credential = credentialOf({ ...account, region: '' });
    const options = {
      endpoint,
      retryOptions: { maxRetries: 0 },
      additionalPolicies: [{ policy: repeatPolicy(), position: 'perCall' as const }],
    };
    this.#account = account;
    this.subscriptionId = account.credentials.subscriptionId;
    this.zones = new DnsManagementClient(credential, this.subscriptionId, options);
    this.privateZones = new PrivateDnsManagementClient(credential, this.subscriptionId, options);
  }

  /** For resource groups, which the clouds' room makes. */
  resources(region: string): Connection {
    return new Connection({ ...this.#account, region });
  }

  /**
   * One call. A failure becomes a DnsError, a fired signal its reason.
   * @param what is tried, as a noun phrase.
   */
  async ask<T>(
    what: string,
    context: DnsContext,
    call: (options: { abortSignal: AbortSignal }) => Promise<T>,
  ): Promise<T> {
    context.signal.throwIfAborted();
    try {
      return await unlessAborted(call({ abortSignal: context.signal }), context.signal);
    } catch (error) {
      context.signal.throwIfAborted();
      throw dnsErrorOf(cloudErrorFrom(`${what} in Azure DNS`, error));
    }
  }

  /** Like `ask`, with undefined on Azure's own not-found. */
  find<T>(...call: Parameters<typeof this.ask<T>>): Promise<T | undefined> {
    return unlessMissing(this.ask<T>(...call));
  }

  /** All items of a list, page by page to the end; none where what holds them is gone. */
  async all<T>(
    what: string,
    context: DnsContext,
    pages: (options: { abortSignal: AbortSignal }) => AsyncIterable<T>,
  ): Promise<T[]> {
    const found = await this.find(what, context, async (options) => {
      const items: T[] = [];
      for await (const item of pages(options)) items.push(item);
      return items;
    });
    return found ?? [];
  }

  /** Asks until it shows, or until it is gone, and nobody is changing it any more. @throws DnsError `timeout` */
  async until<T extends { provisioningState?: string }>(
    end: 'shown' | 'gone',
    what: string,
    context: DnsContext,
    get: () => Promise<T | undefined>,
  ): Promise<T | undefined> {
    const look = async () => {
      const now = await this.settled(what, context, get);
      return (now !== undefined) === (end === 'shown') ? { now } : undefined;
    };
    const wait = { what: `${what} to be ${end} by Azure`, limitSeconds: LATE_SECONDS, context };
    try {
      return (await waitFor(look, wait)).now;
    } catch (error) {
      context.signal.throwIfAborted();
      throw dnsErrorOf(error);
    }
  }

  /** Asks until nobody is changing it any more; a change that another process began is waited for the same way. */
  async settled<T extends { provisioningState?: string }>(
    what: string,
    context: DnsContext,
    get: () => Promise<T | undefined>,
  ): Promise<T | undefined> {
    const wait = { what: `${what} to be settled in Azure`, limitSeconds: SETTLED_SECONDS, context };
    try {
      const { now } = await waitFor(async () => {
        const found = await get();
        return /^(Creating|Updating|Deleting)$/i.test(found?.provisioningState ?? '')
          ? undefined
          : { now: found };
      }, wait);
      return now;
    } catch (error) {
      context.signal.throwIfAborted();
      throw dnsErrorOf(error);
    }
  }
}
