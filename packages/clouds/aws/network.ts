/** A VPC with its subnet, internet gateway and way out. The VPC is made first and deleted last: it stands for the rest. */
import {
  CreateSubnetCommand,
  CreateVpcCommand,
  DeleteSubnetCommand,
  DeleteVpcCommand,
  DescribeVpcAttributeCommand,
  type Filter,
  ModifyVpcAttributeCommand,
  paginateDescribeSubnets,
  paginateDescribeVpcs,
  type Vpc,
} from '@aws-sdk/client-ec2';
import { allOf, backOff, pause } from '../bounded-wait.ts';
import { findOrMakeOne } from '../only-one.ts';
import {
  type CallContext,
  CloudError,
  type Keyed,
  type NetworkSpec,
  type NetworkState,
  type Resource,
} from '../provider.ts';
import { ask, askAll, askOfFresh, askUnlessGone, lookTwice, required } from './ask.ts';
import type { Connection } from './connection.ts';
import { awsCodeOf } from './errors.ts';
import { holdersOfVpc, vpcHeld } from './holders.ts';
import { internetGateways } from './internet-gateway.ts';
import { filtersFor, filtersForOwner, keyedBy, taggedAs } from './tags.ts';

const LETTING_GO_TRIES = 4;

export function networks({ ec2 }: Connection): Resource<NetworkSpec, NetworkState> {
  const gateways = internetGateways(ec2);
  const vpcsBy = (filters: Filter[], context: CallContext) =>
    askAll(
      'listing VPCs',
      context,
      (o) => paginateDescribeVpcs({ client: ec2 }, { Filters: filters }, o),
      (page) => page.Vpcs,
    );
  const subnetsBy = (filters: Filter[], context: CallContext) =>
    askAll(
      'listing subnets',
      context,
      (o) => paginateDescribeSubnets({ client: ec2 }, { Filters: filters }, o),
      (page) => page.Subnets,
    );
  const identified = async (at: Keyed, context: CallContext) =>
    (await vpcsBy(filtersFor(at), context)).map((vpc) => ({ id: required(vpc.VpcId, 'a VPC id'), vpc }));
  const inVpc = (vpcId: string): Filter => ({ Name: 'vpc-id', Values: [vpcId] });

  async function stateOf(vpc: Vpc, at: Keyed, context: CallContext): Promise<NetworkState> {
    const externalId = required(vpc.VpcId, 'a VPC id');
    const [subnet] = await subnetsBy([inVpc(externalId), ...filtersFor(at)], context);
    return { externalId, subnetId: subnet?.SubnetId ?? '', cidr: required(vpc.CidrBlock, 'a VPC range') };
  }

  /** Both are needed for private hosted zones. */
  async function ensureDns(vpcId: string, context: CallContext) {
    const settings = [
      ['enableDnsSupport', 'EnableDnsSupport', { EnableDnsSupport: { Value: true } }],
      ['enableDnsHostnames', 'EnableDnsHostnames', { EnableDnsHostnames: { Value: true } }],
    ] as const;
    const switchOn = async ([Attribute, answer, change]: (typeof settings)[number]) => {
      const now = await askOfFresh('reading the VPC’s DNS settings', context, (o) =>
        ec2.send(new DescribeVpcAttributeCommand({ VpcId: vpcId, Attribute }), o),
      );
      if (now[answer]?.Value === true) return;
      await ask('switching on the VPC’s DNS', context, (o) =>
        ec2.send(new ModifyVpcAttributeCommand({ VpcId: vpcId, ...change }), o),
      );
    };
    await allOf(settings.map(switchOn));
  }

  async function ensureSubnet(vpcId: string, spec: NetworkSpec, context: CallContext): Promise<string> {
    const find = async () => (await subnetsBy([inVpc(vpcId), ...filtersFor(spec)], context))[0]?.SubnetId;
    const found = await find();
    if (found) return found;
    try {
      const made = await askOfFresh('creating the subnet', context, (o) =>
        ec2.send(
          new CreateSubnetCommand({
            VpcId: vpcId,
            CidrBlock: spec.cidr,
            TagSpecifications: taggedAs('subnet', spec, spec.name),
          }),
          o,
        ),
      );
      return required(made.Subnet?.SubnetId, 'a subnet id');
    } catch (error) {
      // The range is taken within this VPC: by the same call, made elsewhere or with its answer lost, or by another's subnet.
      const adopted = awsCodeOf(error) === 'InvalidSubnet.Conflict' ? await find() : undefined;
      if (adopted) return adopted;
      throw error;
    }
  }

  async function removeVpc(vpcId: string, at: Keyed, context: CallContext) {
    const holders = await holdersOfVpc(ec2, vpcId, at, context);
    if (holders.length > 0) {
      throw new CloudError('in-use', `VPC ${vpcId} is still used by ${holders.join(', ')}.`, {
        remedy: 'Delete those first.',
      });
    }
    for (const subnet of await subnetsBy([inVpc(vpcId), ...filtersFor(at)], context)) {
      await askUnlessGone('deleting the subnet', context, (o) =>
        ec2.send(new DeleteSubnetCommand({ SubnetId: subnet.SubnetId }), o),
      );
    }
    await gateways.remove(at, vpcId, context);
    await askUnlessGone('deleting the VPC', context, (o) =>
      ec2.send(new DeleteVpcCommand({ VpcId: vpcId }), o),
    );
  }

  /** What has just ended may hold its VPC for some seconds more, and a list may lag behind. */
  async function removeVpcPatiently(vpcId: string, at: Keyed, context: CallContext) {
    for (let attempt = 0; ; attempt++) {
      try {
        return await removeVpc(vpcId, at, context);
      } catch (error) {
        if (awsCodeOf(error) !== 'DependencyViolation') throw error;
        if (attempt === LETTING_GO_TRIES) throw await vpcHeld(ec2, vpcId, error as CloudError, context);
        context.waitingFor(`what used VPC ${vpcId} to let go`);
        await pause(backOff(attempt, 500, 4_000), context.signal);
      }
    }
  }

  return {
    async observe(at, context) {
      const [found] = (await identified(at, context)).sort((a, b) => (a.id < b.id ? -1 : 1));
      return found && stateOf(found.vpc, at, context);
    },

    async reconcile(spec, context) {
      const { id, vpc } = await findOrMakeOne(
        {
          what: 'the VPC',
          find: () => identified(spec, context),
          make: async () => {
            const made = await ask('creating the VPC', context, (o) =>
              ec2.send(
                new CreateVpcCommand({
                  CidrBlock: spec.cidr,
                  TagSpecifications: taggedAs('vpc', spec, spec.name),
                }),
                o,
              ),
            );
            return required(made.Vpc?.VpcId, 'a VPC id');
          },
          undo: async (VpcId) => {
            await askUnlessGone('deleting a second VPC', context, (o) =>
              ec2.send(new DeleteVpcCommand({ VpcId }), o),
            );
          },
        },
        context,
      );
      if (vpc.CidrBlock !== spec.cidr) {
        throw new CloudError(
          'conflict',
          `VPC ${id} has the range ${vpc.CidrBlock}, not ${spec.cidr}: a VPC’s range cannot change.`,
        );
      }
      const [subnetId] = await allOf([
        ensureSubnet(id, spec, context),
        gateways.ensure(id, spec, context),
        ensureDns(id, context),
      ]);
      return { externalId: id, subnetId, cidr: spec.cidr };
    },

    async delete(at, context) {
      for (const { id } of await lookTwice(() => identified(at, context), context))
        await removeVpcPatiently(id, at, context);
      // One made but never attached, by a worker that was killed between the two.
      await gateways.remove(at, null, context);
    },

    async list(owner, context) {
      const vpcs = await vpcsBy(filtersForOwner(owner), context);
      const mine = vpcs.flatMap((vpc) => {
        const at = keyedBy(vpc.Tags);
        return at ? [{ vpc, at }] : [];
      });
      return Promise.all(mine.map(async ({ vpc, at }) => ({ ...(await stateOf(vpc, at, context)), ...at })));
    },
  };
}
