/**
 * Clouds that trust Skein instead of holding out a key to it: by what the grant says to paste, for the organization
 * that it names and for no other. Static keys give way to trust, and no secret is ever told.
 */
import { join } from 'node:path';
import { resumeInMemory } from '@skein/clouds/resume-in-memory.ts';
import type { CloudAccountChange } from '@skein/contract/rest/account.ts';
import { createAccount } from '@skein/control/account/create.ts';
import { deleteAccount } from '@skein/control/account/delete.ts';
import { getAccount } from '@skein/control/account/get.ts';
import { grantForAccount, grantForProvider } from '@skein/control/account/grant.ts';
import { listPreflights, preflightAccount } from '@skein/control/account/preflight.ts';
import { rotateAccount } from '@skein/control/account/rotate.ts';
import { verifyAccount } from '@skein/control/account/verify.ts';
import { openCloud, openCredentials, openDns } from '@skein/control/cloud/open.ts';
import type { Context } from '@skein/control/context.ts';
import { publishedKeys } from '@skein/control/identity/published.ts';
import { createNetwork } from '@skein/control/network/create.ts';
import { makeOrganization } from '@skein/database/testing/fresh.ts';
import { trustAuthority } from '@skein/lab/azure/trust.ts';
import type { AwsAccount } from '@skein/lab/store/accounts.ts';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type Practice, practise } from '../provision/practice.ts';
import { askControl, requestsAfter } from './control.ts';

const ISSUER = 'https://skein.test';
let practice: Practice;
let context: Context;
let strangers: Context;
let directory = '';
/** Skein's own user at AWS, in an account of its own. */
let own: AwsAccount;
let theirs: AwsAccount;
/** Everything that was answered, written down and refused. */
const told: unknown[] = [];
const tell = async <T>(promise: Promise<T>): Promise<T> => {
  try {
    const answer = await promise;
    told.push(answer);
    return answer;
  } catch (error) {
    told.push(error instanceof Error ? `${error.stack} ${JSON.stringify(error)}` : error);
    throw error;
  }
};

beforeAll(async () => {
  practice = await practise(inject('databaseUrl'));
  directory = join(practice.directory, 'lab');
  await trustAuthority(practice.lab.caFile);
  const accounts = await askControl<{ aws: AwsAccount[] }>(directory, 'GET', '/accounts');
  [theirs, own] = accounts.aws as [AwsAccount, AwsAccount];
  const { accessKeyId, secretAccessKey } = own;
  context = {
    ...practice.context,
    platform: { publicUrl: ISSUER, aws: { accessKeyId, secretAccessKey } },
  };
  const organizationId = await makeOrganization(practice.fresh.database, 'Strangers');
  strangers = { ...context, actor: { kind: 'user', id: 'usr_stranger', organizationId } };
});
afterAll(() => practice?.close());

const call = () => ({
  signal: AbortSignal.timeout(30_000),
  waitingFor: () => {},
  attempt: 1,
  resume: resumeInMemory(),
});

interface Way {
  provider: 'aws' | 'gcp' | 'azure';
  region: string;
  /** Does in the cloud what the grant says; answers the credentials of the keyless way. */
  trust: (documents: readonly { title: string; text: string }[]) => Promise<CloudAccountChange>;
  staticKey: () => CloudAccountChange;
  endpoint: () => string;
  identity: RegExp;
}

const json = (documents: readonly { title: string; text: string }[], title: RegExp) =>
  JSON.parse(documents.find((one) => title.test(one.title))?.text ?? '');

const WAYS: readonly Way[] = [
  {
    provider: 'aws',
    region: 'eu-west-1',
    endpoint: () => practice.lab.awsUrl,
    async trust(documents) {
      const [statement] = json(documents, /^Trust/).Statement;
      const { arn } = await askControl<{ arn: string }>(
        directory,
        'POST',
        `/accounts/aws/${theirs.accountId}/roles`,
        {
          name: 'skein',
          trust: {
            principal: statement.Principal.AWS,
            externalId: statement.Condition.StringEquals['sts:ExternalId'],
          },
          policy: json(documents, /^Policy/),
        },
      );
      return { provider: 'aws', credentials: { roleArn: arn } };
    },
    staticKey: () => ({ provider: 'aws', credentials: practice.lab.accounts.aws }),
    identity: /^arn:aws:sts::\d{12}:assumed-role\/skein\/skein-org_[0-9a-z]+$/,
  },
  {
    provider: 'gcp',
    region: 'europe-west1',
    endpoint: () => practice.lab.gcpUrl,
    async trust(documents) {
      const commands = documents.find((one) => one.title === 'Commands')?.text ?? '';
      const projectId = practice.lab.accounts.gcp.project_id ?? '';
      const serviceAccount = `limited@${projectId}.iam.gserviceaccount.com`;
      await askControl(directory, 'PUT', '/accounts/gcp/limited/policy', json(documents, /^Custom role/));
      const { name } = await askControl<{ name: string }>(
        directory,
        'PUT',
        `/accounts/gcp/${projectId}/pool`,
        {
          pool: 'skein',
          provider: 'skein',
          issuer: /--issuer-uri='([^']+)'/.exec(commands)?.[1],
          jwks: await publishedKeys(context),
          subject: /assertion\.sub == '([^']+)'/.exec(commands)?.[1],
          serviceAccounts: [serviceAccount],
        },
      );
      return {
        provider: 'gcp',
        credentials: { projectId, workloadIdentityProvider: name, serviceAccount },
      };
    },
    staticKey() {
      const { project_id = '', client_email = '', private_key = '' } = practice.lab.accounts.gcp;
      return { provider: 'gcp', credentials: { project_id, client_email, private_key } };
    },
    identity: /^limited@/,
  },
  {
    provider: 'azure',
    region: 'westeurope',
    endpoint: () => practice.lab.azureUrl,
    async trust(documents) {
      const { subscriptionId, tenantId, clientId } = practice.lab.accounts.azure;
      const { issuer, subject } = json(documents, /[Ff]ederated/);
      await askControl(directory, 'PUT', `/accounts/azure/${subscriptionId}/federation`, {
        issuer,
        subject,
        jwks: await publishedKeys(context),
      });
      return { provider: 'azure', credentials: { tenantId, subscriptionId, clientId } };
    },
    staticKey: () => ({ provider: 'azure', credentials: practice.lab.accounts.azure }),
    identity: /^application /,
  },
];

describe.each(WAYS)('$provider, keyless', { timeout: 60_000 }, (way) => {
  let accountId = '';
  let keyless: CloudAccountChange;

  it('gives way from a static key to trust, once the cloud was told what the grant says', async () => {
    const change = way.staticKey();
    const made = await tell(
      createAccount(context, { name: `Was ${way.provider}`, endpoint: way.endpoint(), ...change }),
    );
    accountId = made.id;
    expect(made.keyless).toBe(false);
    const documents = await tell(grantForAccount(context, { id: accountId, keyless: true }));
    keyless = await way.trust(documents);
    const rotated = await tell(rotateAccount(context, { id: accountId, ...keyless }));
    expect(rotated).toMatchObject({ keyless: true, problem: null });
    expect(rotated.identity).toMatch(way.identity);
    const row = await practice.fresh.database.cloudAccount.findUniqueOrThrow({ where: { id: accountId } });
    expect(openCredentials(context, row)).toEqual(keyless.credentials);
  });

  it('opens the cloud and its DNS, signing in once for many calls', async () => {
    const before = (await requestsAfter(directory, 0)).at(-1)?.number ?? 0;
    const row = await practice.fresh.database.cloudAccount.findUniqueOrThrow({ where: { id: accountId } });
    const { organizationId } = context.actor;
    for (let round = 0; round < 3; round++) {
      expect(await openCloud(context, row, way.region).networks.list({ organizationId }, call())).toEqual([]);
      expect(await openDns(context, row).listZones({ organizationId }, call())).toEqual([]);
    }
    const signed = (await requestsAfter(directory, before)).filter((one) =>
      /^(AssumeRole|projects\.serviceAccounts\.generateAccessToken)$/.test(one.action),
    );
    expect(signed.length).toBeLessThanOrEqual(1);
  });

  it('passes its preflight under what was granted, and the last answer is kept by region', async () => {
    const preflight = await tell(preflightAccount(context, { id: accountId, region: way.region, nodes: 1 }));
    expect(preflight.findings.filter((one) => one.status !== 'ok')).toEqual([]);
    expect(await listPreflights(context, { id: accountId })).toEqual([preflight]);
  });

  it('is no way in for another organization', async () => {
    const made = await tell(
      createAccount(strangers, { name: `Taken ${way.provider}`, endpoint: way.endpoint(), ...keyless }),
    );
    const { problem, identity } = await tell(verifyAccount(strangers, { id: made.id }));
    expect(identity).toBeNull();
    expect(problem).toMatch(/trust|not let us|refused|AADSTS|federated/i);
    if (way.provider === 'aws') expect(problem).toContain(strangers.actor.organizationId);
  });

  it('says which setting is missing where this installation has no identity', async () => {
    const nobody: Context = { ...context, platform: { publicUrl: null, aws: null } };
    const setting = way.provider === 'aws' ? /SKEIN_AWS_ACCESS_KEY_ID/ : /SKEIN_PUBLIC_URL/;
    await expect(
      grantForProvider(nobody, {
        provider: way.provider,
        keyless: true,
        nodeIdentity: false,
        endpoint: way.endpoint(),
      }),
    ).rejects.toThrow(setting);
    const fresh = await makeOrganization(practice.fresh.database, `Nobody at ${way.provider}`);
    const there: Context = { ...nobody, actor: { kind: 'user', id: 'usr_x', organizationId: fresh } };
    const made = await createAccount(there, { name: 'Nobody', endpoint: way.endpoint(), ...keyless });
    expect((await verifyAccount(there, { id: made.id })).problem).toMatch(setting);
  });

  it('is not forgotten while something that Skein made stands in it', async () => {
    const { database } = practice.fresh;
    const refused = async () => {
      const wanted = { code: 'conflict' };
      await expect(tell(deleteAccount(context, { id: accountId }))).rejects.toMatchObject(wanted);
      expect((await getAccount(context, { id: accountId })).id).toBe(accountId);
    };
    // No worker runs here: the network is planned and nothing of it is made.
    const { network } = await createNetwork(context, {
      name: `held-${way.provider}`,
      topology: 'hybrid',
      zone: `${way.provider}.skein.test`,
      allowedPorts: [],
      dnsCloudAccountId: accountId,
      peering: 'none',
      driftPolicy: 'report',
      clusters: [{ name: 'office', cloudAccountId: null, region: 'office', nodes: 0 }],
    });
    await refused();
    const ended = { deletedAt: new Date() };
    await database.cluster.updateMany({ where: { networkId: network.id }, data: ended });
    await database.network.update({ where: { id: network.id }, data: ended });
    const left = await database.cloudResource.create({
      data: {
        id: `res_${way.provider}`,
        organizationId: context.actor.organizationId,
        networkId: network.id,
        cloudAccountId: accountId,
        provider: way.provider,
        region: way.region,
        kind: 'zone',
        key: 'zone/left',
        status: 'present',
        spec: {},
        summary: 'A zone that was left',
      },
    });
    await refused();
    await database.cloudResource.update({ where: { id: left.id }, data: { status: 'gone' } });
    await tell(deleteAccount(context, { id: accountId }));
    await expect(getAccount(context, { id: accountId })).rejects.toMatchObject({ code: 'not-found' });
  });
});

it('no answer, refusal, audit event or row holds a secret', async () => {
  const { database } = practice.fresh;
  const { aws, gcp, azure } = practice.lab.accounts;
  const kept = await Promise.all([
    database.auditEvent.findMany(),
    database.cloudAccount.findMany({ omit: { credentialsSealed: true } }),
    database.operation.findMany(),
    database.outboxMessage.findMany(),
  ]);
  const text = JSON.stringify([told, kept], (_, value) =>
    typeof value === 'bigint' ? String(value) : value,
  );
  expect(text.length).toBeGreaterThan(10_000);
  const inside = (gcp.private_key ?? '').split('\n')[3] ?? '';
  for (const secret of [aws.secretAccessKey, own.secretAccessKey, azure.clientSecret, inside]) {
    expect(secret.length).toBeGreaterThan(10);
    expect(text.includes(secret)).toBe(false);
  }
  expect(text).not.toMatch(/eyJ[\w-]+\.[\w-]+\.[\w-]+/);
});
