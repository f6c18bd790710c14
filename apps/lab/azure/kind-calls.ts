/** The calls that every kind of resource has, made of what the kind says. */

import { z } from 'zod';
import { LOCATIONS, locationOf } from './catalog.ts';
import type { Body, Kind } from './kind.ts';
import { checkFree, retryAfter } from './operation.ts';
import { type Answer, type Call, type Endpoint, endpoint } from './pipeline.ts';
import {
  asyncHeader,
  begin,
  bootWith,
  checkEtag,
  groupOf,
  idOf,
  locationHeader,
  locksOf,
  namesOf,
  need,
  pathName,
  same,
  show,
  statusUrl,
  touch,
  upsert,
  viewOf,
} from './resource.ts';
import {
  childrenOf,
  type Effect,
  find,
  type Group,
  keyOf,
  nextGuid,
  ofType,
  parentIdOf,
  type Resource,
} from './state.ts';
import { tags } from './wire/body.ts';
import { ArmError, parentNotFound, resourceNotFound } from './wire/error.ts';
import { page } from './wire/page.ts';

const SUBSCRIPTION = ['subscriptions', ':subscription'];
const IN_GROUP = [...SUBSCRIPTION, 'resourceGroups', ':group', 'providers'];
const NAME = /^[A-Za-z0-9]([\w.-]{0,78}\w)?$/;

/** All calls of a kind; `kinds` are all kinds there are. */
export function endpointsOf(kind: Kind, kinds: readonly Kind[]): Endpoint[] {
  const [namespace = '', ...types] = kind.type.split('/');
  const named = types.flatMap((type, index) => [type, `:n${index}`]);
  const one = [...IN_GROUP, namespace, ...named];
  const all = one.slice(0, -1);
  const { apiVersions } = kind;
  const common = { apiVersions };
  const lists = kind.place === 'child' ? [all] : [all, [...SUBSCRIPTION, 'providers', namespace, ...types]];
  return [
    endpoint<Body>({
      ...common,
      method: 'PUT',
      pattern: one,
      action: `${kind.type}/write`,
      body: kind.body,
      changes: true,
      linked: (body, { subscription }) => kind.linked?.(body, subscription) ?? [],
      handle: (call) => put(kind, call),
    }),
    endpoint({
      ...common,
      method: 'PATCH',
      pattern: one,
      action: `${kind.type}/write`,
      body: z.strictObject({ tags: tags.default({}) }),
      changes: true,
      handle(call) {
        const it = need(kind, call);
        checkEtag(call, it);
        checkFree(call.subscription, [it.id], (other) => statusUrl(call, other));
        if (!same(it.tags, call.body.tags)) touch(it, call.now);
        it.tags = call.body.tags;
        return { status: 200, body: show(kind, it, viewOf(call)) };
      },
    }),
    endpoint({
      ...common,
      method: 'GET',
      pattern: one,
      action: `${kind.type}/read`,
      changes: false,
      handle: (call) => ({ status: 200, body: show(kind, need(kind, call), viewOf(call)) }),
    }),
    endpoint({
      ...common,
      method: 'DELETE',
      pattern: one,
      action: `${kind.type}/delete`,
      changes: true,
      handle: (call) => remove(kind, kinds, call),
    }),
    ...lists.map((pattern) =>
      endpoint({
        ...common,
        method: 'GET',
        pattern,
        action: `${kind.type}/read`,
        changes: false,
        handle(call) {
          const items = listed(kind, call).map((it) => show(kind, it, viewOf(call)));
          return { status: 200, body: page(items, (it) => keyOf(String(it.id)), call.url) };
        },
      }),
    ),
  ];
}

function listed(kind: Kind, call: Call): Resource[] {
  const everything = ofType(call.subscription, kind.type);
  if (call.params.group === undefined) return everything;
  const group = groupOf(call);
  if (kind.place !== 'child') return everything.filter((each) => keyOf(each.group) === keyOf(group.name));
  const parent = parentIdOf(idOf(kind, call.account.subscriptionId, group.name, [...namesOf(call), '-']));
  if (!find(call.subscription, parent)) throw resourceNotFound(pathName(parent), group.name);
  return childrenOf(call.subscription, parent, kind.type);
}

function put(kind: Kind, call: Call<Body>): Answer {
  const { subscription, body } = call;
  const group = groupOf(call);
  const names = namesOf(call);
  const name = names.at(-1) ?? '';
  if (!(kind.name ?? NAME).test(name))
    throw new ArmError(400, 'InvalidResourceName', `Resource name ${name} is invalid.`, { target: name });
  if (group.state === 'Deleting')
    throw new ArmError(
      409,
      'ResourceGroupBeingDeleted',
      `The resource group '${group.name}' is in deprovisioning state and cannot perform this operation.`,
    );
  const asked = idOf(kind, call.account.subscriptionId, group.name, names);
  const present = find(subscription, asked);
  const id = present?.id ?? asked;
  const parent = kind.place === 'child' ? find(subscription, parentIdOf(id)) : undefined;
  if (kind.place === 'child' && (!parent || parent.state === 'Deleting'))
    throw parentNotFound(kind.type, pathName(parentIdOf(id)));
  const location = placeOf(kind, body, present, group);
  checkEtag(call, present);
  checkFree(subscription, locksOf(kind, id), (other) => statusUrl(call, other));
  const guid = present?.guid ?? nextGuid(call.state);
  const plan = kind.write({ call, body, id, name, location, guid, present, parent });
  const changed: string[] = [];
  if (plan.children) changed.push(...putChildren(call, id, group.name, plan.children));
  const wanted = { location, tags: body.tags ?? {}, extra: plan.extra ?? {}, properties: plan.properties };
  const made = upsert(call, { id, type: kind.type, name, group: group.name, guid, ...wanted });
  if (made || changed.length > 0) changed.push(id);
  const it = find(subscription, id) as Resource;
  if (parent && made && !kind.instant) touch(parent, call.now);
  if (changed.length === 0) return { status: 200, body: show(kind, it, viewOf(call)) };
  if (changed.length > 0 && !made) touch(it, call.now);
  const status = present ? 200 : 201;
  if (kind.instant || kind.immediate) return { status, body: show(kind, it, viewOf(call)) };
  for (const each of changed) {
    const one = find(subscription, each);
    if (one) one.state = one === it && !present ? 'Creating' : 'Updating';
  }
  const effect: Effect =
    kind.machine && !present ? { kind: 'machine-up', id } : { kind: 'ready', ids: changed };
  const operation = begin(kind, call, locksOf(kind, id), effect);
  if (kind.machine && !present) bootWith(operation, guid, call);
  return {
    status,
    body: show(kind, it, viewOf(call)),
    headers: { ...asyncHeader(call, operation), ...retryAfter(operation, call.now) },
  };
}

function placeOf(kind: Kind, body: Body, present: Resource | undefined, group: Group): string | null {
  if (kind.place === 'child') return kind.location ?? null;
  if (body.location === undefined)
    throw new ArmError(400, 'LocationRequired', 'The location property is required for this definition.');
  const location = kind.place === 'global' ? body.location.toLowerCase() : locationOf(body.location);
  if (location === undefined || (kind.place === 'global' && location !== 'global'))
    throw new ArmError(
      400,
      'LocationNotAvailableForResourceType',
      `The provided location '${body.location}' is not available for resource type '${kind.type}'. List of available regions for the resource type is '${kind.place === 'global' ? 'global' : LOCATIONS.map((each) => each.name).join(',')}'.`,
    );
  if (present && present.location !== location)
    throw new ArmError(
      409,
      'InvalidResourceLocation',
      `The resource '${present.name}' already exists in location '${present.location}' in resource group '${group.name}'. A resource with the same name cannot be created in location '${location}'. Please select a new resource name.`,
    );
  return location;
}

/** Makes a resource's children of one kind those that are wanted; answers the ids of what changed. */
function putChildren(
  call: Call,
  parentId: string,
  group: string,
  { kind, wanted }: { kind: Kind; wanted: { name: string; properties: unknown }[] },
): string[] {
  const type = kind.type.split('/').at(-1);
  const ids = wanted.map(({ name }) => `${parentId}/${type}/${name}`);
  const changed: string[] = [];
  for (const old of childrenOf(call.subscription, parentId, kind.type)) {
    if (ids.some((id) => keyOf(id) === keyOf(old.id))) continue;
    const holders = kind.holders(old, call.subscription);
    if (holders.length > 0) throw kind.held(old, holders);
    delete call.subscription.resources[keyOf(old.id)];
    changed.push(old.id);
  }
  for (const [index, { name, properties }] of wanted.entries()) {
    const id = ids[index] as string;
    const it = { id, type: kind.type, name, group, location: null, tags: {}, extra: {}, properties };
    if (upsert(call, it)) changed.push(id);
  }
  return changed;
}

function remove(kind: Kind, kinds: readonly Kind[], call: Call): Answer {
  const { subscription } = call;
  const group = groupOf(call);
  const id = idOf(kind, call.account.subscriptionId, group.name, namesOf(call));
  const it = find(subscription, id);
  if (!it) {
    if (kind.place === 'child' && !find(subscription, parentIdOf(id)))
      throw resourceNotFound(pathName(parentIdOf(id)), group.name);
    return { status: 204 };
  }
  checkEtag(call, it);
  const going = subscription.operations.find(
    ({ endedAt, effect }) =>
      endedAt === null && effect.kind === 'remove' && effect.ids.some((each) => keyOf(each) === keyOf(it.id)),
  );
  if (going) return { status: 202, headers: { ...asyncHeader(call, going), ...locationHeader(call, going) } };
  checkFree(subscription, locksOf(kind, it.id), (other) => statusUrl(call, other));
  const nested = kind.nested?.(it, subscription) ?? [];
  if (nested.length > 0) throw kind.held(it, nested);
  const ids = [it.id, ...allChildren(call, it), ...(kind.takesAlong?.(it, subscription) ?? [])];
  const holders = ids.flatMap((each) => {
    const one = find(subscription, each);
    const its = kinds.find(({ type }) => type === one?.type);
    return one && its ? its.holders(one, subscription).map((holder) => ({ one, its, holder })) : [];
  });
  const outside = holders.filter(
    ({ holder }) => !ids.some((each) => `${keyOf(holder)}/`.startsWith(`${keyOf(each)}/`)),
  );
  const [first] = outside;
  if (first)
    throw first.its.held(
      first.one,
      outside.filter(({ one }) => one === first.one).map(({ holder }) => holder),
    );
  const parent = kind.place === 'child' ? find(subscription, parentIdOf(it.id)) : undefined;
  if (parent && !kind.instant) touch(parent, call.now);
  if (kind.instant) {
    for (const each of ids) delete subscription.resources[keyOf(each)];
    return { status: 200 };
  }
  for (const each of ids) {
    const one = find(subscription, each);
    if (one) one.state = 'Deleting';
  }
  const locks = [...ids, ...locksOf(kind, it.id)];
  const operation = begin(kind, call, locks, { kind: 'remove', ids, group: null });
  return {
    status: 202,
    headers: {
      ...asyncHeader(call, operation),
      ...locationHeader(call, operation),
      ...retryAfter(operation, call.now),
    },
  };
}

const allChildren = (call: Call, it: Resource): string[] =>
  Object.keys(call.subscription.resources).filter((key) => key.startsWith(`${keyOf(it.id)}/`));
