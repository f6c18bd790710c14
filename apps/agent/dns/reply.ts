/** DNS replies as bytes (RFC 1035, RFC 2308 for negative answers, RFC 6891 for sizes). */
import { isIPv6 } from 'node:net';
import { type Answer, AUTHORITATIVE_ANSWER, type DecodedPacket, decode, encode } from 'dns-packet';

/** Seconds our own answers live. Short: asking again costs a packet on the node, and a map may change any time. */
export const OWN_TTL_SECONDS = 5;

export type ReplyCode = 'NOERROR' | 'SERVFAIL' | 'NXDOMAIN' | 'REFUSED' | 'NOTIMP' | 'FORMERR';
const CODES: Record<ReplyCode, number> = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
};
const RECURSION_DESIRED = 1 << 8;
const RECURSION_AVAILABLE = 1 << 7;
const TRUNCATED = 1 << 9;
const CLASSIC_UDP_BYTES = 512;
// What fits a tunnel of 1280 without fragments, and is what resolvers agreed on in 2020 (DNS flag day).
const LARGEST_UDP_BYTES = 1232;

export interface Body {
  code: ReplyCode;
  answers: Answer[];
  authorities: Answer[];
  /** Left out where there is no room for them. */
  additionals?: Answer[];
}

/** Reads a query, or undefined where the bytes are none that we could answer. */
export function parseQuery(bytes: Buffer): DecodedPacket | undefined {
  try {
    const packet = decode(bytes);
    return packet.type === 'query' && packet.questions?.length === 1 ? packet : undefined;
  } catch {
    return undefined;
  }
}

/** What we answer for a name of our own zone. */
export function ownBody(
  zone: string,
  name: string,
  code: 'NOERROR' | 'NXDOMAIN',
  addresses: readonly string[],
): Body {
  const answers: Answer[] = addresses.map((data) => ({
    type: isIPv6(data) ? 'AAAA' : 'A',
    name,
    ttl: OWN_TTL_SECONDS,
    data,
  }));
  return bodyOf(zone, code, answers);
}

/** Answers in a zone of ours. Negative ones carry the SOA that says how long they hold. */
export function bodyOf(zone: string, code: 'NOERROR' | 'NXDOMAIN', answers: Answer[]): Body {
  if (answers.length > 0) return { code, answers, authorities: [] };
  const data = {
    mname: `agent.${zone}`,
    rname: `hostmaster.${zone}`,
    serial: 1,
    refresh: 3600,
    retry: 600,
    expire: 86400,
    minimum: OWN_TTL_SECONDS,
  };
  return { code, answers, authorities: [{ type: 'SOA', name: zone, ttl: OWN_TTL_SECONDS, data }] };
}

/**
 * The reply to a query. Over UDP one that is too large for the asker comes empty and marked truncated, so that it
 * asks again over TCP.
 */
export function renderReply(
  query: DecodedPacket,
  body: Body,
  options: { authoritative: boolean; transport: 'udp' | 'tcp' },
): Buffer {
  const opt = query.additionals?.find((one) => one.type === 'OPT');
  const asked = opt?.type === 'OPT' ? (opt.udpPayloadSize ?? CLASSIC_UDP_BYTES) : CLASSIC_UDP_BYTES;
  const limit =
    options.transport === 'tcp' ? 65535 : Math.min(LARGEST_UDP_BYTES, Math.max(CLASSIC_UDP_BYTES, asked));
  const flags =
    ((query.flags ?? 0) & RECURSION_DESIRED) |
    RECURSION_AVAILABLE |
    (options.authoritative ? AUTHORITATIVE_ANSWER : 0) |
    CODES[body.code];
  const additionals: Answer[] = opt
    ? [
        {
          type: 'OPT',
          name: '.',
          udpPayloadSize: LARGEST_UDP_BYTES,
          extendedRcode: 0,
          ednsVersion: 0,
          flags: 0,
          flag_do: false,
          options: [],
        },
      ]
    : [];
  const base = {
    type: 'response' as const,
    id: query.id ?? 0,
    questions: query.questions ?? [],
    additionals,
  };
  const said = { ...base, flags, answers: body.answers, authorities: body.authorities };
  if (body.additionals?.length) {
    const full = encode({ ...said, additionals: [...body.additionals, ...additionals] });
    if (full.length <= limit) return full;
  }
  const whole = encode(said);
  return whole.length <= limit ? whole : encode({ ...base, flags: flags | TRUNCATED });
}

/** Reads a reply to pass on, or undefined where it is none. */
export function parseReply(bytes: Buffer): (Body & { truncated: boolean }) | undefined {
  try {
    const packet = decode(bytes);
    if (packet.type !== 'response') return undefined;
    const number = (packet.flags ?? 0) & 15;
    const code = (Object.keys(CODES) as ReplyCode[]).find((one) => CODES[one] === number);
    if (!code) return undefined;
    return {
      code,
      answers: packet.answers ?? [],
      authorities: packet.authorities ?? [],
      truncated: ((packet.flags ?? 0) & TRUNCATED) !== 0,
    };
  } catch {
    return undefined;
  }
}
