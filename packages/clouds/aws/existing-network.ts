/** A VPC and subnet of somebody else's: looked at, never tagged, changed or deleted. */
import { paginateDescribeSubnets } from '@aws-sdk/client-ec2';
import { type CallContext, CloudError, type NetworkState } from '../provider.ts';
import { askAll, required } from './ask.ts';
import type { Connection } from './connection.ts';

/**
 * The range is the subnet's: what nodes get addresses of, and what rules and routes are for.
 * @throws CloudError `not-found`; `invalid` where the subnet is another VPC's
 */
export async function existingNetwork(
  { ec2 }: Connection,
  at: { networkId: string; subnetId: string },
  context: CallContext,
): Promise<NetworkState> {
  const [subnet] = await askAll(
    'looking at the existing subnet',
    context,
    (o) => paginateDescribeSubnets({ client: ec2 }, { SubnetIds: [at.subnetId] }, o),
    (page) => page.Subnets,
  );
  const vpcId = required(subnet, 'the subnet').VpcId;
  if (vpcId !== at.networkId)
    throw new CloudError('invalid', `Subnet ${at.subnetId} is in VPC ${vpcId}, not ${at.networkId}.`, {
      remedy: 'Name the VPC that the subnet is in.',
    });
  return {
    externalId: at.networkId,
    subnetId: at.subnetId,
    cidr: required(subnet?.CidrBlock, 'the subnet’s range'),
  };
}
