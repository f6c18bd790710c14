/** Which permissions an EC2 call needs, on which resources: AWS's table of actions, resources and condition keys. Pure. */
import type { Ec2State, Tags } from '../ec2/state.ts';
import type { Params } from '../wire/query.ts';
import type { Request } from './policy.ts';

/** By the prefix of an id: what kind of resource AWS calls it. */
const KINDS: Readonly<Record<string, string>> = {
  vpc: 'vpc',
  subnet: 'subnet',
  igw: 'internet-gateway',
  rtb: 'route-table',
  sg: 'security-group',
  sgr: 'security-group-rule',
  eipalloc: 'elastic-ip',
  i: 'instance',
  eni: 'network-interface',
  vol: 'volume',
  ami: 'image',
  pcx: 'vpc-peering-connection',
};

interface Touches {
  /** Kinds judged without an id: what the call makes, or finds by itself. */
  kinds?: readonly string[];
  /** Parameters whose ids are judged too, lists among them. */
  names?: readonly string[];
}

const TOUCHES: Readonly<Record<string, Touches>> = {
  CreateVpc: { kinds: ['vpc'] },
  DeleteVpc: { names: ['VpcId'] },
  ModifyVpcAttribute: { names: ['VpcId'] },
  CreateSubnet: { kinds: ['subnet'], names: ['VpcId'] },
  DeleteSubnet: { names: ['SubnetId'] },
  ModifySubnetAttribute: { names: ['SubnetId'] },
  CreateInternetGateway: { kinds: ['internet-gateway'] },
  AttachInternetGateway: { names: ['InternetGatewayId', 'VpcId'] },
  DetachInternetGateway: { names: ['InternetGatewayId', 'VpcId'] },
  DeleteInternetGateway: { names: ['InternetGatewayId'] },
  CreateRouteTable: { kinds: ['route-table'], names: ['VpcId'] },
  DeleteRouteTable: { names: ['RouteTableId'] },
  AssociateRouteTable: { names: ['RouteTableId', 'SubnetId'] },
  CreateRoute: { names: ['RouteTableId'] },
  ReplaceRoute: { names: ['RouteTableId'] },
  DeleteRoute: { names: ['RouteTableId'] },
  CreateSecurityGroup: { kinds: ['security-group'], names: ['VpcId'] },
  DeleteSecurityGroup: { names: ['GroupId'] },
  AuthorizeSecurityGroupIngress: { names: ['GroupId'] },
  AuthorizeSecurityGroupEgress: { names: ['GroupId'] },
  RevokeSecurityGroupIngress: { names: ['GroupId'] },
  RevokeSecurityGroupEgress: { names: ['GroupId'] },
  ModifySecurityGroupRules: { names: ['GroupId'] },
  AllocateAddress: { kinds: ['elastic-ip'] },
  AssociateAddress: { kinds: ['network-interface'], names: ['AllocationId', 'InstanceId'] },
  ReleaseAddress: { names: ['AllocationId'] },
  RunInstances: {
    kinds: ['instance', 'network-interface', 'volume'],
    names: [
      'ImageId',
      'SubnetId',
      'SecurityGroupId',
      'NetworkInterface.1.SubnetId',
      'NetworkInterface.1.SecurityGroupId',
    ],
  },
  TerminateInstances: { names: ['InstanceId'] },
  StartInstances: { names: ['InstanceId'] },
  StopInstances: { names: ['InstanceId'] },
  ModifyInstanceAttribute: { names: ['InstanceId', 'GroupId'] },
  CreateTags: { names: ['ResourceId'] },
  DeleteTags: { names: ['ResourceId'] },
  CreateVpcPeeringConnection: { kinds: ['vpc-peering-connection'], names: ['VpcId'] },
  AcceptVpcPeeringConnection: { kinds: ['vpc'], names: ['VpcPeeringConnectionId'] },
  DeleteVpcPeeringConnection: { names: ['VpcPeeringConnectionId'] },
};

/**
 * What one call asks of the caller's policy: each of it must be allowed. `params` are read through, so give it a copy
 * where the call still has to tell which of them it knows.
 */
export function ec2Requests(
  action: string,
  params: Params,
  at: { region: string; accountId: string; state: Ec2State },
): Request[] {
  const touches = TOUCHES[action];
  const base = { 'aws:RequestedRegion': [at.region] };
  if (!touches) return [{ action: `ec2:${action}`, resource: '*', context: base }];
  const arn = (kind: string, id: string) =>
    `arn:aws:ec2:${at.region}:${kind === 'image' ? '' : at.accountId}:${kind}/${id}`;
  const wanted = requestedTags(action, params);

  const made = (touches.kinds ?? []).map((kind) => ({
    kind,
    resource: arn(kind, '*'),
    tags: wanted.get(kind) ?? {},
  }));
  const requests: Request[] = made.map(({ resource, tags }) => ({
    action: `ec2:${action}`,
    resource,
    context: { ...base, ...tagKeys('RequestTag', tags) },
  }));
  for (const name of touches.names ?? [])
    for (const id of idsOf(params, name)) {
      const kind = KINDS[id.replace(/-.*/, '')] ?? 'unknown';
      const asked = action === 'CreateTags' || action === 'DeleteTags' ? wanted.get('*') : undefined;
      requests.push({
        action: `ec2:${action}`,
        resource: arn(kind, id),
        context: {
          ...base,
          ...tagKeys('ResourceTag', tagsOf(at, id)),
          ...tagKeys('RequestTag', asked ?? {}),
        },
      });
    }
  // To tag what is being made is a permission of its own.
  for (const [kind, tags] of wanted)
    if (kind !== '*' && Object.keys(tags).length > 0)
      requests.push({
        action: 'ec2:CreateTags',
        resource: arn(kind, '*'),
        context: { ...base, 'ec2:CreateAction': [action], ...tagKeys('RequestTag', tags) },
      });
  const profile = params.text('IamInstanceProfile.Arn') ?? params.text('IamInstanceProfile.Name');
  if (profile)
    requests.push({
      action: 'iam:PassRole',
      resource: `arn:aws:iam::${at.accountId}:role/${profile.split('/').at(-1)}`,
      context: { ...base, 'iam:PassedToService': ['ec2.amazonaws.com'] },
    });
  return requests;
}

const tagKeys = (kind: 'RequestTag' | 'ResourceTag', tags: Tags): Record<string, string[]> =>
  Object.fromEntries(Object.entries(tags).map(([key, value]) => [`aws:${kind}/${key}`, [value]]));

function idsOf(params: Params, name: string): string[] {
  const one = params.text(name);
  return one === undefined ? params.list(name) : [one];
}

/** Tags that the call gives: by kind of what it makes; under `*` those of CreateTags. */
function requestedTags(action: string, params: Params): Map<string, Tags> {
  const read = (each: Params, name: string): Tags =>
    Object.fromEntries(each.structs(name).map((tag) => [tag.text('Key') ?? '', tag.text('Value') ?? '']));
  if (action === 'CreateTags' || action === 'DeleteTags') return new Map([['*', read(params, 'Tag')]]);
  return new Map(
    params.structs('TagSpecification').map((each) => [each.text('ResourceType') ?? '', read(each, 'Tag')]),
  );
}

function tagsOf(at: { region: string; accountId: string; state: Ec2State }, id: string): Tags {
  const place = `${at.accountId}/${at.region}`;
  // Each side tags a peering for itself.
  if (Object.hasOwn(at.state.peerings, id)) return at.state.peerings[id]?.tags[place] ?? {};
  const region = at.state.regions[place] ?? {};
  for (const records of Object.values(region) as Record<string, { tags: Tags }>[])
    if (Object.hasOwn(records, id)) return records[id]?.tags ?? {};
  return {};
}
