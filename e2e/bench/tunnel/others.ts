/** Other overlays between two nodes, as Debian packs them and with their own defaults: each gives the second node's address. */
import { type FieldNode, must, until } from '@skein/agent/fixture/field.ts';

export interface Overlay {
  name: string;
  /** Programs that it needs. */
  programs: readonly string[];
  /** Joins the two nodes. @returns the address at which the first reaches the second */
  open(from: FieldNode, to: FieldNode): Promise<string>;
  /** A line for `sh` that ends it on either node. */
  close: string;
}

const both = (from: FieldNode, to: FieldNode) => [
  { node: from, other: to, index: 1, otherIndex: 2 },
  { node: to, other: from, index: 2, otherIndex: 1 },
];

const nebula: Overlay = {
  name: 'nebula',
  programs: ['nebula', 'nebula-cert'],
  open: async (from, to) => {
    const made = await must(
      from.place,
      `mkdir -p /run/nebula && cd /run/nebula && nebula-cert ca -name bench && for n in 1 2; do
         nebula-cert sign -name n$n -ip 10.98.0.$n/24; done && tar c . | base64 -w0`,
    );
    for (const { node, other, index, otherIndex } of both(from, to)) {
      const config = `pki: {ca: /run/nebula/ca.crt, cert: /run/nebula/n${index}.crt, key: /run/nebula/n${index}.key}
static_host_map: {"10.98.0.${otherIndex}": ["${other.address}:4242"]}
lighthouse: {am_lighthouse: false}
listen: {host: 0.0.0.0, port: 4242}
tun: {dev: nebula1}
firewall: {outbound: [{port: any, proto: any, host: any}], inbound: [{port: any, proto: any, host: any}]}
`;
      await must(
        node.place,
        `mkdir -p /run/nebula && cd /run/nebula && echo '${made.trim()}' | base64 -d | tar x && cat > config.yml <<'END'
${config}END
         setsid nebula -config config.yml > /run/nebula/log 2>&1 < /dev/null & echo $! > /run/nebula.pid`,
      );
    }
    return '10.98.0.2';
  },
  close: 'kill $(cat /run/nebula.pid)',
};

const tinc: Overlay = {
  name: 'tinc',
  programs: ['tincd'],
  open: async (from, to) => {
    const hosts: string[] = [];
    for (const { node, index, otherIndex } of both(from, to)) {
      const folder = '/run/tinc';
      hosts.push(
        await must(
          node.place,
          `mkdir -p ${folder}/hosts && cd ${folder} && printf 'Name = n${index}\\nMode = router\\n${index === 1 ? `ConnectTo = n${otherIndex}\\n` : ''}' > tinc.conf &&
           printf 'Subnet = 10.97.0.${index}/32\\nAddress = ${node.address}\\n' > hosts/n${index} &&
           printf '#!/bin/sh\\nip addr add 10.97.0.${index}/24 dev $INTERFACE\\nip link set $INTERFACE up\\n' > tinc-up && chmod +x tinc-up &&
           tincd -c ${folder} -K2048 < /dev/null > /dev/null 2>&1 && cat hosts/n${index}`,
        ),
      );
    }
    for (const { node, otherIndex } of both(from, to))
      await must(
        node.place,
        `cat > /run/tinc/hosts/n${otherIndex} <<'END'
${hosts[otherIndex - 1]}END
         tincd -c /run/tinc --pidfile /run/tinc.pid`,
      );
    return '10.97.0.2';
  },
  close: 'kill $(cat /run/tinc.pid)',
};

const yggdrasil: Overlay = {
  name: 'yggdrasil',
  programs: ['yggdrasil'],
  open: async (from, to) => {
    // The listening end first: one that finds nobody waits a minute before it calls again.
    for (const { node, other, index } of both(from, to).reverse()) {
      const made = JSON.parse(await must(node.place, 'yggdrasil -genconf -json'));
      const config = {
        ...made,
        Peers: index === 1 ? [`tcp://${other.address}:9001`] : [],
        Listen: index === 1 ? [] : ['tcp://0.0.0.0:9001'],
        MulticastInterfaces: [],
        AdminListen: 'none',
      };
      await must(
        node.place,
        `echo '${JSON.stringify(config)}' > /run/ygg.conf &&
         { setsid yggdrasil -useconffile /run/ygg.conf > /run/ygg.log 2>&1 < /dev/null & echo $! > /run/ygg.pid; }`,
      );
      await until('yggdrasil to be up', 10, async () => {
        const ran = await node.place.sh('grep -q "Your IPv6 address" /run/ygg.log');
        return ran.code === 0;
      });
    }
    return (await must(to.place, 'yggdrasil -useconffile /run/ygg.conf -address')).trim();
  },
  close: 'kill $(cat /run/ygg.pid)',
};

const openvpn: Overlay = {
  name: 'openvpn',
  programs: ['openvpn', 'openssl'],
  open: async (from, to) => {
    const prints: string[] = [];
    for (const { node, index } of both(from, to))
      prints.push(
        (
          await must(
            node.place,
            `mkdir -p /run/ovpn && cd /run/ovpn && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=n${index} -keyout key -out crt 2> /dev/null &&
             openssl x509 -in crt -noout -fingerprint -sha256 | cut -d= -f2`,
          )
        ).trim(),
      );
    for (const { node, other, index, otherIndex } of both(from, to))
      await must(
        node.place,
        `cd /run/ovpn && openvpn --daemon --log log --writepid /run/ovpn.pid --dev tun --proto udp --port 1194 --remote ${other.address} 1194 \
           --ifconfig 10.96.0.${index} 10.96.0.${otherIndex} --cipher AES-256-GCM --data-ciphers AES-256-GCM \
           --cert crt --key key --peer-fingerprint ${prints[otherIndex - 1]} ${index === 2 ? '--tls-server --dh none' : '--tls-client'}`,
      );
    return '10.96.0.2';
  },
  close: 'kill $(cat /run/ovpn.pid)',
};

export const OVERLAYS: readonly Overlay[] = [nebula, tinc, yggdrasil, openvpn];

/** Opens it and waits until packets pass. Throws where they do not. */
export async function openOverlay(overlay: Overlay, from: FieldNode, to: FieldNode): Promise<string> {
  const address = await overlay.open(from, to);
  await until(`${overlay.name} to carry packets`, 20, async () => {
    const ran = await from.place.sh(`ping -c 1 -W 1 ${address}`);
    return ran.code === 0;
  });
  return address;
}
