/** Resources of all kinds in one list, of a subscription or a group: what does not hang on another resource. */
import { API_VERSIONS } from '../catalog.ts';
import { type Call, type Endpoint, endpoint } from '../pipeline.ts';
import { groupOf } from '../resource.ts';
import { keyOf } from '../state.ts';
import { page } from '../wire/page.ts';
import { filterOf } from './filter.ts';

const list = (pattern: readonly string[], action: string): Endpoint =>
  endpoint({
    method: 'GET',
    pattern,
    action,
    apiVersions: API_VERSIONS.resources,
    changes: false,
    handle(call) {
      const fits = filterOf(call.query);
      const found = within(call)
        // Children are told by their parents, but for links of private zones, which have a location of their own.
        .filter((it) => it.location !== null && fits(it))
        .map(({ id, name, type, location, tags, extra, createdAt, changedAt, state }) => ({
          id,
          name,
          type,
          location,
          ...(extra.sku ? { sku: extra.sku } : {}),
          ...(Object.keys(tags).length === 0 ? {} : { tags }),
          ...(call.query.has('$expand')
            ? { createdTime: createdAt, changedTime: changedAt, provisioningState: state }
            : {}),
        }));
      return { status: 200, body: page(found, (it) => keyOf(it.id), call.url) };
    },
  });

function within(call: Call) {
  const everything = Object.values(call.subscription.resources);
  if (call.params.group === undefined) return everything;
  const group = groupOf(call);
  return everything.filter((it) => keyOf(it.group) === keyOf(group.name));
}

const ROOT = ['subscriptions', ':subscription'];
export const lists: readonly Endpoint[] = [
  list([...ROOT, 'resources'], 'Microsoft.Resources/subscriptions/resources/read'),
  list(
    [...ROOT, 'resourceGroups', ':group', 'resources'],
    'Microsoft.Resources/subscriptions/resourceGroups/resources/read',
  ),
];
