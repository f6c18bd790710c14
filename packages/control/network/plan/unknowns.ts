import { formatAddress, parseAddress } from '@skein/mesh/ipam/cidr.ts';

/** 240.0.0.0/4 is reserved and routed nowhere (RFC 1112): no real address is mistaken for one of these. */
const FIRST = parseAddress('240.0.0.1');
/** Far enough apart that no two of them are ever neighbours in one range. */
const APART = 4096;

/**
 * Addresses that nobody knows before they are given out. Each gets a stand-in, so that the very functions that make
 * rules, records and maps can be asked what they will make; told to people, a stand-in becomes words again.
 */
export class Unknowns {
  readonly #words = new Map<string, string>();

  /** A stand-in for what `words` say: “the public address of prod/gw-1, given when it is made”. */
  address(words: string): string {
    const address = formatAddress(FIRST + this.#words.size * APART);
    this.#words.set(address, words);
    return address;
  }

  /** The words of a stand-in, with or without its prefix length; any other text as it is. */
  say(text: string): string {
    return this.#words.get(text.replace(/\/32$/, '')) ?? text;
  }
}
