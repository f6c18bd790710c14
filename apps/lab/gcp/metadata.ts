/** What an instance's metadata service answers under `/computeMetadata/v1/`. */
import type { Instance } from './state.ts';

/** Path to text, paths with a slash at the start and none at the end. */
export function metadataOf(projectId: string, it: Instance): Record<string, string> {
  const root = '/computeMetadata/v1';
  const nic = `${root}/instance/network-interfaces/0`;
  const result: Record<string, string> = {
    [`${root}/project/project-id`]: projectId,
    [`${root}/instance/id`]: it.id,
    [`${root}/instance/name`]: it.name,
    [`${root}/instance/hostname`]: it.hostname ?? `${it.name}.${it.zone}.c.${projectId}.internal`,
    [`${root}/instance/zone`]: `projects/${projectId}/zones/${it.zone}`,
    [`${root}/instance/machine-type`]: `projects/${projectId}/machineTypes/${it.machineType}`,
    [`${root}/instance/description`]: it.description,
    [`${root}/instance/image`]: it.disk.image,
    [`${root}/instance/tags`]: JSON.stringify(it.tags),
    [`${nic}/ip`]: it.privateAddress,
    [`${nic}/network`]: `projects/${projectId}/networks/${it.network}`,
  };
  if (it.external?.natIP) {
    result[`${nic}/access-configs/0/external-ip`] = it.external.natIP;
    result[`${nic}/access-configs/0/type`] = 'ONE_TO_ONE_NAT';
  }
  for (const { key, value } of it.metadata) result[`${root}/instance/attributes/${key}`] = value;
  return result;
}
