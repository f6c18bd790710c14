import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { renderGuard } from './range-forwarding.ts';

test('what was switched on passes on to the overlay, within itself, and nowhere else', () => {
  const rules = renderGuard(['eth1', 'br-lan'])
    .split('\n')
    .filter((line) => line.includes('iifname'));
  expect(rules).toEqual([
    '    iifname "eth1" oifname != { "skein0", "skein1", "skein2", "skein3", "eth1" } counter drop',
    '    iifname "br-lan" oifname != { "skein0", "skein1", "skein2", "skein3", "br-lan" } counter drop',
  ]);
});

test('it is known again whatever the order, and not for others', () => {
  const mark = (devices: string[]) => /chain (for_\w+)/.exec(renderGuard(devices))?.[1];
  expect(mark(['a', 'b'])).toBe(mark(['b', 'a']));
  expect(mark(['a', 'b'])).not.toBe(mark(['a']));
});

const canCheck = spawnSync('nft', ['--version']).status === 0 && process.getuid?.() === 0;
test.skipIf(!canCheck)('nftables itself reads it', () => {
  const checked = spawnSync('unshare', ['--net', 'nft', '-c', '-f', '-'], {
    input: renderGuard(['eth1', 'eth0.100']),
    encoding: 'utf8',
  });
  expect([checked.stderr, checked.status]).toEqual(['', 0]);
});
