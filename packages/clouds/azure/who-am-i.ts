/** Whom Azure takes us for: the application that signed in, and the subscription that it sees. */
import type { CallContext } from '../provider.ts';
import type { Connection } from './connection.ts';

const API = '2022-12-01';

/** @throws CloudError `unauthenticated`; `forbidden` where the application may not see the subscription. */
export async function whoAmI(connection: Connection, context: CallContext): Promise<string> {
  const { displayName } = await connection.read<{ displayName?: string }>(
    'asking who we are',
    '',
    API,
    context,
  );
  return `application ${connection.clientId} in subscription ${displayName ?? ''} (${connection.subscriptionId})`;
}
