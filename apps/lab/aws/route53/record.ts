/** Record sets: atomic batches of changes, and listing them in Route 53's order. */
import { AwsError } from '../wire/error.ts';
import {
  type Body,
  childOf,
  findZone,
  listOf,
  noteChange,
  type Route53Answer,
  type Route53Call,
  readMost,
  required,
  textOf,
} from './call.ts';
import { byName, isWithin, normalName } from './name.ts';
import { isRecordType, valueTrouble } from './record-value.ts';
import type { HostedZone, RecordSet } from './state.ts';

const MOST_RECORDS_A_BATCH = 1000;
const MOST_CHARACTERS_A_BATCH = 32000;
const MOST_RECORDS = 10000;
const MOST_VALUES = 400;

interface RecordChange {
  action: 'CREATE' | 'DELETE' | 'UPSERT';
  record: RecordSet;
}

/** Applies a batch in its order, wholly or not at all. Every trouble found is named. */
export function changeResourceRecordSets(call: Route53Call): Route53Answer {
  const zone = findZone(call, call.path.id ?? '');
  const batch = childOf(call.body, 'ChangeBatch') ?? {};
  const changes = listOf(batch, 'Changes', 'Change').map(readChange);
  if (changes.length === 0)
    throw new AwsError(
      'InvalidInput',
      `1 validation error detected: Value '[]' at 'changeBatch.changes' failed to satisfy constraint: Member must have length greater than or equal to 1`,
    );
  checkSize(changes);
  const troubles: string[] = [];
  for (const change of changes) {
    const trouble = troubleOf(zone, change);
    if (trouble) troubles.push(trouble);
    else apply(zone, change);
  }
  if (troubles.length === 0) troubles.push(...apexTroubles(zone));
  // Thrown inside the store's change, so that what was applied until here is dropped.
  if (troubles.length > 0) throw new AwsError('InvalidChangeBatch', `[${troubles.join(', ')}]`);
  if (zone.records.length > MOST_RECORDS)
    throw new AwsError('InvalidChangeBatch', `[Number of records limit of ${MOST_RECORDS} exceeded.]`);
  return {
    root: 'ChangeResourceRecordSetsResponse',
    content: { ChangeInfo: noteChange(call, textOf(batch, 'Comment') ?? null) },
  };
}

export function listResourceRecordSets(call: Route53Call): Route53Answer {
  const zone = findZone(call, call.path.id ?? '');
  const most = readMost(call.query, 300);
  const startName = call.query.get('name');
  const startType = call.query.get('type');
  if (startType !== null && startName === null)
    throw new AwsError('InvalidInput', 'The input is not valid: a type was given without a name.');
  const start = startName === null ? null : normalName(startName);
  if (start === undefined)
    throw new AwsError('InvalidInput', `The input ${startName} is not a valid domain name`);
  const rest = [...zone.records].sort(inOrder).filter((record) => {
    const order = start === null ? 1 : byName(record.name, start);
    return order > 0 || (order === 0 && (startType === null || record.type >= startType));
  });
  const next = rest[most];
  return {
    root: 'ListResourceRecordSetsResponse',
    content: {
      ResourceRecordSets: {
        ResourceRecordSet: rest.slice(0, most).map((record) => ({
          Name: record.name,
          Type: record.type,
          TTL: record.ttlSeconds,
          ResourceRecords: { ResourceRecord: record.values.map((Value) => ({ Value })) },
        })),
      },
      IsTruncated: next !== undefined,
      NextRecordName: next?.name,
      NextRecordType: next?.type,
      MaxItems: most,
    },
  };
}

const inOrder = (a: RecordSet, b: RecordSet) => byName(a.name, b.name) || (a.type < b.type ? -1 : 1);

function readChange(body: Body): RecordChange {
  const action = required(textOf(body, 'Action'), 'action');
  if (action !== 'CREATE' && action !== 'DELETE' && action !== 'UPSERT')
    throw new AwsError(
      'InvalidInput',
      `Invalid XML ; cvc-enumeration-valid: Value '${action}' is not facet-valid with respect to enumeration '[CREATE, DELETE, UPSERT]'. It must be a value from the enumeration.`,
    );
  const set = childOf(body, 'ResourceRecordSet') ?? {};
  const given = required(textOf(set, 'Name'), 'resourceRecordSet.name');
  const type = required(textOf(set, 'Type'), 'resourceRecordSet.type');
  const known = ['Name', 'Type', 'TTL', 'ResourceRecords'];
  const other = Object.keys(set).find((name) => !known.includes(name));
  if (other)
    throw new AwsError(
      'InvalidInput',
      `This lab serves simple record sets: ${other} is not among what it knows.`,
    );
  if (!isRecordType(type))
    throw new AwsError(
      'InvalidInput',
      `Invalid XML ; cvc-enumeration-valid: Value '${type}' is not facet-valid with respect to the enumeration of record types this lab knows.`,
    );
  const name = normalName(given);
  if (!name)
    throw new AwsError(
      'InvalidChangeBatch',
      `[FATAL problem: UnsupportedCharacter (Value contains unsupported characters) encountered with '${given}']`,
    );
  const ttl = textOf(set, 'TTL');
  const values = listOf(set, 'ResourceRecords', 'ResourceRecord').map((each) => textOf(each, 'Value') ?? '');
  if (ttl === undefined || values.length === 0)
    throw new AwsError(
      'InvalidInput',
      `Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId], but found ${ttl ? 'TTL' : values.length > 0 ? 'ResourceRecords' : 'none'} in Change with [Action=${action}, Name=${given}, Type=${type}, SetIdentifier=null]`,
    );
  if (!/^\d{1,10}$/.test(ttl) || Number(ttl) > 2147483647)
    throw new AwsError('InvalidInput', `Invalid TTL: ${ttl}`);
  return { action, record: { name, type, ttlSeconds: Number(ttl), values } };
}

/** An UPSERT counts twice, in records and in characters. */
function checkSize(changes: readonly RecordChange[]): void {
  let records = 0;
  let characters = 0;
  for (const { action, record } of changes) {
    const times = action === 'UPSERT' ? 2 : 1;
    records += times * record.values.length;
    characters += times * record.values.join('').length;
  }
  if (records > MOST_RECORDS_A_BATCH)
    throw new AwsError(
      'InvalidChangeBatch',
      `[Number of records limit of ${MOST_RECORDS_A_BATCH} exceeded.]`,
    );
  if (characters > MOST_CHARACTERS_A_BATCH)
    throw new AwsError(
      'InvalidChangeBatch',
      `[RDATA character limit of ${MOST_CHARACTERS_A_BATCH} exceeded.]`,
    );
}

const same = (a: RecordSet, b: RecordSet) => a.name === b.name && a.type === b.type;

function troubleOf(zone: HostedZone, { action, record }: RecordChange): string | undefined {
  const words = `resource record set [name='${record.name}', type='${record.type}']`;
  const present = zone.records.find((each) => same(each, record));
  if (!isWithin(record.name, zone.name))
    return `RRSet with DNS name ${record.name} is not permitted in zone ${zone.name}`;
  if (action === 'DELETE') {
    if (!present) return `Tried to delete ${words} but it was not found`;
    const equal =
      present.ttlSeconds === record.ttlSeconds && sorted(present.values) === sorted(record.values);
    return equal
      ? undefined
      : `Tried to delete ${words} but the values provided do not match the current values`;
  }
  if (action === 'CREATE' && present) return `Tried to create ${words} but it already exists`;
  if (record.values.length > MOST_VALUES)
    return `Number of values limit of ${MOST_VALUES} exceeded for ${words}`;
  const twice = record.values.find((value, index) => record.values.indexOf(value) !== index);
  if (twice) return `Duplicate Resource Record: '${twice}'`;
  for (const value of record.values) {
    const trouble = valueTrouble(record.type, value);
    if (trouble) return `Invalid Resource Record: '${trouble}'`;
  }
  if (record.type === 'CNAME' && record.name === zone.name)
    return `RRSet of type CNAME with DNS name ${record.name} is not permitted at apex in zone ${zone.name}`;
  const conflict = zone.records.some(
    (each) =>
      each.name === record.name &&
      each.type !== record.type &&
      (each.type === 'CNAME' || record.type === 'CNAME'),
  );
  if (conflict)
    return `RRSet of type ${record.type} with DNS name ${record.name} is not permitted as it conflicts with other records with the same DNS name in zone ${zone.name}`;
  return undefined;
}

const sorted = (values: readonly string[]) => JSON.stringify([...values].sort());

function apply(zone: HostedZone, { action, record }: RecordChange): void {
  zone.records = zone.records.filter((each) => !same(each, record));
  if (action !== 'DELETE') zone.records.push(record);
}

function apexTroubles(zone: HostedZone): string[] {
  const has = (type: string) =>
    zone.records.some((record) => record.name === zone.name && record.type === type);
  return [
    ...(has('SOA') ? [] : ['A HostedZone must contain exactly one SOA record.']),
    ...(has('NS') ? [] : ['A HostedZone must contain at least one NS record for the zone itself.']),
  ];
}
