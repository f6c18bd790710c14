/** Virtual machines: a size, an image, one interface, and custom data that runs once at the first boot. */
import { z } from 'zod';
import { API_VERSIONS } from '../catalog.ts';
import { type Kind, kind } from '../kind.ts';
import { machineOf, type NetworkInterface } from '../network/network-interface.ts';
import { inUse, invalidReference, notProvisioned } from '../network/refusal.ts';
import { idShown, standing } from '../network/virtual-network.ts';
import { upsert } from '../resource.ts';
import { find, groupId, keyOf, type Resource, type Subscription } from '../state.ts';
import { DISK, IDENTITY, MACHINE, NIC } from '../type.ts';
import { resourceBody, shown } from '../wire/body.ts';
import { ArmError } from '../wire/error.ts';
import { checkRoom, imageOf, sizeOf } from './choice.ts';
import type { Disk } from './disk.ts';
import { instanceView } from './instance-view.ts';

export interface VirtualMachine {
  size: string;
  image: { publisher: string; offer: string; sku: string; version: string; exactVersion: string };
  /** Key of the disk, and whether it goes with the machine. */
  disk: string;
  deletesDisk: boolean;
  computerName: string;
  adminUsername: string;
  /** `authorized_keys` lines by path. */
  sshKeys: { path: string; keyData: string }[];
  /** Base 64. Never shown. */
  customData: string | null;
  /** Keys; whether the interface goes with the machine. */
  interfaces: { id: string; primary: boolean; deletes: boolean }[];
  power: 'starting' | 'running' | 'stopping' | 'stopped' | 'deallocated';
}

/** Azure's bound on custom data, in characters of base 64. */
const MOST_CUSTOM_DATA = 87_380;
const DeleteOption = z.enum(['Delete', 'Detach']);

const Body = resourceBody(
  z.strictObject({
    hardwareProfile: z.strictObject({ vmSize: z.string() }),
    storageProfile: z.strictObject({
      imageReference: z
        .strictObject({
          publisher: z.string(),
          offer: z.string(),
          sku: z.string(),
          version: z.string().default('latest'),
          exactVersion: shown,
        })
        .optional(),
      osDisk: z.strictObject({
        name: z.string().optional(),
        createOption: z.literal('FromImage'),
        deleteOption: DeleteOption.default('Detach'),
        caching: z.enum(['None', 'ReadOnly', 'ReadWrite']).optional(),
        diskSizeGB: z.int().min(1).max(4095).optional(),
        osType: shown,
        managedDisk: z
          .strictObject({
            id: shown,
            storageAccountType: z
              .enum(['Standard_LRS', 'StandardSSD_LRS', 'Premium_LRS'])
              .default('Standard_LRS'),
          })
          .optional(),
      }),
      dataDisks: z.array(z.never()).optional(),
      diskControllerType: shown,
    }),
    osProfile: z
      .strictObject({
        computerName: z.string().optional(),
        adminUsername: z.string(),
        adminPassword: z.string().optional(),
        customData: z.string().optional(),
        linuxConfiguration: z
          .strictObject({
            disablePasswordAuthentication: z.boolean().optional(),
            ssh: z
              .strictObject({
                publicKeys: z.array(z.strictObject({ path: z.string(), keyData: z.string() })),
              })
              .optional(),
            provisionVMAgent: shown,
            patchSettings: shown,
            enableVMAgentPlatformUpdates: shown,
          })
          .optional(),
        secrets: shown,
        allowExtensionOperations: shown,
        requireGuestProvisionSignal: shown,
      })
      .optional(),
    networkProfile: z.strictObject({
      networkInterfaces: z
        .array(
          z.strictObject({
            id: z.string().startsWith('/subscriptions/'),
            primary: z.boolean().optional(),
            deleteOption: DeleteOption.optional(),
            // On the wire they stand one level deeper.
            properties: z
              .strictObject({ primary: z.boolean().optional(), deleteOption: DeleteOption.optional() })
              .default({}),
          }),
        )
        .length(1, 'the lab has machines with one interface'),
    }),
    diagnosticsProfile: shown,
    securityProfile: shown,
    priority: z.literal('Regular').optional(),
    vmId: shown,
    timeCreated: shown,
    instanceView: shown,
    provisioningState: shown,
  }),
  {
    identity: z
      .strictObject({
        type: z.enum(['UserAssigned', 'None']),
        userAssignedIdentities: z.record(z.string(), z.unknown()).optional(),
        principalId: shown,
        tenantId: shown,
      })
      .optional(),
    zones: z.array(z.string()).optional(),
    managedBy: shown,
    plan: shown,
    resources: shown,
  },
);
type Body = z.infer<typeof Body>;

export const machineKind: Kind = kind<Body, VirtualMachine>({
  type: MACHINE,
  apiVersions: API_VERSIONS.compute,
  place: 'regional',
  instant: false,
  machine: true,
  name: /^[A-Za-z0-9]([\w-]{0,62}[A-Za-z0-9])?$/,
  body: Body,
  write({ call, body, id, name, present, location }) {
    const { properties } = body;
    const size = sizeOf(properties.hardwareProfile.vmSize, location ?? '');
    const identity = identityOf(call.subscription, id, body.identity);
    const extra = { ...(identity ? { identity } : {}), ...(body.zones ? { zones: body.zones } : {}) };
    if (present) {
      if (present.properties.size !== size.name)
        checkRoom(call, location ?? '', size, present.properties.size);
      return { properties: { ...unchanged(body, present), size: size.name }, extra };
    }
    checkRoom(call, location ?? '', size, null);
    const os = checkProfile(properties.osProfile, name);
    const image = imageOf(properties.storageProfile.imageReference);
    const nic = checkInterface(
      call.subscription,
      id,
      properties.networkProfile.networkInterfaces[0],
      location,
    );
    const { osDisk } = properties.storageProfile;
    const diskId = `${groupId(call.account.subscriptionId, call.params.group ?? '')}/providers/${DISK}/${osDisk.name ?? `${name}_OsDisk_1`}`;
    const old = find(call.subscription, diskId);
    if (old)
      throw new ArmError(
        409,
        'ConflictingUserInput',
        `Disk ${old.name} already exists in resource group ${old.group}. Only CreateOption.Attach is supported.`,
        { target: '/osDisk/managedDisk' },
      );
    const disk: Disk = { sizeGb: osDisk.diskSizeGB ?? 30, managedBy: keyOf(id), image: image.exactVersion };
    upsert(call, {
      id: diskId,
      type: DISK,
      name: diskId.split('/').at(-1) ?? '',
      group: call.subscription.groups[(call.params.group ?? '').toLowerCase()]?.name ?? '',
      location,
      tags: body.tags ?? {},
      extra: { sku: { name: osDisk.managedDisk?.storageAccountType ?? 'Standard_LRS' } },
      properties: disk,
    });
    return {
      properties: {
        size: size.name,
        image,
        disk: keyOf(diskId),
        deletesDisk: osDisk.deleteOption === 'Delete',
        ...os,
        interfaces: [nic],
        power: 'starting',
      },
      extra,
    };
  },
  show(it, view) {
    const { properties } = it;
    const disk = find<Disk>(view.subscription, properties.disk);
    return {
      vmId: it.guid,
      timeCreated: it.createdAt,
      hardwareProfile: { vmSize: properties.size },
      storageProfile: {
        imageReference: properties.image,
        osDisk: {
          osType: 'Linux',
          name: disk?.name ?? properties.disk.split('/').at(-1),
          createOption: 'FromImage',
          caching: 'None',
          deleteOption: properties.deletesDisk ? 'Delete' : 'Detach',
          ...(disk
            ? {
                diskSizeGB: disk.properties.sizeGb,
                managedDisk: { id: disk.id, storageAccountType: (disk.extra.sku as { name: string }).name },
              }
            : {}),
        },
        dataDisks: [],
      },
      osProfile: {
        computerName: properties.computerName,
        adminUsername: properties.adminUsername,
        linuxConfiguration: {
          disablePasswordAuthentication: properties.sshKeys.length > 0,
          ...(properties.sshKeys.length > 0 ? { ssh: { publicKeys: properties.sshKeys } } : {}),
          provisionVMAgent: true,
        },
        secrets: [],
        allowExtensionOperations: true,
      },
      networkProfile: {
        networkInterfaces: properties.interfaces.map((each) => ({
          id: idShown(view.subscription, each.id),
          properties: { primary: each.primary, deleteOption: each.deletes ? 'Delete' : 'Detach' },
        })),
      },
      ...(view.query.get('$expand') === 'instanceView' ? { instanceView: instanceView(it, view) } : {}),
    };
  },
  holders: () => [],
  held: () => new Error('nothing holds a machine'),
  takesAlong(it, subscription) {
    const { properties } = it;
    const interfaces = properties.interfaces.filter((each) => each.deletes).map(({ id }) => id);
    const addresses = interfaces.flatMap((id) => {
      const nic = find<NetworkInterface>(subscription, id);
      return nic?.properties.deletesAddress && nic.properties.publicAddress
        ? [nic.properties.publicAddress]
        : [];
    });
    const along = [...(properties.deletesDisk ? [properties.disk] : []), ...interfaces, ...addresses];
    return along.filter((id) => find(subscription, id) !== undefined);
  },
  linked: (body) => [
    ...body.properties.networkProfile.networkInterfaces.map(({ id }) => ({
      action: `${NIC}/join/action`,
      id,
    })),
    ...Object.keys(body.identity?.userAssignedIdentities ?? {}).map((id) => ({
      action: `${IDENTITY}/assign/action`,
      id,
    })),
    // It makes the disk in the caller's name.
    { action: `${DISK}/write`, id: DISK },
  ],
});

/** What cannot change in a machine's life must be as it was, where the body says it. */
function unchanged(body: Body, { properties: was }: Resource<VirtualMachine>): VirtualMachine {
  const { storageProfile, osProfile, networkProfile } = body.properties;
  const refuse = (what: string) =>
    new ArmError(409, 'PropertyChangeNotAllowed', `Changing property '${what}' is not allowed.`, {
      target: what,
    });
  const { imageReference: image } = storageProfile;
  if (image && (['publisher', 'offer', 'sku'] as const).some((key) => image[key] !== was.image[key]))
    throw refuse('imageReference');
  if (osProfile?.customData !== undefined && osProfile.customData !== was.customData)
    throw refuse('osProfile.customData');
  if (osProfile && osProfile.adminUsername !== was.adminUsername) throw refuse('osProfile.adminUsername');
  if (osProfile?.computerName !== undefined && osProfile.computerName !== was.computerName)
    throw refuse('osProfile.computerName');
  const [nic] = networkProfile.networkInterfaces;
  if (nic && keyOf(nic.id) !== was.interfaces[0]?.id) throw refuse('networkProfile.networkInterfaces');
  const deletes = (option: 'Delete' | 'Detach' | undefined, before: boolean) =>
    option === undefined ? before : option === 'Delete';
  return {
    ...was,
    deletesDisk: storageProfile.osDisk.deleteOption === 'Delete',
    interfaces: was.interfaces.map((each) => ({
      ...each,
      deletes: deletes(nic?.properties.deleteOption ?? nic?.deleteOption, each.deletes),
    })),
  };
}

const invalid = (message: string, target: string) =>
  new ArmError(400, 'InvalidParameter', message, { target });

function checkProfile(
  profile: Body['properties']['osProfile'],
  name: string,
): Pick<VirtualMachine, 'computerName' | 'adminUsername' | 'sshKeys' | 'customData'> {
  if (!profile) throw invalid("Required parameter 'osProfile' is missing (null).", 'osProfile');
  const { customData = null, computerName = name } = profile;
  if (!/^[A-Za-z0-9]([A-Za-z0-9-]{0,62}[A-Za-z0-9])?$/.test(computerName))
    throw invalid(
      `Linux host name cannot exceed 64 characters in length or contain certain characters: '${computerName}'.`,
      'computerName',
    );
  if (['admin', 'root', 'user', 'test'].includes(profile.adminUsername))
    throw invalid('The Admin Username specified is not allowed.', 'adminUsername');
  const sshKeys = profile.linuxConfiguration?.ssh?.publicKeys ?? [];
  const passwords = profile.linuxConfiguration?.disablePasswordAuthentication !== true;
  if (sshKeys.length === 0 && !(passwords && profile.adminPassword))
    throw invalid(
      'Authentication using either SSH or by user name and password must be enabled in Linux profile.',
      'linuxConfiguration',
    );
  const badKey = sshKeys.find(({ keyData }) => !/^(ssh-(rsa|ed25519)) [A-Za-z0-9+/]+=*/.test(keyData));
  if (badKey)
    throw invalid(
      'The value of parameter linuxConfiguration.ssh.publicKeys.keyData is invalid.',
      'linuxConfiguration.ssh.publicKeys.keyData',
    );
  if (
    customData !== null &&
    (customData.length > MOST_CUSTOM_DATA ||
      Buffer.from(customData, 'base64').toString('base64') !== customData)
  )
    throw invalid(
      `Custom data in OSProfile must be in Base64 encoding and with a maximum length of ${MOST_CUSTOM_DATA} characters.`,
      'customData',
    );
  return { computerName, adminUsername: profile.adminUsername, sshKeys, customData };
}

function checkInterface(
  subscription: Subscription,
  id: string,
  asked: Body['properties']['networkProfile']['networkInterfaces'][number] | undefined,
  location: string | null,
): VirtualMachine['interfaces'][number] {
  if (!asked) throw new Error('the body was parsed without its interface');
  const nic = standing<NetworkInterface>(subscription, asked.id, NIC);
  if (!nic || nic.location !== location) throw invalidReference(asked.id, id);
  if (nic.state === 'Creating') throw notProvisioned(nic.id, id);
  const user = machineOf(subscription, nic.id);
  if (user && keyOf(user.id) !== keyOf(id))
    throw inUse(
      'NicInUse',
      `Network Interface ${nic.id} is used by existing resource ${user.id}. In order to use it, it must be dissociated from that resource.`,
      [user.id],
    );
  return {
    id: keyOf(nic.id),
    primary: true,
    deletes: (asked.properties.deleteOption ?? asked.deleteOption) === 'Delete',
  };
}

/** The identity as it is shown. @throws ArmError 400 for one that is not there */
function identityOf(subscription: Subscription, id: string, asked: Body['identity']): object | null {
  if (!asked || asked.type === 'None') return null;
  const shownIds = Object.keys(asked.userAssignedIdentities ?? {}).map((identityId) => {
    const it = standing<{ principalId: string; clientId: string }>(subscription, identityId, IDENTITY);
    if (!it)
      throw new ArmError(
        400,
        'FailedIdentityOperation',
        `Identity operation for resource '${id}' failed with error 'Failed to perform resource identity operation. Status: 'BadRequest'. Response: Resource '${identityId}' was not found.'`,
      );
    return [it.id, { principalId: it.properties.principalId, clientId: it.properties.clientId }];
  });
  if (shownIds.length === 0)
    throw invalid('A UserAssigned identity needs at least one identity.', 'identity');
  return { type: 'UserAssigned', userAssignedIdentities: Object.fromEntries(shownIds) };
}
