/** Hosted zones: public ones, and private ones bound to VPCs. */
import {
  AssociateVPCWithHostedZoneCommand,
  ChangeTagsForResourceCommand,
  CreateHostedZoneCommand,
  type DelegationSet,
  DeleteHostedZoneCommand,
  DisassociateVPCFromHostedZoneCommand,
  GetHostedZoneCommand,
  type HostedZone,
  type VPC,
} from '@aws-sdk/client-route-53';
import { backOff, pause } from '@skein/clouds/bounded-wait.ts';
import { unlessMissing } from '../bounded-call.ts';
import { plainName } from '../change-set.ts';
import { type DnsContext, DnsError, type ZoneSpec, type ZoneState } from '../provider.ts';
import { ownerHash, ownerText, type ZoneOwner } from '../zone-owner.ts';
import { ask, type Route53 } from './ask.ts';
import { awsCodeOf } from './errors.ts';
import { findZones, type OwnedZone, plainZoneId, tagsOf } from './zone-lookup.ts';

const GENERATIONS = 20;
/** Over some ten seconds. */
const LOOKS = 6;

interface Details {
  state: ZoneState;
  vpcs: VPC[];
}

async function detailsOf(service: Route53, zone: HostedZone, context: DnsContext): Promise<Details> {
  const answer = await ask(service, 'reading the zone', context, (client, o) =>
    client.send(new GetHostedZoneCommand({ Id: plainZoneId(zone.Id) }), o),
  );
  return detailsIn(zone, answer.DelegationSet, answer.VPCs);
}

function detailsIn(
  zone: HostedZone,
  delegation: DelegationSet | undefined,
  vpcs: VPC[] | undefined,
): Details {
  const state: ZoneState = {
    externalId: plainZoneId(zone.Id),
    name: plainName(zone.Name ?? ''),
    visibility: zone.Config?.PrivateZone ? 'private' : 'public',
    nameServers: (delegation?.NameServers ?? []).map(plainName),
  };
  return { state, vpcs: vpcs ?? [] };
}

/** Each with its owner; one that went away meanwhile is not among them. */
export async function zoneStates(
  service: Route53,
  zones: readonly OwnedZone[],
  context: DnsContext,
): Promise<{ state: ZoneState; owner: ZoneOwner }[]> {
  const states = [];
  for (const { zone, owner } of zones) {
    const found = await unlessMissing(detailsOf(service, zone, context));
    if (found) states.push({ state: found.state, owner });
  }
  return states;
}

/**
 * Route 53 lets a zone be made twice, but never with one caller reference twice: the reference is derived, so a
 * repeated call is refused and finds the first one's zone. It remembers deleted zones' references: then the next
 * generation is tried.
 */
async function createZone(
  service: Route53,
  spec: ZoneSpec,
  context: DnsContext,
): Promise<OwnedZone & { details?: Details }> {
  const [vpc] = spec.vpcs;
  for (let generation = 0; generation < GENERATIONS; generation++) {
    try {
      const made = await ask(service, 'creating the zone', context, (client, o) =>
        client.send(
          new CreateHostedZoneCommand({
            Name: spec.name,
            CallerReference: `skein-${ownerHash(spec)}-${generation}`,
            HostedZoneConfig: { Comment: ownerText(spec), PrivateZone: spec.visibility === 'private' },
            ...(spec.visibility === 'private' && vpc ? { VPC: asVpc(vpc) } : {}),
          }),
          o,
        ),
      );
      if (!made.HostedZone)
        throw new DnsError('unavailable', `AWS made the zone ${spec.name} and does not show it.`);
      const vpcs = made.VPC ? [made.VPC] : [];
      const details = detailsIn(made.HostedZone, made.DelegationSet, vpcs);
      return { zone: made.HostedZone, owner: spec, tagged: false, details };
    } catch (error) {
      if (awsCodeOf(error) !== 'HostedZoneAlreadyExists') throw error;
      const found = await lookForSeconds(service, spec, context);
      if (found) return found;
    }
  }
  throw new DnsError('conflict', `Route 53 remembers too many deleted zones of ${spec.name}.`, {
    remedy: 'Try again tomorrow.',
  });
}

/**
 * A zone made a moment ago may not show yet. Only one that does not for some seconds is taken for deleted: to try the
 * next generation too early would make a second zone.
 */
async function lookForSeconds(
  service: Route53,
  spec: ZoneSpec,
  context: DnsContext,
): Promise<OwnedZone | undefined> {
  for (let attempt = 0; attempt < LOOKS; attempt++) {
    await pause(backOff(attempt, 400, 4_000), context.signal);
    const [found] = await findZones(service, spec, context);
    if (found) return found;
  }
  return undefined;
}

const asVpc = (vpc: { id: string; region: string }): VPC => ({
  VPCId: vpc.id,
  VPCRegion: vpc.region as never,
});

async function bindVpcs(
  service: Route53,
  id: string,
  held: readonly VPC[],
  spec: ZoneSpec,
  context: DnsContext,
) {
  for (const vpc of spec.vpcs) {
    if (held.some((one) => one.VPCId === vpc.id)) continue;
    await ask(service, 'binding the zone to a VPC', context, (client, o) =>
      client.send(new AssociateVPCWithHostedZoneCommand({ HostedZoneId: id, VPC: asVpc(vpc) }), o),
    );
  }
  for (const one of held) {
    if (spec.vpcs.some((vpc) => vpc.id === one.VPCId)) continue;
    await unlessMissing(
      ask(service, 'unbinding the zone from a VPC', context, (client, o) =>
        client.send(new DisassociateVPCFromHostedZoneCommand({ HostedZoneId: id, VPC: one }), o),
      ),
    );
  }
}

export async function reconcileZone(
  service: Route53,
  spec: ZoneSpec,
  context: DnsContext,
): Promise<ZoneState> {
  if (spec.visibility === 'private' && spec.vpcs.length === 0) {
    throw new DnsError('invalid', `The private zone ${spec.name} needs a VPC: Route 53 makes none without.`);
  }
  const [known] = await findZones(service, spec, context);
  const owned: OwnedZone & { details?: Details } = known ?? (await createZone(service, spec, context));
  const Id = plainZoneId(owned.zone.Id);
  if ((owned.zone.Config?.PrivateZone === true) !== (spec.visibility === 'private')) {
    throw new DnsError(
      'conflict',
      `Zone ${Id} (${spec.name}) is not ${spec.visibility}, which cannot change.`,
      {
        remedy: 'Delete it first.',
      },
    );
  }
  if (!owned.tagged) {
    await ask(service, 'tagging the zone', context, (client, o) =>
      client.send(
        new ChangeTagsForResourceCommand({
          ResourceType: 'hostedzone',
          ResourceId: Id,
          AddTags: tagsOf(spec),
        }),
        o,
      ),
    );
  }
  const { state, vpcs } = owned.details ?? (await detailsOf(service, owned.zone, context));
  if (spec.visibility === 'private') await bindVpcs(service, Id, vpcs, spec, context);
  return state;
}

/** The zone must hold no records but its own. Deleting what is gone succeeds. */
export async function removeZone(service: Route53, id: string, context: DnsContext): Promise<void> {
  await unlessMissing(
    ask(service, 'deleting the zone', context, (client, o) =>
      client.send(new DeleteHostedZoneCommand({ Id: id }), o),
    ),
  );
}
