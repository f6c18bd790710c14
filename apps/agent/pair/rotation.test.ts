import { expect, test } from 'vitest';
import { KEY_SECONDS, rotationStep, WAIT_SECONDS } from './rotation.ts';

const self = (
  wireguardKey: string,
  nextWireguardKey: string | null = null,
  retiredKey: string | null = null,
) => ({
  wireguardKey,
  nextWireguardKey,
  retiredKey,
});
const all = { peers: 0, seconds: 0 };
const now = { now: 'a', next: null };
const both = { now: 'a', next: 'b' };

test('a key is replaced when it is old, each node at its own time, or when the network wants it', () => {
  expect(rotationStep(self('a'), now, 1000, 0.5, all)).toBe('rest');
  expect(rotationStep(self('a'), now, KEY_SECONDS * 0.8, 0, all)).toBe('make');
  expect(rotationStep(self('a'), now, KEY_SECONDS * 0.8, 0.9, all)).toBe('rest');
  expect(rotationStep(self('a'), now, KEY_SECONDS * 1.3, 0.99, all)).toBe('make');
  expect(rotationStep(self('a', null, 'a'), now, 0, 0, all)).toBe('make');
  expect(rotationStep(self('a', null, 'z'), now, 0, 0, all)).toBe('rest');
});

test('it is announced until the network says so, and used once everybody who can hear knows it', () => {
  expect(rotationStep(self('a'), both, 0, 0, all)).toBe('announce');
  expect(rotationStep(self('a', 'b'), both, 0, 0, { peers: 2, seconds: 5 })).toBe('wait');
  expect(rotationStep(self('a', 'b'), both, 0, 0, { peers: 2, seconds: WAIT_SECONDS })).toBe('move');
  expect(rotationStep(self('a', 'b'), both, 0, 0, all)).toBe('move');
});

test('whoever stopped in the middle says what it uses, and does not begin anew', () => {
  // Moved, and the network has not heard.
  expect(rotationStep(self('a', 'b'), { now: 'b', next: null }, KEY_SECONDS * 2, 0, all)).toBe('announce');
  // The network was set back to before the announcement.
  expect(rotationStep(self('z'), { now: 'b', next: null }, 0, 0, all)).toBe('announce');
  // The key made for later was lost with its file.
  expect(rotationStep(self('a', 'b'), now, 0, 0, all)).toBe('announce');
});
