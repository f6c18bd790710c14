/** A virtual machine of a cluster with its parts: network interface, disk, and a member's passing public address. */
import type { VirtualMachine } from '@azure/arm-compute';
import type { NetworkInterface } from '@azure/arm-network';
import { waitFor } from '../bounded-wait.ts';
import { lookTogether } from '../look-together.ts';
import type { CallContext, InstanceSpec, InstanceState, Keyed, Resource } from '../provider.ts';
import { addressSubject, ensureAddress, PASSING, removeAddress } from './address.ts';
import type { Connection } from './connection.ts';
import { ensure, failed, inProgress, oursOnly, remove, type Subject } from './ensure.ts';
import { ensureGroup, groupsOf } from './group.ts';
import { ensureInterface, INTERFACE, interfaceSubject, removeInterface } from './interface.ts';
import { carryOut, goOn } from './long-running.ts';
import { machineFor } from './machine.ts';
import { groupNameFor, nameFor, ownName, parseId, sameId } from './names.ts';
import { isOf, keyedBy } from './tags.ts';

const TYPE = 'Microsoft.Compute/virtualMachines';
const LIMIT_SECONDS = 600;

/** `running`, `deallocated`, `stopped`; undefined while Azure says nothing. */
function powerOf(one: VirtualMachine): string | undefined {
  const code = one.instanceView?.statuses
    ?.map((status) => status.code ?? '')
    .find((is) => /^PowerState\//i.test(is));
  return code?.slice('PowerState/'.length).toLowerCase();
}

export function instances(connection: Connection): Resource<InstanceSpec, InstanceState> {
  const subjectOf = (at: Keyed, context: CallContext): Subject<'compute', VirtualMachine> => {
    const [group, name] = [groupNameFor(at.owner), nameFor(at.key)];
    return {
      family: 'compute',
      what: `the instance ${ownName(at.key)} in ${group}`,
      id: connection.id(group, TYPE, name),
      get: () =>
        connection.askUnlessGone('compute', 'reading the instance', context, (on, o) =>
          on.virtualMachines.get(group, name, { expand: 'instanceView', ...o }),
        ),
      glance: () => look(group, name, context),
      ours: (one) => isOf(one.tags, at),
    };
  };

  /** The list of a group's machines shows each as asking for it alone does, which Azure lets nobody do often. */
  const look = lookTogether(
    async (group, _, context) =>
      new Map((await machinesOf(group, context)).map((one) => [one.name ?? '', one])),
  );
  const machinesOf = (group: string, context: CallContext) =>
    connection.askAll('compute', 'listing instances', context, (on, o) =>
      on.virtualMachines.list(group, { expand: 'instanceView', ...o }),
    );

  /** The public address behind an id, or null: it may have gone since. */
  async function addressAt(id: string | undefined, context: CallContext): Promise<string | null> {
    const at = parseId(id ?? '');
    if (!at) return null;
    const found = await connection.askUnlessGone('network', 'reading the public address', context, (on, o) =>
      on.publicIPAddresses.get(at.group, at.names[0] ?? '', o),
    );
    return found?.ipAddress ?? null;
  }

  const stateOf = (
    id: string,
    machine: VirtualMachine | undefined,
    nic: NetworkInterface | undefined,
    publicAddress: string | null,
  ): InstanceState => ({
    externalId: id,
    privateAddress: nic?.ipConfigurations?.[0]?.privateIPAddress ?? '',
    publicAddress,
    running: machine !== undefined && !inProgress(machine) && powerOf(machine) === 'running',
    forwards: nic?.enableIPForwarding === true,
  });

  async function shown(at: Keyed, machine: VirtualMachine, context: CallContext): Promise<InstanceState> {
    const nic = await interfaceSubject(connection, at, context).get();
    const address = await addressAt(nic?.ipConfigurations?.[0]?.publicIPAddress?.id, context);
    return stateOf(subjectOf(at, context).id, machine, nic, address);
  }

  /** Waits until it runs, and starts it once where it was switched off or did not come up. */
  async function untilRunning(
    spec: InstanceSpec,
    seen: VirtualMachine,
    context: CallContext,
  ): Promise<VirtualMachine> {
    const subject = subjectOf(spec, context);
    const [group, name] = [groupNameFor(spec.owner), nameFor(spec.key)];
    const change = { what: `starting ${subject.what}`, verb: 'POST' as const, id: `${subject.id}/start` };
    let started = await goOn(connection, 'compute', change, context);
    let last: VirtualMachine | undefined = started ? undefined : seen;
    return waitFor(
      async () => {
        const one = last ?? (await subject.get());
        last = undefined;
        if (!one || inProgress(one)) return undefined;
        const power = powerOf(one);
        if (power === 'running') return one;
        const off = power === 'deallocated' || power === 'stopped' || failed(one);
        if (off && !started) {
          started = true;
          await carryOut(connection, 'compute', change, context, (on, o) =>
            on.virtualMachines.start(group, name, o),
          );
        }
        return undefined;
      },
      { what: `instance ${name} to run`, limitSeconds: LIMIT_SECONDS, context },
    );
  }

  return {
    async observe(at, context) {
      const found = await oursOnly(subjectOf(at, context));
      return found && shown(at, found, context);
    },

    async reconcile(spec, context) {
      const subject = subjectOf(spec, context);
      const group = groupNameFor(spec.owner);
      // Without a public address a machine has no way out at all, so each has one.
      const passes = spec.address === null && spec.role === 'member';
      let publicAddress = spec.address?.address ?? null;
      const address = {
        id: passes
          ? addressSubject(connection, spec, PASSING, context).id
          : (spec.address?.externalId ?? null),
        ground: async () => {
          if (!passes) return ensureGroup(connection, spec.owner, context);
          const passing = await ensureAddress(connection, spec, PASSING, context);
          publicAddress = passing.one.ipAddress ?? null;
          return passing;
        },
      };
      let nic: NetworkInterface | undefined;
      let userData: string | undefined;
      const { one: made } = await ensure(
        connection,
        subject,
        {
          ground: async () => {
            const below = await ensureInterface(connection, spec, address, context);
            nic = below.one;
            return below;
          },
          // Of a machine that is there nothing is changed here; one that failed to come up is started again below.
          right: () => true,
          put: async () => {
            userData ??= await spec.userData();
            const { id } = interfaceSubject(connection, spec, context);
            const machine = machineFor(spec, connection.region, id, userData);
            // Of two that make it at once, one is told so.
            return (on, o) =>
              on.virtualMachines.createOrUpdate(group, nameFor(spec.key), machine, {
                ifNoneMatch: '*',
                ...o,
              });
          },
        },
        context,
      );
      const machine = await untilRunning(spec, made, context);
      return stateOf(subject.id, machine, nic, publicAddress);
    },

    async delete(at, context) {
      const [group, name] = [groupNameFor(at.owner), nameFor(at.key)];
      await remove(
        connection,
        subjectOf(at, context),
        (on, o) => on.virtualMachines.delete(group, name, o),
        context,
      );
      // They go with it, unless it was never made, or somebody told Azure otherwise.
      await removeInterface(connection, at, context);
      await removeAddress(connection, at, PASSING, context);
    },

    async list(owner, context) {
      const groups = await groupsOf(connection, owner, context);
      const lists = await Promise.all(groups.map((group) => ofGroup(group, context)));
      return lists.flat();
    },
  };

  /** All of a group, those included of which only a part is there. */
  async function ofGroup(group: string, context: CallContext) {
    const [machines, nics, addresses] = await Promise.all([
      machinesOf(group, context),
      connection.askAll('network', 'listing network interfaces', context, (on, o) =>
        on.networkInterfaces.list(group, o),
      ),
      connection.askAll('network', 'listing public addresses', context, (on, o) =>
        on.publicIPAddresses.list(group, o),
      ),
    ]);
    const found = new Map<string, { at: Keyed; machine?: VirtualMachine; nic?: NetworkInterface }>();
    const entry = (tags: Record<string, string> | undefined, part: string | null) => {
      const by = keyedBy(tags);
      if (!by || by.part !== part) return undefined;
      const id = connection.id(groupNameFor(by.owner), TYPE, nameFor(by.key));
      const known = found.get(id) ?? { at: { owner: by.owner, key: by.key } };
      found.set(id, known);
      return known;
    };
    for (const machine of machines) Object.assign(entry(machine.tags, null) ?? {}, { machine });
    for (const nic of nics) Object.assign(entry(nic.tags, INTERFACE) ?? {}, { nic });
    for (const address of addresses) entry(address.tags, PASSING);
    return [...found].map(([id, { at, machine, nic }]) => {
      const bound = nic?.ipConfigurations?.[0]?.publicIPAddress?.id;
      const address = addresses.find((one) => sameId(one.id, bound))?.ipAddress ?? null;
      return { ...stateOf(id, machine, nic, address), ...at };
    });
  }
}
