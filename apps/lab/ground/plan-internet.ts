/** The internet's own filter as nftables text: who may send with which public address. Pure. */
import type { Ground } from './ground.ts';
import { edgeMac, INTERNET_BRIDGE, OUTSIDE_ADDRESS } from './names.ts';

/** The stranger's number among the edges' (theirs begin at 2). */
export const OUTSIDE_NUMBER = 1;

/** The router's table. An edge's packets carry a public address of its own realm, or go no further. */
export function renderInternet(ground: Ground, realmNumbers: Readonly<Record<string, number>>): string {
  const realms = new Set(ground.realms.filter(({ internet }) => internet).map(({ id }) => id));
  const senders = ground.machines
    .filter(({ publicAddress, realmId }) => publicAddress !== null && realms.has(realmId))
    .map(({ publicAddress, realmId }) => `${edgeMac(realmNumbers[realmId] as number)} . ${publicAddress}`);
  const elements = [...senders, `${edgeMac(OUTSIDE_NUMBER)} . ${OUTSIDE_ADDRESS}`].sort().join(', ');
  return `table inet ground
delete table inet ground
table inet ground {
  set senders { type ether_addr . ipv4_addr; elements = { ${elements} }; }
  chain forward {
    type filter hook forward priority filter; policy drop;
    iifname "${INTERNET_BRIDGE}" ether saddr . ip saddr @senders accept
  }
  chain input {
    type filter hook input priority filter; policy drop;
    icmp type echo-request accept
  }
}
`;
}
