/** A network security group per role with exactly the rules asked for. What goes out is not limited. */
import type { NetworkSecurityGroup } from '@azure/arm-network';
import {
  type CallContext,
  CloudError,
  type FirewallSpec,
  type FirewallState,
  type Keyed,
  type Resource,
} from '../provider.ts';
import { permissionChanges, permissionsOf, rulesOf } from '../rule-set.ts';
import type { Connection } from './connection.ts';
import { ensure, failed, oursOnly, remove, type Subject } from './ensure.ts';
import { ensureGroup, groupsOf, removeGroupIfEmpty } from './group.ts';
import { groupNameFor, nameFor } from './names.ts';
import { heldRules, wantedRules } from './security-rules.ts';
import { isOf, keyedBy, ownerTags } from './tags.ts';

const TYPE = 'Microsoft.Network/networkSecurityGroups';

export function firewalls(connection: Connection): Resource<FirewallSpec, FirewallState> {
  const subjectOf = (at: Keyed, context: CallContext): Subject<'network', NetworkSecurityGroup> => {
    const [group, name] = [groupNameFor(at.owner), nameFor(at.key)];
    return {
      family: 'network',
      what: `the network security group ${group}/${name}`,
      id: connection.id(group, TYPE, name),
      get: () =>
        connection.askUnlessGone('network', 'reading the network security group', context, (on, o) =>
          on.networkSecurityGroups.get(group, name, o),
        ),
      ours: (one) => isOf(one.tags, at),
    };
  };
  const stateOf = (id: string, one: NetworkSecurityGroup): FirewallState => {
    const { permissions, foreign } = heldRules(one.securityRules);
    // One group holds them all, and an interface takes one group only.
    return { externalId: id, more: [], rules: rulesOf(permissions), foreign };
  };

  return {
    async observe(at, context) {
      const subject = subjectOf(at, context);
      const found = await oursOnly(subject);
      return found && stateOf(subject.id, found);
    },

    async reconcile(spec, context) {
      const securityRules = wantedRules(spec.rules);
      const wanted = permissionsOf(spec.rules);
      const subject = subjectOf(spec, context);
      const { one: made } = await ensure(
        connection,
        subject,
        {
          ground: () => ensureGroup(connection, spec.owner, context),
          right: (one) => {
            const held = heldRules(one.securityRules);
            const { revoke, authorize } = permissionChanges(held.permissions, wanted);
            return !failed(one) && revoke.length + authorize.length + held.foreign.length === 0;
          },
          // The group with its rules is one thing to Azure: what the list leaves out is gone with the same call.
          put: (found) => (on, o) =>
            on.networkSecurityGroups.createOrUpdate(
              groupNameFor(spec.owner),
              nameFor(spec.key),
              {
                location: connection.region,
                tags: { ...found?.tags, ...ownerTags(spec, spec.name) },
                securityRules,
              },
              o,
            ),
        },
        context,
      );
      return stateOf(subject.id, made);
    },

    async delete(at, context) {
      const subject = subjectOf(at, context);
      const found = await subject.get();
      const users = [...(found?.networkInterfaces ?? []), ...(found?.subnets ?? [])].map((one) => one.id);
      if (found && subject.ours(found) && users.length > 0) {
        throw new CloudError(
          'in-use',
          `Network security group ${subject.id} is still used by ${users.join(', ')}.`,
          { remedy: 'Delete those first, or take the group from them.' },
        );
      }
      const [group, name] = [groupNameFor(at.owner), nameFor(at.key)];
      await remove(connection, subject, (on, o) => on.networkSecurityGroups.delete(group, name, o), context);
      await removeGroupIfEmpty(connection, at.owner, context);
    },

    async list(owner, context) {
      const groups = await groupsOf(connection, owner, context);
      const lists = await Promise.all(
        groups.map((group) =>
          connection.askAll('network', 'listing network security groups', context, (on, o) =>
            on.networkSecurityGroups.list(group, o),
          ),
        ),
      );
      return lists.flat().flatMap((one) => {
        const by = keyedBy(one.tags);
        if (!by || by.part !== null || !one.name) return [];
        const id = connection.id(groupNameFor(by.owner), TYPE, one.name);
        return [{ ...stateOf(id, one), owner: by.owner, key: by.key }];
      });
    },
  };
}
