import { expect, test } from 'vitest';
import { contentOf } from './content.ts';

const vm = (name: string, secret: string) => `{"name":"${name}","osProfile":{"customData":"${secret}"}}`;
const machine = (name: string, secret: string) =>
  JSON.stringify({ name, metadata: { items: [{ key: 'startup-script', value: `say "${secret}"\n` }] } });
const run = (name: string, secret: string) => `Action=RunInstances&UserData=${secret}%3D&ClientToken=${name}`;

test.each([
  ['Azure', vm],
  ['Google', machine],
  ['AWS', run],
])('%s: the same with another secret, another with another name', (_, body) => {
  const first = contentOf('PUT', '/a', body('one', 'c2VjcmV0'));
  expect(contentOf('PUT', '/a', body('one', 'b3RoZXI'))).toBe(first);
  expect(contentOf('PUT', '/a', body('two', 'c2VjcmV0'))).not.toBe(first);
  expect(contentOf('PUT', '/b', body('one', 'c2VjcmV0'))).not.toBe(first);
  expect(contentOf('DELETE', '/a', body('one', 'c2VjcmV0'))).not.toBe(first);
});
