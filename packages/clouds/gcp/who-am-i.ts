/** Whom Google takes us for. */
import { type CallContext, CloudError } from '../provider.ts';
import type { Connection } from './connection.ts';
import { permissions } from './permissions.ts';
import { heldPermissions } from './preflight.ts';

/**
 * @returns the service account's address.
 * @throws CloudError `unauthenticated`; `forbidden` where it may do nothing at all that Skein does. Which permissions
 * are missing is preflight's to say.
 */
export async function whoAmI(connection: Connection, context: CallContext): Promise<string> {
  const asked = [...permissions.map((one) => one.action), 'dns.managedZones.list'];
  const held = await heldPermissions(connection, asked, context);
  if (held.size > 0) return connection.email;
  throw new CloudError(
    'forbidden',
    `${connection.email} may do nothing in project ${connection.project} that Skein does.`,
    { remedy: 'Give it the custom role that the account’s page shows.' },
  );
}
