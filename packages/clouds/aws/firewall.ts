/** A security group per role with exactly the rules asked for. AWS's own egress rule (everything) stays. */
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  DeleteSecurityGroupCommand,
  type Filter,
  paginateDescribeSecurityGroups,
  RevokeSecurityGroupIngressCommand,
  type SecurityGroup,
} from '@aws-sdk/client-ec2';
import { waitFor } from '../bounded-wait.ts';
import {
  type CallContext,
  CloudError,
  type FirewallSpec,
  type FirewallState,
  type Keyed,
  type Resource,
} from '../provider.ts';
import { permissionChanges, permissionsOf, rulesOf } from '../rule-set.ts';
import { ask, askAll, askOfFresh, askUnlessGone, lookTwice, required } from './ask.ts';
import type { Connection } from './connection.ts';
import { awsCodeOf } from './errors.ts';
import { holdersOfGroup } from './holders.ts';
import { asIpPermissions, type HeldIngress, heldIngress } from './ingress.ts';
import { filtersFor, filtersForOwner, keyedBy, taggedAs } from './tags.ts';

/** Of one call; AWS takes a thousand, but fails a call as a whole. */
const CHUNK = 50;

function chunks<T>(items: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(items.length / CHUNK) }, (_, i) =>
    items.slice(i * CHUNK, (i + 1) * CHUNK),
  );
}

/** AWS takes these characters only, and not `sg-` at the start. A name is unique within its VPC. */
const groupName = ({ owner, key }: Keyed) =>
  `skein ${owner.networkId} ${owner.clusterId} ${key}`.slice(0, 255);

export function firewalls({ ec2 }: Connection): Resource<FirewallSpec, FirewallState> {
  const groupsBy = (filters: Filter[], context: CallContext) =>
    askAll(
      'listing security groups',
      context,
      (o) => paginateDescribeSecurityGroups({ client: ec2 }, { Filters: filters }, o),
      (page) => page.SecurityGroups,
    );

  function stateOf(group: SecurityGroup): FirewallState {
    const { permissions, foreign } = heldIngress(group.IpPermissions);
    const words = foreign.map((one) => `${one.IpProtocol} ${one.FromPort ?? ''}-${one.ToPort ?? ''}`);
    return {
      externalId: required(group.GroupId, 'a group id'),
      more: [],
      rules: rulesOf(permissions),
      foreign: words,
    };
  }

  async function ensureGroup(spec: FirewallSpec, context: CallContext): Promise<string> {
    const find = async () => (await groupsBy(filtersFor(spec), context))[0];
    const found = await find();
    if (found) {
      if (found.VpcId === spec.network.externalId) return required(found.GroupId, 'a group id');
      throw new CloudError(
        'conflict',
        `Security group ${found.GroupId} is in VPC ${found.VpcId}, not ${spec.network.externalId}.`,
        {
          remedy: 'Delete it first: a group cannot move.',
        },
      );
    }
    try {
      const made = await askOfFresh('creating the security group', context, (o) =>
        ec2.send(
          new CreateSecurityGroupCommand({
            GroupName: groupName(spec),
            Description: `Skein: ${spec.role}s of ${spec.name}`
              .replace(/[^\w .:/()#,@[\]+=&;{}!$*-]/g, ' ')
              .slice(0, 255),
            VpcId: spec.network.externalId,
            TagSpecifications: taggedAs('security-group', spec, spec.name),
          }),
          o,
        ),
      );
      return required(made.GroupId, 'a group id');
    } catch (error) {
      if (awsCodeOf(error) !== 'InvalidGroup.Duplicate') throw error;
      return adopt(spec, context);
    }
  }

  /** The name is taken in this VPC: by another call of ours (its tags may show late), or by somebody else. */
  async function adopt(spec: FirewallSpec, context: CallContext): Promise<string> {
    const filters = [
      { Name: 'group-name', Values: [groupName(spec)] },
      { Name: 'vpc-id', Values: [spec.network.externalId] },
    ];
    const holder = await waitFor(async () => (await groupsBy(filters, context))[0], {
      what: `security group “${groupName(spec)}” to show`,
      limitSeconds: 30,
      context,
    });
    const by = keyedBy(holder.Tags);
    const ours =
      by?.key === spec.key &&
      by.owner.clusterId === spec.owner.clusterId &&
      by.owner.organizationId === spec.owner.organizationId;
    if (ours) return required(holder.GroupId, 'a group id');
    throw new CloudError(
      'not-ours',
      `Security group ${holder.GroupId} has our name but not our tags; it is left alone.`,
      {
        remedy: 'Rename or delete it, or tag it as its neighbours are.',
      },
    );
  }

  async function groupById(id: string, context: CallContext): Promise<SecurityGroup> {
    return waitFor(async () => (await groupsBy([{ Name: 'group-id', Values: [id] }], context))[0], {
      what: `security group ${id} to show`,
      limitSeconds: 60,
      context,
    });
  }

  /** One round of changes. Both outcomes that mean “somebody did it already” are success. */
  async function change(
    id: string,
    held: HeldIngress,
    wanted: ReturnType<typeof permissionsOf>,
    context: CallContext,
  ) {
    const { revoke, authorize } = permissionChanges(held.permissions, wanted);
    for (const IpPermissions of [...chunks(asIpPermissions(revoke)), ...chunks(held.foreign)]) {
      await ask('revoking rules', context, (o) =>
        ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId: id, IpPermissions }), o),
      ).catch((error) => {
        if (awsCodeOf(error) !== 'InvalidPermission.NotFound') throw error;
      });
    }
    for (const IpPermissions of chunks(asIpPermissions(authorize))) {
      await askOfFresh('authorizing rules', context, (o) =>
        ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId: id, IpPermissions }), o),
      ).catch((error) => {
        if (awsCodeOf(error) === 'InvalidPermission.Duplicate') return;
        if (awsCodeOf(error) !== 'RulesPerSecurityGroupLimitExceeded') throw error;
        throw new CloudError(
          'quota',
          `Security group ${id} cannot hold the ${wanted.length} rules it needs.`,
          {
            remedy:
              'Ask AWS for more “Inbound or outbound rules per security group” (L-0EA8095F; 60 at first), or use fewer gateways.',
            cause: error.cause,
          },
        );
      });
    }
  }

  return {
    async observe(at, context) {
      const [group] = await groupsBy(filtersFor(at), context);
      return group && stateOf(group);
    },

    async reconcile(spec, context) {
      const wanted = permissionsOf(spec.rules);
      const id = await ensureGroup(spec, context);
      // A failed batch changes nothing, and a read may be stale: look again until it agrees.
      return waitFor(
        async () => {
          const group = await groupById(id, context);
          const held = heldIngress(group.IpPermissions);
          const { revoke, authorize } = permissionChanges(held.permissions, wanted);
          if (revoke.length + authorize.length + held.foreign.length === 0) return stateOf(group);
          await change(id, held, wanted, context);
          const after = heldIngress((await groupById(id, context)).IpPermissions);
          const rest = permissionChanges(after.permissions, wanted);
          return rest.revoke.length + rest.authorize.length + after.foreign.length === 0
            ? { externalId: id, more: [], rules: rulesOf(after.permissions), foreign: [] }
            : undefined;
        },
        { what: `the rules of ${id} to be as planned`, limitSeconds: 60, context },
      );
    },

    async delete(at, context) {
      for (const group of await lookTwice(() => groupsBy(filtersFor(at), context), context)) {
        const GroupId = required(group.GroupId, 'a group id');
        try {
          await askUnlessGone('deleting the security group', context, (o) =>
            ec2.send(new DeleteSecurityGroupCommand({ GroupId }), o),
          );
        } catch (error) {
          if (awsCodeOf(error) !== 'DependencyViolation') throw error;
          const holders = await holdersOfGroup(ec2, GroupId, context);
          const by = holders.length > 0 ? holders.join(', ') : 'something that AWS does not name';
          throw new CloudError('in-use', `Security group ${GroupId} is still used by ${by}.`, {
            cause: (error as CloudError).cause,
          });
        }
      }
    },

    async list(owner, context) {
      return (await groupsBy(filtersForOwner(owner), context)).flatMap((group) => {
        const at = keyedBy(group.Tags);
        return at ? [{ ...stateOf(group), ...at }] : [];
      });
    },
  };
}
