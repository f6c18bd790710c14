/** Names of services across clusters: what is answered for `clusterset.local`. */
import { CLUSTERSET_ZONE } from '@skein/contract/agent/service.ts';
import type { ServiceRecord, ZoneAnswer } from '@skein/mesh/services/records.ts';
import type { Answer } from 'dns-packet';
import { type Body, bodyOf, OWN_TTL_SECONDS } from './reply.ts';

/** Where what is known of services comes from. Names are in lower case, without the last dot. */
export interface Clusterset {
  /** Undefined where it cannot be told, as before the coordinator was first heard. */
  answer(name: string): Promise<ZoneAnswer | undefined>;
  /** 0 to 1: addresses are answered in ever another order, so that callers who take the first spread. */
  random: () => number;
}

/** As the standard's example has it: the schema changes with releases alone. */
const VERSION_TTL_SECONDS = 28800;
const ZONE_TYPES = ['SOA', 'NS'];

export async function clustersetBody(
  { answer, random }: Clusterset,
  question: { name: string; type: string },
): Promise<Body> {
  const name = question.name.toLowerCase().replace(/\.$/, '');
  // Zones are not handed out whole.
  if (question.type === 'AXFR' || question.type === 'IXFR') return REFUSED;
  if (name === CLUSTERSET_ZONE && ZONE_TYPES.includes(question.type)) {
    const { authorities } = bodyOf(CLUSTERSET_ZONE, 'NOERROR', []);
    return question.type === 'SOA'
      ? { code: 'NOERROR', answers: authorities, authorities: [] }
      : bodyOf(CLUSTERSET_ZONE, 'NOERROR', []);
  }
  const found = await answer(name);
  if (!found) return { code: 'SERVFAIL', answers: [], authorities: [] };
  const asked = found.records.filter(({ type }) => type === question.type || question.type === 'ANY');
  const answers = shuffled(asked, random).map((record) => rendered(record, question.name));
  const body = bodyOf(CLUSTERSET_ZONE, found.exists ? 'NOERROR' : 'NXDOMAIN', answers);
  const srv = asked.some(({ type }) => type === 'SRV');
  return srv
    ? { ...body, additionals: found.additional.map((record) => rendered(record, record.name)) }
    : body;
}

const REFUSED: Body = { code: 'REFUSED', answers: [], authorities: [] };

/** Under the very letters that were asked for, which some askers compare (0x20). */
function rendered(record: ServiceRecord, name: string): Answer {
  const ttl = OWN_TTL_SECONDS;
  if (record.type === 'TXT') return { type: 'TXT', name, ttl: VERSION_TTL_SECONDS, data: record.text };
  if (record.type === 'SRV') {
    const { port, target } = record;
    return { type: 'SRV', name, ttl, data: { priority: 0, weight: 100, port, target } };
  }
  return { type: record.type, name, ttl, data: record.address };
}

/** Fisher and Yates. */
function shuffled<T>(some: readonly T[], random: () => number): T[] {
  const all = [...some];
  for (let at = all.length - 1; at > 0; at -= 1) {
    const other = Math.floor(random() * (at + 1));
    [all[at], all[other]] = [all[other] as T, all[at] as T];
  }
  return all;
}
