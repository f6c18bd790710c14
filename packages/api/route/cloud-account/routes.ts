/** Cloud accounts: credentials for the clouds. They go in and never come out. */
import {
  CloudAccount,
  CloudAccountChange,
  NewCloudAccount,
  Preflight,
  PreflightWish,
} from '@skein/contract/rest/account.ts';
import { pageOf } from '@skein/contract/rest/page.ts';
import { createAccount } from '@skein/control/account/create.ts';
import { deleteAccount } from '@skein/control/account/delete.ts';
import { getAccount } from '@skein/control/account/get.ts';
import { grantForAccount } from '@skein/control/account/grant.ts';
import { listAccounts } from '@skein/control/account/list.ts';
import { listPreflights, preflightAccount } from '@skein/control/account/preflight.ts';
import { rotateAccount } from '@skein/control/account/rotate.ts';
import { verifyAccount } from '@skein/control/account/verify.ts';
import type { ApiHono } from '../../dependencies.ts';
import { IdParams, serve, wholePage } from '../endpoint.ts';
import { GrantDocuments, GrantQuery } from './grant.ts';

const CloudAccountDocument = CloudAccount.meta({
  id: 'CloudAccount',
  example: {
    id: 'acc_0123456789abcdefghjk',
    name: 'Amazon, production',
    provider: 'aws',
    keyless: false,
    endpoint: null,
    identity: 'arn:aws:iam::000000000000:user/skein',
    verifiedAt: '2026-11-20T19:00:00.000Z',
    problem: null,
    clusters: 2,
    createdAt: '2026-11-20T18:59:00.000Z',
  },
});
const New = NewCloudAccount.meta({
  id: 'NewCloudAccount',
  example: {
    provider: 'aws',
    name: 'Amazon, production',
    credentials: { accessKeyId: 'AKIA…', secretAccessKey: '…' },
  },
});
const Change = CloudAccountChange.meta({
  id: 'CloudAccountChange',
  example: { provider: 'aws', credentials: { accessKeyId: 'AKIA…', secretAccessKey: '…' } },
});

const PreflightDocument = Preflight.meta({
  id: 'Preflight',
  example: {
    cloudAccountId: 'acc_0123456789abcdefghjk',
    region: 'eu-central-1',
    at: '2026-11-20T19:00:00.000Z',
    ok: false,
    findings: [
      { kind: 'quota', subject: 'vcpus', status: 'ok', detail: '4 of 32 vCPUs are in use.' },
      {
        kind: 'permission',
        subject: 'ec2:CreateVpc',
        status: 'missing',
        detail: 'Needed to make a cluster’s VPC.',
      },
    ],
  },
});
const Wish = PreflightWish.meta({ id: 'PreflightWish', example: { region: 'eu-central-1', nodes: 3 } });

export function serveCloudAccounts(app: ApiHono): void {
  serve(app, {
    method: 'get',
    path: '/cloud-accounts',
    tag: 'Cloud accounts',
    summary: 'Cloud accounts',
    answer: pageOf(CloudAccountDocument),
    handle: async (context) => wholePage(await listAccounts(context)),
  });
  serve(app, {
    method: 'post',
    path: '/cloud-accounts',
    tag: 'Cloud accounts',
    summary: 'Add a cloud account',
    description:
      'Credentials are sealed and never told again. `verify` asks the cloud whether they are right.',
    body: New,
    status: 201,
    answer: CloudAccountDocument,
    location: ({ id }) => `/cloud-accounts/${id}`,
    handle: (context, { body }) => createAccount(context, body),
  });
  serve(app, {
    method: 'get',
    path: '/cloud-accounts/{id}',
    tag: 'Cloud accounts',
    summary: 'One cloud account',
    params: IdParams,
    answer: CloudAccountDocument,
    handle: (context, { params }) => getAccount(context, params),
  });
  serve(app, {
    method: 'patch',
    path: '/cloud-accounts/{id}',
    tag: 'Cloud accounts',
    summary: 'Replace the credentials of a cloud account',
    description:
      'For keys that were revoked or are too old. The cloud is asked first; they must lead to the same account of the same cloud.',
    params: IdParams,
    body: Change,
    answer: CloudAccountDocument,
    handle: (context, { params, body }) => rotateAccount(context, { ...body, id: params.id }),
  });
  serve(app, {
    method: 'delete',
    path: '/cloud-accounts/{id}',
    tag: 'Cloud accounts',
    summary: 'Forget a cloud account that no cluster uses',
    params: IdParams,
    handle: async (context, { params }) => {
      await deleteAccount(context, params);
    },
  });
  serve(app, {
    method: 'post',
    path: '/cloud-accounts/{id}/verify',
    tag: 'Cloud accounts',
    summary: 'Ask the cloud again who we are',
    params: IdParams,
    answer: CloudAccountDocument,
    handle: (context, { params }) => verifyAccount(context, params),
  });
  serve(app, {
    method: 'get',
    path: '/cloud-accounts/{id}/grant',
    tag: 'Cloud accounts',
    summary: 'What to paste into the account’s cloud so that it is allowed exactly what Skein does',
    description:
      'With `keyless`, for the way in which the cloud trusts Skein itself; as the account is when left out.',
    params: IdParams,
    query: GrantQuery,
    answer: GrantDocuments,
    handle: async (context, { params, query }) =>
      wholePage(await grantForAccount(context, { id: params.id, keyless: query.keyless })),
  });
  serve(app, {
    method: 'get',
    path: '/cloud-accounts/{id}/preflights',
    tag: 'Cloud accounts',
    summary: 'The last preflight of each region that was looked at',
    params: IdParams,
    answer: pageOf(PreflightDocument),
    handle: async (context, { params }) => wholePage(await listPreflights(context, params)),
  });
  serve(app, {
    method: 'post',
    path: '/cloud-accounts/{id}/preflight',
    tag: 'Cloud accounts',
    summary: 'Ask the cloud what would stand in the way of a cluster there',
    description: 'Credentials, permissions, quotas, image, region. Nothing is changed in the cloud.',
    params: IdParams,
    body: Wish,
    answer: PreflightDocument,
    handle: (context, { params, body }) => preflightAccount(context, { ...body, id: params.id }),
  });
}
