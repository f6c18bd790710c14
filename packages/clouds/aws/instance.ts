/** A virtual machine of a cluster. Its life goes one way: what is shutting down or terminated counts as gone. */
import {
  AssociateAddressCommand,
  type Filter,
  type Instance,
  ModifyInstanceAttributeCommand,
  paginateDescribeInstances,
  RunInstancesCommand,
  StartInstancesCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import { allOf, waitFor } from '../bounded-wait.ts';
import { lookTogether } from '../look-together.ts';
import {
  type CallContext,
  CloudError,
  type InstanceSpec,
  type InstanceState,
  type Keyed,
  type Resource,
} from '../provider.ts';
import { ask, askAll, askOfFresh, askUnlessGone, lookTwice, required } from './ask.ts';
import { attemptOfLaunch, forgetLaunch, isRefused } from './begun-launch.ts';
import type { Connection } from './connection.ts';
import { awsCodeOf, codeFor } from './errors.ts';
import { imageFor } from './image.ts';
import { launchToken } from './launch-token.ts';
import { filtersFor, filtersForOwner, keyedBy, taggedAs } from './tags.ts';

const LIMIT_SECONDS = 300;
const GENERATIONS = 10;
/** Values that one filter takes. */
const MOST_IDS = 200;
/** Looks are gathered, and have a rhythm of their own (`../look-together.ts`): nobody is to miss the next one. */
const LOOK_MILLISECONDS = 100;
const living = (one: Instance) => one.State?.Name !== 'terminated' && one.State?.Name !== 'shutting-down';
const byId = (a: Instance, b: Instance) => ((a.InstanceId ?? '') < (b.InstanceId ?? '') ? -1 : 1);
const idOf = (one: Instance) => required(one.InstanceId, 'an instance id');

const groupsOf = (spec: InstanceSpec) => spec.firewalls.flatMap((one) => [one.externalId, ...one.more]);
const groupsHeld = (one: Instance) => (one.SecurityGroups ?? []).map(({ GroupId }) => GroupId ?? '').sort();
/** An instance profile by its ARN or by its name. */
const profileOf = (identity: string) =>
  identity.startsWith('arn:') ? { Arn: identity } : { Name: identity };

function stateOf(one: Instance): InstanceState {
  return {
    externalId: idOf(one),
    privateAddress: one.PrivateIpAddress ?? '',
    publicAddress: one.PublicIpAddress || null,
    running: one.State?.Name === 'running',
    forwards: one.SourceDestCheck === false,
  };
}

export function instances(connection: Connection): Resource<InstanceSpec, InstanceState> {
  const { ec2 } = connection;

  async function instancesBy(filters: Filter[], context: CallContext): Promise<Instance[]> {
    const pages = await askAll(
      'listing instances',
      context,
      (o) => paginateDescribeInstances({ client: ec2 }, { Filters: filters }, o),
      (page) => page.Reservations,
    );
    return pages.flatMap((one) => one.Instances ?? []).sort(byId);
  }
  const look = lookTogether(async (_, ids: readonly string[], context) => {
    const found = new Map<string, Instance>();
    for (let from = 0; from < ids.length; from += MOST_IDS)
      for (const one of await instancesBy(
        [{ Name: 'instance-id', Values: ids.slice(from, from + MOST_IDS) }],
        context,
      ))
        found.set(idOf(one), one);
    return found;
  });
  const oneById = (id: string, context: CallContext) => look('', id, context);

  /**
   * Starts one. The token lets AWS give back the same instance to a repeated call. It remembers dead ones too: then the
   * next generation of the token is tried.
   */
  async function launch(
    spec: InstanceSpec,
    dead: readonly Instance[],
    ImageId: string,
    context: CallContext,
  ): Promise<string> {
    const userData = await spec.userData();
    const attempt = await attemptOfLaunch(spec, context);
    for (let generation = 0; generation < GENERATIONS; generation++) {
      const ClientToken = launchToken(spec, attempt, generation);
      // Sent again with other user data it would be refused, whatever became of its instance.
      if (dead.some((one) => one.ClientToken === ClientToken)) continue;
      const made = await askOfFresh('starting the instance', context, (o) =>
        ec2.send(
          new RunInstancesCommand({
            ClientToken,
            ImageId,
            InstanceType: spec.instanceType as never,
            MinCount: 1,
            MaxCount: 1,
            UserData: Buffer.from(userData).toString('base64'),
            ...(spec.nodeIdentity === null ? {} : { IamInstanceProfile: profileOf(spec.nodeIdentity) }),
            MetadataOptions: { HttpTokens: 'required', HttpEndpoint: 'enabled' },
            NetworkInterfaces: [
              {
                DeviceIndex: 0,
                SubnetId: spec.network.subnetId,
                Groups: groupsOf(spec),
                // A gateway gets its reserved address once it runs.
                AssociatePublicIpAddress: spec.role === 'member',
                DeleteOnTermination: true,
              },
            ],
            TagSpecifications: [
              ...taggedAs('instance', spec, spec.name),
              ...taggedAs('volume', spec, spec.name),
            ],
          }),
          o,
        ),
      );
      const one = required(made.Instances?.[0], 'an instance');
      if (living(one) && !dead.some((ended) => ended.InstanceId === one.InstanceId)) return idOf(one);
    }
    throw new CloudError('conflict', `AWS keeps giving back ended instances for ${spec.key}.`, {
      remedy: 'Try again in some hours.',
    });
  }

  async function ensureLaunched(spec: InstanceSpec, context: CallContext): Promise<string> {
    const [all, image] = await allOf([
      instancesBy(filtersFor(spec), context),
      imageFor(connection, spec.instanceType, context),
    ]);
    const found = all.find(living);
    if (found) return idOf(found);
    try {
      return await launch(spec, all, image, context);
    } catch (error) {
      if (awsCodeOf(error) !== 'IdempotentParameterMismatch') {
        if (isRefused(error)) await forgetLaunch(spec, context);
        throw error;
      }
      return await launchedElsewhere(spec, context);
    }
  }

  /** Another call with the same token and other user data was quicker, or an earlier one: what it made is ours. */
  async function launchedElsewhere(spec: InstanceSpec, context: CallContext): Promise<string> {
    const find = async () => (await instancesBy(filtersFor(spec), context)).find(living)?.InstanceId;
    try {
      return await waitFor(find, { what: `the instance ${spec.name} to show`, limitSeconds: 60, context });
    } catch (error) {
      // Then it failed, and AWS remembers that.
      if (error instanceof CloudError && error.code === 'timeout') await forgetLaunch(spec, context);
      throw error;
    }
  }

  /** @throws CloudError when it ends instead, with AWS's reason. */
  async function untilRunning(id: string, context: CallContext): Promise<Instance> {
    let started = false;
    return waitFor(
      async () => {
        const one = await oneById(id, context);
        if (!one) return undefined;
        if (!living(one)) {
          const code = one.StateReason?.Code ?? '';
          throw new CloudError(
            codeFor(code.replace(/^(Server|Client)\./, ''), code.startsWith('Client.') ? 400 : 500),
            `Instance ${id} ended while starting: ${one.StateReason?.Message ?? code}.`,
          );
        }
        if (one.State?.Name === 'stopped' && !started) {
          started = true;
          await ask('starting a stopped instance', context, (o) =>
            ec2.send(new StartInstancesCommand({ InstanceIds: [id] }), o),
          );
        }
        return one.State?.Name === 'running' && one.PrivateIpAddress ? one : undefined;
      },
      {
        what: `instance ${id} to run`,
        limitSeconds: LIMIT_SECONDS,
        context,
        firstMilliseconds: LOOK_MILLISECONDS,
        mostMilliseconds: LOOK_MILLISECONDS,
      },
    );
  }

  /** Makes the running instance's address, groups and forwarding those of the spec. @returns whether anything changed. */
  async function align(one: Instance, spec: InstanceSpec, context: CallContext): Promise<boolean> {
    const id = idOf(one);
    const changes: Promise<unknown>[] = [];
    const forwards = spec.role === 'gateway';
    if ((one.SourceDestCheck === false) !== forwards)
      changes.push(
        askOfFresh('setting the source/destination check', context, (o) =>
          ec2.send(
            new ModifyInstanceAttributeCommand({ InstanceId: id, SourceDestCheck: { Value: !forwards } }),
            o,
          ),
        ),
      );
    const wanted = groupsOf(spec).sort();
    if (wanted.join() !== groupsHeld(one).join())
      changes.push(
        ask('setting the instance’s security groups', context, (o) =>
          ec2.send(new ModifyInstanceAttributeCommand({ InstanceId: id, Groups: wanted }), o),
        ),
      );
    const address = spec.address;
    if (address && one.PublicIpAddress !== address.address)
      changes.push(
        // Bound to this instance already it stays so: asking again changes nothing.
        askOfFresh('binding the address to the instance', context, (o) =>
          ec2.send(
            new AssociateAddressCommand({
              InstanceId: id,
              AllocationId: address.externalId,
              AllowReassociation: true,
            }),
            o,
          ),
        ),
      );
    await allOf(changes);
    return changes.length > 0;
  }

  return {
    async observe(at, context) {
      const found = (await instancesBy(filtersFor(at), context)).find(living);
      return found && stateOf(found);
    },

    async reconcile(spec, context) {
      const id = await ensureLaunched(spec, context);
      const running = await untilRunning(id, context);
      if (!(await align(running, spec, context))) return stateOf(running);
      return waitFor(
        async () => {
          // An answer from before the changes may even show it starting still.
          const one = await oneById(id, context);
          const state = one && stateOf(one);
          if (!one || !state?.running || state.forwards !== (spec.role === 'gateway')) return undefined;
          if (groupsHeld(one).join() !== groupsOf(spec).sort().join()) return undefined;
          return spec.address === null || state.publicAddress === spec.address.address ? state : undefined;
        },
        { what: `instance ${id} to show its changes`, limitSeconds: 60, context },
      );
    },

    async delete(at, context) {
      const find = async () =>
        (await instancesBy(filtersFor(at), context)).filter((one) => one.State?.Name !== 'terminated');
      const held = await lookTwice(find, context);
      if (held.length === 0) return;
      const InstanceIds = held.map(idOf);
      await askUnlessGone('ending the instance', context, (o) =>
        ec2.send(new TerminateInstancesCommand({ InstanceIds }), o),
      );
      // Until then it still holds its security groups and its place in the subnet.
      await waitFor(
        async () => {
          const left = await instancesBy([{ Name: 'instance-id', Values: InstanceIds }], context);
          return left.every((one) => one.State?.Name === 'terminated') ? true : undefined;
        },
        { what: `instance ${InstanceIds.join(', ')} to end`, limitSeconds: LIMIT_SECONDS, context },
      );
    },

    async list(owner, context) {
      return (await instancesBy(filtersForOwner(owner), context)).filter(living).flatMap((one) => {
        const at: Keyed | undefined = keyedBy(one.Tags);
        return at ? [{ ...stateOf(one), ...at }] : [];
      });
    },
  };
}
