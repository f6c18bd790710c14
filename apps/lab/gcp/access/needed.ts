/** Which permissions a call needs beside its method's own, by Google's reference of each method. Pure. */

type Body = Readonly<Record<string, unknown>>;
const POLICY = ['compute.networks.updatePolicy'];

const BESIDE: Readonly<Record<string, (body: Body) => string[]>> = {
  'compute.subnetworks.insert': () => POLICY,
  'compute.subnetworks.delete': () => POLICY,
  'compute.firewalls.insert': () => POLICY,
  'compute.firewalls.update': () => POLICY,
  'compute.firewalls.patch': () => POLICY,
  'compute.firewalls.delete': () => POLICY,
  'compute.instances.insert': instance,
  'compute.instances.addAccessConfig': (body) => [
    'compute.subnetworks.useExternalIp',
    ...(body.natIP ? ['compute.addresses.use'] : []),
  ],
  'dns.managedZones.create': privateZone,
  'dns.managedZones.patch': privateZone,
  'dns.managedZones.update': privateZone,
  'dns.changes.create': change,
};

/** All that a call needs. @param body as it was sent, checked for its form */
export const neededFor = (method: { id: string; permission: string }, body: unknown): string[] => [
  method.permission,
  ...(BESIDE[method.id]?.((body ?? {}) as Body) ?? []),
];

function instance(body: Body): string[] {
  const nics = listOf(body.networkInterfaces);
  const outside = nics.flatMap((each) => listOf(each.accessConfigs));
  const given = (condition: boolean, ...names: string[]) => (condition ? names : []);
  return [
    'compute.disks.create',
    ...given(nics.length > 0, 'compute.subnetworks.use'),
    ...given(outside.length > 0, 'compute.subnetworks.useExternalIp'),
    ...given(
      outside.some((each) => each.natIP),
      'compute.addresses.use',
    ),
    ...given(body.metadata !== undefined, 'compute.instances.setMetadata'),
    ...given(body.labels !== undefined, 'compute.instances.setLabels'),
    ...given(body.tags !== undefined, 'compute.instances.setTags'),
    ...given(
      listOf(body.serviceAccounts).length > 0,
      'compute.instances.setServiceAccount',
      'iam.serviceAccounts.actAs',
    ),
  ];
}

function privateZone(body: Body): string[] {
  const { networks } = (body.privateVisibilityConfig ?? {}) as Body;
  return listOf(networks).length > 0 ? ['dns.networks.bindPrivateDNSZone'] : [];
}

/** What is deleted and added again under the same name and type is an update. */
function change(body: Body): string[] {
  const keysOf = (list: unknown) => listOf(list).map((each) => `${String(each.name)} ${String(each.type)}`);
  const [added, deleted] = [keysOf(body.additions), keysOf(body.deletions)];
  const named = (verb: string, some: boolean) => (some ? [`dns.resourceRecordSets.${verb}`] : []);
  return [
    ...named(
      'create',
      added.some((each) => !deleted.includes(each)),
    ),
    ...named(
      'update',
      added.some((each) => deleted.includes(each)),
    ),
    ...named(
      'delete',
      deleted.some((each) => !added.includes(each)),
    ),
  ];
}

const listOf = (value: unknown): Body[] => (Array.isArray(value) ? (value as Body[]) : []);
