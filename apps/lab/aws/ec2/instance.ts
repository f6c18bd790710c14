/** Instances: making, ending, changing, describing. */
import { AwsError } from '../wire/error.ts';
import type { Xml } from '../wire/xml.ts';
import { disassociate, freePublicIp } from './address.ts';
import { DONE, type Ec2Actions, type Ec2Call, findGroup, findInstance, reads, writes } from './call.ts';
import { INSTANCE_TYPES } from './catalog.ts';
import { chosen, type Filters, selectRows } from './filter.ts';
import { type InstanceState, isVisible, publicIpOf, stateOf } from './instance-state.ts';
import { instanceView, reservationView } from './instance-view.ts';
import { checkGroupCount, runInstances } from './run-instances.ts';
import type { Instance } from './state.ts';

export const instanceActions: Ec2Actions = {
  RunInstances: writes((call) => reservationView(call, runInstances(call))),

  TerminateInstances: writes((call) => {
    const { params, state, whole, now } = call;
    params.bool('Force');
    params.bool('SkipOsShutdown');
    const changed = changeState(call, ANY, (instance) => {
      if (instance.terminationProtected)
        throw new AwsError(
          'OperationNotPermitted',
          `The instance '${instance.id}' may not be terminated. Modify its 'disableApiTermination' instance attribute and try again.`,
        );
      instance.terminatedAt ??= now.toISOString();
      instance.publicIp = null;
      for (const address of Object.values(state.addresses))
        if (address.association?.instanceId === instance.id) disassociate(whole, state, address);
    });
    return { instancesSet: changed };
  }),

  StopInstances: writes((call) => {
    const { params, now } = call;
    for (const name of ['Force', 'Hibernate', 'SkipOsShutdown']) params.bool(name);
    const changed = changeState(call, ['running', 'stopping', 'stopped'], (instance) => {
      instance.stoppedAt ??= now.toISOString();
      instance.publicIp = null;
    });
    return { instancesSet: changed };
  }),

  /** The lab's disks do not outlive their machine: unlike in AWS, user-data runs again. */
  StartInstances: writes((call) => ({
    instancesSet: changeState(call, ['pending', 'running', 'stopped'], (instance) => {
      if (!instance.stoppedAt) return;
      instance.stoppedAt = null;
      const elastic = publicIpOf(call.state, instance);
      if (instance.autoPublic && !elastic) instance.publicIp = freePublicIp(call.whole);
    }),
  })),

  DescribeInstances: reads((call) => {
    const { params } = call;
    const ids = params.list('InstanceId');
    if (ids.length > 0 && params.text('MaxResults'))
      throw new AwsError(
        'InvalidParameterCombination',
        'The parameter instancesSet cannot be used with the parameter maxResults',
      );
    const { page, nextToken } = selectRows(params, shown(call, ids), filters(call));
    const reservations = Map.groupBy(page, (instance) => instance.reservationId);
    return {
      reservationSet: {
        item: [...reservations.values()].map((instances) => reservationView(call, instances)),
      },
      nextToken,
    };
  }),

  /** Running instances only, unless all are asked for. */
  DescribeInstanceStatus: reads((call) => {
    const { params } = call;
    const all = params.bool('IncludeAllInstances') ?? false;
    const rows = shown(call, params.list('InstanceId')).filter(
      (each) => all || stateOf(call, each).name === 'running',
    );
    const { page, nextToken } = selectRows(params, rows, filters(call));
    return {
      instanceStatusSet: {
        item: page.map((instance) => {
          const status = stateOf(call, instance).name === 'running' ? 'ok' : 'not-applicable';
          const details = status === 'ok' ? { item: [{ name: 'reachability', status: 'passed' }] } : {};
          return {
            instanceId: instance.id,
            availabilityZone: call.state.subnets[instance.subnetId]?.zone,
            instanceState: { ...stateOf(call, instance) },
            instanceStatus: { status, details },
            systemStatus: { status, details },
          };
        }),
      },
      nextToken,
    };
  }),

  ModifyInstanceAttribute: writes((call) => {
    const { params, state } = call;
    const instance = findInstance(state, params.required('InstanceId'));
    if (stateOf(call, instance).name === 'terminated')
      throw new AwsError(
        'IncorrectInstanceState',
        `The instance '${instance.id}' is not in a valid state for this operation.`,
      );
    const check = params.struct('SourceDestCheck').bool('Value');
    const protect = params.struct('DisableApiTermination').bool('Value');
    const groups = params.list('GroupId').map((id) => findGroup(state, id));
    if ([check !== undefined, protect !== undefined, groups.length > 0].filter(Boolean).length !== 1)
      throw new AwsError('InvalidParameterCombination', 'Exactly one attribute must be specified.');
    for (const group of groups)
      if (group.vpcId !== instance.vpcId)
        throw new AwsError(
          'InvalidGroup.NotFound',
          'You have specified two resources that belong to different networks.',
        );
    checkGroupCount(groups);
    if (check !== undefined) instance.sourceDestCheck = check;
    if (protect !== undefined) instance.terminationProtected = protect;
    if (groups.length > 0) instance.groupIds = groups.map((group) => group.id);
    return DONE;
  }),

  DescribeInstanceAttribute: reads(({ params, state }) => {
    const instance = findInstance(state, params.required('InstanceId'));
    const name = params.required('Attribute');
    const values: Record<string, Xml> = {
      sourceDestCheck: { value: instance.sourceDestCheck },
      disableApiTermination: { value: instance.terminationProtected },
      instanceType: { value: instance.instanceType },
      userData: {
        value: instance.userData === null ? undefined : Buffer.from(instance.userData).toString('base64'),
      },
      instanceInitiatedShutdownBehavior: { value: 'stop' },
    };
    if (name === 'groupSet')
      return {
        instanceId: instance.id,
        groupSet: { item: instance.groupIds.map((groupId) => ({ groupId })) },
      };
    if (!Object.hasOwn(values, name))
      throw new AwsError(
        'InvalidParameterValue',
        `Value (${name}) for parameter attribute is invalid. Unknown attribute.`,
      );
    return { instanceId: instance.id, [name]: values[name] };
  }),

  /** What user-data printed; nothing before it began. */
  GetConsoleOutput: reads(({ params, state, now, machine }) => {
    const instance = findInstance(state, params.required('InstanceId'));
    params.bool('Latest');
    const console = machine(instance.id)?.console ?? '';
    return {
      instanceId: instance.id,
      timestamp: now.toISOString(),
      output: console === '' ? undefined : Buffer.from(console).toString('base64'),
    };
  }),

  DescribeNetworkInterfaces: reads((call) => {
    const { params, state } = call;
    const ids = params.list('NetworkInterfaceId');
    params.bool('IncludeManagedResources');
    const all = Object.values(state.instances)
      .filter((each) => stateOf(call, each).name !== 'terminated')
      .map((instance) => ({ ...instance.networkInterface, instance }));
    for (const id of ids)
      if (!all.some((each) => each.id === id))
        throw new AwsError(
          'InvalidNetworkInterfaceID.NotFound',
          `The networkInterface ID '${id}' does not exist`,
        );
    const rows = ids.length === 0 ? all : all.filter((each) => ids.includes(each.id));
    const { page, nextToken } = selectRows(params, rows, {
      'network-interface-id': (each) => each.id,
      'attachment.instance-id': (each) => each.instance.id,
      'group-id': (each) => each.instance.groupIds,
      'subnet-id': (each) => each.instance.subnetId,
      'vpc-id': (each) => each.instance.vpcId,
      'private-ip-address': (each) => each.instance.privateIp,
      'association.public-ip': (each) => publicIpOf(state, each.instance),
      status: () => 'in-use',
      description: (each) => each.description,
    });
    return {
      networkInterfaceSet: { item: page.map((each) => instanceView(call, each.instance).interface) },
      nextToken,
    };
  }),
};

const ANY = ['pending', 'running', 'shutting-down', 'terminated', 'stopping', 'stopped'] as const;

/** Changes the instances the call names, all of which must be in one of these states; answers before and after. */
function changeState(
  call: Ec2Call,
  from: readonly InstanceState['name'][],
  change: (instance: Instance) => void,
): Xml {
  const instances = call.params.list('InstanceId').map((id) => findInstance(call.state, id));
  if (instances.length === 0)
    throw new AwsError('MissingParameter', 'The request must contain the parameter InstanceId');
  const item = instances.map((instance) => {
    const previousState = { ...stateOf(call, instance) };
    if (!from.includes(previousState.name))
      throw new AwsError(
        'IncorrectInstanceState',
        `The instance '${instance.id}' is not in a state from which it can be changed so: it is ${previousState.name}.`,
      );
    change(instance);
    return { instanceId: instance.id, currentState: { ...stateOf(call, instance) }, previousState };
  });
  return { item };
}

const shown = (call: Ec2Call, ids: readonly string[]): Instance[] =>
  chosen(ids, call.state.instances, (id) => findInstance(call.state, id)).filter((each) =>
    isVisible(call.now, each),
  );

const filters = (call: Ec2Call): Filters<Instance> => ({
  'instance-id': (each) => each.id,
  'instance-state-name': (each) => stateOf(call, each).name,
  'instance-state-code': (each) => String(stateOf(call, each).code),
  'instance-type': (each) => each.instanceType,
  'image-id': (each) => each.imageId,
  'client-token': (each) => each.clientToken,
  'reservation-id': (each) => each.reservationId,
  'vpc-id': (each) => each.vpcId,
  'subnet-id': (each) => each.subnetId,
  'instance.group-id': (each) => each.groupIds,
  'instance.group-name': (each) => each.groupIds.flatMap((id) => call.state.groups[id]?.name ?? []),
  'network-interface.group-id': (each) => each.groupIds,
  'network-interface.network-interface-id': (each) => each.networkInterface.id,
  'private-ip-address': (each) => each.privateIp,
  'network-interface.addresses.private-ip-address': (each) => each.privateIp,
  'ip-address': (each) => publicIpOf(call.state, each),
  'availability-zone': (each) => call.state.subnets[each.subnetId]?.zone,
  'source-dest-check': (each) => each.sourceDestCheck,
  architecture: (each) => INSTANCE_TYPES[each.instanceType]?.architecture,
});
