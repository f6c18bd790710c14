import type { CallContext, Cloud, Keyed } from '@skein/clouds/provider.ts';
import { CloudError } from '@skein/clouds/provider.ts';
import { resumeInMemory } from '@skein/clouds/resume-in-memory.ts';
import { type Dns, DnsError } from '@skein/dns/provider.ts';
import { z } from 'zod';
import { openCloud, openDns } from '../cloud/open.ts';
import type { Context } from '../context.ts';
import type { Entry } from './books.ts';
import type { Pair } from './differences.ts';
import { isShelved, shelfOf } from './shelf.ts';

/** One call, its repetitions included. A cloud that takes longer could not be looked at. */
const CALL_SECONDS = 25;

const HOPELESS: readonly CloudError['code'][] = ['timeout', 'unavailable', 'unauthenticated'];

/** What could not be looked at, and why. */
export interface Unseen {
  where: string;
  reason: string;
}
export interface Looked {
  entry: Entry;
  found: Pair['found'];
}

/** What the clouds say of `entries`, which share one cluster (or belong to the network as a whole). Never rejects for a cloud. */
export async function look(
  context: Context,
  entries: readonly Entry[],
  signal: AbortSignal,
): Promise<{ looked: Looked[]; unseen: Unseen[] }> {
  const looked: Looked[] = [];
  const unseen: Unseen[] = [];
  let silent: string | undefined;
  for (const kind of new Set(entries.map((entry) => entry.row.kind))) {
    const ofKind = entries.filter((entry) => entry.row.kind === kind);
    if (silent !== undefined) {
      unseen.push({ where: placeOf(ofKind), reason: silent });
      continue;
    }
    try {
      const found = await lookAtKind(context, kind, ofKind, signal);
      looked.push(...ofKind.map((entry, index) => ({ entry, found: found[index] })));
    } catch (error) {
      unseen.push({ where: placeOf(ofKind), reason: wordsOf(error) });
      // Who does not answer, or does not know us, answers no better to the next question.
      if (!(error instanceof CloudError) || HOPELESS.includes(error.code)) silent = wordsOf(error);
    }
  }
  return { looked, unseen };
}

/** The same for one resource, by name instead of by list: what was found off is looked at again so. */
export async function lookAgain(context: Context, entry: Entry, signal: AbortSignal): Promise<Pair['found']> {
  const { kind } = entry.row;
  if (!isShelved(kind) || isForeign(entry)) return (await lookAtKind(context, kind, [entry], signal))[0];
  const cloud = openCloud(context, entry.account, entry.row.region);
  return bounded(signal, (call) => shelfOf(cloud, kind).observe(keyedOf(entry), call));
}

async function lookAtKind(
  context: Context,
  kind: string,
  entries: readonly Entry[],
  signal: AbortSignal,
): Promise<Pair['found'][]> {
  const found: Pair['found'][] = [];
  if (!isShelved(kind)) {
    for (const entry of entries) {
      const dns = openDns(context, entry.account);
      found.push(await bounded(signal, (call) => lookAtNames(dns, entry, call)));
    }
    return found;
  }
  const [first] = entries;
  if (!first) return [];
  const cloud = openCloud(context, first.account, first.row.region);
  const lists = entries.some((entry) => !isForeign(entry));
  const all = lists
    ? await bounded(signal, (call) => shelfOf(cloud, kind).list(keyedOf(first).owner, call))
    : [];
  for (const entry of entries) {
    const same = all.filter((one) => one.key === entry.row.key);
    found.push(
      isForeign(entry)
        ? await lookAtForeign(cloud, entry, signal)
        : (same.find((one) => one.externalId === entry.row.externalId) ?? same[0]),
    );
  }
  return found;
}

async function lookAtNames(dns: Dns, entry: Entry, call: CallContext): Promise<Pair['found']> {
  const { organizationId, networkId } = entry.row;
  if (entry.row.kind === 'zone') {
    const { key, name } = z.object({ key: z.string(), name: z.string() }).parse(entry.row.spec);
    return dns.observeZone({ organizationId, networkId, key, name }, call);
  }
  if (!entry.zone) return undefined;
  try {
    return await dns.listRecords(entry.zone, networkId, call);
  } catch (error) {
    // The zone itself is missing: that is a finding of its own.
    if (error instanceof DnsError && error.code === 'not-found') return undefined;
    throw error;
  }
}

/** A VPC of somebody else's carries no tag of ours: it is looked at by its id. */
async function lookAtForeign(cloud: Cloud, entry: Entry, signal: AbortSignal): Promise<Pair['found']> {
  const { externalId: networkId, subnetId } = z
    .object({ externalId: z.string(), subnetId: z.string() })
    .parse(entry.row.state);
  try {
    return await bounded(signal, (call) => cloud.existingNetwork({ networkId, subnetId }, call));
  } catch (error) {
    if (error instanceof CloudError && error.code === 'not-found') return undefined;
    throw error;
  }
}

const isForeign = (entry: Entry) => (entry.row.spec as { existing?: unknown } | null)?.existing === true;

function keyedOf({ row }: Entry): Keyed {
  const { organizationId, networkId, clusterId, key } = row;
  return { owner: { organizationId, networkId, clusterId: clusterId ?? '' }, key };
}

/** What was looked at, in words. */
export function placeOf(entries: readonly Entry[]): string {
  const [first] = entries;
  if (!first) return '';
  const { account, cluster, row } = first;
  const what = { record: 'DNS records', address: 'addresses' }[row.kind] ?? `${row.kind}s`;
  return `${what} of ${cluster?.name ?? 'the public zone'} in ${account.name}`;
}

/** Calls a cloud for so long and no longer. */
export async function bounded<T>(signal: AbortSignal, ask: (call: CallContext) => Promise<T>): Promise<T> {
  const limit = AbortSignal.timeout(CALL_SECONDS * 1000);
  try {
    return await ask({
      signal: AbortSignal.any([signal, limit]),
      waitingFor: () => {},
      attempt: 1,
      resume: resumeInMemory(),
    });
  } catch (error) {
    signal.throwIfAborted();
    if (limit.aborted) throw new CloudError('timeout', `No answer within ${CALL_SECONDS} s.`);
    throw error;
  }
}

/** A cloud's failure in words, and that of a look whose whole time is up; any other is ours and thrown on. */
export function wordsOf(error: unknown): string {
  if (error instanceof DOMException && error.name === 'TimeoutError') return 'No answer in time.';
  if (error instanceof CloudError || error instanceof DnsError) return error.message;
  throw error;
}
