/** `Microsoft.Resources/subscriptions/resourceGroups`: what everything else stands in. */
import { z } from 'zod';
import { API_VERSIONS, LOCATIONS, locationOf } from '../catalog.ts';
import type { Kind } from '../kind.ts';
import { retryAfter, startOperation } from '../operation.ts';
import { type Call, type Endpoint, endpoint } from '../pipeline.ts';
import { groupOf, locationHeader } from '../resource.ts';
import { find, type Group, groupId, keyOf, type Resource } from '../state.ts';
import { shown, tags } from '../wire/body.ts';
import { ArmError } from '../wire/error.ts';
import { page } from '../wire/page.ts';
import { filterOf } from './filter.ts';

const TYPE = 'Microsoft.Resources/subscriptions/resourceGroups';
const ALL = ['subscriptions', ':subscription', 'resourceGroups'];
const ONE = [...ALL, ':group'];
const NAME = /^[-\w.()]{0,89}[-\w()]$/;
const common = { apiVersions: API_VERSIONS.resources };

const GroupBody = z.strictObject({
  id: shown,
  name: shown,
  type: shown,
  properties: shown,
  managedBy: shown,
  location: z.string().optional(),
  tags: tags.default({}),
});

/** @param kinds all kinds of resources: they know what stands in the way of a group's end */
export const groups = (kinds: readonly Kind[]): Endpoint[] => [
  endpoint({
    ...common,
    method: 'PUT',
    pattern: ONE,
    action: `${TYPE}/write`,
    body: GroupBody,
    changes: true,
    handle(call) {
      const name = call.params.group ?? '';
      if (!NAME.test(name))
        throw new ArmError(
          400,
          'InvalidResourceGroup',
          `The provided resource group name '${name}' has these invalid characters: '${name.replace(/[-\w.()]/g, '')}'. The name can only be a letter, digit, '-', '.', '(', ')' or '_', and cannot end with '.'.`,
        );
      if (call.body.location === undefined)
        throw new ArmError(400, 'LocationRequired', 'The location property is required for this definition.');
      const location = locationOf(call.body.location);
      if (location === undefined)
        throw new ArmError(
          400,
          'LocationNotAvailableForResourceGroup',
          `The provided location '${call.body.location}' is not available for resource group. List of available regions is '${LOCATIONS.map((each) => each.name).join(',')}'.`,
        );
      const present = call.subscription.groups[name.toLowerCase()];
      if (present?.state === 'Deleting') throw beingDeleted(present.name);
      if (present && present.location !== location)
        throw new ArmError(
          409,
          'InvalidResourceGroupLocation',
          `Invalid resource group location '${location}'. The Resource group already exists in location '${present.location}'.`,
        );
      const group: Group = present ?? { name, location, tags: {}, state: 'Succeeded' };
      group.tags = call.body.tags;
      call.subscription.groups[name.toLowerCase()] = group;
      return { status: present ? 200 : 201, body: showGroup(call, group) };
    },
  }),
  endpoint({
    ...common,
    method: 'PATCH',
    pattern: ONE,
    action: `${TYPE}/write`,
    body: GroupBody.partial(),
    changes: true,
    handle(call) {
      const group = groupOf(call);
      if (group.state === 'Deleting') throw beingDeleted(group.name);
      if (call.body.tags) group.tags = call.body.tags;
      return { status: 200, body: showGroup(call, group) };
    },
  }),
  endpoint({
    ...common,
    method: 'GET',
    pattern: ONE,
    action: `${TYPE}/read`,
    changes: false,
    handle: (call) => ({ status: 200, body: showGroup(call, groupOf(call)) }),
  }),
  endpoint({
    ...common,
    method: 'HEAD',
    pattern: ONE,
    action: `${TYPE}/read`,
    changes: false,
    handle(call) {
      groupOf(call);
      return { status: 204 };
    },
  }),
  endpoint({
    ...common,
    method: 'GET',
    pattern: ALL,
    action: `${TYPE}/read`,
    changes: false,
    handle(call) {
      const fits = filterOf(call.query);
      const found = Object.values(call.subscription.groups)
        .filter((group) => fits({ ...group, type: TYPE, group: group.name }))
        .map((group) => showGroup(call, group));
      return { status: 200, body: page(found, (group) => group.id.toLowerCase(), call.url) };
    },
  }),
  endpoint({
    ...common,
    method: 'DELETE',
    pattern: ONE,
    action: `${TYPE}/delete`,
    changes: true,
    handle(call) {
      const { subscription } = call;
      const group = groupOf(call);
      const going = subscription.operations.find(
        ({ endedAt, effect }) => endedAt === null && effect.kind === 'remove' && effect.group === group.name,
      );
      if (going) return { status: 202, headers: locationHeader(call, going) };
      const inside = Object.values(subscription.resources).filter(
        (each) => keyOf(each.group) === keyOf(group.name),
      );
      const blocked = inside.flatMap((it) => outsideHolders(kinds, call, it, group.name));
      if (blocked.length === 0) {
        group.state = 'Deleting';
        for (const it of inside) it.state = 'Deleting';
      }
      const operation = startOperation(call, {
        namespace: 'Microsoft.Resources',
        location: group.location,
        locks: [groupId(call.account.subscriptionId, group.name), ...inside.map(({ id }) => id)],
        effect: { kind: 'remove', ids: inside.map(({ id }) => id), group: group.name },
        slowSeconds: call.passage.slowSeconds(),
        error:
          blocked.length === 0
            ? null
            : {
                code: 'ResourceGroupDeletionBlocked',
                message: `Deletion of resource group '${group.name}' failed as resources with identifiers '${[...new Set(blocked)].join("', '")}' use resources in it.`,
              },
      });
      return {
        status: 202,
        headers: { ...locationHeader(call, operation), ...retryAfter(operation, call.now) },
      };
    },
  }),
];

const beingDeleted = (group: string) =>
  new ArmError(
    409,
    'ResourceGroupBeingDeleted',
    `The resource group '${group}' is in deprovisioning state and cannot perform this operation.`,
  );

/** Ids outside the group that use the resource. */
function outsideHolders(kinds: readonly Kind[], call: Call, it: Resource, group: string): string[] {
  const kind = kinds.find(({ type }) => type === it.type);
  return (kind?.holders(it, call.subscription) ?? []).filter(
    (holder) => keyOf(find(call.subscription, holder)?.group ?? group) !== keyOf(group),
  );
}

const showGroup = (call: Call, group: Group) => ({
  id: groupId(call.account.subscriptionId, group.name),
  name: group.name,
  type: 'Microsoft.Resources/resourceGroups',
  location: group.location,
  ...(Object.keys(group.tags).length === 0 ? {} : { tags: group.tags }),
  properties: { provisioningState: group.state },
});
