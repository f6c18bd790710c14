/**
 * The overlay's IPv6. A network has a range of its own (RFC 4193: `fd`, and 40 bits that its id is hashed to), and in it
 * one /96 whose last 32 bits are the overlay's IPv4 addresses. So every IPv4 prefix a.b.c.d/n has a twin /(96 + n): who
 * carries the one carries the other, and no planner, table or map ever needs to speak of both.
 */
import { createHash } from 'node:crypto';
import { parseAddress, parseCidr } from './cidr.ts';
import { formatSix, lastFour, parseSix } from './six.ts';

export interface Twins {
  /** The /96 that holds the twins of all IPv4 addresses. */
  readonly cidr: string;
  /** The twin of an IPv4 address. */
  of(address: string): string;
  /** The twin of an IPv4 prefix. */
  ofCidr(cidr: string): string;
  /** The IPv4 address whose twin this is, or undefined where it is nobody's. Takes any spelling, and a prefix's first. */
  origin(address: string): string | undefined;
}

/** @param networkId the same id is the same range on every agent, for ever */
export function twinsOf(networkId: string): Twins {
  const hash = createHash('sha256').update(networkId).digest();
  const head = [0xfd00 + (hash[0] ?? 0), hash.readUInt16BE(1), hash.readUInt16BE(3), 0, 0, 0];
  const at = (address: number) => formatSix([...head, Math.floor(address / 65536), address % 65536]);
  return {
    cidr: `${at(0)}/96`,
    of: (address) => at(parseAddress(address)),
    ofCidr: (cidr) => {
      const { first, prefixLength } = parseCidr(cidr);
      return `${at(first)}/${96 + prefixLength}`;
    },
    origin: (address) => {
      const words = parseSix(address.replace(/\/\d+$/, ''));
      return head.every((word, index) => words[index] === word) ? lastFour(words) : undefined;
    },
  };
}
