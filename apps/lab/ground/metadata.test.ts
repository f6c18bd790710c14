import { expect, test } from 'vitest';
import { metadataReply } from './metadata.ts';

const aws = {
  cloud: 'aws' as const,
  metadata: {
    '/latest/meta-data/instance-id': 'i-1',
    'latest/meta-data/placement/region': 'us-east-1',
    '/latest/user-data': '#!/bin/sh',
  },
};
const gcp = {
  cloud: 'gcp' as const,
  metadata: {
    '/computeMetadata/v1/instance/id': '42',
    '/computeMetadata/v1/instance/zone': 'projects/1/zones/z',
  },
};
const azure = {
  cloud: 'azure' as const,
  metadata: {
    '/metadata/instance': JSON.stringify({ compute: { name: 'vm' }, network: { interface: [{}] } }),
  },
};
const tokens = {
  make: (seconds: number) => `token-${seconds}`,
  holds: (token: string) => token === 'token-60',
};
const get = (
  url: string,
  headers = {},
  source: typeof aws | typeof gcp | typeof azure = aws,
  method = 'GET',
) => metadataReply(source, { method, url, headers }, tokens);
const token = { 'x-aws-ec2-metadata-token': 'token-60' };

test('amazon: a token first', () => {
  expect(
    get('/latest/api/token', { 'x-aws-ec2-metadata-token-ttl-seconds': '60' }, aws, 'PUT'),
  ).toMatchObject({ status: 200, body: 'token-60' });
  expect(get('/latest/api/token', {}, aws, 'PUT').status).toBe(400);
  expect(
    get('/latest/api/token', { 'x-aws-ec2-metadata-token-ttl-seconds': '99999' }, aws, 'PUT').status,
  ).toBe(400);
  expect(get('/latest/meta-data/instance-id').status).toBe(401);
  expect(get('/latest/meta-data/instance-id', { 'x-aws-ec2-metadata-token': 'other' }).status).toBe(401);
});

test('amazon: texts, lists, and what is not there', () => {
  expect(get('/latest/meta-data/instance-id', token)).toMatchObject({ status: 200, body: 'i-1' });
  expect(get('/latest/meta-data/', token)).toMatchObject({ status: 200, body: 'instance-id\nplacement/' });
  expect(get('/latest/meta-data/placement/region', token).body).toBe('us-east-1');
  expect(get('/latest/meta-data/none', token).status).toBe(404);
});

test('google: the flavour both ways', () => {
  expect(get('/computeMetadata/v1/instance/id', {}, gcp).status).toBe(403);
  expect(get('/computeMetadata/v1/instance/id?alt=text', { 'metadata-flavor': 'Google' }, gcp)).toEqual({
    status: 200,
    body: '42',
    headers: { 'Metadata-Flavor': 'Google' },
  });
});

test('what is no path is refused, and ends nothing', () => {
  expect([get('//', token).status, get('//', { 'metadata-flavor': 'Google' }, gcp).status]).toEqual([
    400, 400,
  ]);
});

test('azure: the header, the version, and parts of one document', () => {
  const ask = (url: string, headers: Record<string, string> = { metadata: 'true' }) =>
    get(url, headers, azure);
  const version = 'api-version=2021-02-01';
  expect(ask(`/metadata/instance?${version}`, {}).status).toBe(400);
  expect(
    ask(`/metadata/instance?${version}`, { metadata: 'true', 'x-forwarded-for': '1.2.3.4' }).status,
  ).toBe(400);
  expect(ask('/metadata/instance').status).toBe(400);
  expect(JSON.parse(ask(`/metadata/instance?${version}`).body)).toEqual(
    JSON.parse(azure.metadata['/metadata/instance']),
  );
  expect(ask(`/metadata/instance/compute/name?${version}&format=text`)).toMatchObject({
    status: 200,
    body: 'vm',
  });
  expect(ask(`/metadata/instance/network/interface/0?${version}`).body).toBe('{}');
  expect(ask(`/metadata/instance/compute?${version}&format=text`).body).toBe('name');
  expect(ask(`/metadata/instance/compute/size?${version}`).status).toBe(404);
  expect(ask(`/metadata/other?${version}`).status).toBe(404);
});
