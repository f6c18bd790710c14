import { expect, test } from 'vitest';
import { parseGlobal } from './facts.ts';

test('addresses that the world may call, and that stay', () => {
  const card = (ifname: string, ...addr_info: object[]) => ({ ifname, addr_info });
  const text = JSON.stringify([
    card(
      'eth0',
      { local: '2001:db8::99', temporary: true },
      { local: '2001:db8::1' },
      { local: '2001:db8::2', deprecated: true },
      { local: '2001:db8::3', tentative: true },
      { local: 'fd00::5' },
    ),
    card('skein0', { local: '2001:db8::4' }),
    card('eth1', { local: '2a00:1::6' }, { local: '2a00:1::7' }),
  ]);
  expect(parseGlobal(text)).toEqual(['2001:db8::1', '2a00:1::6']);
  expect(parseGlobal('')).toEqual([]);
  expect(parseGlobal('[{}]')).toEqual([]);
});
