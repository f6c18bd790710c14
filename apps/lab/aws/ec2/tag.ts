/** Tags: in the call that makes a resource, and on their own. */
import { AwsError } from '../wire/error.ts';
import type { Params } from '../wire/query.ts';
import type { Xml } from '../wire/xml.ts';
import { DONE, type Ec2Actions, type Ec2Call, reads, writes } from './call.ts';
import { selectRows } from './filter.ts';
import { peeringsSeen, tagsOfPeering } from './peering-view.ts';
import type { Tags } from './state.ts';

const MOST_TAGS = 50;

/** The `TagSpecification.N` of a call that makes resources of these types: tags by type. */
export function tagSpecifications<Type extends string>(
  params: Params,
  types: readonly Type[],
): Record<Type, Tags> {
  const result = Object.fromEntries(types.map((type) => [type, {}])) as Record<Type, Tags>;
  for (const specification of params.structs('TagSpecification')) {
    const type = specification.required('ResourceType') as Type;
    if (!types.includes(type))
      throw new AwsError(
        'InvalidParameterValue',
        `'${type}' is not a valid taggable resource type for this operation.`,
      );
    setTags(result[type], readTags(specification));
  }
  return result;
}

function readTags(params: Params): Tags {
  const tags: Tags = {};
  for (const tag of params.structs('Tag')) {
    const key = tag.required('Key');
    if (Object.hasOwn(tags, key))
      throw new AwsError('InvalidParameterValue', `Duplicate tag key '${key}' specified.`);
    tags[key] = tag.text('Value') ?? '';
  }
  return tags;
}

function setTags(onto: Tags, tags: Tags): void {
  for (const [key, value] of Object.entries(tags)) {
    if (key.length > 128)
      throw new AwsError('InvalidParameterValue', 'Tag key exceeds the maximum length of 128 characters');
    if (value.length > 256)
      throw new AwsError('InvalidParameterValue', 'Tag value exceeds the maximum length of 256 characters');
    if (key.toLowerCase().startsWith('aws:'))
      throw new AwsError(
        'InvalidParameterValue',
        `Tag keys starting with 'aws:' are reserved for internal use`,
      );
    onto[key] = value;
  }
  if (Object.keys(onto).length > MOST_TAGS)
    throw new AwsError('TagLimitExceeded', 'The maximum number of Tags for a resource has been reached.');
}

export const tagSet = (tags: Tags): Xml => ({
  item: Object.entries(tags).map(([key, value]) => ({ key, value })),
});

/** Everything in the region that can bear tags. */
function* taggables(call: Ec2Call): Generator<{ id: string; type: string; tags: Tags }> {
  const { state } = call;
  for (const one of peeringsSeen(call))
    yield { id: one.id, type: 'vpc-peering-connection', tags: tagsOfPeering(call, one) };
  for (const { id, tags } of Object.values(state.vpcs)) yield { id, type: 'vpc', tags };
  for (const { id, tags } of Object.values(state.subnets)) yield { id, type: 'subnet', tags };
  for (const { id, tags } of Object.values(state.gateways)) yield { id, type: 'internet-gateway', tags };
  for (const { id, tags } of Object.values(state.routeTables)) yield { id, type: 'route-table', tags };
  for (const group of Object.values(state.groups)) {
    yield { id: group.id, type: 'security-group', tags: group.tags };
    for (const { id, tags } of group.rules) yield { id, type: 'security-group-rule', tags };
  }
  for (const { id, tags } of Object.values(state.addresses)) yield { id, type: 'elastic-ip', tags };
  for (const instance of Object.values(state.instances)) {
    yield { id: instance.id, type: 'instance', tags: instance.tags };
    if (instance.terminatedAt) continue;
    yield {
      id: instance.networkInterface.id,
      type: 'network-interface',
      tags: instance.networkInterface.tags,
    };
    yield { id: instance.volume.id, type: 'volume', tags: instance.volume.tags };
  }
}

function targets(call: Ec2Call) {
  const { params } = call;
  const ids = params.list('ResourceId');
  if (ids.length === 0)
    throw new AwsError('MissingParameter', 'The request must contain the parameter resourceIdSet');
  const all = [...taggables(call)];
  return ids.map((id) => {
    const found = all.find((each) => each.id === id);
    if (!found) throw new AwsError('InvalidID', `The ID '${id}' is not valid`);
    return found;
  });
}

export const tagActions: Ec2Actions = {
  CreateTags: writes((call) => {
    const tags = readTags(call.params);
    if (Object.keys(tags).length === 0)
      throw new AwsError('MissingParameter', 'The request must contain the parameter tagSet');
    for (const target of targets(call)) setTags(target.tags, tags);
    return DONE;
  }),

  /** Without tags it removes all; with a key alone that key; with a value only where the value is that. */
  DeleteTags: writes((call) => {
    const wanted = call.params
      .structs('Tag')
      .map((tag) => ({ key: tag.required('Key'), value: tag.text('Value') }));
    for (const { tags } of targets(call)) {
      const keys = wanted.length === 0 ? Object.keys(tags).map((key) => ({ key, value: undefined })) : wanted;
      for (const { key, value } of keys) if (value === undefined || tags[key] === value) delete tags[key];
    }
    return DONE;
  }),

  DescribeTags: reads((call) => {
    const { params } = call;
    const rows = [...taggables(call)].flatMap(({ id, type, tags }) =>
      Object.entries(tags).map(([key, value]) => ({ id, type, key, value })),
    );
    const { page, nextToken } = selectRows(params, rows, {
      'resource-id': (row) => row.id,
      'resource-type': (row) => row.type,
      key: (row) => row.key,
      value: (row) => row.value,
    });
    return {
      tagSet: {
        item: page.map((row) => ({
          resourceId: row.id,
          resourceType: row.type,
          key: row.key,
          value: row.value,
        })),
      },
      nextToken,
    };
  }),
};
