/** Policies: who may begin what with whom; and the labels by which they speak of peers. */
import {
  LabelChange,
  Policy,
  PolicyAnswer,
  PolicyQuestion,
  PolicyTrial,
  PolicyView,
  SavedPolicy,
  SavePolicy,
} from '@skein/contract/rest/policy.ts';
import { labelCluster } from '@skein/control/cluster/label.ts';
import { labelPeer } from '@skein/control/peer/label.ts';
import { askPolicy } from '@skein/control/policy/ask.ts';
import { getPolicy } from '@skein/control/policy/get.ts';
import { savePolicy } from '@skein/control/policy/save.ts';
import { tryOut } from '@skein/control/policy/try.ts';
import { z } from 'zod';
import type { ApiHono } from '../../dependencies.ts';
import { ClusterDocument } from '../cluster/document.ts';
import { IdParams, serve } from '../endpoint.ts';
import { PeerDocument } from '../peer/document.ts';

const policy = {
  default: 'deny',
  withinCluster: 'allow',
  groups: { databases: ['label:tier=db'] },
  rules: [
    { name: 'ping', action: 'allow', from: ['any'], to: ['any'], protocol: 'icmp' },
    {
      name: 'web to databases',
      action: 'allow',
      from: ['cluster:web'],
      to: ['group:databases'],
      protocol: 'tcp',
      ports: [5432],
    },
  ],
  tests: [{ from: 'cluster:web', to: 'group:databases', protocol: 'tcp', port: 22, expect: 'deny' }],
};
const PolicyDocument = Policy.meta({ id: 'Policy', example: policy });
const SavePolicyDocument = SavePolicy.meta({ id: 'SavePolicy', example: { seen: 3, policy } });
const PolicyQuestionDocument = PolicyQuestion.meta({
  id: 'PolicyQuestion',
  example: { from: 'any', to: 'peer:db-1.prod', protocol: 'tcp', port: 5432 },
});

export function servePolicies(app: ApiHono): void {
  serve(app, {
    method: 'get',
    path: '/networks/{id}/policy',
    tag: 'Policy',
    summary: 'The policy of a network',
    params: IdParams,
    answer: PolicyView.meta({ id: 'PolicyView', example: { number: 3, policy } }),
    handle: (context, { params }) => getPolicy(context, params),
  });
  serve(app, {
    method: 'put',
    path: '/networks/{id}/policy',
    tag: 'Policy',
    summary: 'Give a network another policy',
    description:
      'Refused where a test of the policy fails, or where the policy has changed since `seen`. Agents apply it at once; what it closes is cut.',
    params: IdParams,
    body: SavePolicyDocument,
    answer: SavedPolicy.meta({ id: 'SavedPolicy', example: { number: 4, revision: 15, policy } }),
    handle: (context, { params, body }) => savePolicy(context, { ...params, ...body }),
  });
  serve(app, {
    method: 'post',
    path: '/networks/{id}/policy/try',
    tag: 'Policy',
    summary: 'What another policy would come to',
    description: 'Runs its tests and tells which flows it would open and cut. Changes nothing.',
    params: IdParams,
    body: z.object({ policy: PolicyDocument }),
    answer: PolicyTrial.meta({ id: 'PolicyTrial' }),
    handle: (context, { params, body }) => tryOut(context, { ...params, ...body }),
  });
  serve(app, {
    method: 'post',
    path: '/networks/{id}/policy/ask',
    tag: 'Policy',
    summary: 'Who may begin something with whom, and what decides it',
    description: 'By the network’s policy, or by the one that is sent. Changes nothing.',
    params: IdParams,
    body: PolicyQuestionDocument,
    answer: PolicyAnswer.meta({ id: 'PolicyAnswer' }),
    handle: (context, { params, body }) => askPolicy(context, { ...params, ...body }),
  });
  serve(app, {
    method: 'patch',
    path: '/peers/{id}',
    tag: 'Peers',
    summary: 'Give a peer other labels',
    params: IdParams,
    body: LabelChange.meta({ id: 'LabelChange', example: { labels: { tier: 'db' } } }),
    answer: PeerDocument,
    handle: (context, { params, body }) => labelPeer(context, { ...params, ...body }),
  });
  serve(app, {
    method: 'patch',
    path: '/clusters/{id}',
    tag: 'Clusters',
    summary: 'Give a cluster, and with it its peers, other labels',
    params: IdParams,
    body: LabelChange,
    answer: ClusterDocument,
    handle: (context, { params, body }) => labelCluster(context, { ...params, ...body }),
  });
}
