/** What changed between what an agent was told of a service and what is so now, and the agent's book of it. */
import {
  type EndpointChange,
  MOST_ENDPOINTS,
  type ServiceEndpoint,
  type ServicesChange,
} from '@skein/contract/agent/service.ts';
import { compareText } from '../network.ts';
import { keyOf } from './export.ts';
import type { ServiceView } from './view.ts';

/** The changes that lead from `before` to `after`; undefined stands for a service that there is not. */
export function newsBetween(
  key: string,
  before: ServiceView | undefined,
  after: ServiceView | undefined,
): ServicesChange[] {
  if (before === after) return [];
  if (!after) return [{ set: 'none', key }];
  const changes: ServicesChange[] = [];
  if (!before || JSON.stringify(before.service) !== JSON.stringify(after.service))
    changes.push({ set: 'service', value: after.service });
  for (const [cluster, endpoints] of after.endpoints)
    for (const change of endpointsBetween(key, before?.endpoints.get(cluster) ?? [], endpoints))
      changes.push({ set: 'endpoints', cluster, change });
  return changes;
}

/** None where nothing changed; several where one may not hold them all. */
export function endpointsBetween(
  key: string,
  before: readonly ServiceEndpoint[],
  after: readonly ServiceEndpoint[],
): EndpointChange[] {
  if (before === after) return [];
  const old = new Map(before.map((endpoint) => [endpoint.address, JSON.stringify(endpoint)]));
  const set = after.filter((endpoint) => old.get(endpoint.address) !== JSON.stringify(endpoint));
  const now = new Set(after.map(({ address }) => address));
  const removed = before.filter(({ address }) => !now.has(address)).map(({ address }) => address);
  const changes: EndpointChange[] = [];
  for (let at = 0; at < Math.max(set.length, removed.length); at += MOST_ENDPOINTS)
    changes.push({
      key,
      set: set.slice(at, at + MOST_ENDPOINTS),
      removed: removed.slice(at, at + MOST_ENDPOINTS),
    });
  return changes;
}

/** Endpoints after a change, in order of their addresses. */
export function changeEndpoints(
  endpoints: readonly ServiceEndpoint[],
  { set, removed }: Pick<EndpointChange, 'set' | 'removed'>,
): ServiceEndpoint[] {
  const byAddress = new Map(endpoints.map((endpoint) => [endpoint.address, endpoint]));
  for (const address of removed) byAddress.delete(address);
  for (const endpoint of set) byAddress.set(endpoint.address, endpoint);
  return [...byAddress.values()].sort((a, b) => compareText(a.address, b.address));
}

/** What an agent knows: a view of each service it was told of, or null where it was told that there is none. */
export type ServiceBook = Map<string, ServiceView | null>;

/** Takes changes into the book and says of which services. */
export function applyNews(book: ServiceBook, changes: readonly ServicesChange[]): Set<string> {
  const touched = new Set<string>();
  for (const change of changes) {
    if (change.set === 'none') {
      book.set(change.key, null);
      touched.add(change.key);
    } else if (change.set === 'service') {
      const key = keyOf(change.value);
      const before = book.get(key)?.endpoints;
      const endpoints = new Map(
        change.value.sources.map(({ cluster }) => [cluster, before?.get(cluster) ?? []]),
      );
      book.set(key, { service: change.value, endpoints });
      touched.add(key);
    } else {
      const view = book.get(change.change.key);
      // Said of a source that the service has no more.
      if (!view?.endpoints.has(change.cluster)) continue;
      const endpoints = new Map(view.endpoints);
      endpoints.set(change.cluster, changeEndpoints(endpoints.get(change.cluster) ?? [], change.change));
      book.set(change.change.key, { service: view.service, endpoints });
      touched.add(change.change.key);
    }
  }
  return touched;
}
