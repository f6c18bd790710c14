/** What becomes of packets where UDP does not get out, in words. */

/** @param overTls relays as `address:port`, and the names of the peers that are reached by each */
export function blockedWords(overTls: readonly { relay: string; peers: readonly string[] }[]): string {
  if (overTls.length === 0) return 'no UDP from outside is answered here, and no relay carries over TLS';
  const ways = overTls.map(({ relay, peers }) => {
    const [address, port] = relay.split(':');
    const whom = peers.length > 3 ? `${peers.length} peers` : peers.join(', ');
    return `to ${whom} by the relay ${address} over TLS ${port}`;
  });
  return `UDP is blocked here: packets go ${ways.join('; ')}`;
}
