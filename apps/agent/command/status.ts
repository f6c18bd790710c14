/** `skein-agent status`: what the daemon knows, for people and for scripts. */
import { interfaceOf } from '../config.ts';
import { askDaemon, Status } from '../daemon/control-socket.ts';
import { blockedWords } from '../doctor/blocked-words.ts';
import { AgentFailure } from '../failure.ts';

/** Throws `not-enrolled` where no daemon runs. */
export async function readStatus(): Promise<Status> {
  const status = await askDaemon({ ask: 'status' }, Status);
  if (!status) throw new AgentFailure('not-enrolled', 'skein-agent is not running on this node');
  return status;
}

/** @param now milliseconds since 1970 */
export function renderStatus(status: Status, now: number): string {
  const map =
    status.heldNumber === null
      ? 'no map yet'
      : status.appliedNumber === status.heldNumber
        ? `map ${status.heldNumber}`
        : `map ${status.heldNumber}, applied ${status.appliedNumber ?? 'none'}`;
  const head = [
    `${status.name}  ${status.overlayAddress ?? '-'}  ${status.role ?? '-'}  ${status.zone ?? '-'}`,
    `coordinator ${status.connected ? 'connected' : 'not connected'}, ${map}, WireGuard in ${
      status.wireguard === 'kernel'
        ? 'the kernel'
        : status.wireguard === 'userspace'
          ? 'userspace'
          : '(none yet)'
    }`,
    ...status.ranges.map(({ cidr, overlayCidr, replies, docker }) =>
      [
        `carries ${overlayCidr}`,
        ...(cidr === overlayCidr ? [] : [`which is ${cidr} inside`]),
        ...(docker === undefined ? [] : [`the Docker network ${docker}`]),
      ]
        .join(', ')
        .concat(` (${replies})`),
    ),
    ...status.pods.map((cidr) => `carries ${cidr} (pods)`),
    `IPv6 ${status.overlayAddress6 ?? (status.appliedNumber === null ? '-' : 'none: it is switched off on this node, or could not be set up')}`,
    ...(status.draining ? ['draining: other peers go by other gateways where they have some'] : []),
    ...(status.udp === 'blocked' ? [blockedWords(status.overTls)] : []),
    ...(status.problem ? [`problem: ${status.problem}`] : []),
  ];
  const rows = status.peers.map((peer) => [
    peer.name,
    peer.role,
    peer.overlayAddress,
    peer.state,
    peer.lastHandshakeAt
      ? `${Math.max(0, Math.round((now - Date.parse(peer.lastHandshakeAt)) / 1000))} s`
      : '-',
    peer.rttMilliseconds === null ? '-' : `${peer.rttMilliseconds.toFixed(1)} ms`,
    String(peer.mtu),
    interfaceOf(peer.plane),
    peer.path ?? '-',
    peer.endpoint ?? '-',
  ]);
  const table = [
    ['PEER', 'ROLE', 'ADDRESS', 'STATE', 'HANDSHAKE', 'RTT', 'MTU', 'INTERFACE', 'PATH', 'ENDPOINT'],
    ...rows,
  ];
  return `${[...head, '', ...columns(table)].join('\n')}\n`;
}

/** Rows of cells as lines, columns aligned. */
export function columns(table: readonly (readonly string[])[]): string[] {
  const widths = (table[0] ?? []).map((_, column) =>
    Math.max(...table.map((row) => (row[column] ?? '').length)),
  );
  return table.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
