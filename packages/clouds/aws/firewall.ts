/**
 * Security groups of a role with exactly the rules asked for: one, and further ones where one cannot hold them all. AWS's
 * own egress rule (everything) stays.
 */
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  DeleteSecurityGroupCommand,
  type Filter,
  type IpPermission,
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
import { packRules } from '../rule-pack.ts';
import { identityOf, type Permission, permissionChanges, permissionsOf, rulesOf } from '../rule-set.ts';
import { askAll, askOfFresh, askUnlessGone, lookTwice, required } from './ask.ts';
import type { Connection } from './connection.ts';
import { awsCodeOf } from './errors.ts';
import { groupAttachments } from './group-attachment.ts';
import { holdersOfGroup } from './holders.ts';
import { asIpPermissions, heldIngress } from './ingress.ts';
import { filtersFor, filtersForOwner, keyedBy, ownerTags } from './tags.ts';

/** What AWS gives a group, and a network interface, until one asks for more. */
const RULES_A_GROUP = 60;
const MOST_GROUPS = 5;
/** Says which of several groups one is; the first has no such tag. */
const PART = 'skein-part';

/** Of one call; AWS takes a thousand, but fails a call as a whole. */
const CHUNK = 50;

function chunks<T>(items: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(items.length / CHUNK) }, (_, i) =>
    items.slice(i * CHUNK, (i + 1) * CHUNK),
  );
}

/** AWS takes these characters only, and not `sg-` at the start. A name is unique within its VPC. */
const groupName = ({ owner, key }: Keyed, part: number) =>
  `skein ${owner.networkId} ${owner.clusterId} ${key}${part === 1 ? '' : ` ${part}`}`.slice(0, 255);
const partOf = (group: SecurityGroup) => Number(group.Tags?.find(({ Key }) => Key === PART)?.Value ?? 1);
const idOf = (group: SecurityGroup) => required(group.GroupId, 'a group id');

export function firewalls({ ec2 }: Connection): Resource<FirewallSpec, FirewallState> {
  const attachments = groupAttachments(ec2);
  const groupsBy = async (filters: Filter[], context: CallContext) => {
    const found = await askAll(
      'listing security groups',
      context,
      (o) => paginateDescribeSecurityGroups({ client: ec2 }, { Filters: filters }, o),
      (page) => page.SecurityGroups,
    );
    return found.sort((a, b) => partOf(a) - partOf(b));
  };

  /** @param groups those of one firewall, the first one first */
  function stateOf(groups: readonly SecurityGroup[]): FirewallState {
    const [externalId = '', ...more] = groups.map(idOf);
    const held = groups.map((group) => heldIngress(group.IpPermissions));
    const foreign = held.flatMap((one) => one.foreign);
    const words = foreign.map((one) => `${one.IpProtocol} ${one.FromPort ?? ''}-${one.ToPort ?? ''}`);
    return { externalId, more, rules: rulesOf(held.flatMap((one) => one.permissions)), foreign: words };
  }

  async function ensureGroup(
    spec: FirewallSpec,
    part: number,
    context: CallContext,
  ): Promise<{ group: SecurityGroup; made: boolean }> {
    const found = (await groupsBy(filtersFor(spec), context)).find((group) => partOf(group) === part);
    if (found) {
      if (found.VpcId === spec.network.externalId) return { group: found, made: false };
      throw new CloudError(
        'conflict',
        `Security group ${found.GroupId} is in VPC ${found.VpcId}, not ${spec.network.externalId}.`,
        {
          remedy: 'Delete it first: a group cannot move.',
        },
      );
    }
    const parts = part === 1 ? [] : [{ Key: PART, Value: `${part}` }];
    try {
      const made = await askOfFresh('creating the security group', context, (o) =>
        ec2.send(
          new CreateSecurityGroupCommand({
            GroupName: groupName(spec, part),
            Description: `Skein: ${spec.role}s of ${spec.name}`
              .replace(/[^\w .:/()#,@[\]+=&;{}!$*-]/g, ' ')
              .slice(0, 255),
            VpcId: spec.network.externalId,
            TagSpecifications: [
              { ResourceType: 'security-group', Tags: [...ownerTags(spec, spec.name), ...parts] },
            ],
          }),
          o,
        ),
      );
      return { group: { GroupId: required(made.GroupId, 'a group id'), Tags: parts }, made: true };
    } catch (error) {
      if (awsCodeOf(error) !== 'InvalidGroup.Duplicate') throw error;
      return { group: await adopt(spec, part, context), made: false };
    }
  }

  /** The name is taken in this VPC: by another call of ours (its tags may show late), or by somebody else. */
  async function adopt(spec: FirewallSpec, part: number, context: CallContext): Promise<SecurityGroup> {
    const name = groupName(spec, part);
    const filters = [
      { Name: 'group-name', Values: [name] },
      { Name: 'vpc-id', Values: [spec.network.externalId] },
    ];
    const holder = await waitFor(async () => (await groupsBy(filters, context))[0], {
      what: `security group “${name}” to show`,
      limitSeconds: 30,
      context,
    });
    const by = keyedBy(holder.Tags);
    const ours =
      by?.key === spec.key &&
      by.owner.clusterId === spec.owner.clusterId &&
      by.owner.organizationId === spec.owner.organizationId;
    if (ours) return holder;
    throw new CloudError(
      'not-ours',
      `Security group ${holder.GroupId} has our name but not our tags; it is left alone.`,
      {
        remedy: 'Rename or delete it, or tag it as its neighbours are.',
      },
    );
  }

  /** Both outcomes of a change that mean “somebody did it already” are success. */
  async function revoke(GroupId: string, permissions: readonly IpPermission[], context: CallContext) {
    for (const IpPermissions of chunks(permissions)) {
      await askUnlessGone('revoking rules', context, (o) =>
        ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId, IpPermissions }), o),
      );
    }
  }

  async function authorize(GroupId: string, permissions: readonly Permission[], context: CallContext) {
    for (const IpPermissions of chunks(asIpPermissions(permissions))) {
      await askOfFresh('authorizing rules', context, (o) =>
        ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions }), o),
      ).catch((error) => {
        if (awsCodeOf(error) === 'InvalidPermission.Duplicate') return;
        if (awsCodeOf(error) !== 'RulesPerSecurityGroupLimitExceeded') throw error;
        throw new CloudError('quota', `Security group ${GroupId} cannot hold the rules it needs.`, {
          remedy:
            'Ask AWS for more “Inbound or outbound rules per security group” (L-0EA8095F; 60 at first), or use fewer gateways.',
          cause: error.cause,
        });
      });
    }
  }

  /** Which permissions go where, and the groups as they stand. @param fresh one just made, the only one there is */
  async function look(
    spec: FirewallSpec,
    wanted: readonly Permission[],
    fresh: SecurityGroup | null,
    context: CallContext,
  ) {
    const groups = fresh ? [fresh] : await groupsBy(filtersFor(spec), context);
    const held = groups.map((group) => heldIngress(group.IpPermissions));
    const target = packRules(
      wanted,
      held.map((one) => one.permissions),
      RULES_A_GROUP,
    );
    const same = target.every((permissions, index) => {
      const changes = permissionChanges(held[index]?.permissions ?? [], permissions);
      return changes.revoke.length + changes.authorize.length + (held[index]?.foreign.length ?? 0) === 0;
    });
    return { groups, held, target, settled: same && groups.length === target.length };
  }

  /**
   * One round of changes. First goes what nobody may send any more; then comes what is new, and the groups that hold it
   * go onto the instances; only then goes what another group holds by now. So nothing is open that should not be, and
   * nothing that is needed closes in between.
   */
  async function change(
    spec: FirewallSpec,
    { groups, held, target }: Awaited<ReturnType<typeof look>>,
    context: CallContext,
  ) {
    const needed = new Set(target.flat().map(identityOf));
    for (const [index, group] of groups.entries()) {
      const { permissions = [], foreign = [] } = held[index] ?? {};
      const gone = permissions.filter((one) => !needed.has(identityOf(one)));
      await revoke(idOf(group), [...asIpPermissions(gone), ...foreign], context);
    }
    const ids = groups.map(idOf);
    const parts = new Set(groups.map(partOf));
    for (let part = 2; ids.length < target.length; part++)
      if (!parts.has(part)) ids.push(idOf((await ensureGroup(spec, part, context)).group));
    for (const [index, permissions] of target.entries()) {
      const missing = permissionChanges(held[index]?.permissions ?? [], permissions).authorize;
      await authorize(ids[index] ?? '', missing, context);
    }
    const [first = '', ...others] = ids.slice(0, target.length);
    if (others.length > 0) await attachments.attach(spec, first, others, context);
    for (const [index, group] of groups.entries()) {
      const elsewhere = permissionChanges(held[index]?.permissions ?? [], target[index] ?? []).revoke;
      const moved = elsewhere.filter((one) => needed.has(identityOf(one)));
      if (index < target.length) await revoke(idOf(group), asIpPermissions(moved), context);
      else await dropGroup(spec, idOf(group), context);
    }
  }

  async function dropGroup(at: Keyed, id: string, context: CallContext) {
    await attachments.detach(at, id, context);
    await removeGroup(id, context);
  }

  async function removeGroup(GroupId: string, context: CallContext) {
    try {
      await askUnlessGone('deleting the security group', context, (o) =>
        ec2.send(new DeleteSecurityGroupCommand({ GroupId }), o),
      );
    } catch (error) {
      if (awsCodeOf(error) !== 'DependencyViolation') throw error;
      const holders = await holdersOfGroup(ec2, GroupId, context);
      const by = holders.length > 0 ? holders.join(', ') : 'another group’s rules or a network interface';
      throw new CloudError('in-use', `Security group ${GroupId} is still used by ${by}.`, {
        cause: (error as CloudError).cause,
      });
    }
  }

  return {
    async observe(at, context) {
      const groups = await groupsBy(filtersFor(at), context);
      return groups.length > 0 ? stateOf(groups) : undefined;
    },

    async reconcile(spec, context) {
      const wanted = permissionsOf(spec.rules);
      if (wanted.length > RULES_A_GROUP * MOST_GROUPS)
        throw new CloudError(
          'quota',
          `${spec.key} needs ${wanted.length} rules; the ${MOST_GROUPS} security groups that AWS lets a node carry hold ${RULES_A_GROUP * MOST_GROUPS}.`,
          { remedy: 'Use fewer gateways in this network.' },
        );
      const first = await ensureGroup(spec, 1, context);
      let fresh = first.made ? first.group : null;
      // A failed batch changes nothing, and a read may be stale: look again until it agrees.
      return waitFor(
        async () => {
          const now = await look(spec, wanted, fresh, context);
          fresh = null;
          // The first group was made a moment ago and does not show yet.
          if (!now.groups.some((group) => partOf(group) === 1)) return undefined;
          if (!now.settled) await change(spec, now, context);
          const after = now.settled ? now : await look(spec, wanted, null, context);
          if (!after.settled) return undefined;
          const [main = '', ...others] = after.groups.map(idOf);
          // An instance may have started with the groups of before.
          if (others.length > 0) await attachments.attach(spec, main, others, context);
          return stateOf(after.groups);
        },
        { what: `the rules of ${spec.key} to be as planned`, limitSeconds: 60, context },
      );
    },

    async delete(at, context) {
      for (const group of await lookTwice(() => groupsBy(filtersFor(at), context), context))
        await removeGroup(idOf(group), context);
    },

    async list(owner, context) {
      const found = (await groupsBy(filtersForOwner(owner), context)).flatMap((group) => {
        const at = keyedBy(group.Tags);
        return at ? [{ at, group }] : [];
      });
      const firewalls = Map.groupBy(
        found,
        ({ at }) => `${at.owner.networkId} ${at.owner.clusterId} ${at.key}`,
      );
      return [...firewalls.values()].flatMap((parts) => {
        const [first] = parts;
        return first ? [{ ...stateOf(parts.map(({ group }) => group)), ...first.at }] : [];
      });
    },
  };
}
