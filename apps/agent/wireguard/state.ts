/**
 * WireGuard on the node. This file: what a device holds now, read from either of its two mouths, the UAPI socket
 * (https://www.wireguard.com/xplatform/) of wireguard-go or `wg show … dump` of the kernel.
 */

export interface TunnelPeer {
  /** Public key, base64. */
  key: string;
  /** `address:port` at which the device reaches the peer now; it may have roamed. */
  endpoint: string | null;
  /** Sorted. */
  allowedIps: string[];
  keepaliveSeconds: number;
  /** Milliseconds since 1970 as the device tells it, or null before the first handshake: to be shown, not reckoned with. */
  lastHandshakeAt: number | null;
  /** The same in monotonic milliseconds; null where nobody dated it (`handshakes.ts`). */
  shookAt: number | null;
  receivedBytes: number;
  sentBytes: number;
  /** base64, or null where there is none. */
  presharedKey: string | null;
}

/** What both mouths take for "no pre-shared key", base64. */
export const NO_KEY = Buffer.alloc(32).toString('base64');

export interface TunnelState {
  /** base64, or null on a device just made. */
  privateKey: string | null;
  listenPort: number;
  peers: TunnelPeer[];
}

const freshPeer = (key: string): TunnelPeer => ({
  key,
  endpoint: null,
  allowedIps: [],
  keepaliveSeconds: 0,
  lastHandshakeAt: null,
  shookAt: null,
  receivedBytes: 0,
  sentBytes: 0,
  presharedKey: null,
});

/** Reads the answer to UAPI `get=1`. */
export function parseUapi(text: string): TunnelState {
  const state: TunnelState = { privateKey: null, listenPort: 0, peers: [] };
  let peer = freshPeer('');
  for (const line of text.split('\n')) {
    const at = line.indexOf('=');
    if (at < 0) continue;
    const [name, value] = [line.slice(0, at), line.slice(at + 1)];
    if (name === 'private_key') state.privateKey = fromHex(value);
    else if (name === 'listen_port') state.listenPort = Number(value);
    else if (name === 'public_key') {
      peer = freshPeer(fromHex(value));
      state.peers.push(peer);
    } else if (name === 'preshared_key') peer.presharedKey = presharedKey(fromHex(value));
    else if (name === 'endpoint') peer.endpoint = value;
    else if (name === 'allowed_ip') peer.allowedIps.push(value);
    else if (name === 'persistent_keepalive_interval') peer.keepaliveSeconds = Number(value);
    else if (name === 'last_handshake_time_sec') addHandshake(peer, Number(value) * 1000);
    else if (name === 'last_handshake_time_nsec') addHandshake(peer, Math.floor(Number(value) / 1e6));
    else if (name === 'rx_bytes') peer.receivedBytes = Number(value);
    else if (name === 'tx_bytes') peer.sentBytes = Number(value);
  }
  for (const one of state.peers) one.allowedIps.sort();
  return state;
}

function presharedKey(key: string): string | null {
  return key === NO_KEY ? null : key;
}

function addHandshake(peer: TunnelPeer, milliseconds: number): void {
  if (milliseconds > 0) peer.lastHandshakeAt = (peer.lastHandshakeAt ?? 0) + milliseconds;
}

/** Reads `wg show INTERFACE dump`: tab-separated, the device's line first. */
export function parseDump(text: string): TunnelState {
  const [device = '', ...lines] = text.split('\n').filter((line) => line !== '');
  const [privateKey = '', , listenPort = '0'] = device.split('\t');
  const peers = lines.map((line) => {
    const [
      key = '',
      shared = '',
      endpoint = '',
      allowed = '',
      handshake = '0',
      received,
      sent,
      keepalive = 'off',
    ] = line.split('\t');
    return {
      key,
      endpoint: endpoint === '(none)' ? null : endpoint,
      allowedIps: allowed === '(none)' ? [] : allowed.split(',').sort(),
      keepaliveSeconds: keepalive === 'off' ? 0 : Number(keepalive),
      lastHandshakeAt: handshake === '0' ? null : Number(handshake) * 1000,
      shookAt: null,
      receivedBytes: Number(received),
      sentBytes: Number(sent),
      presharedKey: shared === '(none)' ? null : presharedKey(shared),
    };
  });
  return {
    privateKey: privateKey === '(none)' ? null : privateKey,
    listenPort: Number(listenPort),
    peers,
  };
}

/** A key as UAPI writes it. */
export function toHex(base64: string): string {
  return Buffer.from(base64, 'base64').toString('hex');
}

function fromHex(hex: string): string {
  return Buffer.from(hex, 'hex').toString('base64');
}
