/** What Azure is asked for when an instance is made. */
import type { VirtualMachine } from '@azure/arm-compute';
import type { InstanceSpec } from '../provider.ts';
import { imageFor } from './image.ts';
import { nameFor, ownName } from './names.ts';
import { ownerTags } from './tags.ts';
import { throwawayPublicKey } from './throwaway-key.ts';

const USER = 'skein';

/** The name that the machine calls itself. */
const hostName = (key: string) => nameFor(ownName(key));

export function machineFor(
  spec: InstanceSpec,
  region: string,
  interfaceId: string,
  userData: string,
): VirtualMachine {
  const { nodeIdentity } = spec;
  return {
    location: region,
    tags: ownerTags(spec, spec.name),
    ...(nodeIdentity === null
      ? {}
      : { identity: { type: 'UserAssigned', userAssignedIdentities: { [nodeIdentity]: {} } } }),
    hardwareProfile: { vmSize: spec.instanceType },
    storageProfile: {
      imageReference: imageFor(spec.instanceType),
      osDisk: {
        name: `${nameFor(spec.key)}-disk`,
        createOption: 'FromImage',
        deleteOption: 'Delete',
        managedDisk: { storageAccountType: 'StandardSSD_LRS' },
      },
    },
    osProfile: {
      computerName: hostName(spec.key),
      adminUsername: USER,
      // Run once, as root, by cloud-init at the first boot.
      customData: Buffer.from(userData).toString('base64'),
      linuxConfiguration: {
        disablePasswordAuthentication: true,
        ssh: {
          publicKeys: [{ path: `/home/${USER}/.ssh/authorized_keys`, keyData: throwawayPublicKey() }],
        },
      },
    },
    networkProfile: {
      networkInterfaces: [{ id: interfaceId, primary: true, deleteOption: 'Delete' }],
    },
  };
}
