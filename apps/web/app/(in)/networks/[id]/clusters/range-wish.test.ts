import { NewRange } from '@skein/contract/rest/range.ts';
import { expect, test } from 'vitest';
import { problemsOf, type RangeText, rangeWish } from './range-wish.ts';

const form: RangeText = { name: 'office', cidr: ' 10.0.0.0/16 ', peerId: '', replies: '', hosts: '' };

test('what is left empty is left to Skein', () => {
  expect(NewRange.parse(rangeWish(form))).toEqual({
    name: 'office',
    cidr: '10.0.0.0/16',
    peerId: null,
    hosts: [],
  });
});

test('hosts are told line by line', () => {
  const wish = rangeWish({
    ...form,
    peerId: 'peer_1',
    replies: 'routed',
    hosts: '\n web 10.0.0.1\nprinter=10.0.7.9\n',
  });
  expect(wish).toMatchObject({
    peerId: 'peer_1',
    replies: 'routed',
    hosts: [
      { name: 'web', address: '10.0.0.1' },
      { name: 'printer', address: '10.0.7.9' },
    ],
  });
});

test('what is wrong stands at its field, of hosts with which', () => {
  const parsed = NewRange.safeParse(rangeWish({ ...form, cidr: 'x', hosts: 'web 10.0.0.1\nprinter' }));
  const issues = (parsed.error?.issues ?? []).map(({ path, message }) => ({ path: path.join('.'), message }));
  const problems = problemsOf(issues);
  expect(Object.keys(problems).sort()).toEqual(['cidr', 'hosts']);
  expect(problems.hosts).toMatch(/^host 2: /);
});
