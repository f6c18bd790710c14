/** One to one: host n of one range is host n of the other. Both are of the same size. */
import { contains, formatAddress, parseAddress, parseCidr } from '../ipam/cidr.ts';

/** An address of the range `from` as the range `to` has it. Throws RangeError for any other address. */
export function translate(address: string, from: string, to: string): string {
  if (!contains(from, address)) throw new RangeError(`${address} is not in ${from}`);
  return formatAddress(parseCidr(to).first + parseAddress(address) - parseCidr(from).first);
}
