/** A virtual machine of a cluster. */
import type { protos } from '@google-cloud/compute';
import { waitFor } from '../bounded-wait.ts';
import {
  type CallContext,
  CloudError,
  type InstanceSpec,
  type InstanceState,
  type Resource,
} from '../provider.ts';
import { within } from '../within.ts';
import type { Connection } from './connection.ts';
import { findOrMake, oursOnly } from './find-or-make.ts';
import { IMAGE_FAMILY } from './image.ts';
import { unlessGone } from './network.ts';
import { describe, labelFilter, labelsFor, nameFor, ownerIn } from './ownership.ts';

type Instance = protos.google.cloud.compute.v1.IInstance;

/** What the service account may do decides its roles, not the instance's scope: as Google advises. */
const CLOUD_PLATFORM = 'https://www.googleapis.com/auth/cloud-platform';
const LIMIT_SECONDS = 300;
/** The SDK names the one access configuration of an instance so; its interface is always this. */
const OUTSIDE = 'External NAT';
const INTERFACE = 'nic0';

const publicAddressOf = (one: Instance) => one.networkInterfaces?.[0]?.accessConfigs?.[0]?.natIP || null;

export function instances(connection: Connection): Resource<InstanceSpec, InstanceState> {
  const { project, region, zone } = connection;
  const get = (instance: string, context: CallContext) =>
    connection.askUnlessGone('reading the instance', context, (on, options) =>
      on.instances.get({ project, zone, instance }, options),
    );

  const stateOf = (one: Instance): InstanceState => ({
    externalId: `projects/${project}/zones/${zone}/instances/${one.name}`,
    privateAddress: one.networkInterfaces?.[0]?.networkIP ?? '',
    publicAddress: publicAddressOf(one),
    running: one.status === 'RUNNING',
    forwards: one.canIpForward === true,
  });

  const resourceFor = (name: string, spec: InstanceSpec, userData: string): Instance => ({
    name,
    description: describe(spec, region, spec.name),
    labels: labelsFor(spec, spec.name),
    machineType: `zones/${zone}/machineTypes/${spec.instanceType}`,
    canIpForward: spec.role === 'gateway',
    tags: { items: tagsOf(spec) },
    disks: [{ boot: true, autoDelete: true, initializeParams: { sourceImage: IMAGE_FAMILY } }],
    networkInterfaces: [
      {
        network: spec.network.externalId,
        subnetwork: spec.network.subnetId,
        accessConfigs: [
          { type: 'ONE_TO_ONE_NAT', name: OUTSIDE, ...(spec.address ? { natIP: spec.address.address } : {}) },
        ],
      },
    ],
    ...(spec.nodeIdentity === null
      ? {}
      : { serviceAccounts: [{ email: spec.nodeIdentity, scopes: [CLOUD_PLATFORM] }] }),
    metadata: { items: [{ key: 'startup-script', value: userData }] },
  });

  /** @throws CloudError `timeout`. */
  function untilRunning(name: string, context: CallContext): Promise<Instance> {
    let started = false;
    return waitFor(
      async () => {
        const one = await get(name, context);
        // Google calls an instance that was switched off “terminated”; a deleted one is simply gone.
        if (one?.status === 'TERMINATED' && !started) {
          started = true;
          await connection.change('starting a stopped instance', context, (on, requestId, options) =>
            on.instances.start({ project, zone, instance: name, requestId }, options),
          );
          return undefined;
        }
        return one?.status === 'RUNNING' ? one : undefined;
      },
      { what: `instance ${name} to run`, limitSeconds: LIMIT_SECONDS, context },
    );
  }

  /** Makes tags and public address those of the spec. */
  async function align(
    one: Instance,
    name: string,
    spec: InstanceSpec,
    context: CallContext,
  ): Promise<boolean> {
    let changed = false;
    const items = tagsOf(spec);
    if ([...(one.tags?.items ?? [])].sort().join() !== items.join()) {
      const fingerprint = one.tags?.fingerprint ?? '';
      await connection.change('setting the instance’s tags', context, (on, requestId, options) =>
        on.instances.setTags(
          { project, zone, instance: name, requestId, tagsResource: { items, fingerprint } },
          options,
        ),
      );
      changed = true;
    }
    const held = one.networkInterfaces?.[0]?.accessConfigs?.[0];
    if (spec.address && held?.natIP !== spec.address.address) {
      const natIP = spec.address.address;
      const at = { project, zone, instance: name, networkInterface: INTERFACE };
      if (held) {
        await connection.change('taking the instance’s address away', context, (on, requestId, options) =>
          on.instances.deleteAccessConfig({ ...at, requestId, accessConfig: held.name ?? OUTSIDE }, options),
        );
      }
      await connection.change('giving the instance its address', context, (on, requestId, options) =>
        on.instances.addAccessConfig(
          { ...at, requestId, accessConfigResource: { type: 'ONE_TO_ONE_NAT', name: OUTSIDE, natIP } },
          options,
        ),
      );
      changed = true;
    }
    return changed;
  }

  return {
    async observe(at, context) {
      const found = oursOnly(await get(nameFor(at), context), at, 'instance');
      return found && stateOf(found);
    },

    async reconcile(spec, context) {
      const name = nameFor(spec);
      const found = await findOrMake(
        {
          kind: 'instance',
          at: spec,
          get: () => get(name, context),
          insert: async () => {
            const instanceResource = resourceFor(name, spec, await spec.userData());
            await connection.change('creating the instance', context, (on, requestId, options) =>
              on.instances.insert({ project, zone, requestId, instanceResource }, options),
            );
          },
        },
        context,
      );
      if ((found.canIpForward === true) !== (spec.role === 'gateway')) {
        throw new CloudError(
          'conflict',
          `Instance ${name} was made for another role: whether it forwards cannot change.`,
          {
            remedy: 'Delete it and let Skein make a new one.',
          },
        );
      }
      const running = found.status === 'RUNNING' ? found : await untilRunning(name, context);
      return (await align(running, name, spec, context))
        ? stateOf((await get(name, context)) ?? running)
        : stateOf(running);
    },

    async delete(at, context) {
      const name = nameFor(at);
      if (!oursOnly(await get(name, context), at, 'instance')) return;
      await unlessGone(
        connection.change('deleting the instance', context, (on, requestId, options) =>
          on.instances.delete({ project, zone, instance: name, requestId }, options),
        ),
      );
    },

    async list(owner, context) {
      const filter = labelFilter(owner.organizationId);
      const all = await connection.askAll('listing instances', context, (on, options) =>
        on.instances.listAsync({ project, zone, filter }, options),
      );
      return all.flatMap((one) => {
        const by = ownerIn(one.description);
        return by && within(by.owner, owner) ? [{ ...stateOf(one), owner: by.owner, key: by.key }] : [];
      });
    },
  };
}

const tagsOf = (spec: InstanceSpec) => spec.firewalls.map((one) => one.externalId).sort();
