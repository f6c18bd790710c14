/**
 * One Google Cloud project in one region: its SDK clients, and the ways of calling them. The SDK repeats no POST and no
 * DELETE, and waits for no operation: both are done here.
 */
import { createHash, randomUUID } from 'node:crypto';
import type { protos, v1 } from '@google-cloud/compute';
import type { AuthClient } from 'google-auth-library';
import { backOff, pause, unlessAborted, waitFor } from '../bounded-wait.ts';
import { keyOf } from '../passing-credentials.ts';
import { type CallContext, CloudError } from '../provider.ts';
import { authClientFor, type GcpAccount, projectOf } from './credentials.ts';
import { cloudErrorFrom, operationError } from './errors.ts';

type Operation = protos.google.cloud.compute.v1.IOperation;

export interface Clients {
  networks: v1.NetworksClient;
  subnetworks: v1.SubnetworksClient;
  firewalls: v1.FirewallsClient;
  addresses: v1.AddressesClient;
  instances: v1.InstancesClient;
  globalOperations: v1.GlobalOperationsClient;
  regionOperations: v1.RegionOperationsClient;
  zoneOperations: v1.ZoneOperationsClient;
}

const TRIES = 5;
const OPERATION_SECONDS = 300;
const RETRIED: readonly CloudError['code'][] = ['throttled', 'unavailable', 'timeout'];
const ONE_CALL = { timeout: 30_000, retry: null };
const ONE_WAIT = { timeout: 130_000, retry: null };
const ONE_LIST = { ...ONE_CALL, autoPaginate: false };

/** The SDK reads the description of all its messages when its first client is made, and keeps it for the others. */
export async function load(): Promise<void> {
  const { v1 } = await import('@google-cloud/compute');
  await new v1.NetworksClient().close();
}

/** What signs requests, and what sends them. Neither knows a region. */
interface Session {
  token: AuthClient;
  clients: Promise<Clients> | undefined;
}

/** By all that they depend on, for as long as anybody holds them: each client takes its time to be made. */
const sessions = new Map<string, WeakRef<Session>>();

function sessionOf(account: GcpAccount): Session {
  const { endpoint, identity, credentials } = account;
  const secret = createHash('sha256').update(JSON.stringify(credentials)).digest('base64');
  const key = keyOf(endpoint, identity.organizationId, secret);
  const known = sessions.get(key)?.deref();
  if (known) return known;
  for (const [other, held] of sessions) if (!held.deref()) sessions.delete(other);
  const session: Session = { token: authClientFor(account), clients: undefined };
  sessions.set(key, new WeakRef(session));
  return session;
}

export class Connection {
  readonly project: string;
  readonly region: string;
  /** The same for every call of ours; each region that we offer has a zone `b`. */
  readonly zone: string;
  readonly email: string;
  readonly endpoint: URL | null;
  readonly #session: Session;

  constructor(account: GcpAccount & { region: string }) {
    const { project, email } = projectOf(account.credentials);
    this.project = project;
    this.email = email;
    this.region = account.region;
    this.zone = `${account.region}-b`;
    this.endpoint = account.endpoint === null ? null : new URL(account.endpoint);
    this.#session = sessionOf(account);
  }

  /** Loaded with the first call: the SDK costs a second and 200 MB, which a process that calls no cloud need not pay. */
  #load(): Promise<Clients> {
    this.#session.clients ??= import('@google-cloud/compute').then(({ v1: sdk }) => {
      const at = this.endpoint;
      const options = {
        projectId: this.project,
        // Its types are those of another version of google-auth-library; its methods are the same.
        authClient: this.#session.token as never,
        ...(at === null
          ? {}
          : {
              apiEndpoint: at.hostname,
              port: Number(at.port) || (at.protocol === 'http:' ? 80 : 443),
              protocol: at.protocol.slice(0, -1),
            }),
      };
      // Each client takes its time to be made, and most calls need two of them.
      const made = new Map<string, unknown>();
      const once = <T>(name: string, make: () => T): T => {
        if (!made.has(name)) made.set(name, make());
        return made.get(name) as T;
      };
      return {
        get networks() {
          return once('networks', () => new sdk.NetworksClient(options));
        },
        get subnetworks() {
          return once('subnetworks', () => new sdk.SubnetworksClient(options));
        },
        get firewalls() {
          return once('firewalls', () => new sdk.FirewallsClient(options));
        },
        get addresses() {
          return once('addresses', () => new sdk.AddressesClient(options));
        },
        get instances() {
          return once('instances', () => new sdk.InstancesClient(options));
        },
        get globalOperations() {
          return once('globalOperations', () => new sdk.GlobalOperationsClient(options));
        },
        get regionOperations() {
          return once('regionOperations', () => new sdk.RegionOperationsClient(options));
        },
        get zoneOperations() {
          return once('zoneOperations', () => new sdk.ZoneOperationsClient(options));
        },
      };
    });
    return this.#session.clients;
  }

  /** Repeats what may be repeated, with back-off; a failure becomes a CloudError, a fired signal its reason. */
  async #repeat<T>(what: string, context: CallContext, call: () => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      context.signal.throwIfAborted();
      try {
        return await unlessAborted(call(), context.signal);
      } catch (thrown) {
        context.signal.throwIfAborted();
        const error = cloudErrorFrom(what, thrown);
        if (!RETRIED.includes(error.code) || attempt + 1 === TRIES) throw error;
        await pause(backOff(attempt, 250, 8_000), context.signal);
      }
    }
  }

  /**
   * One call that reads.
   * @param what is tried, as a noun phrase: “reading the network”.
   */
  async ask<T>(
    what: string,
    context: CallContext,
    call: (clients: Clients, options: typeof ONE_CALL) => Promise<[T, ...unknown[]]>,
  ): Promise<T> {
    const clients = await unlessAborted(this.#load(), context.signal);
    const [answer] = await this.#repeat(what, context, () => call(clients, ONE_CALL));
    return answer;
  }

  /** Like `ask`, with undefined on Google's own not-found. */
  async askUnlessGone<T>(...call: Parameters<typeof this.ask<T>>): Promise<T | undefined> {
    try {
      return await this.ask<T>(...call);
    } catch (error) {
      if (error instanceof CloudError && error.code === 'not-found') return undefined;
      throw error;
    }
  }

  /** All items of a list, page by page to the end; a page that fails fails the list. */
  async askAll<T>(
    what: string,
    context: CallContext,
    pages: (clients: Clients, options: typeof ONE_LIST) => AsyncIterable<T>,
  ): Promise<T[]> {
    const clients = await unlessAborted(this.#load(), context.signal);
    return this.#repeat(what, context, async () => {
      const items: T[] = [];
      for await (const item of pages(clients, ONE_LIST)) items.push(item);
      return items;
    });
  }

  /**
   * One call that changes, and the wait for its operation to be done. The request id is the same in each repetition, so
   * an answer that was lost makes nothing twice. It is new with each change: Google remembers ids for an hour, and
   * would take a second creation of the same name for the first.
   */
  async change(
    what: string,
    context: CallContext,
    call: (
      clients: Clients,
      requestId: string,
      options: typeof ONE_CALL,
    ) => Promise<[{ latestResponse: unknown }, ...unknown[]]>,
  ): Promise<void> {
    const clients = await unlessAborted(this.#load(), context.signal);
    const requestId = randomUUID();
    const [answer] = await this.#repeat(what, context, () => call(clients, requestId, ONE_CALL));
    const started = answer.latestResponse as Operation;
    const last = (address: string) => address.slice(address.lastIndexOf('/') + 1);
    const { project } = this;
    let operation = started;
    await waitFor(
      async () => {
        if (isDone(operation)) return true;
        const at = { project, operation: operation.name ?? '' };
        context.waitingFor(`Google Cloud to finish ${what}`);
        // Google answers when it is done, or after two minutes: one call instead of many.
        const followed = await this.askUnlessGone(`waiting for ${what}`, context, (on) => {
          if (started.zone) return on.zoneOperations.wait({ ...at, zone: last(started.zone) }, ONE_WAIT);
          if (started.region)
            return on.regionOperations.wait({ ...at, region: last(started.region) }, ONE_WAIT);
          return on.globalOperations.wait(at, ONE_WAIT);
        });
        // What has just been started may read as missing for a moment.
        operation = followed ?? operation;
        return isDone(operation) ? true : undefined;
      },
      {
        what: `Google Cloud to finish ${what}`,
        limitSeconds: OPERATION_SECONDS,
        context,
        mostMilliseconds: 2_000,
      },
    );
    const failed = operationError(what, operation);
    if (failed) throw failed;
  }

  /** A POST to a Google API that has no SDK here. `host` is what the endpoint replaces. */
  post<T>(what: string, host: string, path: string, body: unknown, context: CallContext): Promise<T> {
    const sent = {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    } as const;
    return this.#plain(what, host, path, sent, context);
  }

  /** A GET without an SDK: for what is read seldom, and is not worth a client. */
  read<T>(what: string, host: string, path: string, context: CallContext): Promise<T> {
    return this.#plain(what, host, path, { method: 'GET' }, context);
  }

  #plain<T>(
    what: string,
    host: string,
    path: string,
    sent: { method: 'GET' | 'POST'; headers?: Record<string, string>; body?: string },
    context: CallContext,
  ): Promise<T> {
    const url = new URL(path, this.endpoint ?? `https://${host}`);
    const call = async () => {
      const { data } = await this.#session.token.request<T>({
        ...sent,
        url: url.href,
        timeout: ONE_CALL.timeout,
        signal: context.signal,
      });
      return data;
    };
    return this.#repeat(what, context, call);
  }
}

/** The SDK gives the status as a name or as its number in the API's own list (DONE). */
const isDone = ({ status }: Operation) => status === 'DONE' || status === 2104194;
