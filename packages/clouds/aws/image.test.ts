import { expect, it } from 'vitest';
import { architectureOf } from './image.ts';

it.each([
  ['t3.small', 'amd64'],
  ['t4g.small', 'arm64'],
  ['g5.xlarge', 'amd64'],
  ['g5g.xlarge', 'arm64'],
  ['c7gn.large', 'arm64'],
  ['im4gn.large', 'arm64'],
  ['m6id.large', 'amd64'],
  ['a1.medium', 'arm64'],
  ['c6a.large', 'amd64'],
  ['r8gd.2xlarge', 'arm64'],
])('%s runs %s', (type, architecture) => {
  expect(architectureOf(type)).toBe(architecture);
});
