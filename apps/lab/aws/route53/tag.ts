/** Tags of hosted zones, and how a change stands. */
import { AwsError } from '../wire/error.ts';
import type { Xml } from '../wire/xml.ts';
import {
  changeView,
  findZone,
  listOf,
  type Route53Answer,
  type Route53Call,
  required,
  textOf,
} from './call.ts';
import type { HostedZone } from './state.ts';

const MOST_TAGS = 10;
/** How long a change is pending; its records stand at once. */
const PENDING_MILLISECONDS = 150;

export function changeTags(call: Route53Call): Route53Answer {
  const zone = taggedZone(call, call.path.id ?? '');
  for (const { text } of listOf(call.body, 'RemoveTagKeys', 'Key')) delete zone.tags[String(text)];
  for (const tag of listOf(call.body, 'AddTags', 'Tag'))
    zone.tags[required(textOf(tag, 'Key'), 'tag.key')] = textOf(tag, 'Value') ?? '';
  for (const [key, value] of Object.entries(zone.tags))
    if (key.length > 128 || value.length > 256)
      throw new AwsError(
        'InvalidInput',
        'A tag key is at most 128 and its value at most 256 characters long.',
      );
  if (Object.keys(zone.tags).length > MOST_TAGS)
    throw new AwsError('InvalidInput', `Number of tags exceeds the limit of ${MOST_TAGS}`);
  return { root: 'ChangeTagsForResourceResponse', content: {} };
}

export const listTags = (call: Route53Call): Route53Answer => ({
  root: 'ListTagsForResourceResponse',
  content: { ResourceTagSet: view(taggedZone(call, call.path.id ?? '')) },
});

export function listTagsOfMany(call: Route53Call): Route53Answer {
  const ids = listOf(call.body, 'ResourceIds', 'ResourceId').map(({ text }) => String(text));
  if (ids.length < 1 || ids.length > 10)
    throw new AwsError(
      'InvalidInput',
      `1 validation error detected: Value at 'resourceIds' failed to satisfy constraint: Member must have length between 1 and 10`,
    );
  return {
    root: 'ListTagsForResourcesResponse',
    content: { ResourceTagSets: { ResourceTagSet: ids.map((id) => view(taggedZone(call, id))) } },
  };
}

export function getChange(call: Route53Call): Route53Answer {
  const { id = '' } = call.path;
  const change = call.state.changes.find(
    (each) => each.id === id && each.accountId === call.account.accountId,
  );
  if (!change) throw new AwsError('NoSuchChange', `A change with ID: ${id} does not exist.`, 404);
  const age = call.now.getTime() - Date.parse(change.submittedAt);
  const status = age < PENDING_MILLISECONDS ? 'PENDING' : 'INSYNC';
  return { root: 'GetChangeResponse', content: { ChangeInfo: changeView(change, status) } };
}

function taggedZone(call: Route53Call, id: string): HostedZone {
  if (call.path.type !== 'hostedzone')
    throw new AwsError(
      'InvalidInput',
      `This lab tags hosted zones; '${call.path.type}' is another type of resource.`,
    );
  return findZone(call, id);
}

const view = (zone: HostedZone): Xml => ({
  ResourceType: 'hostedzone',
  ResourceId: zone.id,
  Tags: { Tag: Object.entries(zone.tags).map(([Key, Value]) => ({ Key, Value })) },
});
