/** Whom Google takes us for, and whether that account may do what Skein does. */
import { type CallContext, CloudError } from '../provider.ts';
import type { Connection } from './connection.ts';

/** One permission for each kind of thing that we make. */
const NEEDED = [
  'compute.networks.create',
  'compute.subnetworks.create',
  'compute.firewalls.create',
  'compute.addresses.create',
  'compute.instances.create',
  'dns.managedZones.create',
  'dns.changes.create',
];

/**
 * @returns the service account's address.
 * @throws CloudError `unauthenticated`; `forbidden`, naming the permissions that are missing.
 */
export async function whoAmI(connection: Connection, context: CallContext): Promise<string> {
  const answer = await connection.post<{ permissions?: string[] }>(
    'asking what we may do',
    'cloudresourcemanager.googleapis.com',
    `/v1/projects/${encodeURIComponent(connection.project)}:testIamPermissions`,
    { permissions: NEEDED },
    context,
  );
  const missing = NEEDED.filter((one) => !answer.permissions?.includes(one));
  if (missing.length === 0) return connection.email;
  throw new CloudError(
    'forbidden',
    `${connection.email} lacks permissions on project ${connection.project}: ${missing.join(', ')}.`,
    {
      remedy: 'Give it the roles Compute Admin and DNS Administrator.',
    },
  );
}
