/** Who sees which VPC peering connection, and with which tags. The calls are in peering.ts. */
import { type Ec2Call, find } from './call.ts';
import type { Ec2State, PeeringSide, Tags, VpcPeering } from './state.ts';

/** How long both sides still see one that is over. */
const SHOWN_SECONDS = 3600;

export const isLive = (one: VpcPeering) => one.status === 'active' || one.status === 'pending-acceptance';
export const sides = (one: VpcPeering) => [one.requester, one.accepter];
const placeOf = ({ accountId, region }: PeeringSide) => `${accountId}/${region}`;
/** The place of a call, as tags and regions are kept by it. */
export const here = (call: Ec2Call) => `${call.account.accountId}/${call.region}`;

/** What this account sees of them in this region. */
export function peeringsSeen(call: Ec2Call): VpcPeering[] {
  const shown = (one: VpcPeering) =>
    isLive(one) || call.now.getTime() - Date.parse(one.changedAt) < SHOWN_SECONDS * 1000;
  return Object.values(call.whole.peerings).filter(
    (one) => shown(one) && sides(one).some((side) => placeOf(side) === here(call)),
  );
}

/** Its tags in this account and region; those of the other side are not seen. */
export const tagsOfPeering = (call: Ec2Call, one: VpcPeering): Tags => one.tags[here(call)] ?? {};

/** The live ones that a VPC is part of. */
export const peeringsOfVpc = (whole: Ec2State, vpcId: string): VpcPeering[] =>
  Object.values(whole.peerings).filter(
    (one) => isLive(one) && sides(one).some((side) => side.vpcId === vpcId),
  );

export function findPeering(call: Ec2Call, id: string): VpcPeering {
  const seen = peeringsSeen(call);
  find(
    {
      records: Object.fromEntries(seen.map((one) => [one.id, one])),
      prefix: 'pcx',
      error: 'InvalidVpcPeeringConnectionID',
      noun: 'vpcPeeringConnection ID',
    },
    id,
  );
  return call.whole.peerings[id] as VpcPeering;
}
