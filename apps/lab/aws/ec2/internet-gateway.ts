/** Internet gateways: a VPC's way out, at most one. */
import { AwsError } from '../wire/error.ts';
import type { Xml } from '../wire/xml.ts';
import { DONE, type Ec2Actions, type Ec2Call, findGateway, findVpc, newId, reads, writes } from './call.ts';
import { chosen, selectRows } from './filter.ts';
import { holdsInterface, publicIpOf } from './instance-state.ts';
import type { InternetGateway } from './state.ts';
import { tagSet, tagSpecifications } from './tag.ts';

export const internetGatewayActions: Ec2Actions = {
  CreateInternetGateway: writes((call) => {
    const tags = tagSpecifications(call.params, ['internet-gateway'])['internet-gateway'];
    if (call.full('internet-gateways', Object.keys(call.state.gateways).length + 1))
      throw new AwsError(
        'InternetGatewayLimitExceeded',
        'The maximum number of internet gateways has been reached.',
      );
    const gateway: InternetGateway = { id: newId('igw'), vpcId: null, tags };
    call.state.gateways[gateway.id] = gateway;
    return { internetGateway: view(call, gateway) };
  }),

  DeleteInternetGateway: writes(({ params, state }) => {
    const gateway = findGateway(state, params.required('InternetGatewayId'));
    if (gateway.vpcId)
      throw new AwsError(
        'DependencyViolation',
        `The internetGateway '${gateway.id}' has dependencies and cannot be deleted.`,
      );
    delete state.gateways[gateway.id];
    return DONE;
  }),

  AttachInternetGateway: writes(({ params, state }) => {
    const gateway = findGateway(state, params.required('InternetGatewayId'));
    const vpc = findVpc(state, params.required('VpcId'));
    if (gateway.vpcId)
      throw new AwsError(
        'Resource.AlreadyAssociated',
        `resource ${gateway.id} is already attached to network ${gateway.vpcId}`,
      );
    if (Object.values(state.gateways).some((each) => each.vpcId === vpc.id))
      throw new AwsError(
        'InvalidParameterValue',
        `Network ${vpc.id} already has an internet gateway attached`,
      );
    gateway.vpcId = vpc.id;
    return DONE;
  }),

  DetachInternetGateway: writes((call) => {
    const { params, state } = call;
    const gateway = findGateway(state, params.required('InternetGatewayId'));
    const vpc = findVpc(state, params.required('VpcId'));
    if (gateway.vpcId !== vpc.id)
      throw new AwsError(
        'Gateway.NotAttached',
        `resource ${gateway.id} is not attached to network ${vpc.id}`,
      );
    const mapped = Object.values(state.instances).some(
      (each) => each.vpcId === vpc.id && holdsInterface(call, each) && publicIpOf(state, each) !== null,
    );
    if (mapped)
      throw new AwsError(
        'DependencyViolation',
        `Network ${vpc.id} has some mapped public address(es). Please unmap those public address(es) before detaching the gateway.`,
      );
    gateway.vpcId = null;
    return DONE;
  }),

  DescribeInternetGateways: reads((call) => {
    const { params, state } = call;
    const rows = chosen(params.list('InternetGatewayId'), state.gateways, (id) => findGateway(state, id));
    const { page, nextToken } = selectRows(params, rows, {
      'internet-gateway-id': (gateway) => gateway.id,
      'attachment.vpc-id': (gateway) => gateway.vpcId,
      'attachment.state': (gateway) => (gateway.vpcId ? 'available' : null),
      'owner-id': () => call.account.accountId,
    });
    return { internetGatewaySet: { item: page.map((gateway) => view(call, gateway)) }, nextToken };
  }),
};

const view = (call: Ec2Call, gateway: InternetGateway): Xml => ({
  internetGatewayId: gateway.id,
  ownerId: call.account.accountId,
  attachmentSet: { item: gateway.vpcId ? [{ vpcId: gateway.vpcId, state: 'available' }] : [] },
  tagSet: tagSet(gateway.tags),
});
