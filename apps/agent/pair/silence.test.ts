import { expect, test } from 'vitest';
import type { TunnelPeer } from '../wireguard/state.ts';
import { newSilence } from './silence.ts';

const tunnel = (lastHandshakeAt: number | null, sentBytes: number, receivedBytes = 0): TunnelPeer => ({
  key: 'k',
  endpoint: null,
  allowedIps: [],
  keepaliveSeconds: 0,
  lastHandshakeAt,
  shookAt: null,
  receivedBytes,
  sentBytes,
  presharedKey: null,
});

test('a tunnel is silent when packets go in and nothing has come out for longer than a session lasts', () => {
  const silence = newSilence();
  expect(silence.look('a', tunnel(1, 10, 10), 0)).toEqual({ isUp: true, isSilent: false, tryOther: false });
  for (let now = 10; now <= 170; now += 10)
    expect(silence.look('a', tunnel(1, 10 + now, 10), now).isSilent).toBe(false);
  expect(silence.look('a', tunnel(1, 500, 10), 190)).toEqual({ isUp: false, isSilent: true, tryOther: true });
  // Looked at again at once: still silent, and given its time.
  expect(silence.look('a', tunnel(1, 500, 10), 191)).toMatchObject({ isSilent: true, tryOther: false });
  expect(silence.look('a', tunnel(1, 700, 10), 205)).toMatchObject({ isSilent: true, tryOther: false });
  expect(silence.look('a', tunnel(1, 800, 10), 222)).toMatchObject({ isSilent: true, tryOther: true });
  // The clock of handshakes may go either way: only that it changed counts.
  expect(silence.look('a', tunnel(-600_000, 800, 20), 223)).toMatchObject({ isUp: true, isSilent: false });
});

test('an idle tunnel is not silent; one that never shook hands is, soon', () => {
  const silence = newSilence();
  silence.look('idle', tunnel(1, 10), 0);
  expect(silence.look('idle', tunnel(1, 10), 1000).isSilent).toBe(false);
  silence.look('new', tunnel(null, 0), 0);
  expect(silence.look('new', tunnel(null, 148), 10).isSilent).toBe(false);
  expect(silence.look('new', tunnel(null, 600), 25)).toEqual({
    isUp: false,
    isSilent: true,
    tryOther: false,
  });
});
