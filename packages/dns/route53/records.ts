/** Record sets of a hosted zone, in the form that `change-set.ts` decides on. */
import {
  ChangeResourceRecordSetsCommand,
  ListResourceRecordSetsCommand,
  type ListResourceRecordSetsCommandInput,
  type ListResourceRecordSetsCommandOutput,
  type ResourceRecordSet,
  type Route53Client,
} from '@aws-sdk/client-route-53';
import { type NameChange, plainName, type RecordSet } from '../change-set.ts';
import { type DnsContext, DnsError } from '../provider.ts';
import { ask } from './ask.ts';

/** Of record values in one batch. A change is a DELETE and a CREATE, never an UPSERT, which would count twice. */
export const BATCH_LIMIT = 1_000;
const PAGES = 1_000;

/** Route 53 writes `*` and other rare characters of a name as `\052`. */
const unescaped = (name: string) =>
  plainName(name.replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))));

/** Anything more than name, type, TTL and values makes a set not plain. */
export function asRecordSet(set: ResourceRecordSet): RecordSet {
  const special = set.AliasTarget ?? set.SetIdentifier ?? set.HealthCheckId ?? set.TrafficPolicyInstanceId;
  return {
    name: unescaped(set.Name ?? ''),
    type: set.Type ?? '',
    ttlSeconds: set.TTL ?? 0,
    values: (set.ResourceRecords ?? []).map((record) => record.Value ?? ''),
    plain: special === undefined,
  };
}

export async function listRecordSets(
  client: Route53Client,
  zoneId: string,
  context: DnsContext,
): Promise<RecordSet[]> {
  const found: RecordSet[] = [];
  let next: ListResourceRecordSetsCommandInput | undefined = { HostedZoneId: zoneId };
  for (let page = 0; next && page < PAGES; page++) {
    const input: ListResourceRecordSetsCommandInput = next;
    const answer: ListResourceRecordSetsCommandOutput = await ask('listing records', context, (o) =>
      client.send(new ListResourceRecordSetsCommand(input), o),
    );
    found.push(...(answer.ResourceRecordSets ?? []).map(asRecordSet));
    next = answer.IsTruncated
      ? {
          HostedZoneId: zoneId,
          StartRecordName: answer.NextRecordName,
          StartRecordType: answer.NextRecordType,
          StartRecordIdentifier: answer.NextRecordIdentifier,
        }
      : undefined;
  }
  if (next) throw new DnsError('invalid', `Zone ${zoneId} has more records than Skein reads.`);
  return found;
}

const asResourceRecordSet = (set: RecordSet): ResourceRecordSet => ({
  Name: set.name,
  Type: set.type as never,
  TTL: set.ttlSeconds,
  ResourceRecords: set.values.map((Value) => ({ Value })),
});

/** One batch, atomic. @throws DnsError `conflict` when the zone is not as it was read. */
export async function applyChanges(
  client: Route53Client,
  zoneId: string,
  changes: readonly NameChange[],
  context: DnsContext,
): Promise<void> {
  const Changes = changes.flatMap(({ remove, add }) => [
    ...remove.map((set) => ({ Action: 'DELETE' as const, ResourceRecordSet: asResourceRecordSet(set) })),
    ...add.map((set) => ({ Action: 'CREATE' as const, ResourceRecordSet: asResourceRecordSet(set) })),
  ]);
  await ask('changing records', context, (o) =>
    client.send(new ChangeResourceRecordSetsCommand({ HostedZoneId: zoneId, ChangeBatch: { Changes } }), o),
  );
}
