/** Record sets of a hosted zone, in the form that `change-set.ts` decides on. */
import {
  ChangeResourceRecordSetsCommand,
  GetChangeCommand,
  ListResourceRecordSetsCommand,
  type ListResourceRecordSetsCommandInput,
  type ListResourceRecordSetsCommandOutput,
  type ResourceRecordSet,
} from '@aws-sdk/client-route-53';
import { unlessMissing } from '../bounded-call.ts';
import { type NameChange, plainName, type RecordSet, sizeOf } from '../change-set.ts';
import { type DnsContext, DnsError } from '../provider.ts';
import type { RecordService } from '../reconcile-records.ts';
import { settled } from '../settled.ts';
import { ask, type Route53 } from './ask.ts';

/** Of one batch. A change is a DELETE and a CREATE, never an UPSERT, which would count twice. */
const LIMITS = { values: 1_000, characters: 32_000 };
/** Route 53 says that most changes are everywhere within a minute. */
const SETTLED_SECONDS = 150;
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

async function listRecordSets(service: Route53, zoneId: string, context: DnsContext): Promise<RecordSet[]> {
  const found: RecordSet[] = [];
  let next: ListResourceRecordSetsCommandInput | undefined = { HostedZoneId: zoneId };
  for (let page = 0; next && page < PAGES; page++) {
    const input: ListResourceRecordSetsCommandInput = next;
    const answer: ListResourceRecordSetsCommandOutput = await ask(
      service,
      'listing records',
      context,
      (client, o) => client.send(new ListResourceRecordSetsCommand(input), o),
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

/** One batch, atomic; answers the change's id. @throws DnsError `conflict` when the zone is not as it was read. */
async function applyChanges(
  service: Route53,
  zoneId: string,
  changes: readonly NameChange[],
  context: DnsContext,
): Promise<string | undefined> {
  const Changes = changes.flatMap(({ remove, add }) => [
    ...remove.map((set) => ({ Action: 'DELETE' as const, ResourceRecordSet: asResourceRecordSet(set) })),
    ...add.map((set) => ({ Action: 'CREATE' as const, ResourceRecordSet: asResourceRecordSet(set) })),
  ]);
  const answer = await ask(service, 'changing records', context, (client, o) =>
    client.send(new ChangeResourceRecordSetsCommand({ HostedZoneId: zoneId, ChangeBatch: { Changes } }), o),
  );
  return answer.ChangeInfo?.Id?.replace(/^\/change\//, '');
}

/** A change that Route 53 does not know any more was in effect long ago. */
async function isInSync(service: Route53, Id: string, context: DnsContext): Promise<boolean> {
  const answer = await unlessMissing(
    ask(service, 'asking for the state of a change', context, (client, o) =>
      client.send(new GetChangeCommand({ Id }), o),
    ),
  );
  return answer?.ChangeInfo?.Status !== 'PENDING';
}

export function recordService(service: Route53, zoneId: string, context: DnsContext): RecordService {
  return {
    limits: LIMITS,
    cost: sizeOf,
    // Changes of one zone are made one after the other: Route 53 refuses a second while the first is worked on.
    atOnce: 1,
    list: () => listRecordSets(service, zoneId, context),
    apply: (changes) => applyChanges(service, zoneId, changes, context),
    async settled(changes) {
      for (const id of changes)
        await settled(() => isInSync(service, id, context), {
          what: `Route 53 to answer with the new records of zone ${zoneId} everywhere`,
          limitSeconds: SETTLED_SECONDS,
          context,
        });
    },
  };
}
