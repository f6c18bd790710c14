/**
 * VPC peering connections: asked for by one VPC's owner, agreed to by the other's, in the other's region. Both sides see
 * one connection; each account and region tags it for itself.
 */
import { knownCidr, overlaps } from '../cidr.ts';
import { REGIONS } from '../region.ts';
import { AwsError } from '../wire/error.ts';
import type { Xml } from '../wire/xml.ts';
import { DONE, type Ec2Actions, type Ec2Call, findVpc, newId, reads, writes } from './call.ts';
import { type Filters, selectRows } from './filter.ts';
import {
  findPeering,
  here,
  isLive,
  peeringsOfVpc,
  peeringsSeen,
  sides,
  tagsOfPeering,
} from './peering-view.ts';
import type { PeeringSide, VpcPeering } from './state.ts';
import { tagSet, tagSpecifications } from './tag.ts';

/** Requests that an account may have waiting. */
const MOST_OUTSTANDING = 25;
const PENDING_DAYS = 7;

export const peeringActions: Ec2Actions = {
  CreateVpcPeeringConnection: writes((call) => {
    const { params, state, whole, account, region, now } = call;
    const vpc = findVpc(state, params.required('VpcId'));
    const accepter = {
      accountId: params.text('PeerOwnerId') ?? account.accountId,
      region: params.text('PeerRegion') ?? region,
      vpcId: params.required('PeerVpcId'),
    };
    const tags = tagSpecifications(params, ['vpc-peering-connection'])['vpc-peering-connection'];
    if (!/^\d{12}$/.test(accepter.accountId))
      throw new AwsError('InvalidParameterValue', `Invalid value '${accepter.accountId}' for peerOwnerId.`);
    if (!Object.hasOwn(REGIONS, accepter.region))
      throw new AwsError('InvalidParameterValue', `Invalid value '${accepter.region}' for peerRegion.`);
    const place = `${accepter.accountId}/${accepter.region}`;
    if (place === here(call)) findVpc(state, accepter.vpcId);
    const far = whole.regions[place]?.vpcs[accepter.vpcId];
    const requester = { accountId: account.accountId, region, vpcId: vpc.id, cidr: vpc.cidr };
    const same = peeringsOfVpc(whole, vpc.id).find((one) =>
      sides(one).some((side) => side.vpcId === accepter.vpcId),
    );
    if (same?.status === 'active')
      throw new AwsError(
        'VpcPeeringConnectionAlreadyExists',
        `A VPC peering connection between ${vpc.id} and ${accepter.vpcId} already exists: ${same.id}`,
      );
    // The same request again is the same connection, with the tags that it has.
    if (same && same.requester.vpcId === vpc.id) return { vpcPeeringConnection: view(call, same) };
    const outstanding = Object.values(whole.peerings).filter(
      (one) => one.status === 'pending-acceptance' && one.requester.accountId === account.accountId,
    );
    if (outstanding.length >= MOST_OUTSTANDING)
      throw new AwsError(
        'OutstandingVpcPeeringConnectionLimitExceeded',
        'The maximum number of outstanding VPC peering connection requests has been reached.',
      );
    const fits = far !== undefined && !overlaps(knownCidr(vpc.cidr), knownCidr(far.cidr));
    const peering: VpcPeering = {
      id: newId('pcx'),
      requester,
      accepter: { ...accepter, cidr: far?.cidr ?? '' },
      // AWS takes the call and says so in the connection alone.
      status: fits ? 'pending-acceptance' : 'failed',
      changedAt: now.toISOString(),
      tags: { [place]: {}, [here(call)]: tags },
    };
    whole.peerings[peering.id] = peering;
    return { vpcPeeringConnection: view(call, peering) };
  }),

  AcceptVpcPeeringConnection: writes((call) => {
    const peering = toAnswer(call, 'active');
    peering.status = 'active';
    peering.changedAt = call.now.toISOString();
    return { vpcPeeringConnection: view(call, peering) };
  }),

  RejectVpcPeeringConnection: writes((call) => {
    const peering = toAnswer(call, 'rejected');
    peering.status = 'rejected';
    peering.changedAt = call.now.toISOString();
    return DONE;
  }),

  DeleteVpcPeeringConnection: writes((call) => {
    const peering = findPeering(call, call.params.required('VpcPeeringConnectionId'));
    if (!isLive(peering)) throw noTransition(peering, 'deleting');
    if (peering.status === 'pending-acceptance' && peering.requester.accountId !== call.account.accountId)
      throw new AwsError(
        'OperationNotPermitted',
        `User ${call.account.accountId} cannot delete peering ${peering.id}: reject it instead`,
      );
    peering.status = 'deleted';
    peering.changedAt = call.now.toISOString();
    return DONE;
  }),

  DescribeVpcPeeringConnections: reads((call) => {
    const ids = call.params.list('VpcPeeringConnectionId');
    for (const id of ids) findPeering(call, id);
    const rows = peeringsSeen(call)
      .filter((one) => ids.length === 0 || ids.includes(one.id))
      .map((whole) => ({ ...whole, tags: tagsOfPeering(call, whole), whole }));
    const { page, nextToken } = selectRows(call.params, rows, FILTERS);
    return { vpcPeeringConnectionSet: { item: page.map((one) => view(call, one.whole)) }, nextToken };
  }),
};

const FILTERS: Filters<Omit<VpcPeering, 'tags'>> = {
  'vpc-peering-connection-id': (one) => one.id,
  'status-code': (one) => one.status,
  'requester-vpc-info.vpc-id': (one) => one.requester.vpcId,
  'requester-vpc-info.owner-id': (one) => one.requester.accountId,
  'requester-vpc-info.cidr-block': (one) => one.requester.cidr,
  'accepter-vpc-info.vpc-id': (one) => one.accepter.vpcId,
  'accepter-vpc-info.owner-id': (one) => one.accepter.accountId,
  'accepter-vpc-info.cidr-block': (one) => one.accepter.cidr,
};

/** The request that the call answers: the other side's to answer, in the other side's region, and once. */
function toAnswer(call: Ec2Call, to: string): VpcPeering {
  const peering = findPeering(call, call.params.required('VpcPeeringConnectionId'));
  const { accepter } = peering;
  if (accepter.accountId !== call.account.accountId)
    throw new AwsError(
      'OperationNotPermitted',
      `User ${call.account.accountId} cannot accept or reject peering ${peering.id}`,
    );
  if (accepter.region !== call.region)
    throw new AwsError(
      'OperationNotPermitted',
      `Incorrect region ( ${call.region} ) specified for this request. VPC peering connection ${peering.id} must be answered in region ${accepter.region}`,
    );
  if (peering.status !== 'pending-acceptance') throw noTransition(peering, to);
  return peering;
}

const noTransition = (peering: VpcPeering, to: string) =>
  new AwsError(
    'InvalidStateTransition',
    `Invalid state transition for ${peering.id}, attempted to transition from ${peering.status} to ${to}`,
  );

const MESSAGES: Record<VpcPeering['status'], (one: VpcPeering) => string> = {
  active: () => 'Active',
  'pending-acceptance': (one) => `Pending Acceptance by ${one.accepter.accountId}`,
  deleted: () => 'Deleted',
  rejected: () => 'Rejected',
  failed: () => 'Failed due to incorrect VPC-ID, Account ID, or overlapping CIDR range',
};

function view(call: Ec2Call, one: VpcPeering): { [name: string]: Xml } {
  const side = ({ accountId, region, vpcId, cidr }: PeeringSide, shown: boolean) => ({
    ownerId: accountId,
    vpcId,
    region,
    ...(shown && cidr ? { cidrBlock: cidr, cidrBlockSet: { item: [{ cidrBlock: cidr }] } } : {}),
  });
  const expires = new Date(Date.parse(one.changedAt) + PENDING_DAYS * 86_400_000);
  return {
    vpcPeeringConnectionId: one.id,
    requesterVpcInfo: side(one.requester, true),
    // Whose VPC it is to be is not shown before its owner agrees.
    accepterVpcInfo: side(one.accepter, one.status === 'active' || one.status === 'deleted'),
    status: { code: one.status, message: MESSAGES[one.status](one) },
    ...(one.status === 'pending-acceptance' ? { expirationTime: expires.toISOString() } : {}),
    tagSet: tagSet(tagsOfPeering(call, one)),
  };
}
