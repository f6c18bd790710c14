import { CloudError } from '@skein/clouds/provider.ts';
import { providerOf } from '@skein/clouds/registry.ts';
import { resumeInMemory } from '@skein/clouds/resume-in-memory.ts';
import { NameServerId, type ProviderId } from '@skein/contract/primitive.ts';
import { DnsError } from '@skein/dns/provider.ts';
import { openCloud, openCredentials, openDns, type SealedAccount } from '../cloud/open.ts';
import type { Context } from '../context.ts';
import { nameServerOf } from './name-server.ts';

const TIMEOUT_SECONDS = 20;

/** For what is the same in all regions. */
export const anyRegion = (provider: ProviderId) => providerOf(provider).regions[0]?.id ?? '';

export interface Who {
  /** In the cloud's own words. */
  identity: string;
  /** The cloud's own account behind it; for a name server, the server. */
  holder: string | null;
}

/**
 * Asks the cloud who we are by the account's credentials. A cloud that refuses or does not answer is a `problem` in
 * words.
 */
export async function askWho(context: Context, account: SealedAccount): Promise<Who | { problem: string }> {
  const call = {
    signal: AbortSignal.timeout(TIMEOUT_SECONDS * 1000),
    waitingFor: () => {},
    attempt: 1,
    resume: resumeInMemory(),
  };
  try {
    const server = nameServer(context, account);
    if (server) {
      await openDns(context, account).listZones({ organizationId: account.organizationId }, call);
      return server;
    }
    const cloud = openCloud(context, account, anyRegion(account.provider as ProviderId));
    const identity = await cloud.whoAmI(call);
    return { identity, holder: cloud.holder(identity) };
  } catch (error) {
    if (call.signal.aborted) return { problem: `The cloud gave no answer within ${TIMEOUT_SECONDS} s.` };
    if (error instanceof CloudError || error instanceof DnsError)
      return { problem: [error.message, error.remedy].filter(Boolean).join(' ') };
    throw error;
  }
}

/** What `holder` was when `identity` was told; null where that is not known. Asks nobody. */
export function holderOf(
  context: Context,
  account: SealedAccount & { identity: string | null },
): string | null {
  const server = nameServer(context, account);
  if (server) return server.holder;
  return openCloud(context, account, anyRegion(account.provider as ProviderId)).holder(account.identity);
}

function nameServer(context: Context, account: SealedAccount): Who | undefined {
  const { data: id } = NameServerId.safeParse(account.provider);
  return id && nameServerOf(id, openCredentials(context, account));
}
