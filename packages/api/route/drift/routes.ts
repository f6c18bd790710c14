/** Drift: what the clouds hold otherwise than they should, what mends it, and what was left behind there. */
import { DriftCheck, DriftFinding } from '@skein/contract/rest/drift.ts';
import { pageOf } from '@skein/contract/rest/page.ts';
import { checkAccount, listOrphans } from '@skein/control/drift/check-account.ts';
import { deleteAllOrphans, deleteOrphan } from '@skein/control/drift/delete-orphans.ts';
import { dismissFinding } from '@skein/control/drift/dismiss.ts';
import { healFinding } from '@skein/control/drift/heal.ts';
import { listDrift } from '@skein/control/drift/list.ts';
import { lookNow } from '@skein/control/drift/look-now.ts';
import type { ApiHono } from '../../dependencies.ts';
import { IdParams, serve, wholePage } from '../endpoint.ts';
import { locationOfOperation, OperationDocument } from '../operation/document.ts';

/** Shorter than a browser waits for an answer. */
const LOOK_SECONDS = 50;

const finding = {
  id: 'find_0123456789abcdefghjk',
  networkId: 'net_0123456789abcdefghjk',
  clusterId: 'clu_0123456789abcdefghjk',
  cloudAccountId: 'acc_0123456789abcdefghjk',
  provider: 'aws',
  region: 'us-east-1',
  kind: 'firewall',
  key: 'firewall/gateway',
  externalId: 'sg-0a1b2c3d',
  what: 'changed',
  differences: [
    {
      field: 'UDP 51820',
      expected: 'open from 10.64.0.0/20, 198.51.100.7/32',
      found: 'open from 0.0.0.0/0, 10.64.0.0/20, 198.51.100.7/32',
    },
  ],
  changedBy: {
    who: 'arn:aws:iam::000000000000:user/ada',
    action: 'AuthorizeSecurityGroupIngress',
    at: '2026-11-21T12:00:00.000Z',
  },
  state: 'open',
  foundAt: '2026-11-21T12:03:00.000Z',
  endedAt: null,
  operationId: null,
} as const;
const FindingDocument = DriftFinding.meta({ id: 'DriftFinding', example: finding });
const CheckDocument = DriftCheck.meta({
  id: 'DriftCheck',
  example: {
    checkedAt: '2026-11-21T12:03:00.000Z',
    findings: [finding],
    unseen: [{ where: 'firewalls of dev in Google, development', reason: 'No answer within 25 s.' }],
  },
});

export function serveDrift(app: ApiHono): void {
  serve(app, {
    method: 'get',
    path: '/networks/{id}/drift',
    tag: 'Drift',
    summary: 'What the clouds hold otherwise than they should',
    description: 'Findings that stand, then those that ended lately, each newest first.',
    params: IdParams,
    answer: pageOf(FindingDocument),
    handle: async (context, { params }) => wholePage(await listDrift(context, params)),
  });
  serve(app, {
    method: 'post',
    path: '/networks/{id}/drift',
    tag: 'Drift',
    summary: 'Compare a network with its clouds now',
    description:
      'Looks at everything that the network owns, and twice at what is off. Mends where the network’s policy says so. Refused while an operation works on the network.',
    params: IdParams,
    answer: CheckDocument,
    handle: (context, { params, c }) => lookNow(context, { ...params, signal: c.req.raw.signal }),
  });
  serve(app, {
    method: 'post',
    path: '/drift/{id}/heal',
    tag: 'Drift',
    summary: 'Mend what was found',
    params: IdParams,
    status: 202,
    answer: OperationDocument,
    location: locationOfOperation,
    handle: (context, { params }) => healFinding(context, params),
  });
  serve(app, {
    method: 'post',
    path: '/drift/{id}/dismiss',
    tag: 'Drift',
    summary: 'Leave it as it is',
    description: 'It counts no more, until the same resource differs in another way.',
    params: IdParams,
    answer: FindingDocument,
    handle: (context, { params }) => dismissFinding(context, params),
  });
  serve(app, {
    method: 'delete',
    path: '/drift/{id}',
    tag: 'Drift',
    summary: 'Delete an orphan',
    description:
      'Only what carries this organization’s tag and is in no book of Skein’s; both are looked at again right before.',
    params: IdParams,
    status: 202,
    answer: OperationDocument,
    location: locationOfOperation,
    handle: (context, { params }) => deleteOrphan(context, params),
  });
  serve(app, {
    method: 'get',
    path: '/cloud-accounts/{id}/orphans',
    tag: 'Drift',
    summary: 'What carries our tag in an account and is in no book',
    params: IdParams,
    answer: pageOf(FindingDocument),
    handle: async (context, { params }) => wholePage(await listOrphans(context, params)),
  });
  serve(app, {
    method: 'post',
    path: '/cloud-accounts/{id}/orphans',
    tag: 'Drift',
    summary: 'Look for orphans now, in every region',
    params: IdParams,
    answer: CheckDocument,
    handle: (context, { params, c }) =>
      checkAccount(context, {
        ...params,
        everywhere: true,
        limitSeconds: LOOK_SECONDS,
        signal: c.req.raw.signal,
      }),
  });
  serve(app, {
    method: 'delete',
    path: '/cloud-accounts/{id}/orphans',
    tag: 'Drift',
    summary: 'Delete all orphans that stand, in the order in which the cloud lets go',
    params: IdParams,
    status: 202,
    answer: OperationDocument,
    location: locationOfOperation,
    handle: (context, { params }) => deleteAllOrphans(context, params),
  });
}
