import type { KubernetesFacts } from '@skein/contract/agent/kubernetes.ts';
import type { ClusterKubernetes } from '@skein/contract/rest/kubernetes.ts';
import { expect, test } from 'vitest';
import { problemsOf } from './state.ts';

const wanted: ClusterKubernetes = {
  distribution: 'k3s',
  version: 'v1.34.4+k3s1',
  cni: 'flannel',
  flannelBackend: 'vxlan',
  podCidr: '10.128.0.0/18',
  serviceCidr: '10.192.0.0/20',
  server: 'gw-1',
};
const facts: KubernetesFacts = {
  node: 'gw-1',
  distribution: 'k3s',
  version: 'v1.34.4+k3s1',
  podCidrs: ['10.128.0.0/24'],
  cni: 'flannel',
  ready: true,
  answers: true,
  caHash: null,
  kernel: [],
  gateway: true,
  problem: null,
};
const node = (peer: string, change: Partial<KubernetesFacts> | null = {}, connected = true) => ({
  peer,
  connected,
  facts: change && { ...facts, ...change },
});

test('nothing is off', () => {
  expect(problemsOf(wanted, [node('gw-1'), node('node-1', { answers: false })])).toEqual([]);
  // Who is not connected has told what was so before.
  expect(problemsOf(wanted, [node('gw-1'), node('node-1', null, false)])).toEqual([]);
});

test.each([
  [
    'a node without Kubernetes',
    [node('gw-1'), node('node-1', null)],
    /^node-1: the agent finds no Kubernetes/,
  ],
  ['one that is not ready', [node('gw-1'), node('node-1', { ready: false })], /^node-1: not ready/],
  [
    'another release',
    [node('gw-1'), node('node-1', { version: 'v1.33.0+k3s1' })],
    /^node-1: not v1\.34\.4\+k3s1/,
  ],
  ['no range for pods', [node('gw-1'), node('node-1', { podCidrs: [] })], /^node-1: no range/],
  ['what an agent says itself', [node('gw-1', { problem: 'forbidden' })], /^gw-1: forbidden/],
  ['two CNIs', [node('gw-1'), node('node-1', { cni: 'calico' })], /different CNIs: flannel, calico/],
  ['an API server that nobody reaches', [node('gw-1', { answers: false })], /No agent reaches/],
])('%s', (_, nodes, words) => {
  const problems = problemsOf(wanted, nodes);
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatch(words);
});

test('a cluster of somebody else’s may have any release, and pods that Kubernetes gives no range', () => {
  const theirs = { ...wanted, distribution: 'existing' as const, version: null, cni: 'existing' as const };
  expect(
    problemsOf(theirs, [node('a', { version: 'v1.29.1-eks', podCidrs: [], cni: 'aws-vpc-cni' })]),
  ).toEqual([]);
});
