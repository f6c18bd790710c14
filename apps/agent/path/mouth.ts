/**
 * Lends the agent WireGuard's UDP ports for the one message of ours: what begins with `skn1` goes to the agent's
 * socket instead, and what the agent sends from there leaves by WireGuard's port. A host's own firewall sees
 * WireGuard's port both ways.
 */
import { must, type Run } from '../host/command.ts';

type Family = 'ip' | 'ip6';
const tableOf = (family: Family) => `${family} skein_path`;
/** The agent's socket for plane p is at this port and p. */
export const MOUTH_PORT = 51890;

/** Puts the rules in place, and leaves them alone where they are. */
export async function applyMouth(
  run: Run,
  family: Family,
  wireguardPort: number,
  planes: number,
): Promise<void> {
  const table = tableOf(family);
  const mark = `applied_${wireguardPort}_${planes}`;
  if ((await run('nft', ['list', 'chain', ...table.split(' '), mark])).ok) return;
  const each = Array.from({ length: planes }, (_, plane) => plane);
  const lines = [
    `table ${table}`,
    `delete table ${table}`,
    `table ${table} {`,
    `  chain ${mark} {`,
    '  }',
    '  chain in {',
    '    type filter hook input priority 100; policy accept;',
    ...each.map(
      (plane) =>
        `    udp dport ${wireguardPort + plane} @th,64,32 0x736b6e31 udp dport set ${MOUTH_PORT + plane}`,
    ),
    '  }',
    '  chain out {',
    '    type filter hook output priority -350; policy accept;',
    ...each.map((plane) => `    udp sport ${MOUTH_PORT + plane} udp sport set ${wireguardPort + plane}`),
    '  }',
    '}',
  ];
  await must(run, 'nft', ['-f', '-'], `${lines.join('\n')}\n`);
}

/** Takes the rules away. Succeeds where there are none. */
export async function removeMouth(run: Run): Promise<void> {
  for (const table of [tableOf('ip'), tableOf('ip6')])
    await must(run, 'nft', ['-f', '-'], `table ${table}\ndelete table ${table}\n`);
}
