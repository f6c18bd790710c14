/** Which of our running instances carry which security groups. */
import {
  type EC2Client,
  type Instance,
  ModifyInstanceAttributeCommand,
  paginateDescribeInstances,
} from '@aws-sdk/client-ec2';
import { type CallContext, CloudError, type Keyed } from '../provider.ts';
import { askAll, askOfFresh, required } from './ask.ts';
import { awsCodeOf } from './errors.ts';
import { filtersForOwner } from './tags.ts';

const LIVING = { Name: 'instance-state-name', Values: ['pending', 'running', 'stopping', 'stopped'] };
const groupsOf = (one: Instance) => (one.SecurityGroups ?? []).flatMap(({ GroupId }) => GroupId ?? []);

export function groupAttachments(ec2: EC2Client) {
  /** Instances of the cluster that carry the group; somebody else's that does is not ours to change. */
  async function carriers(at: Keyed, groupId: string, context: CallContext): Promise<Instance[]> {
    const filters = [...filtersForOwner(at.owner), LIVING, { Name: 'instance.group-id', Values: [groupId] }];
    const reservations = await askAll(
      'listing instances',
      context,
      (o) => paginateDescribeInstances({ client: ec2 }, { Filters: filters }, o),
      (page) => page.Reservations,
    );
    return reservations.flatMap((one) => one.Instances ?? []);
  }

  async function carry(one: Instance, Groups: string[], context: CallContext) {
    const InstanceId = required(one.InstanceId, 'an instance id');
    await askOfFresh('setting the instance’s security groups', context, (o) =>
      ec2.send(new ModifyInstanceAttributeCommand({ InstanceId, Groups }), o),
    ).catch((error) => {
      if (awsCodeOf(error) !== 'SecurityGroupsPerInterfaceLimitExceeded') throw error;
      throw new CloudError(
        'quota',
        `Instance ${InstanceId} cannot carry ${Groups.length} security groups: ${Groups.join(', ')}.`,
        {
          remedy:
            'Ask AWS for more “Security groups per network interface” (L-2AFB9258; 5 at first), or use fewer gateways.',
          cause: error.cause,
        },
      );
    });
  }

  return {
    /** Every instance that carries the first group gets the others beside what it has. */
    async attach(at: Keyed, first: string, others: readonly string[], context: CallContext): Promise<void> {
      for (const one of await carriers(at, first, context)) {
        const held = groupsOf(one);
        const missing = others.filter((id) => !held.includes(id));
        if (missing.length > 0) await carry(one, [...held, ...missing], context);
      }
    },

    /** None of our instances carries the group any more; each keeps its others. */
    async detach(at: Keyed, group: string, context: CallContext): Promise<void> {
      for (const one of await carriers(at, group, context)) {
        const left = groupsOf(one).filter((id) => id !== group);
        if (left.length > 0) await carry(one, left, context);
      }
    },
  };
}
