import type { Kind, View } from './kind.ts';
import { startOperation } from './operation.ts';
import type { Call } from './pipeline.ts';
import {
  type Effect,
  etagOf,
  find,
  type Group,
  groupId,
  keyOf,
  nextGuid,
  type Operation,
  parentIdOf,
  type Resource,
} from './state.ts';
import { ArmError, groupNotFound, resourceNotFound } from './wire/error.ts';

export const viewOf = (call: Call): View => ({
  subscription: call.subscription,
  machine: call.machine,
  baseUrl: call.baseUrl,
  query: call.query,
});

/** The resource as Azure shows it. */
export function show(kind: Kind, it: Resource, view: View): Record<string, unknown> {
  return {
    name: it.name,
    id: it.id,
    etag: etagOf(it),
    type: it.type,
    ...(it.location === null ? {} : { location: it.location }),
    ...(Object.keys(it.tags).length === 0 ? {} : { tags: it.tags }),
    ...it.extra,
    properties: { provisioningState: it.state, ...kind.show(it, view) },
  };
}

/** @throws ArmError 404 */
export function groupOf(call: Call): Group {
  const name = call.params.group ?? '';
  const group = call.subscription.groups[name.toLowerCase()];
  if (!group) throw groupNotFound(name);
  return group;
}

export const namesOf = (call: Call) =>
  Object.keys(call.params).flatMap((key) => (/^n\d$/.test(key) ? [call.params[key] as string] : []));

/** The id that a path of a kind means. */
export function idOf(kind: Kind, subscriptionId: string, group: string, names: readonly string[]): string {
  const [namespace, ...types] = kind.type.split('/');
  const path = names.map((name, index) => `${types[index]}/${name}`).join('/');
  return `${groupId(subscriptionId, group)}/providers/${namespace}/${path}`;
}

export const pathName = (id: string) => id.split('/providers/')[1] ?? id;

/** The resource that the path names. @throws ArmError 404 */
export function need<P>(kind: Kind, call: Call): Resource<P> {
  const group = groupOf(call);
  const id = idOf(kind, call.account.subscriptionId, group.name, namesOf(call));
  const it = find<P>(call.subscription, id);
  if (!it) {
    if (kind.place === 'child' && !find(call.subscription, parentIdOf(id)))
      throw resourceNotFound(pathName(parentIdOf(id)), group.name);
    if (kind.place === 'child') throw new ArmError(404, 'NotFound', `Resource ${id} not found.`);
    throw resourceNotFound(pathName(id), group.name);
  }
  return it;
}

/** What a change of it keeps others from changing: itself, and the top resource it belongs to unless it is instant. */
export function locksOf(kind: Kind, id: string): string[] {
  if (kind.place !== 'child') return [id];
  const top = id.split('/').slice(0, 9).join('/');
  return kind.instant ? [id] : [id, top];
}

/** @throws ArmError 412 */
export function checkEtag(call: Call, present: Resource | undefined): void {
  const { ifMatch, ifNoneMatch } = call;
  const bare = (etag: string) => etag.replace(/^W\//, '').replaceAll('"', '');
  const failed = () =>
    new ArmError(
      412,
      'PreconditionFailed',
      `The condition '${ifMatch !== null ? `If-Match: ${ifMatch}` : `If-None-Match: ${ifNoneMatch}`}' does not hold: the resource ${present ? 'has another etag' : 'does not exist'}.`,
    );
  if (ifMatch !== null && !(present && (ifMatch === '*' || bare(ifMatch) === bare(etagOf(present)))))
    throw failed();
  if (ifNoneMatch === '*' && present)
    throw new ArmError(
      412,
      'PreconditionFailed',
      `The condition 'If-None-Match: *' does not hold: the resource '${present.name}' exists already.`,
    );
}

export const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

export function touch(it: Resource, now: Date): void {
  it.version += 1;
  it.changedAt = now.toISOString();
}

/** Makes or changes a resource; false where it is already so. */
export function upsert(
  call: { state: Call['state']; subscription: Call['subscription']; now: Date },
  it: Pick<Resource, 'id' | 'type' | 'name' | 'group' | 'location' | 'tags' | 'extra' | 'properties'> & {
    guid?: string;
  },
): boolean {
  const present = find(call.subscription, it.id);
  const { location, tags: labels, extra, properties } = it;
  if (present) {
    const was = [present.tags, present.extra, present.properties];
    if (same(was, [labels, extra, properties]) && present.state !== 'Failed') return false;
    Object.assign(present, { tags: labels, extra, properties });
    touch(present, call.now);
    return true;
  }
  const at = call.now.toISOString();
  call.subscription.resources[keyOf(it.id)] = {
    ...it,
    location,
    guid: it.guid ?? nextGuid(call.state),
    version: 1,
    state: 'Succeeded',
    createdAt: at,
    changedAt: at,
  };
  return true;
}

/** Starts the operation of a change of this kind. */
export function begin(kind: Kind, call: Call, locks: readonly string[], effect: Effect): Operation {
  const top = find(call.subscription, (locks[0] ?? '').split('/').slice(0, 9).join('/'));
  return startOperation(call, {
    namespace: kind.type.split('/')[0] ?? '',
    location: top?.location ?? 'global',
    follow: kind.follow ? { group: top?.group ?? '', path: kind.follow } : null,
    locks,
    effect,
    slowSeconds: call.passage.slowSeconds(),
  });
}

function operationUrl(call: Call, it: Operation, what: 'operations' | 'operationResults'): string {
  const root = `${call.baseUrl}/subscriptions/${call.account.subscriptionId}`;
  const place = it.follow
    ? `resourceGroups/${it.follow.group}/providers/${it.namespace}/${it.follow.path}${what === 'operations' ? 'Statuses' : 'Results'}`
    : `providers/${it.namespace}/locations/${it.location}/${what}`;
  return `${root}/${place}/${it.id}?api-version=${call.apiVersion}`;
}
export const statusUrl = (call: Call, it: Operation): string => operationUrl(call, it, 'operations');
export const asyncHeader = (call: Call, it: Operation): Record<string, string> => ({
  'azure-asyncoperation': statusUrl(call, it),
});
export const locationHeader = (call: Call, it: Operation): Record<string, string> => ({
  location: operationUrl(call, it, 'operationResults'),
});

/** A machine whose operation is slow boots as late. */
export function bootWith(operation: Operation, machineId: string, call: Call): void {
  const seconds = (operation.dueAt - call.now.getTime()) / 1000;
  if (seconds >= 1) call.passage.delayBoot(machineId, seconds);
}
