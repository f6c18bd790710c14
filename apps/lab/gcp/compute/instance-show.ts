/** An instance as Google shows it. */

import { regionOf } from '../catalog.ts';
import { fingerprintOf, type Instance } from '../state.ts';
import type { Call } from '../wire/method.ts';
import { link } from '../wire/names.ts';
import { instancePath } from './instance-call.ts';
import { networkPath } from './network-path.ts';
import { subnetworkPath } from './subnetworks.ts';

export const metadataFingerprint = (it: Instance) => fingerprintOf(it.metadata);
export const tagsFingerprint = (it: Instance) => fingerprintOf(it.tags);
export const labelFingerprint = (it: Instance) => fingerprintOf(it.labels);

export function showInstance(
  call: Pick<Call, 'projectId' | 'machine'>,
  it: Instance,
): Record<string, unknown> {
  const { projectId } = call;
  const zonePath = `projects/${projectId}/zones/${it.zone}`;
  const status = it.status === 'PROVISIONING' && call.machine(it.id) ? 'STAGING' : it.status;
  return {
    kind: 'compute#instance',
    id: it.id,
    creationTimestamp: it.createdAt,
    name: it.name,
    description: it.description,
    ...(it.hostname ? { hostname: it.hostname } : {}),
    tags: { ...(it.tags.length > 0 ? { items: it.tags } : {}), fingerprint: tagsFingerprint(it) },
    machineType: link(`${zonePath}/machineTypes/${it.machineType}`),
    status,
    ...(it.statusMessage ? { statusMessage: it.statusMessage } : {}),
    zone: link(zonePath),
    canIpForward: it.canIpForward,
    networkInterfaces: [showNic(projectId, it)],
    disks: [
      {
        kind: 'compute#attachedDisk',
        type: 'PERSISTENT',
        mode: 'READ_WRITE',
        source: link(`${zonePath}/disks/${it.disk.name}`),
        deviceName: it.disk.deviceName,
        index: 0,
        boot: true,
        autoDelete: it.disk.autoDelete,
        interface: 'SCSI',
        diskSizeGb: it.disk.sizeGb,
        architecture: 'X86_64',
      },
    ],
    metadata: {
      kind: 'compute#metadata',
      fingerprint: metadataFingerprint(it),
      ...(it.metadata.length > 0 ? { items: it.metadata } : {}),
    },
    scheduling: {
      onHostMaintenance: 'MIGRATE',
      automaticRestart: true,
      preemptible: false,
      provisioningModel: 'STANDARD',
    },
    ...it.kept,
    cpuPlatform: it.status === 'RUNNING' ? 'Intel Broadwell' : 'Unknown CPU Platform',
    ...(Object.keys(it.labels).length > 0 ? { labels: it.labels } : {}),
    labelFingerprint: labelFingerprint(it),
    deletionProtection: it.deletionProtection,
    startRestricted: false,
    fingerprint: fingerprintOf(it),
    lastStartTimestamp: it.startedAt,
    ...(it.stoppedAt ? { lastStopTimestamp: it.stoppedAt } : {}),
    selfLink: link(instancePath(projectId, it.zone, it.name)),
  };
}

function showNic(projectId: string, it: Instance): Record<string, unknown> {
  return {
    kind: 'compute#networkInterface',
    name: 'nic0',
    network: link(networkPath(projectId, it.network)),
    subnetwork: link(subnetworkPath(projectId, regionOf(it.zone), it.subnetwork)),
    networkIP: it.privateAddress,
    fingerprint: fingerprintOf([it.privateAddress, it.external]),
    stackType: 'IPV4_ONLY',
    ...(it.external
      ? {
          accessConfigs: [
            {
              kind: 'compute#accessConfig',
              type: 'ONE_TO_ONE_NAT',
              name: it.external.name,
              ...(it.external.natIP ? { natIP: it.external.natIP } : {}),
              networkTier: it.external.networkTier,
            },
          ],
        }
      : {}),
  };
}
