import { expect, test } from 'vitest';
import { keyOf } from '../fixture/map.ts';
import { isFresh, newHandshakes } from './handshakes.ts';
import type { TunnelState } from './state.ts';

const WALL = Date.UTC(2026, 10, 20, 20, 0, 0);
const MINUTE = 60_000;
const device = (lastHandshakeAt: number | null): TunnelState => ({
  privateKey: null,
  listenPort: 51820,
  peers: [
    {
      key: keyOf(2),
      endpoint: null,
      allowedIps: [],
      keepaliveSeconds: 0,
      lastHandshakeAt,
      shookAt: null,
      receivedBytes: 0,
      sentBytes: 0,
      presharedKey: null,
    },
  ],
});

test('found on a device that was there before, its age is what the wall clock says', () => {
  for (const [age, fresh] of [
    [MINUTE, true],
    [4 * MINUTE, false],
    // In the future: the clock was set back since.
    [-10 * MINUTE, true],
  ] as const) {
    const [tunnel] = newHandshakes()(device(WALL - age), 1000, WALL).peers;
    expect(isFresh(tunnel, 1000)).toBe(fresh);
  }
  expect(isFresh(newHandshakes()(device(null), 1000, WALL).peers[0], 1000)).toBe(false);
  expect(isFresh(undefined, 1000)).toBe(false);
});

test.each([10 * MINUTE, -10 * MINUTE])(
  'a clock that jumps by %d ms makes no handshake older or newer',
  (jump) => {
    const look = newHandshakes();
    const shookAt = WALL - 20_000;
    look(device(shookAt), 0, WALL);
    let tunnel = look(device(shookAt), 10_000, WALL + 10_000 + jump).peers[0];
    expect(tunnel?.shookAt).toBe(-20_000);
    expect(isFresh(tunnel, 10_000)).toBe(true);
    // It shakes hands again by the clock that jumped, and by that clock stays silent from then on.
    const again = WALL + 15_000 + jump;
    for (let now = 20_000; now <= 190_000; now += 10_000) {
      tunnel = look(device(again), now, WALL + now + jump).peers[0];
      expect(tunnel?.shookAt).toBe(15_000);
      expect(isFresh(tunnel, now)).toBe(true);
    }
    expect(isFresh(tunnel, 195_000)).toBe(false);
  },
);

test('while the clock is ten minutes off for good, handshakes are as old as the time between two looks at most', () => {
  const look = newHandshakes();
  look(device(null), 0, WALL);
  // Shaken 4 s ago and told by a clock that was set forward right after.
  const [tunnel] = look(device(WALL + 6000), 10_000, WALL + 10_000 + 10 * MINUTE).peers;
  expect(tunnel?.shookAt).toBe(0);
});
