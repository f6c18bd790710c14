/** One subscription in one region: the SDK's clients, each loaded with its first call, and the ways of calling them. */
import type { ComputeManagementClient } from '@azure/arm-compute';
import type { MonitorClient } from '@azure/arm-monitor';
import type { NetworkManagementClient } from '@azure/arm-network';
import type { ResourceManagementClient } from '@azure/arm-resources';
import type { TokenCredential } from '@azure/core-auth';
import type { OperationState, PollerLike } from '@azure/core-lro';
import type { AzureCredentials } from '@skein/contract/rest/account.ts';
import { unlessAborted } from '../bounded-wait.ts';
import type { OwnIdentity } from '../own-identity.ts';
import { type CallContext, CloudError } from '../provider.ts';
import { cloudErrorFrom } from './errors.ts';
import { idOf } from './names.ts';
import { repeatPolicy } from './repeat.ts';

export interface AzureAccount {
  credentials: AzureCredentials;
  endpoint: string | null;
  region: string;
  identity: OwnIdentity;
}

export interface Clients {
  network: NetworkManagementClient;
  compute: ComputeManagementClient;
  resources: ResourceManagementClient;
  monitor: MonitorClient;
}
export type Family = keyof Clients;
export type Poller = PollerLike<OperationState<unknown>, unknown>;
export interface Loaded<F extends Family> {
  client: Clients[F];
  /** Goes on with an operation that another process may have begun. */
  restore: (token: string) => Poller;
}

const ARM = 'https://management.azure.com';

export class Connection {
  readonly subscriptionId: string;
  readonly clientId: string;
  readonly region: string;
  readonly base: string;
  readonly #account: AzureAccount;
  readonly #loaded = new Map<Family, Promise<unknown>>();
  #credential: Promise<TokenCredential> | undefined;

  constructor(account: AzureAccount) {
    this.#account = account;
    this.subscriptionId = account.credentials.subscriptionId;
    this.clientId = account.credentials.clientId;
    this.region = account.region;
    this.base = (account.endpoint ?? ARM).replace(/\/+$/, '');
  }

  /** One credential, so one token, for all calls of this connection. */
  #signIn(): Promise<TokenCredential> {
    if (!this.base.startsWith('https://')) {
      throw new CloudError('invalid', 'Azure is spoken to over https only: a token must not be seen.', {
        remedy: 'Give an https address as the endpoint of the account.',
      });
    }
    this.#credential ??= import('./credential.ts').then(({ credentialOf }) => credentialOf(this.#account));
    return this.#credential;
  }

  /** A family's client. Its own retries are off: `repeat.ts` knows better which requests may be sent twice. */
  load<F extends Family>(family: F): Promise<Loaded<F>> {
    const known = this.#loaded.get(family) as Promise<Loaded<F>> | undefined;
    const loading = known ?? (this.#make(family) as Promise<Loaded<F>>);
    this.#loaded.set(family, loading);
    return loading;
  }

  async #make(family: Family): Promise<Loaded<Family>> {
    const credential = await this.#signIn();
    const options = {
      endpoint: this.base,
      retryOptions: { maxRetries: 0 },
      additionalPolicies: [{ policy: repeatPolicy(), position: 'perCall' as const }],
    };
    const { subscriptionId } = this;
    const source = () => undefined as never;
    switch (family) {
      case 'network': {
        const sdk = await import('@azure/arm-network');
        const client = new sdk.NetworkManagementClient(credential, subscriptionId, options);
        return { client, restore: (token) => sdk.restorePoller(client, token, source) };
      }
      case 'compute': {
        const sdk = await import('@azure/arm-compute');
        const client = new sdk.ComputeManagementClient(credential, subscriptionId, options);
        return { client, restore: (token) => sdk.restorePoller(client, token, source) };
      }
      case 'resources': {
        const sdk = await import('@azure/arm-resources');
        const client = new sdk.ResourceManagementClient(credential, subscriptionId, options);
        return { client, restore: (token) => sdk.restorePoller(client, token, source) };
      }
      case 'monitor': {
        const sdk = await import('@azure/arm-monitor');
        const client = new sdk.MonitorClient(credential, subscriptionId, options);
        return { client, restore: (token) => sdk.restorePoller(client, token, source) };
      }
    }
  }

  /**
   * One call. A failure becomes a CloudError, a fired signal its reason.
   * @param what is tried, as a noun phrase: “reading the virtual network”.
   */
  async ask<F extends Family, T>(
    family: F,
    what: string,
    context: CallContext,
    call: (client: Clients[F], options: { abortSignal: AbortSignal }) => Promise<T>,
  ): Promise<T> {
    context.signal.throwIfAborted();
    try {
      const { client } = await unlessAborted(this.load(family), context.signal);
      return await unlessAborted(call(client, { abortSignal: context.signal }), context.signal);
    } catch (error) {
      context.signal.throwIfAborted();
      throw cloudErrorFrom(what, error);
    }
  }

  /** Like `ask`, with undefined on Azure's own not-found. */
  async askUnlessGone<F extends Family, T>(
    ...call: Parameters<typeof this.ask<F, T>>
  ): Promise<T | undefined> {
    try {
      return await this.ask<F, T>(...call);
    } catch (error) {
      if (error instanceof CloudError && error.code === 'not-found') return undefined;
      throw error;
    }
  }

  /** All items of a list, page by page to the end; a page that fails fails the list, a group that is gone is empty. */
  async askAll<F extends Family, T>(
    family: F,
    what: string,
    context: CallContext,
    pages: (client: Clients[F], options: { abortSignal: AbortSignal }) => AsyncIterable<T>,
  ): Promise<T[]> {
    const all = await this.askUnlessGone<F, T[]>(family, what, context, async (client, options) => {
      const items: T[] = [];
      for await (const item of pages(client, options)) items.push(item);
      return items;
    });
    return all ?? [];
  }

  /**
   * What Resource Manager answers at a path for which there is no client here.
   * @param path behind the subscription, beginning with `/` or empty.
   */
  async read<T>(what: string, path: string, apiVersion: string, context: CallContext): Promise<T> {
    return this.ask('resources', what, context, async (client, { abortSignal }) => {
      const { createDefaultHttpClient, createPipelineRequest } = await import('@azure/core-rest-pipeline');
      const url = `${this.base}/subscriptions/${this.subscriptionId}${path}?api-version=${apiVersion}`;
      const request = createPipelineRequest({ url, method: 'GET', abortSignal });
      const answer = await client.pipeline.sendRequest(createDefaultHttpClient(), request);
      const body = answer.bodyAsText ? JSON.parse(answer.bodyAsText) : {};
      if (answer.status === 200) return body as T;
      const said = body.error?.message ?? `status ${answer.status}`;
      throw Object.assign(new Error(said), {
        name: 'RestError',
        statusCode: answer.status,
        code: body.error?.code,
      });
    });
  }

  /** The id of something in a group of this subscription. */
  id(group: string, type: string, ...names: string[]): string {
    return idOf({ subscriptionId: this.subscriptionId, group, type, names });
  }
}
