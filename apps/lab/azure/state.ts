/**
 * Azure's state as the lab keeps it: plain JSON. Every resource has the same frame; what its kind keeps is in
 * `properties`. References are ids in lower case, the keys of `resources`.
 */
import { createHash } from 'node:crypto';
import type { Section, Store } from '../store/store.ts';

export interface Group {
  name: string;
  location: string;
  tags: Record<string, string>;
  state: 'Succeeded' | 'Deleting';
}

export interface Resource<P = unknown> {
  /** As its maker wrote it; compared in lower case. */
  id: string;
  /** Such as `Microsoft.Network/virtualNetworks/subnets`. */
  type: string;
  name: string;
  group: string;
  /** Null for what has none of its own (children). */
  location: string | null;
  tags: Record<string, string>;
  /** Fields beside `properties`, such as `sku` and `identity`, as they are shown. */
  extra: Record<string, unknown>;
  properties: P;
  guid: string;
  /** Counts changes; the etag is made of it. */
  version: number;
  state: 'Creating' | 'Updating' | 'Deleting' | 'Succeeded' | 'Failed';
  createdAt: string;
  changedAt: string;
}

/** What a finished operation changes. */
export type Effect =
  | { kind: 'nothing' }
  /** The resource is provisioned; its children that were written with it, too. */
  | { kind: 'ready'; ids: string[] }
  /** The machine of the virtual machine runs. */
  | { kind: 'machine-up'; id: string }
  /** The machine of the virtual machine has ended; it is then shown so. */
  | { kind: 'machine-down'; id: string; power: 'stopped' | 'deallocated' }
  /** These are gone, once their machines have ended. */
  | { kind: 'remove'; ids: string[]; group: string | null };

export interface Operation {
  id: string;
  namespace: string;
  location: string;
  /** The group and the path where it is followed, if not its location's. */
  follow: { group: string; path: string } | null;
  startedAt: string;
  /** Not done before, in milliseconds since the epoch. */
  dueAt: number;
  endedAt: string | null;
  /** Keys of the resources that nobody else may change meanwhile; a group's is its id. */
  locks: string[];
  error: { code: string; message: string } | null;
  effect: Effect;
}

export interface ActivityEvent {
  id: string;
  at: string;
  caller: string;
  clientId: string;
  action: string;
  resourceId: string;
  group: string | null;
  status: 'Succeeded' | 'Failed';
  httpStatus: number;
}

export interface Subscription {
  /** By name in lower case. */
  groups: Record<string, Group>;
  /** By id in lower case. */
  resources: Record<string, Resource>;
  operations: Operation[];
  /** Oldest first. */
  events: ActivityEvent[];
}

export interface AzureState {
  /** Counts what was made; ids come from it. */
  serial: number;
  subscriptions: Record<string, Subscription>;
}

/** The section of the lab's store that holds all of it. */
export const openAzureState = (store: Store): Section<AzureState> =>
  store.section('azure', (): AzureState => ({ serial: 0, subscriptions: {} }));

export const emptySubscription = (): Subscription => ({
  groups: {},
  resources: {},
  operations: [],
  events: [],
});

/** The next GUID, never given twice. */
export function nextGuid(state: AzureState): string {
  state.serial += 1;
  const hex = createHash('sha256').update(`skein lab azure ${state.serial}`).digest('hex');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `a${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}

export const keyOf = (id: string): string => id.toLowerCase();
export const groupId = (subscriptionId: string, group: string): string =>
  `/subscriptions/${subscriptionId}/resourceGroups/${group}`;
/** The id in a reference's form: what was given, found in this subscription or not. */
export const find = <P = unknown>(subscription: Subscription, id: string): Resource<P> | undefined =>
  subscription.resources[keyOf(id)] as Resource<P> | undefined;
/** All of a type, by id. */
export const ofType = <P>(subscription: Subscription, type: string): Resource<P>[] =>
  byId(subscription, (_, it) => it.type === type);
/** Those whose id begins with the parent's. */
export const childrenOf = <P>(subscription: Subscription, parentId: string, type: string): Resource<P>[] => {
  const start = `${keyOf(parentId)}/`;
  return byId(subscription, (key, it) => it.type === type && key.startsWith(start));
};
/** Only what is wanted is sorted: this runs for each rule of each machine, over all that a subscription holds. */
function byId<P>(subscription: Subscription, wanted: (key: string, it: Resource) => boolean): Resource<P>[] {
  const { resources } = subscription;
  const keys: string[] = [];
  for (const key in resources) if (wanted(key, resources[key] as Resource)) keys.push(key);
  return keys.sort().map((key) => resources[key] as Resource<P>);
}
/** The resource that a child belongs to: the id without its last type and name. */
export const parentIdOf = (id: string): string => id.split('/').slice(0, -2).join('/');
/** Whether it is among those that count: a resource that is going is not. */
export const stays = (it: Resource): boolean => it.state !== 'Deleting';
/** Changes with the resource. */
export const etagOf = (it: Resource): string =>
  `W/"${createHash('sha256').update(`${it.guid} ${it.version}`).digest('hex').slice(0, 32)}"`;
