/**
 * What stands beside Skein's tunnel: the same wireguard-go with nothing around it, set up by hand as wg-quick would, from
 * member to gateway to gateway to member.
 */
import { type FieldNode, must, until } from '@skein/agent/fixture/field.ts';
import { newSeed, wireguardPublicKey } from '@skein/agent/state/keys.ts';

const INTERFACE = 'wgplain';
const PORT = 51900;
/** wg-quick's own choice over an ethernet. */
const MTU = 1420;

/** Address of the node of this index in the plain tunnel. */
export const plainAddress = (index: number) => `10.99.0.${index + 1}`;

/** Joins the nodes to a chain; each forwards for those behind it. */
export async function openPlain(chain: readonly FieldNode[]): Promise<void> {
  const keys = chain.map(() => newSeed('x25519'));
  for (const [index, node] of chain.entries()) {
    const key = keys[index] ?? '';
    await must(
      node.place,
      `umask 077; echo '${key}' > /run/plain.key; wireguard-go ${INTERFACE} > /dev/null 2>&1 &&
       wg set ${INTERFACE} listen-port ${PORT} private-key /run/plain.key && rm /run/plain.key &&
       ip address add ${plainAddress(index)}/32 dev ${INTERFACE} && ip link set ${INTERFACE} mtu ${MTU} up &&
       ip route add 10.99.0.0/24 dev ${INTERFACE} && echo 1 > /proc/sys/net/ipv4/conf/${INTERFACE}/forwarding`,
    );
    for (const [at, reaches] of [
      [index - 1, chain.slice(0, Math.max(index, 0))],
      [index + 1, chain.slice(index + 1)],
    ] as const) {
      const neighbour = chain[at];
      const neighbourKey = keys[at];
      if (!neighbour || !neighbourKey) continue;
      const allowed = reaches.map((one) => `${plainAddress(chain.indexOf(one))}/32`).join(',');
      await must(
        node.place,
        `wg set ${INTERFACE} peer '${wireguardPublicKey(neighbourKey)}' endpoint ${neighbour.address}:${PORT} allowed-ips ${allowed}`,
      );
    }
  }
  const [first] = chain;
  await until('the plain tunnels', 10, async () => {
    const ran = await first?.place.sh(`ping -c 1 -W 1 ${plainAddress(chain.length - 1)}`);
    return ran?.code === 0;
  });
}
