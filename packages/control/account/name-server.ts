import type { NameServerId } from '@skein/contract/primitive.ts';
import { PowerDnsCredentials, Rfc2136Credentials } from '@skein/contract/rest/account.ts';
import type { Who } from './ask-who.ts';

/** Whom a name server takes us for, and which server it is: it has no account to tell. Pure. */
export function nameServerOf(id: NameServerId, credentials: unknown): Who {
  if (id === 'rfc2136') {
    const { server, port, keyName } = Rfc2136Credentials.parse(credentials);
    return { identity: `${keyName} at ${server}:${port}`, holder: `${server}:${port}` };
  }
  const { url, serverId } = PowerDnsCredentials.parse(credentials);
  return { identity: `${serverId} at ${url}`, holder: `${serverId} at ${url}` };
}
