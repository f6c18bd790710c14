import { expect, it } from 'vitest';
import { codeFor } from './api.ts';
import { patchOf } from './powerdns.ts';

const set = (name: string, type: string, ...values: string[]) => ({
  name,
  type,
  ttlSeconds: 60,
  values,
  plain: true,
});

it('replaces what is changed, deletes what goes, and writes names with their last dot', () => {
  const changes = [
    { name: 'a.t', remove: [set('a.t', 'A', '1.1.1.1')], add: [set('a.t', 'A', '2.2.2.2')] },
    { name: 'b.t', remove: [set('b.t', 'A', '1.1.1.1'), set('_skein.b.t', 'TXT', '"owner=n"')], add: [] },
  ];
  expect(patchOf(changes)).toEqual([
    {
      name: 'a.t.',
      type: 'A',
      ttl: 60,
      changetype: 'REPLACE',
      records: [{ content: '2.2.2.2', disabled: false }],
    },
    { name: 'b.t.', type: 'A', changetype: 'DELETE' },
    { name: '_skein.b.t.', type: 'TXT', changetype: 'DELETE' },
  ]);
});

it.each([
  [401, 'unauthenticated'],
  [403, 'forbidden'],
  [404, 'not-found'],
  [409, 'conflict'],
  [422, 'invalid'],
  [429, 'throttled'],
  [503, 'unavailable'],
  [504, 'timeout'],
] as const)('calls %i %s', (status, code) => {
  expect(codeFor(status)).toBe(code);
});
